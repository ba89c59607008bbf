"""The workflow on paper: what it plans on a fresh copy, and the form of its rules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from checkout import ROOT, TINY_SETTINGS, Checkout, copy_project, save_pictures
from pictures import textured
from registered import CONFIG

from licbench.codecs.base import Settings
from licbench.codecs.registry import codec_class, codec_ids
from licbench.config import all_sets
from licbench.datasets.catalogue import describe

RULE_FILES = sorted((ROOT / "workflow" / "rules").glob("*.smk"))
RULE = re.compile(r"^( *)(?:rule|checkpoint) (\w+):\n((?:\1 +.*\n|\n)*)", re.MULTILINE)
TARGETS = {"all", "mirror"}
"""Rules that only ask for files."""
ALWAYS = {"verify", "keep_reference"}
"""Rules without an output: they run whenever they are asked for."""
ONCE = ("collect_points", "make_table5", "record_provenance", "record_rule_graph", "write_report", "all")
VERBS = (
    "audit", "bound", "code", "collect", "decode", "draw", "evaluate", "fetch", "judge", "keep", "list", "make",
    "measure", "mirror", "pack", "reconstruct", "record", "scan", "score", "train", "unpack", "write",
)  # fmt: skip
"""Rules are named by what they do, verb first."""
MAX_RULE_LINES, MAX_SNAKEFILE_LINES = 24, 44


def rules() -> dict[str, list[str]]:
    """The lines of every rule, blank ones left out, and without the indentation that rules in an if have."""
    found = {}
    for file in [ROOT / "Snakefile", *RULE_FILES]:
        for indent, name, body in RULE.findall(file.read_text()):
            found[name] = [line.removeprefix(indent) for line in body.splitlines() if line.strip()]
    return found


def directive(lines: list[str], name: str) -> list[str]:
    """The entries of a directive of a rule, one a line."""
    start = next((number for number, line in enumerate(lines) if line.strip() == f"{name}:"), None)
    if start is None:
        return []
    entries = []
    for line in lines[start + 1 :]:
        if not line.startswith(" " * 8):
            break
        entries.append(line)
    return entries


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_project(tmp_path_factory.mktemp("shape") / "project")


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text())
    return loaded


def models_in_use(config: dict[str, Any]) -> set[str]:
    def of(codec: str, block: Settings) -> set[str]:
        return set(codec_class(codec).required_models(block))

    return {model for codec in config["codecs"] for model in of(codec, config["settings"][codec])}


def test_a_fresh_copy_plans_every_job(project: Checkout, config: dict[str, Any]) -> None:
    planned = project.snakemake("-n")
    assert planned.returncode == 0, planned.output
    images = describe(config["dataset"]).images
    assert images is not None
    assert planned.counts["fetch_image"] == len(images)
    assert planned.values("fetch_image", "image") == set(images)
    assert planned.counts["measure_image"] == len(images) * len(config["codecs"])
    assert planned.values("measure_image", "codec") == set(config["codecs"])
    assert planned.values("reconstruct_image", "image") == set(images)
    assert planned.counts["measure_half_trained"] == len(images)
    assert planned.values("measure_half_trained", "codec") == {"sr"}
    for rule in ONCE:
        assert planned.counts[rule] == 1, rule
    assert planned.counts.keys().isdisjoint({"train_model", "fetch_training_set", "fetch_archive", "unpack_archives"})
    assert project.files() == []


def test_training_is_planned_for_every_model_in_use(project: Checkout, config: dict[str, Any]) -> None:
    planned = project.snakemake("-n", "results/table5.csv", settings={"weights": "trained"})
    assert planned.returncode == 0, planned.output
    assert planned.values("train_model", "model") == models_in_use(config)
    assert planned.values("fetch_training_set", "set") == set(all_sets(config))


@pytest.mark.parametrize("mirror", ["", "mirror"])
def test_kodak_is_planned_with_and_without_a_mirror(project: Checkout, mirror: str) -> None:
    planned = project.snakemake("-n", settings=TINY_SETTINGS | {"dataset": "kodak", "mirror": mirror})
    assert planned.returncode == 0, planned.output
    assert planned.values("fetch_image", "image") == {f"kodim{number:02d}" for number in range(1, 25)}
    assert planned.counts["measure_image"] == 24 * len(TINY_SETTINGS["codecs"])


def test_archives_are_planned_up_to_the_checkpoint(project: Checkout) -> None:
    planned = project.snakemake("-n", settings=TINY_SETTINGS | {"dataset": "clic2018_valid"})
    assert planned.returncode == 0, planned.output
    assert planned.values("fetch_archive", "archive") == {a.file for a in describe("clic2018_valid").archives}
    assert planned.counts["unpack_archives"] == planned.counts["make_table5"] == 1
    assert "checkpoint unpack_archives" in planned.output
    assert "fetch_image" not in planned.counts


def test_a_folder_is_planned_picture_by_picture(project: Checkout, tmp_path: Path) -> None:
    save_pictures(tmp_path / "my photos", {"one": textured(8, 9), "two, three": textured(9, 8)})
    (tmp_path / "my photos" / "notes.txt").write_text("not an image")
    planned = project.snakemake("-n", settings=TINY_SETTINGS | {"dataset": str(tmp_path / "my photos")})
    assert planned.returncode == 0, planned.output
    assert planned.values("fetch_image", "image") == {"one", "two__three-21dacb71"}
    assert planned.counts["measure_image"] == 2 * len(TINY_SETTINGS["codecs"])


def test_a_report_shows_no_more_pictures_than_asked_and_only_codecs_that_run(project: Checkout) -> None:
    asked = TINY_SETTINGS | {"report": {"images": 4, "side": 512}, "dataset": "kodak"}
    planned = project.snakemake("-n", "results/report/index.html", settings=asked)
    assert planned.returncode == 0, planned.output
    assert planned.values("reconstruct_image", "image") == {"kodim01", "kodim07", "kodim13", "kodim19"}
    assert planned.values("measure_image", "codec") == set(TINY_SETTINGS["codecs"])
    none = project.snakemake("-n", settings=asked | {"report": {"images": 0, "side": 512}})
    assert none.counts["write_report"] == 1 and none.counts.keys().isdisjoint({"reconstruct_image", "scan_thresholds"})


@pytest.mark.parametrize("preset", sorted((ROOT / "workflow" / "presets").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_preset_is_accepted(project: Checkout, preset: Path) -> None:
    """One with codecs that need more packages names the first of them before any work."""
    planned = project.snakemake("-n", "--configfile", f"workflow/presets/{preset.name}")
    codecs = yaml.safe_load(preset.read_text()).get("codecs", [])
    if any(codec_class(codec).packages for codec in codecs):
        assert planned.returncode == 1 and planned.jobs == []
        assert re.search(r"^codec \w+ needs \w+, which is not installed; run: ", planned.output, re.MULTILINE)
        return
    assert planned.returncode == 0, planned.output
    assert planned.counts["make_table5"] == 1


def test_the_list_of_rules_explains_each(project: Checkout) -> None:
    listed = project.snakemake("--list-rules", settings=TINY_SETTINGS)
    assert listed.returncode == 0, listed.output
    for name in rules().keys() - {"fetch_archive", "unpack_archives"}:
        assert re.search(rf"^{name} \(.+\)$", listed.output, re.MULTILINE), name


def test_lint_finds_nothing(project: Checkout) -> None:
    linted = project.snakemake("--lint")
    assert linted.returncode == 0, linted.output
    assert "good condition" in linted.output


def test_snakefmt_would_change_nothing(project: Checkout) -> None:
    checked = project.run("snakefmt", "--check", "Snakefile", "workflow", developer=True)
    assert checked.returncode == 0, checked.output


def test_the_snakefile_is_a_table_of_contents() -> None:
    lines = (ROOT / "Snakefile").read_text().splitlines()
    assert len(lines) <= MAX_SNAKEFILE_LINES
    included = re.findall(r'^include: "(.+)"$', "\n".join(lines), re.MULTILINE)
    assert sorted(included) == sorted(str(path.relative_to(ROOT)) for path in RULE_FILES)


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda path: path.stem)
def test_every_rule_file_says_what_it_is_for(file: Path) -> None:
    assert file.read_text().startswith("# ")


@pytest.mark.parametrize("name", sorted(rules()))
def test_every_rule_is_short_documented_and_logged(name: str) -> None:
    lines = rules()[name]
    assert 1 + len(lines) <= MAX_RULE_LINES
    assert re.fullmatch(r'    """[A-Z].*[."]', lines[0])
    if name in TARGETS:
        return
    (log,) = re.findall(r'"results/logs/(\w+)[./]', "".join(directive(lines, "log")))
    assert log == name
    # A benchmark counts as an output, and these two run whenever they are asked for
    benchmarks = re.findall(r'"results/benchmarks/(\w+)[./]', "".join(directive(lines, "benchmark")))
    assert benchmarks == ([] if name in ALWAYS else [name])
    assert name == "verify" or name.split("_", maxsplit=1)[0] in VERBS
    assert directive(lines, "conda")
    outputs = directive(lines, "output")
    assert bool(outputs) != (name in ALWAYS)
    if len(outputs) > 1:
        assert all(re.match(r" {8}\w+=", line) for line in outputs), outputs
    assert directive(lines, "shell")
    assert not any(line.strip() in {"run:", "script:"} for line in lines)


@pytest.mark.parametrize("name", ["slurm", "generic"])
def test_a_cluster_profile_keeps_what_the_default_one_says(name: str) -> None:
    default, cluster = (yaml.safe_load((ROOT / "profiles" / n / "config.yaml").read_text()) for n in ("default", name))
    about_cores = {"cores", "resources"}
    assert {key: cluster.get(key) for key in default.keys() - about_cores} == {
        key: value for key, value in default.items() if key not in about_cores
    }


def test_cluster_profiles_name_rules_that_exist() -> None:
    for path in (ROOT / "profiles").glob("*/config.yaml"):
        profile = yaml.safe_load(path.read_text())
        named = {*profile.get("set-resources", {}), *(entry.split("=")[0] for entry in profile.get("groups", []))}
        assert named <= rules().keys() | {"measure_ablations", "measure_half_trained"}, path


def test_downloads_and_tables_stay_where_snakemake_was_started() -> None:
    """The nodes of a cluster often have no network, and a table is made sooner than a job starts."""
    text = "".join(path.read_text() for path in RULE_FILES)
    local = set(
        re.findall(r"^ +(\w+),$", "".join(re.findall(r"^ *localrules:\n((?: +\w+,\n)+)", text, re.MULTILINE)), re.M)
    )
    assert {"fetch_image", "fetch_archive", "fetch_training_set", "mirror_dataset", "make_table5"} <= local
    assert not {"measure_image", "measure_ablations", "measure_half_trained", "train_model", "verify"} & local


def test_every_codec_has_settings_in_the_config_or_a_preset() -> None:
    assert set(codec_ids()) <= set(CONFIG["settings"])


def test_a_training_curve_takes_shipped_snapshots_or_trains_that_model_alone(project: Checkout) -> None:
    shipped = project.snakemake("-n", "results/training_curves/embedded/cae_096.csv")
    assert shipped.counts["measure_training_curve"] == 1 and "train_model" not in shipped.counts
    trained = project.snakemake("-n", "results/training_curves/embedded/gan_128.csv")
    assert trained.values("train_model", "model") == {"gan_128"} and trained.counts["train_model"] == 1
