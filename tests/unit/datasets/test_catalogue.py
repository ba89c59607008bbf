from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from licbench.config import training_sets
from licbench.datasets import catalogue
from licbench.datasets.catalogue import describe, known_datasets, manifest_hash
from licbench.datasets.image_ids import image_id, is_safe_id
from licbench.datasets.manifests import COLUMNS, ImageFile, is_safe_path, manifest_text, read_manifest
from licbench.errors import DatasetError
from licbench.locations import PROJECT, RESOURCES

MANIFESTS = sorted((RESOURCES / "manifests").glob("*.tsv"))
ROW = ImageFile("a/b c.png", "0" * 64, 10, "b_c", 3, 2)


def test_every_definition_is_complete() -> None:
    parts = {f"bsds500_{part}" for part in ("train", "test", "val")}
    assert set(known_datasets()) == {"embedded", "kodak", "clic2018_valid", "clic2018_train", "imagenet_sample", *parts}
    for name in known_datasets():
        dataset = describe(name)
        assert dataset.id == name and dataset.title and dataset.licence and dataset.mirror_folder
        assert all(url.endswith("/") for url in dataset.urls)
        assert bool(dataset.urls) == (dataset.kind != "embedded")
        assert (dataset.images is None) == (dataset.kind == "archives") == bool(dataset.archives)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_manifests(path: Path) -> None:
    rows = read_manifest(path)
    assert path.stem in known_datasets()
    assert path.read_text() == manifest_text(rows), "not in the one form that gets hashed"
    assert len({row.image for row in rows}) == len({row.file for row in rows}) == len({row.sha256 for row in rows})
    for row in rows:
        # Manifests keep the ids that they were written with
        assert is_safe_id(row.image) and row.image == re.sub(r"[^\w.-]", "_", Path(row.file).stem)
        assert min(row.width, row.height) >= 16 and max(row.width, row.height) <= 6000
        assert 0.001 < row.bytes / (row.width * row.height) < 4
    dataset = describe(path.stem)
    assert dataset.manifest == rows
    assert manifest_hash(dataset) == hashlib.sha256(path.read_bytes()).hexdigest()
    if dataset.pixels is not None:
        assert sum(row.width * row.height for row in rows) == dataset.pixels


def test_counts() -> None:
    counts = {name: len(describe(name).manifest) for name in known_datasets()}
    bsds500 = {"bsds500_train": 200, "bsds500_test": 200, "bsds500_val": 100}
    assert counts == {
        "embedded": 6,
        "kodak": 24,
        "clic2018_valid": 0,
        "clic2018_train": 0,
        "imagenet_sample": 1000,
        **bsds500,
    }
    assert describe("kodak").images == tuple(f"kodim{number:02d}" for number in range(1, 25))
    for part in ("train", "test", "val"):
        assert {row.file.split("/")[0] for row in describe(f"bsds500_{part}").manifest} == {part}


def test_no_model_trains_on_what_it_is_judged_by() -> None:
    """By checksum, over all recipes: not Kodak, not the embedded images, not BSDS500 val; SRCNN not BSDS500 test."""
    config = yaml.safe_load((PROJECT / "config.yaml").read_text())
    datasets = [describe(name) for name in known_datasets()]
    hashes = {dataset.id: {file.sha256 for file in (*dataset.manifest, *dataset.archives)} for dataset in datasets}
    assert not hashes["clic2018_train"] & hashes["clic2018_valid"]
    judged = {name for name in known_datasets() if describe(name).use != "training"}
    assert judged == {"embedded", "kodak", "clic2018_valid", "bsds500_val"}
    for recipe_name in config["training"]["recipes"]:
        chosen = {**config, "training": {**config["training"], "recipe": recipe_name}}
        for model in config["models"]:
            trained = set().union(*(hashes[name] for name in training_sets(chosen, model)))
            assert len(trained) >= 1200
            for name in judged | ({"bsds500_test"} if model == "srcnn" else set()):
                assert not trained & hashes[name], (model, name)


def test_describe_imports_nothing_heavy() -> None:
    code = "import sys, licbench.datasets.catalogue as d; d.describe('kodak'); print({'numpy', 'PIL'} & {*sys.modules})"
    scripts = PROJECT / "scripts"
    printed = subprocess.run([sys.executable, "-c", code], cwd=scripts, capture_output=True, text=True, check=True)
    assert printed.stdout.strip() == "set()"


def test_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my images"
    folder.mkdir()
    for name in ("b.PNG", "a photo.jpeg", "notes.txt", ".hidden.png", "c.TIF"):
        (folder / name).write_bytes(b"")
    (folder / "sub.png").mkdir()
    dataset = describe(str(folder))
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:8]
    assert dataset.id == f"folder-my_images-{digest}" and dataset.kind == "folder"
    photo = image_id("a photo.jpeg")
    assert dataset.images == (photo, "b", "c")
    assert dataset.names == {photo: "a photo.jpeg", "b": "b.PNG", "c": "c.TIF"}
    assert dataset.path(photo) == folder / "a photo.jpeg"
    with pytest.raises(DatasetError, match=f"has no image 'z'; choose from {photo}, b, c"):
        dataset.path("z")


