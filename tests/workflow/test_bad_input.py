"""What a user meets when images, mirrors or settings are wrong: a line that names the thing, no half results."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bad_pictures import CONVERTED, REFUSED, two_pictures
from checkout import NOTHING_TO_DO, TINY_SETTINGS, Checkout, Outcome, complaints, copy_project, save_pictures
from pictures import textured

from licbench.datasets.manifests import ImageFile, manifest_text, read_names
from licbench.measurement.rows import read_rows

BAD = {
    "truncated.png": "fetch or export it again",
    "text.png": "use an undamaged PNG",
    "rgb16.png": "convert it to 8-bit RGB first",
    "transparent.png": "flatten it onto a background first",
}
"""Refused images and the end of what is said about each."""
SMALL = [(1, 1), (1, 40), (9, 7), (100, 100)]
"""Heights and widths too short for MS-SSIM."""
ONE_POINT: Mapping[str, Any] = {
    "codecs": ["jpeg"],
    "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [20]}},
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return copy_project(tmp_path_factory.mktemp("bad_input") / "project")


@pytest.fixture(scope="module")
def mixed(project: Checkout) -> Outcome:
    """Good images among bad ones."""
    folder = project.root / "mixed"
    save_pictures(folder, {"good": textured(16, 24), "fine": textured(24, 16)})
    (folder / "grey.png").write_bytes(CONVERTED["grey.png"][0])
    for name in BAD:
        (folder / name).write_bytes(REFUSED[name][0])
    return project.snakemake("results/table5.csv", settings=TINY_SETTINGS | {"dataset": "./mixed"})


def test_bad_pictures_fail_the_run(mixed: Outcome) -> None:
    assert mixed.returncode == 1


def test_each_bad_picture_is_named_once_with_the_fix(mixed: Outcome) -> None:
    said = complaints(mixed.output)
    assert len(said) == len(BAD)
    for name, fix in BAD.items():
        (line,) = (line for line in said if line.startswith(f"error: mixed/{name}: "))
        assert fix in line
        assert mixed.output.count(line) == 1


def test_no_traceback_is_shown(mixed: Outcome) -> None:
    assert "Traceback" not in mixed.output


def test_the_good_pictures_are_measured_and_kept(mixed: Outcome, project: Checkout) -> None:
    files = [Path(name) for name in project.files("results/points")]
    assert {(file.parent.name, file.stem) for file in files} == {
        (codec, image) for codec in TINY_SETTINGS["codecs"] for image in ("good", "fine", "grey")
    }
    for file in files:
        assert len(read_rows(project.root / file)) == 2
    assert not (project.root / "results" / "table5.csv").exists()


def test_nothing_half_written_is_left(mixed: Outcome, project: Checkout) -> None:
    left = [Path(name) for name in project.files() if not name.startswith("results/logs/")]
    assert {file.stem for file in left}.isdisjoint(Path(name).stem for name in BAD)
    assert not [file for file in left if file.name.startswith(".")]


def test_without_them_the_run_goes_on_where_it_was(mixed: Outcome, project: Checkout) -> None:
    for name in BAD:
        (project.root / "mixed" / name).unlink()
    done = project.snakemake("results/table5.csv", settings=TINY_SETTINGS | {"dataset": "./mixed"})
    assert done.returncode == 0, done.output
    assert done.counts == {"collect_points": 1, "make_table5": 1}


def test_small_pictures_with_odd_names_have_no_ms_ssim_but_all_else(project: Checkout) -> None:
    names = ["two words", "it's", "-$HOME", "ärger"]
    pictures = {name: textured(*size) for name, size in zip(names, SMALL, strict=True)}
    save_pictures(project.root / "small & 'odd'", pictures)
    done = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "./small & 'odd'"})
    assert done.returncode == 0, done.output
    (file,) = (project.root / "results" / "points").glob("folder-small*.csv")
    measured = read_rows(file)
    assert sorted(image[:-9] for image in set(measured["image"])) == ["__HOME", "arger", "it_s", "two_words"]
    assert measured["ms_ssim"].isna().all()
    (line,) = pd.read_csv(project.root / "results" / "table5.csv").to_dict("records")
    assert line["codec"] == "JPEG"
    assert pd.isna(line["ms_ssim"])
    assert line["bpp"] == pytest.approx(8 * measured["bytes"].sum() / sum(h * w for h, w in SMALL), abs=6e-5)


def test_placeholders_in_a_name_are_refused_and_the_others_measured(project: Checkout) -> None:
    names = ("a{b}", "a<b>c", "half{", "<B>", "fine")
    save_pictures(project.root / "odd", {name: textured(8, 9) for name in names})
    refused = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "./odd"})
    assert refused.returncode == 1
    assert sorted(complaints(refused.output)) == [
        f"error: odd/{name}.png: Snakemake would take '{found}' for a placeholder; rename it"
        for name, found in (("a<b>c", "<b>"), ("a{b}", "{b}"), ("half{", "{"))
    ]
    measured = [Path(name).name for name in project.files("results/points") if "folder-odd" in name]
    assert measured == ["_B_-e4eafa78.csv", "fine.csv"]


def test_what_is_left_out_and_what_is_converted_is_said_on_the_terminal(project: Checkout) -> None:
    folder = project.root / "phone"
    save_pictures(folder, {"sound": textured(8, 9)})
    save_pictures(folder / "older", {"other": textured(8, 9)})
    (folder / "notes.txt").write_text("notes")
    (folder / "grey.pgm").write_bytes(CONVERTED["grey.ppm"][0])
    (folder / "two.jpg").write_bytes(two_pictures())
    done = project.snakemake("results/table5.csv", "--quiet", settings=ONE_POINT | {"dataset": "./phone"})
    assert done.returncode == 0, done.output
    notes = sorted(line for line in done.output.splitlines() if line.startswith("note: "))
    assert notes[0].startswith("note: phone/grey.pgm: grey converted to RGB")
    assert notes[1] == "note: phone/two.jpg: holds 2 images (MPO); the first is taken"
    assert notes[2].startswith("note: phone: left out notes.txt (no file that ends with bmp, ")
    assert notes[2].endswith(") and the images in older/ (sub-folders are not searched)")
    assert len(notes) == 3


def test_a_link_to_nothing_stops_the_run_before_any_work(project: Checkout) -> None:
    save_pictures(project.root / "dangling", {"fine": textured(8, 9)})
    (project.root / "dangling" / "i.png").symlink_to("nowhere.png")
    refused = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "./dangling"})
    assert refused.returncode == 1 and refused.jobs == []
    assert "dangling/i.png: a link to nowhere.png, which is not there; correct or remove it" in refused.output


def test_another_spelling_of_the_folder_measures_nothing_again(project: Checkout) -> None:
    save_pictures(project.root / "spelt", {"fine": textured(8, 9)})
    (project.root / "link").symlink_to("spelt")
    target = ["results/table5.csv", "results/provenance/config.yaml"]
    assert project.snakemake(*target, settings=ONE_POINT | {"dataset": "spelt/"}).returncode == 0
    for spelling in ("./spelt", "./link", "link/", str(project.root / "link"), f"../{project.root.name}/spelt"):
        again = project.snakemake("-n", *target, settings=ONE_POINT | {"dataset": spelling})
        assert NOTHING_TO_DO in again.output, (spelling, again.output)


def test_numbers_in_braces_on_the_command_line_are_numbers(project: Checkout) -> None:
    save_pictures(project.root / "braces", {"fine": textured(8, 9)})
    words = ["results/table5.csv", "-n", "--config", "dataset=./braces", "codecs=[jpeg]"]
    assert project.snakemake(*words, "report={images: 3, side: 256}").returncode == 0
    refused = project.snakemake(*words, "report={images: 300000}")
    assert "config.report.images: 300000 is greater than the maximum of 10000" in refused.output


def test_a_folder_becomes_a_dataset_by_one_command(project: Checkout) -> None:
    """As README says it; the images come from the folder itself, as from a mirror."""
    save_pictures(project.root / "shots" / "mine", {"one": textured(8, 9), "zwei ä": textured(9, 8)})
    made = project.python("scripts/manifest.py", "shots/mine", "mine", "--title", "My shots: two")
    assert made.returncode == 0, made.output
    (command,) = (line.split("measure it with: ")[1] for line in made.output.splitlines() if "measure it with" in line)
    assert command == f"snakemake --cores all --config dataset=mine mirror={project.root / 'shots'}"
    done = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "mine", "mirror": "shots"})
    assert done.returncode == 0, done.output
    assert set(pd.read_csv(project.root / "results" / "table5.csv")["dataset"]) == {"mine"}
    alone = project.snakemake("-f", "results/data/mine/one.png", settings=ONE_POINT | {"dataset": "mine"})
    assert complaints(alone.output) == [
        "error: mine has no address to download from; set mirror to the folder that holds mine/, or add urls"
    ]


HOSTILE_NAMES = [
    "new\nline", 'double"quote', "back\\slash", "tab\there", "--help", "$(touch owned)", "a;touch owned", "*", "日本",
    "%s", "#hash", "a, b", "`id`", "e=mc2", "~x", " leading",
]  # fmt: skip


def test_hostile_names_are_measured(project: Checkout) -> None:
    folder = project.root / "hostile\n$(touch owned) \"--'names'"
    save_pictures(folder, {name: textured(8, 9) for name in HOSTILE_NAMES})
    done = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": f"./{folder.name}"})
    assert done.returncode == 0, done.output
    (file,) = (project.root / "results" / "points").glob("folder-hostile*.csv")
    assert len(read_rows(file)) == len(HOSTILE_NAMES)
    assert not list(project.root.rglob("owned"))


def test_a_folder_with_a_leading_dash_is_measured(project: Checkout) -> None:
    """Given without a path, so that the dash is in front."""
    save_pictures(project.root / "-dash", {"-x": textured(8, 9)})
    done = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "-dash"})
    assert done.returncode == 0, done.output


@pytest.mark.long
def test_hostile_folders_and_names_of_any_script_go_through_every_rule(project: Checkout) -> None:
    """Equal lengths in Chinese, periods as in the names of frames, as long as the file system allows, A beside a."""
    names = [
        "東京",
        "大阪",
        "京都",
        "фотографияссобакойнапляже",
        f"frame_{'0' * 20}",
        "xyzäöü" * 27,
        "z" * 240,
        "A",
        "a",
    ]
    folder = "-a \n$(touch owned) \"<B>'é"
    hostile = ["-x 'y'\n\"z\"", "<I>"]
    save_pictures(project.root / folder, {name: textured(168, 176) for name in [*names, *hostile]})
    settings = TINY_SETTINGS | {"dataset": folder}
    done = project.snakemake("all", "keep_reference", settings=settings)
    assert done.returncode == 0, done.output
    verified = project.snakemake("verify", settings=settings)
    assert verified.returncode == 0, verified.output
    assert not list(project.root.rglob("owned"))
    (listed,) = (project.root / "results" / "data").glob("folder-*_B*/names.csv")
    assert sorted(read_names(listed).values()) == sorted(f"{name}.png" for name in [*names, *hostile])
    pages = {file.stem: file.read_text() for file in (project.root / "results" / "report").glob("*.html")}
    for page in ("images", "curves"):
        assert [name for name in names if f"{name}.png" not in pages[page]] == [], page
    assert not [page for page, text in pages.items() if "<B>'é" in text]


@pytest.mark.parametrize(("folder", "found"), [("a{b}", "{b}"), ("<script>", "<script>")])
def test_placeholders_in_a_folder_are_refused_before_any_work(project: Checkout, folder: str, found: str) -> None:
    save_pictures(project.root / folder, {"fine": textured(8, 9)})
    refused = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": f"./{folder}"})
    assert refused.returncode == 1
    assert f"{folder}: Snakemake would take '{found}' for a placeholder; rename the folder" in refused.output
    assert refused.jobs == []


def test_a_bad_picture_with_a_newline_in_its_name_is_one_line(project: Checkout) -> None:
    save_pictures(project.root / "lines", {"fine": textured(8, 9)})
    (project.root / "lines" / "two\nlines.png").write_bytes(b"no image")
    refused = project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "./lines"})
    assert refused.returncode == 1
    (line,) = complaints(refused.output)
    assert line.startswith("error: lines/two lines.png: not an image that can be read; ")
    assert [Path(name).name for name in project.files("results/points") if "folder-lines" in name] == ["fine.csv"]


@pytest.fixture(scope="module")
def broken(project: Checkout) -> Outcome:
    """A mirror with one sound file, one changed, one missing."""
    paths = save_pictures(project.root / "mirror" / "three", {name: textured(8, 9) for name in ("a", "b", "c")})
    manifest = project.root / "workflow" / "resources" / "manifests" / "three.tsv"
    manifest.write_text(manifest_text([_listed(path, 9, 8) for path in paths]))
    url = "https://example.org/three/"
    project.add_dataset("three", {"title": "3", "kind": "files", "urls": [url], "mirror_folder": "three"})
    changed = bytearray(paths[1].read_bytes())
    changed[-20] ^= 1
    paths[1].write_bytes(changed)
    paths[2].unlink()
    return project.snakemake("results/table5.csv", settings=ONE_POINT | {"dataset": "three", "mirror": "mirror"})


def test_each_broken_file_is_named_once_with_the_fix(broken: Outcome) -> None:
    assert broken.returncode == 1
    changed, missing = sorted(complaints(broken.output))
    assert changed.startswith("error: mirror/three/b.png: sha256 is ")
    assert missing.startswith("error: mirror/three/c.png: no such file")
    for line in (changed, missing):
        assert line.endswith("copy it there from https://example.org/three/ or run without a mirror")
        assert broken.output.count(line) == 1


def test_the_sound_file_of_the_mirror_is_measured(broken: Outcome, project: Checkout) -> None:
    assert project.files("results/data/three") == ["results/data/three/a.png"]
    assert project.files("results/points/three") == ["results/points/three/jpeg/a.csv"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"foo": 1}, "config: unknown key foo (known: ablations, bdrate, codecs, "),
        ({"codecs": ["jpeg", "nosuchcodec"]}, "config: unknown codec 'nosuchcodec' in codecs; choose from "),
        ({"dataset": "kodok"}, "unknown dataset 'kodok'; choose from embedded, kodak, "),
        ({"dataset": "./nowhere"}, "nowhere: no such folder; "),
        ({"dataset": "./envs"}, "envs: holds no image; put "),
        ({"rate_target_bpp": 0}, "config.rate_target_bpp: 0 is less than or equal to the minimum of 0; see "),
        ({"settings": {"jpeg": {"quality": [20, 101]}}}, "config: settings.jpeg.quality.1: 101 is greater than the "),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_a_wrong_setting_is_refused_before_any_work(project: Checkout, change: dict[str, Any], said: str) -> None:
    refused = project.snakemake("results/table5.csv", settings=change)
    assert refused.returncode == 1
    (line,) = (line for line in refused.output.splitlines() if said in line)
    assert line.startswith(said)
    assert refused.jobs == []


def test_a_wrong_setting_on_the_command_line_too(project: Checkout) -> None:
    refused = project.snakemake("results/table5.csv", "--config", "foo=1")
    assert refused.returncode == 1
    assert "config: unknown key foo (known: " in refused.output


def test_missing_weights_are_named_before_any_work(project: Checkout) -> None:
    weights = project.root / "workflow" / "resources" / "weights" / "srcnn.safetensors"
    away = weights.rename(project.root / "srcnn.safetensors")
    try:
        refused = project.snakemake("results/table5.csv", settings={"codecs": ["sr"]})
    finally:
        away.rename(weights)
    assert refused.returncode == 1
    (line,) = (line.strip() for line in refused.output.splitlines() if "is missing" in line)
    name = "workflow/resources/weights/srcnn.safetensors"
    assert line == f"{name} is missing; restore it from the repository, or set weights: trained"
    assert refused.jobs == []


def _listed(path: Path, width: int, height: int) -> ImageFile:
    data = path.read_bytes()
    return ImageFile(path.name, hashlib.sha256(data).hexdigest(), len(data), path.stem, width, height)
