"""What a run consists of, from the config and the dataset alone."""

import copy
import json
import shlex
from pathlib import Path

import pytest
import yaml
from pictures import textured

from licbench import config, planning
from licbench.datasets.catalogue import describe
from licbench.errors import ModelError, SettingsError
from licbench.images.files import write_png
from licbench.locations import PROJECT
from licbench.planning import Plan

SHIPPED = yaml.safe_load((PROJECT / "config.yaml").read_text())


def plan(home=PROJECT, dataset="embedded", **changes):
    config = {**copy.deepcopy(SHIPPED), "dataset": dataset, **changes}
    return Plan(config, describe(dataset), Path(home))


def test_files_of_the_project_have_short_names_at_home():
    assert plan(home="").own("scripts/x.py") == "scripts/x.py"
    assert plan(home="/there").own("scripts/x.py") == "/there/scripts/x.py"
    assert plan(home="/there").weights == "/there/workflow/resources/weights"
    assert plan(home="/there", weights="trained").weights == "results/models"


@pytest.mark.parametrize(
    ("dataset", "weights", "downloaded"),
    [
        ("embedded", "shipped", []),
        ("kodak", "shipped", ["kodak"]),
        ("clic2018_valid", "shipped", ["clic2018_valid"]),
        ("embedded", "trained", ["bsds500_test", "bsds500_train", "bsds500_val", "imagenet_sample"]),
    ],
)
def test_what_is_downloaded(dataset, weights, downloaded):
    assert plan(dataset=dataset, weights=weights).downloads == downloaded


def test_the_mirror_is_one_word_of_the_shell():
    assert plan().mirror_option == ""
    assert shlex.split(plan(mirror="my {mirror}").mirror_option) == ["--mirror=my {mirror}"]


def test_an_image_of_a_folder_depends_on_the_user_s_file(tmp_path):
    for name in ("one.png", "{two}.png"):
        write_png(tmp_path / name, textured(20, 30))
    found = plan(dataset=str(tmp_path))
    one, two = sorted(found.dataset.images, key=lambda image: image != "one")
    assert found.original(one) == [str(tmp_path / "one.png")]
    assert found.original(two) == []
    assert found.megapixels([one], ()) == [20 * 30 / 1e6]
    assert plan().original("rocket") == []


def test_sizes_come_from_the_manifest():
    kodak = plan(dataset="kodak")
    assert kodak.megapixels(["kodim04", "kodim01"], kodak.dataset.manifest) == [512 * 768 / 1e6] * 2


def test_only_codecs_that_run_count():
    found = plan(codecs=["jpeg", "cae"])
    assert list(found.blocks("settings")) == ["jpeg", "cae"] and list(found.blocks("ablations")) == ["cae"]
    assert found.parts == ["settings", "ablations"] and plan(codecs=["jpeg"]).parts == ["settings"]
    assert list(found.entries("table5")) == ["JPEG", "CAE"] and found.codecs_of_table5 == ["jpeg", "cae"]
    assert {Path(card).stem.split("_")[0] for card in found.cards} == {"cae"}
    assert found.memory_to_decode([1.0]) > plan(codecs=["jpeg"]).memory_to_decode([1.0]) > 0


def test_a_shipped_model_that_is_missing_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"srcnn\.safetensors is missing; restore it from the repository, or set weig"):
        plan(home=tmp_path).model_files("sr", "settings")
    files = plan(home=tmp_path, weights="trained").model_files("sr", "settings")
    assert files == ["results/models/srcnn.safetensors", "results/models/srcnn.json"]


def test_a_training_gets_its_recipe_sets_and_start():
    words = shlex.split(plan().training_arguments("srcnn"))
    assert json.loads(words[words.index("--recipe") + 1])["name"] == "srcnn"
    assert words[words.index("--sets") + 1 : words.index("--checkpoint")] == ["imagenet_sample", "bsds500_train"]
    assert "--start" not in words
    training = {**SHIPPED["training"], "recipe": "long"}
    words = shlex.split(plan(home="/there", training=training).training_arguments("srcnn"))
    assert words[words.index("--start") + 1] == "/there/workflow/resources/weights/srcnn.safetensors"


