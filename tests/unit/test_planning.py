"""What a run consists of, from the config and the dataset alone."""

import copy
import hashlib
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
from licbench.networks.lineage import crops_of, stages
from licbench.planning import MODEL_SUFFIXES, Plan

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


def test_half_trained_models_count_where_all_of_a_codec_have_one():
    assert plan().half_trained_codecs == ["sr"]
    folder = PROJECT / "workflow/resources/half_trained"
    assert plan().half_trained_files("sr") == [str(folder / f"srcnn{suffix}") for suffix in MODEL_SUFFIXES]
    assert plan().half_trained(["cae_energy"]) == [str(folder / "cae_energy.safetensors")]
    assert plan().half_trained(["cae_energy", "cae_096"]) == plan().half_trained([]) == []
    trained = plan(weights="trained")
    assert trained.half_trained_codecs == trained.half_trained(["srcnn"]) == []
    assert plan(codecs=["jpeg"]).half_trained_codecs == []


def test_a_model_in_use_that_had_less_than_twice_the_training_has_no_half_trained_one(tmp_path, monkeypatch):
    def card(steps):
        return json.dumps({"steps": steps, "recipe": {"batch": 2}})

    monkeypatch.setattr(planning, "HALF_TRAINED", tmp_path / "half")
    weights = tmp_path / "home" / "workflow" / "resources" / "weights"
    for folder, steps in ((planning.HALF_TRAINED, 5), (weights, 10)):
        folder.mkdir(parents=True)
        (folder / "m.json").write_text(card(steps))
    made = plan(home=tmp_path / "home")
    assert len(made.half_trained(["m"])) == 1
    (weights / "m.json").write_text(card(9))
    assert made.half_trained(["m"]) == []


def test_half_trained_models_had_half_of_the_crops_by_the_same_recipe():
    resources = PROJECT / "workflow" / "resources"
    for path in (resources / "half_trained").glob("*.json"):
        half, whole = (json.loads(card.read_text()) for card in (path, resources / "weights" / path.name))
        assert 2 * crops_of(half) <= crops_of(whole), path.name
        assert half["training_sha256"] == whole["training_sha256"] and half["network"] == whole["network"]
        first, other = (stages(card)[0]["recipe"] for card in (half, whole))
        changed = {key for key in first.keys() & other.keys() if first[key] != other[key]}
        assert changed <= {"steps"}, path.name


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


def test_a_pack_holds_what_the_tables_name_or_all():
    found = plan()
    assert found.packed == {"points": ["jpeg", "cae", "gan", "sr", "bpg"]}
    assert found.packed_tables == ["results/table5.csv", "results/contest.csv"]
    names = {Path(file).stem for file in found.packed_models}
    assert {"cae_096", "gan_256", "srcnn"} <= names and "gan_1024" not in names
    words = shlex.split(found.pack_options)
    assert json.loads(words[words.index("--models") + 1])["sr"] == ["srcnn"] and "--all" not in words
    assert json.loads(words[words.index("--entries") + 1]).keys() == {"table5", "contest"}
    whole = plan(pack="all")
    assert whole.packed == {"points": SHIPPED["codecs"], "ablations": ["cae", "gan"]}
    assert "gan_1024" in {Path(file).stem for file in whole.packed_models} and "--all" in shlex.split(
        whole.pack_options
    )
    assert plan(codecs=["jpeg"]).packed == {"points": ["jpeg"]}
    with pytest.raises(SettingsError, match="table5 cannot be filled"):
        _ = plan(codecs=["jpeg2000"]).packed_tables


def test_further_tables_are_shown_where_they_are_wanted_and_can_be_filled():
    wanted = {"images": 1, "side": 256, "further": ["protocol", "fidelity"]}
    assert plan().further_tables == []
    assert plan(report=wanted).further_tables == ["results/protocol.csv", "results/fidelity.csv"]
    assert plan(report=wanted, codecs=["jpeg2000"]).further_tables == []
    assert not set(plan(report=wanted).further_tables) & set(plan().tables)


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


