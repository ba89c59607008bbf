"""What installed packages bring: codecs and datasets by their entry points, and a line for what is wrong with one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from checkout import save_pictures
from packages import describe_package, importable
from pictures import photo

from licbench.codecs import registry
from licbench.datasets.catalogue import describe, known_datasets
from licbench.datasets.cataloguing import add_dataset
from licbench.errors import DatasetError, LicbenchError, SettingsError
from licbench.locations import RESOURCES
from licbench.plugins import plugins

CODECS, DATASETS = "licbench.codecs", "licbench.datasets"


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that this process imports packages from."""
    folder = tmp_path / "site"
    folder.mkdir()
    with importable(folder, monkeypatch):
        yield folder


def test_without_packages_there_is_the_project_s_own_alone() -> None:
    assert not plugins(CODECS) and set(known_datasets()) == set(
        yaml.safe_load((RESOURCES / "datasets.yaml").read_text())
    )
    assert registry.maker("jpeg") == "" and registry.place("jpeg") == "scripts/licbench/codecs/jpeg.py"


def test_what_a_package_brings_is_listed_without_being_imported(site: Path) -> None:
    describe_package(site, "their-codec", "2.1", {CODECS: {"theirs": "their_codec:Theirs"}, "other.group": {"x": "y"}})
    assert "theirs" in registry.codec_ids() and list(plugins(CODECS)) == ["theirs"]
    assert registry.maker("theirs") == "their-codec 2.1" and registry.place("theirs") == "package their-codec"


MODULES = {
    "is not there": ("", r"their_codec:Theirs cannot be imported \(ModuleNotFoundError: .*\); repair it, or"),
    "fails": ("1 / 0", r"cannot be imported \(ZeroDivisionError: .*\); repair it"),
    "exits": ("raise RuntimeError('needs a GPU')", r"\(RuntimeError: needs a GPU\)"),
    "has none": ("x = 1", r"cannot be imported \(AttributeError: "),
    "is no codec": ("Theirs = 3", "is no subclass of licbench.codecs.base.Codec with id 'theirs'; fix its entry point"),
    "has another id": (
        "from licbench.codecs.jpeg import Jpeg as Theirs",
        "is no subclass of licbench.codecs.base.Codec with id 'theirs'",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("module", "message"), MODULES.values(), ids=MODULES)
def test_a_broken_codec_is_a_line_with_its_package(site: Path, module: str, message: str) -> None:
    name = f"their_codec_{list(MODULES.values()).index((module, message))}"  # Python keeps a module that it imported
    if module:
        (site / f"{name}.py").write_text(f"{module}\n")
    describe_package(site, "their-codec", "2.1", {CODECS: {"theirs": f"{name}:Theirs"}})
    with pytest.raises(SettingsError, match=message.replace("their_codec:", f"{name}:")) as error:
        registry.codec_class("theirs")
    assert str(error.value).startswith("package their-codec: ") and str(error.value).endswith(
        "pip uninstall their-codec"
    )
    assert "\n" not in str(error.value)


def test_a_name_that_is_taken_or_none_is_refused(site: Path) -> None:
    describe_package(
        site, "one", "1", {CODECS: {"jpeg": "one:Jpeg"}, DATASETS: {"kodak": "one"}, "other": {"A b": "x"}}
    )
    with pytest.raises(SettingsError, match="package one brings codec jpeg, which the project has; rename it there"):
        registry.codec_ids()
    with pytest.raises(DatasetError, match="package one brings dataset kodak, which the project has; rename it there"):
        known_datasets()
    assert registry.codec_class("jpeg").__module__ == "licbench.codecs.jpeg" and describe("kodak").kind == "files"
    with pytest.raises(SettingsError, match="package one: 'A b' in other is not up to 40 of a-z, 0-9, _"):
        plugins("other")


def test_two_packages_with_one_name_are_refused(site: Path) -> None:
    for package in ("one", "two"):
        describe_package(site, package, "1", {CODECS: {"theirs": f"{package}:Theirs"}})
    with pytest.raises(SettingsError, match=r"both bring theirs in licbench\.codecs; uninstall one of them") as error:
        registry.codec_ids()
    assert "one" in str(error.value) and "two" in str(error.value)


def test_a_dataset_of_a_package(site: Path, tmp_path: Path) -> None:
    own = site / "their_images"
    (own / "manifests").mkdir(parents=True)
    (own / "__init__.py").touch()
    (own / "datasets.yaml").write_text("# theirs\n")
    save_pictures(own / "photos", {"cat": photo(20, 30)})
    add_dataset(own / "photos", "theirs", "Their photographs", resources=own)
    describe_package(site, "their-images", "1.0", {DATASETS: {"theirs": "their_images"}})
    plugins.cache_clear()
    dataset = describe("theirs")
    assert dataset.images == ("cat",) and dataset.title == "Their photographs" and dataset.mirror_folder == "photos"
    assert known_datasets()[-1] == "theirs"


@pytest.mark.parametrize("content", [None, "theirs: 3", "others: {title: x, kind: files}", "[", "- 1"])
def test_a_package_without_the_block_is_a_line(site: Path, content: str | None) -> None:
    name = f"their_images_{abs(hash(content))}"
    (site / name).mkdir()
    (site / name / "__init__.py").touch()
    if content is not None:
        (site / name / "datasets.yaml").write_text(content)
    describe_package(site, "their-images", "1.0", {DATASETS: {"theirs": name}})
    with pytest.raises(LicbenchError, match=r"package their-images: no block theirs in datasets\.yaml of") as error:
        describe("theirs")
    assert "\n" not in str(error.value)
