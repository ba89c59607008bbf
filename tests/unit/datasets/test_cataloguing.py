"""A folder becomes a dataset: its manifest can be read again, its block joins the others, and faults leave no trace."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_pictures import REFUSED
from checkout import save_pictures
from pictures import textured

from licbench.datasets import catalogue
from licbench.datasets.catalogue import describe
from licbench.datasets.cataloguing import add_dataset
from licbench.datasets.fetching import fetch_image
from licbench.errors import BadImageError, DatasetError
from licbench.images.files import read_rgb
from licbench.locations import RESOURCES


@pytest.fixture
def resources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The catalogue as it ships, in a folder of its own."""
    folder = tmp_path / "resources"
    (folder / "manifests").mkdir(parents=True)
    shutil.copy(RESOURCES / "datasets.yaml", folder)
    monkeypatch.setattr(catalogue, "RESOURCES", folder)
    for cached in (catalogue._definitions, catalogue._defined):
        cached.cache_clear()
    yield folder
    for cached in (catalogue._definitions, catalogue._defined):
        cached.cache_clear()


def test_a_folder_becomes_a_dataset(resources: Path, tmp_path: Path) -> None:
    pictures = {"one": textured(8, 9), "two words": textured(9, 8)}
    save_pictures(tmp_path / "shots", pictures)
    before = (resources / "datasets.yaml").read_text()
    about = {"licence": "CC0: mine", "urls": ["https://example.org/shots/"]}
    rows = add_dataset(tmp_path / "shots", "mine", "Shots #1", **about, resources=resources)
    assert (resources / "datasets.yaml").read_text().startswith(before.rstrip())
    catalogue._definitions.cache_clear()
    dataset = describe("mine")
    assert dataset.manifest == rows and dataset.title == "Shots #1" and dataset.licence == "CC0: mine"
    assert dataset.urls == ("https://example.org/shots/",) and dataset.mirror_folder == "shots"
    for image, name in dataset.names.items():
        fetch_image(dataset, image, tmp_path / "x.png", mirror=tmp_path)
        assert (read_rgb(tmp_path / "x.png") == pictures[Path(name).stem]).all()


@pytest.mark.parametrize("name", ["Mine", "1st", "a-b", "a/b", "x" * 41, "", "kodak"])
def test_names_that_cannot_be_are_refused(resources: Path, tmp_path: Path, name: str) -> None:
    save_pictures(tmp_path / "shots", {"one": textured(8, 9)})
    with pytest.raises(DatasetError, match=r"take (at most 40 small letters|another name)"):
        add_dataset(tmp_path / "shots", name, "T", resources=resources)
    assert list((resources / "manifests").iterdir()) == []


@pytest.mark.parametrize("file", ["a\tb.png", "a\nb.png", "a:b.png", "a\\b.png"])
def test_files_that_a_manifest_cannot_name_are_refused(resources: Path, tmp_path: Path, file: str) -> None:
    (tmp_path / "shots").mkdir()
    save_pictures(tmp_path, {"one": textured(8, 9)})[0].rename(tmp_path / "shots" / file)
    with pytest.raises(DatasetError, match="in its name; rename it"):
        add_dataset(tmp_path / "shots", "mine", "T", resources=resources)


def test_a_bad_picture_leaves_no_trace(resources: Path, tmp_path: Path) -> None:
    save_pictures(tmp_path / "shots", {"one": textured(8, 9)})
    (tmp_path / "shots" / "rgb16.png").write_bytes(REFUSED["rgb16.png"][0])
    before = (resources / "datasets.yaml").read_text()
    with pytest.raises(BadImageError, match=r"rgb16\.png"):
        add_dataset(tmp_path / "shots", "mine", "T", resources=resources)
    assert (resources / "datasets.yaml").read_text() == before and list((resources / "manifests").iterdir()) == []