def test_further_metrics_have_tables_versions_and_memory(tmp_path, monkeypatch):
    assert plan().scores == [] and shlex.split(plan().report_options)[::2] == ["--settings"]
    weights = tmp_path / "network.pt"
    weights.write_bytes(b"one")
    found = plan(metrics=["vmaf", "lpips"], metric_settings={"lpips": {"weights": str(weights)}})
    assert found.scores == ["results/metrics/embedded/vmaf.csv", "results/metrics/embedded/lpips.csv"]
    assert shlex.split(found.report_options)[2:] == ["--scores", *found.scores]
    compared = shlex.split(found.bdrate_options)
    readings = json.loads(compared[compared.index("--readings") + 1])
    assert readings["vmaf"] == {"rising": True, "decibels": False} and readings["lpips"]["rising"] is False
    words = shlex.split(found.scoring_options("lpips"))
    assert json.loads(words[words.index("--settings") + 1]) == {"weights": str(weights)}
    assert found.metric_settings("lpips") == {"weights": str(weights)} and found.metric_settings("vmaf") == {}
    assert hashlib.sha256(b"one").hexdigest()[:16] in found.metric_version("lpips")
    with pytest.raises(SettingsError, match="no such file"):
        plan(metric_settings={"lpips": {"weights": "nowhere.pt"}}).metric_version("lpips")
    assert found.memory_to_score("jpeg", "lpips", [2.0]) > found.memory_to_score("jpeg", "lpips", [1.0]) > 1000

    def missing(_):
        raise ImportError

    monkeypatch.setattr("licbench.metrics.vmaf.Vmaf.version", missing)
    assert found.metric_version("vmaf") == "not installed where Snakemake runs"


def test_costs_are_measured_on_images_from_all_over_and_reported_on_request():
    images = [f"{number:02d}" for number in range(24)]
    assert plan().timed(images) == ["00", "12"] and plan().timed(images[:1]) == ["00"]
    assert plan().complexity == []
    reported = plan(complexity=SHIPPED["complexity"] | {"report": True, "points": {"cae": ["a point"]}})
    assert reported.complexity == ["results/complexity.csv", "results/complexity.png"]
    assert shlex.split(reported.report_options)[2:] == ["--complexity", *reported.complexity]
    words = shlex.split(reported.complexity_options)
    assert json.loads(words[words.index("--points") + 1]) == {"cae": ["a point"]}
    assert json.loads(words[words.index("--entries") + 1]) == SHIPPED["table5"]


def test_bd_rates_need_an_anchor_and_another_curve():
    assert plan().bdrate == ["results/bdrate.csv", "results/bdrate_over_quality.csv"]
    assert plan().figures_shown == [*plan().figures, "bdrate"]
    alone = plan(codecs=["cae"])
    assert alone.bdrate == [] and "bdrate" not in alone.figures_shown
    assert (
        alone.left_out["bdrate"] == alone.report_settings["without_bdrate"] == "no anchor of bdrate.anchors is measured"
    )
    one = {**SHIPPED["settings"], "jpeg": {"modes": ["420-optimised"], "quality": [5, 20]}}
    assert plan(codecs=["jpeg"], settings=one).left_out["bdrate"] == "only one curve is measured"
    with pytest.raises(SettingsError, match="bdrate cannot be filled: only one curve is measured; change the config"):
        plan(codecs=["jpeg"], settings=one).require("bdrate")
    family = {"anchors": [{"codec": "gan", "curve": "family"}]}
    assert "bdrate" not in plan(codecs=["gan", "cae"], bdrate=family).left_out
    words = shlex.split(plan().bdrate_options)
    assert json.loads(words[words.index("--anchors") + 1]) == SHIPPED["bdrate"]["anchors"]
    assert words[words.index("--qp") + 1] == "35" and "--published-curves" not in words


def published(file, dataset="kodak", **changes):
    words = {"name": "Theirs", "source": "a", "protocol": "b", "average": "mean", "format": "csv"}
    return {**words, "dataset": dataset, "file": str(file), **changes}


