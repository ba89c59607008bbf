"""Which datasets there are and which images each one holds. Runs while Snakemake parses: nothing heavy."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

import yaml

from licbench.datasets.folders import scan
from licbench.datasets.image_ids import image_ids, latin
from licbench.datasets.manifests import ImageFile, SourceFile, manifest_text, read_manifest
from licbench.errors import DatasetError
from licbench.locations import RESOURCES
from licbench.plugins import plugins
from licbench.yaml_files import read_yaml

DATASETS = "datasets.yaml"
GROUP = "licbench.datasets"
"""Entry points by which installed packages bring datasets."""
MOST_LETTERS = 80
"""Of a folder's name in its dataset's id."""
MOST_SHOWN = 8

Item = TypeVar("Item")
Kind = Literal["embedded", "files", "archives", "folder"]
Use = Literal["evaluation", "training", "validation"]
REQUIRED = ("title", "kind")
OPTIONAL = ("use", "licence", "urls", "mirror_folder", "package", "archives", "pixels", "pixel_tolerance")
"""The keys of a block in datasets.yaml."""
CHOICES = {"kind": get_args(Kind)[:3], "use": get_args(Use)}


@dataclass(frozen=True)
class Dataset:
    """Images with a common origin; everything needed to fetch and check them.

    ``kind`` says where they come from: ``embedded`` in an installed package, single ``files`` or ``archives`` on the
    web, or a ``folder`` of the user's. ``urls`` are base addresses, best first, each ending with a slash; the same
    files are in ``mirror_folder`` of a local mirror. ``pixels`` is the expected total, give or take
    ``pixel_tolerance``, where it is known from elsewhere. Of a folder, ``paths`` are its images, ``left_out`` says in
    a line what else is in it, and ``spelling`` is what ``describe`` takes, the same however the user wrote it.
    """

    id: str
    title: str
    kind: Kind
    use: Use = "evaluation"
    licence: str = ""
    urls: tuple[str, ...] = ()
    mirror_folder: str = ""
    package: str = ""
    manifest: tuple[ImageFile, ...] = ()
    archives: tuple[SourceFile, ...] = ()
    paths: tuple[Path, ...] = ()
    spelling: str = ""
    left_out: str = ""
    pixels: int | None = None
    pixel_tolerance: int = 0

    @cached_property
    def images(self) -> tuple[str, ...] | None:
        """The ids of the images; None where only the unpacked archives can tell."""
        if self.kind == "archives":
            return None
        if self.kind == "folder":
            return image_ids([path.name for path in self.paths], self.spelling)
        return tuple(row.image for row in self.manifest)

    @property
    def names(self) -> dict[str, str]:
        """Image -> what its file is called; empty where only the unpacked archives can tell."""
        if self.kind == "folder":
            return {image: path.name for image, path in self._places.items()}
        return {row.image: row.file for row in self.manifest}

    @cached_property
    def _rows(self) -> Mapping[str, ImageFile]:
        return {row.image: row for row in self.manifest}

    @cached_property
    def _places(self) -> Mapping[str, Path]:
        return dict(zip(self.images or (), self.paths, strict=True)) if self.paths else {}

    def row(self, image: str) -> ImageFile:
        """The manifest's row of an image.

        Raises:
            DatasetError: the manifest does not list it.
        """
        return self._find(image, self._rows)

    def path(self, image: str) -> Path:
        """The path of an image of a folder.

        Raises:
            DatasetError: the folder does not hold it.
        """
        return self._find(image, self._places)

    def archive(self, file: str) -> SourceFile:
        """An archive by its file name.

        Raises:
            DatasetError: the dataset has no such archive.
        """
        for archive in self.archives:
            if archive.file == file:
                return archive
        known = ", ".join(archive.file for archive in self.archives) or "none"
        raise DatasetError(f"{self.id} has no archive {file!r}; its archives: {known}")

    def _find(self, image: str, items: Mapping[str, Item]) -> Item:
        found = items.get(image)
        if found is None:
            raise DatasetError(f"{self.id} has no image {image!r}; {self._choices()}")
        return found

    def _choices(self) -> str:
        if not self.images:
            return "its images are known once its archives are unpacked"
        shown = self.images if len(self.images) <= MOST_SHOWN else (*self.images[:3], "...", self.images[-1])
        return f"choose from {', '.join(shown)}"


def known_datasets() -> tuple[str, ...]:
    """The names that ``describe`` understands: the project's, then the installed packages'.

    Raises:
        DatasetError: a package brings a name that the project has.
    """
    own, packaged = _definitions(RESOURCES), plugins(GROUP)
    for name in set(own) & set(packaged):
        raise DatasetError(
            f"package {packaged[name].package} brings dataset {name}, which the project has; rename it there, or "
            f"remove it: pip uninstall {packaged[name].package}"
        )
    return (*own, *packaged)


def describe(name_or_folder: str) -> Dataset:
    """The dataset of that name, or the images of a folder (a path with a slash, or an existing folder).

    Raises:
        DatasetError: unknown name, missing or empty folder, ``placeholder`` in its path, or two files with one id.
    """
    if name_or_folder in _definitions(RESOURCES):
        return _defined(name_or_folder, RESOURCES)
    if "/" not in name_or_folder and name_or_folder in plugins(GROUP):
        return _defined(name_or_folder, _packaged(name_or_folder))
    folder = Path(os.path.expanduser(name_or_folder))  # noqa: PTH111  Path's raises for ~nobody
    if "/" in name_or_folder or _is_folder(folder):
        return _of_folder(folder)
    known = ", ".join(known_datasets())
    raise DatasetError(f"unknown dataset {name_or_folder!r}; choose from {known}, or give a folder as ./{folder}")


def manifest_hash(dataset: Dataset) -> str:
    """The sha256 of the manifest: what a model card names as its training data.

    Raises:
        DatasetError: the dataset has no manifest.
    """
    if not dataset.manifest:
        raise DatasetError(f"{dataset.id} has no manifest; choose a dataset that has one")
    return hashlib.sha256(manifest_text(dataset.manifest).encode()).hexdigest()


@cache
def _definitions(resources: Path) -> Mapping[str, Mapping[str, Any]]:
    definitions: Mapping[str, Mapping[str, Any]] = read_yaml(resources / DATASETS)
    return definitions


def _packaged(name: str) -> Path:
    """The folder of a package's module that holds a dataset's block and manifest, as ``RESOURCES`` does.

    Raises:
        DatasetError: it holds no such block.
    """
    plugin = plugins(GROUP)[name]
    folder = Path(str(getattr(plugin.load(), "__file__", ""))).parent
    try:
        if isinstance(_definitions(folder)[name], Mapping):
            return folder
        reason = "its block is none"
    except (OSError, LookupError, TypeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
    raise DatasetError(
        f"package {plugin.package}: no block {name} in {DATASETS} of {plugin.entry_point.value} ({reason}); put it "
        f"there, or remove the package: pip uninstall {plugin.package}"
    )


@cache
def _defined(name: str, resources: Path) -> Dataset:
    """A dataset from its block in datasets.yaml, whose keys are the fields of ``Dataset``."""
    fields = dict(_definitions(resources)[name])
    if fault := _fault(fields):
        raise DatasetError(f"{DATASETS}, {name}: {fault}; correct the block, see the head of the file")
    fields["urls"] = tuple(fields.get("urls", ()))
    try:
        fields["archives"] = tuple(SourceFile(**archive) for archive in fields.get("archives", ()))
    except TypeError as error:
        raise DatasetError(f"{DATASETS}, {name}: {error}; give each archive file, sha256 and bytes") from error
    dataset = Dataset(id=name, spelling=name, **fields)
    if dataset.kind == "archives":
        return dataset
    return replace(dataset, manifest=read_manifest(resources / "manifests" / f"{name}.tsv"))


def _fault(block: Mapping[str, Any]) -> str:
    """What is wrong with a block of datasets.yaml; empty where nothing is."""
    if unknown := sorted(set(map(str, block)) - {*REQUIRED, *OPTIONAL}):
        return f"unknown key {', '.join(unknown)} (known: {', '.join((*REQUIRED, *OPTIONAL))})"
    if missing := [key for key in REQUIRED if not block.get(key)]:
        return f"{' and '.join(missing)} missing"
    for key, choices in CHOICES.items():
        if block.get(key, choices[0]) not in choices:
            return f"{key} is {block[key]!r}, not one of {', '.join(choices)}"
    for key in ("urls", "archives"):
        if not isinstance(block.get(key, []), list):
            return f"{key} is not a list"
    return ""


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  Path's raises for a name that is too long


def _of_folder(folder: Path) -> Dataset:
    if not _is_folder(folder):
        raise DatasetError(f"{folder}: no such folder; known datasets are {', '.join(known_datasets())}")
    place = _one_spelling(folder)
    found = scan(place)
    digest = hashlib.sha256(os.fsencode(place)).hexdigest()[:8]
    dataset = Dataset(
        id=f"folder-{latin(place.resolve().name, MOST_LETTERS)}-{digest}",
        title=f"Images in {folder}",
        kind="folder",
        paths=found.images,
        spelling=str(place) if place.is_absolute() else f"./{place}",
        left_out=found.left_out,
    )
    dataset._places  # noqa: B018  two images with one id are refused here
    return dataset


def _one_spelling(folder: Path) -> Path:
    """The folder behind links and dots: relative if below the working directory, so that both can move together."""
    place, here = folder.resolve(), Path.cwd().resolve()
    return place.relative_to(here) if place.is_relative_to(here) else place