def test_a_folder_is_one_dataset_however_it_is_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    (tmp_path / "link").symlink_to("photos")
    monkeypatch.chdir(tmp_path)
    dataset = describe("photos")
    assert dataset.spelling == "./photos" and dataset.path("a") == Path("photos/a.png")
    spellings = (
        "./photos",
        "photos/",
        "./photos//.",
        f"../{tmp_path.name}/photos",
        str(tmp_path / "photos"),
        "./link/",
    )
    for spelling in (*spellings, dataset.spelling):
        again = describe(spelling)
        assert (again.id, again.spelling, again.paths) == (dataset.id, dataset.spelling, dataset.paths)
    # A working directory that moves with the folder in it keeps its results
    moved = (tmp_path.parent / f"{tmp_path.name}-moved").resolve()
    tmp_path.rename(moved)
    monkeypatch.chdir(moved)
    assert describe("photos").id == dataset.id


def test_a_known_name_wins_over_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kodak").mkdir()
    (tmp_path / "kodak" / "x.png").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    assert describe("kodak").kind == "files"
    assert describe("./kodak").kind == "folder"


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        ([], "holds no image; put bmp, dib, gif, j2k, "),
        (["readme.txt"], "holds no image"),
    ],
)
def test_folders_refused(names: list[str], fault: str, tmp_path: Path) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DatasetError, match=fault):
        describe(str(tmp_path))


def test_unknown_names(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"unknown dataset 'kodac'; choose from embedded, kodak, .*give a folder as"):
        describe("kodac")
    for unheard_of in ("x" * 300, "~nobody-of-that-name", "null\0"):
        with pytest.raises(DatasetError, match="unknown dataset"):
            describe(unheard_of)
        with pytest.raises(DatasetError, match="no such folder"):
            describe(f"{unheard_of}/pictures")
    with pytest.raises(DatasetError, match="no such folder"):
        describe(str(tmp_path / "none"))
    with pytest.raises(DatasetError, match=r"has no image 'kodim25'; choose from kodim01, .*kodim24"):
        describe("kodak").row("kodim25")
    with pytest.raises(DatasetError, match=r"has no archive 'x\.zip'; its archives: professional_valid_2020\.zip"):
        describe("clic2018_valid").archive("x.zip")
    with pytest.raises(DatasetError, match="has no manifest"):
        manifest_hash(describe("clic2018_valid"))


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ("{title: T}", "kind missing"),
        ("{use: training}", "title and kind missing"),
        ("{title: T, kind: file}", "kind is 'file', not one of embedded, files, archives"),
        ("{title: T, kind: files, use: testing}", "use is 'testing', not one of evaluation, training, validation"),
        ("{title: T, kind: files, urls: 'https://example.org/'}", "urls is not a list"),
        ("{title: T, kind: files, colour: red}", "unknown key colour (known: title, kind, use, "),
        ("{title: T, kind: archives, archives: [{file: a}]}", "give each archive file, sha256 and bytes"),
    ],
)
def test_a_definition_with_a_fault_is_refused_by_name(
    block: str, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "datasets.yaml").write_text(f"mine: {block}\n")
    monkeypatch.setattr(catalogue, "RESOURCES", tmp_path)
    catalogue._definitions.cache_clear()
    try:
        with pytest.raises(DatasetError, match=rf"datasets\.yaml, mine: .*{re.escape(fault)}"):
            describe("mine")
    finally:
        catalogue._definitions.cache_clear()


def test_manifest_roundtrip(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text(manifest_text([ROW]))
    assert read_manifest(path) == (ROW,)


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["image\tfile"],
        ["\t".join(COLUMNS)],
        ["\t".join(COLUMNS), "a\ta.png\t" + "0" * 64 + "\t1\t1"],
        ["\t".join(COLUMNS), "a\ta.png\t" + "0" * 64 + "\t1\t1\tx"],
        ["\t".join(COLUMNS), "a\ta.png\t" + "0" * 64 + "\t1\t1\t0"],
        ["\t".join(COLUMNS), "a\ta.png\t" + "0" * 63 + "\t1\t1\t1"],
        ["\t".join(COLUMNS), "a b\ta.png\t" + "0" * 64 + "\t1\t1\t1"],
        ["\t".join(COLUMNS), "a\t../a.png\t" + "0" * 64 + "\t1\t1\t1"],
        ["\t".join(COLUMNS), *["a\ta.png\t" + "0" * 64 + "\t1\t1\t1"] * 2],
    ],
)
def test_manifests_refused(lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text("\n".join(lines))
    with pytest.raises(DatasetError, match=r"m\.tsv.*; restore the file, or write it: python scripts/manifest\.py"):
        read_manifest(path)


def test_a_manifest_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "m.tsv").write_bytes(b"image\xff\xfe\0")
    with pytest.raises(DatasetError, match=r"m\.tsv: not a text file .*; restore it"):
        read_manifest(tmp_path / "m.tsv")


def test_missing_manifest(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no such manifest"):
        read_manifest(tmp_path / "m.tsv")


@pytest.mark.parametrize("file", ["a", "a/b.png", "..a/b", "it's.png"])
def test_safe_paths(file: str) -> None:
    assert is_safe_path(file)


@pytest.mark.parametrize("file", ["", "/a", "a/", "../a", "a/../b", "./a", "a//b", "a\\b", "C:a", "a\0b"])
def test_unsafe_paths(file: str) -> None:
    assert not is_safe_path(file)


def test_a_manifest_with_spaces_for_tabs_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "m.tsv"
    path.write_text(manifest_text([ROW]).replace("\t", " "))
    with pytest.raises(DatasetError, match=r"first line is not image, file, .* height, separated by tabs; "):
        read_manifest(path)
    path.write_text("\t".join(COLUMNS) + "\na a.png\n")
    with pytest.raises(DatasetError, match="line 2: not 6 fields, separated by tabs, "):
        read_manifest(path)