def test_the_restorer_trains_on_coded_crops_and_the_others_on_images():
    sets = "imagenet_sample+bsds500_train+bsds500_test"
    assert plan().training_images("restorer") == f"results/coded_crops/restorer/{sets}.safetensors"
    assert plan().validation_images("restorer") == "results/coded_crops/restorer/bsds500_val.safetensors"
    assert plan().training_images("cae_024") == f"results/training_sets/{sets}.safetensors"
    assert plan().validation_images("cae_024") == "results/training_sets/bsds500_val.safetensors"
    recipe = SHIPPED["training"]["recipes"]["short"]["restorer"]
    shared = {key: recipe[key] for key in ("crop", "scale", "qp", "full_size", "seed")}
    assert json.loads(plan().crop_settings("restorer", sets)) == {"crops": recipe["crops"], **shared}
    validation = json.loads(plan().crop_settings("restorer", "bsds500_val"))
    assert validation == {"crops": recipe["validation_crops"], **shared}


def test_snapshots_are_shipped_or_of_the_run_s_own_training():
    assert plan().snapshots("cae_096")[0] == str(PROJECT / "workflow/resources/snapshots/cae_096")
    assert plan().snapshots("gan_128") == ("results/snapshots/gan_128", "results/models")
    assert plan(weights="trained").snapshots("cae_096") == ("results/snapshots/cae_096", "results/models")
    words = shlex.split(plan().training_curve_arguments("cae_096"))
    assert words[words.index("--network") + 1] == "cae" and "--anchors" in words
    with pytest.raises(SettingsError, match=r"cae_024 is not in training_curves.settings \(cae_096, gan_128\); add it"):
        plan().training_curve_arguments("cae_024")


def test_what_cannot_be_filled_is_left_out_and_refused():
    found = plan(codecs=["jpeg2000"])
    assert not {"results/table5.csv", "results/contest.csv"} & set(found.tables)
    assert "threshold_scan" not in found.figures and "figure6" in found.figures
    assert found.note.startswith("note: left out: table5 (no codec of its rows is in codecs: jpeg2000); contest (")
    with pytest.raises(SettingsError, match=r"table5 cannot be filled: no codec of .*; change the config, or leave"):
        found.require("table5")
    assert plan().note == ""
    plan().require("table5")
    printed = {"table5": ("JPEG", "CAE", "GAN", "SR", "BPG"), "contest": ("JPEG", "Gcodec", "Kattolab", "BPG")}
    tables = {table: {name: SHIPPED[table][name] for name in names} for table, names in printed.items()}
    assert plan(codecs=["jpeg", "sr"], **tables).note == (
        "note: left out: in table5 the rows CAE, GAN, BPG; in contest the rows Gcodec, BPG"
    )


@pytest.mark.parametrize(("most", "shown"), [(2, ["a", "c"]), (3, ["a", "b", "d"]), (9, list("abcde")), (0, [])])
def test_the_report_shows_images_from_all_over_the_dataset(most, shown):
    found = plan(report={"images": most, "side": 64})
    assert found.shown(list("abcde")) == shown
    assert plan(codecs=["jpeg2000"]).shown(list("abcde")) == []
    assert shlex.split(found.viewer_options)[-2:] == ["--side", "64"]


def recipe_long(start):
    training = copy.deepcopy(SHIPPED["training"])
    training["recipe"] = "long"
    training["recipes"]["long"]["models"] = {"cae_048": {"init": {"model": start}}}
    return plan(home="", training=training)


def test_training_continues_a_pretrained_model_or_a_stage(monkeypatch, tmp_path):
    (tmp_path / "cae_048_stage2.json").write_text('{"network": "cae"}')
    monkeypatch.setattr(planning, "STAGES", tmp_path)
    monkeypatch.setattr(config, "STAGES", tmp_path)
    for start, folder in (("cae_096", "weights"), ("cae_048_stage2", "stages")):
        planned = recipe_long(start)
        config.check(planned.config)
        files = [f"workflow/resources/{folder}/{start}{suffix}" for suffix in (".safetensors", ".json")]
        assert planned.starting_files("cae_048") == files
        assert f"--start {files[0]}" in planned.training_arguments("cae_048")
    assert plan().starting_files("cae_048") == []
    with pytest.raises(SettingsError, match="unknown model 'cae_048_stage9' in init of cae_048"):
        config.check(recipe_long("cae_048_stage9").config)