def test_published_curves_are_of_their_dataset(tmp_path):
    (tmp_path / "a.csv").write_text("bpp,psnr\n0.1,30\n")
    entries = [published(tmp_path / "a.csv"), published(tmp_path / "nowhere.csv", "embedded", name="Others")]
    kodak, embedded = (plan(dataset=dataset, published_curves=entries) for dataset in ("kodak", "embedded"))
    assert (
        kodak.published_files == [str(tmp_path / "a.csv")] and kodak.report_settings["published_curves"] == entries[:1]
    )
    words = shlex.split(kodak.bdrate_options)
    assert json.loads(words[words.index("--published-curves") + 1]) == entries[:1]
    with pytest.raises(
        SettingsError, match=r"nowhere\.csv of published_curves does not exist; correct its path or remo"
    ):
        _ = embedded.published_files
    assert plan(published_curves=[]).published_option == ""
    # A single measured curve meets a published one
    one = {**SHIPPED["settings"], "jpeg": {"modes": ["444-standard"], "quality": [5, 20]}}
    assert "bdrate" not in plan(dataset="kodak", codecs=["jpeg"], settings=one, published_curves=entries).left_out
    assert "bdrate" in plan(dataset="embedded", codecs=["jpeg"], settings=one, published_curves=entries[:1]).left_out


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"bdrate": {"anchors": [{"codec": "jpg", "curve": "a"}]}},
            "unknown codec 'jpg' in bdrate.anchors; choose from ",
        ),
        ({"published_curves": [published("a"), published("b")]}, "published_curves has 'Theirs' twice; rename one"),
        ({"published_curves": [published("a", format="xml")]}, "published_curves.0.format: 'xml' is not one of"),
        ({"published_curves": [published("a", average="median")]}, "published_curves.0.average"),
    ],
)
def test_what_is_compared_is_checked(changes, reason):
    with pytest.raises(SettingsError, match=reason):
        config.check({**copy.deepcopy(SHIPPED), **changes})


# The subjective study


def study_of(**changes):
    return plan(study={**SHIPPED["study"], **changes})


def test_a_study_s_images_are_spread_and_its_training_has_another():
    images = [f"i{number}" for number in range(10)]
    assert study_of(images=4).study_images(images) == ["i0", "i2", "i5", "i7", "i1"]
    assert study_of(images=["i3", "i0"]).study_images(images) == ["i3", "i0", "i1"]
    # All of them are in the study: the training takes the first
    assert study_of(images=10).study_images(images) == [*images, "i0"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"images": ["i0", "i9"]}, "'i9' of study.images is not in embedded"),
        ({"anchor": "none"}, "not for its anchor none"),
    ],
)
def test_a_study_that_cannot_be_made_is_refused(changes, said):
    with pytest.raises(SettingsError, match=said):
        study_of(**changes).study_images(["i0", "i1"])


def test_a_study_of_codecs_that_do_not_run_is_refused():
    with pytest.raises(SettingsError, match="study: codecs run for JPEG of its entries"):
        plan(codecs=["jpeg"]).study_images(["i0"])


def test_responses_are_the_tables_of_their_folder(tmp_path):
    assert study_of().responses == []
    for name in ("b.csv", "a.csv", "notes.txt"):
        (tmp_path / name).write_text("")
    assert study_of(responses=str(tmp_path)).responses == [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    with pytest.raises(SettingsError, match=r"nowhere is no folder; make it"):
        _ = study_of(responses=str(tmp_path / "nowhere")).responses


def test_a_study_s_settings_are_one_word_of_the_shell():
    words = shlex.split(study_of(contact="it's me").study_options)
    settings = json.loads(words[words.index("--settings") + 1])
    assert settings["contact"] == "it's me" and "responses" not in settings and "entries" not in settings
    assert set(json.loads(words[words.index("--entries") + 1])) == set(SHIPPED["study"]["entries"])
