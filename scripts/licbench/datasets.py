"""Which datasets there are and which pictures each one holds. Runs while Snakemake parses: stdlib and yaml only."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml

from licbench.errors import DatasetError
from licbench.locations import RESOURCES
from licbench.manifests import ImageFile, SourceFile, image_id, manifest_text, read_manifest, refuse_same_ids

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm"})

PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]|<[a-z][a-z0-9_]*>")
"""Snakemake's wildcards and path variables."""

MOST_SHOWN = 8

Item = TypeVar("Item")
Kind = Literal["embedded", "files", "archives", "folder"]


@dataclass(frozen=True)
class Dataset:
    """Pictures with a common origin; everything needed to fetch and check them.

    ``kind`` says where they come from: ``embedded`` in an installed package, single ``files`` or ``archives`` on the
    web, or a ``folder`` of the user's. ``urls`` are base addresses, best first, each ending with a slash; the same
    files stand in ``mirror_folder`` of a local mirror. ``pixels`` is the expected total, give or take
    ``pixel_tolerance``, where it is known from elsewhere.
    """

    id: str
    title: str
    kind: Kind
    use: Literal["evaluation", "training", "validation"] = "evaluation"
    licence: str = ""
    urls: tuple[str, ...] = ()
    mirror_folder: str = ""
    package: str = ""
    manifest: tuple[ImageFile, ...] = ()
    archives: tuple[SourceFile, ...] = ()
    paths: tuple[Path, ...] = ()
    pixels: int | None = None
    pixel_tolerance: int = 0

    @cached_property
    def images(self) -> tuple[str, ...] | None:
        """The ids of the pictures; None where only the unpacked archives can tell."""
        if self.kind == "archives":
            return None
        if self.kind == "folder":
            return tuple(image_id(path.name) for path in self.paths)
        return tuple(row.image for row in self.manifest)

    @cached_property
    def _rows(self) -> Mapping[str, ImageFile]:
        return {row.image: row for row in self.manifest}

    @cached_property
    def _places(self) -> Mapping[str, Path]:
        return dict(zip(self.images or (), self.paths, strict=True)) if self.paths else {}

    def row(self, image: str) -> ImageFile:
        """The manifest's row of a picture.

        Raises:
            DatasetError: the manifest does not list it.
        """
        return self._find(image, self._rows)

    def path(self, image: str) -> Path:
        """Where a picture of a folder stands.

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
    """The names that ``describe`` understands."""
    return tuple(_definitions())


def describe(name_or_folder: str) -> Dataset:
    """The dataset of that name, or the pictures of a folder (a path with a slash, or an existing folder).

    Raises:
        DatasetError: unknown name, missing or empty folder, ``placeholder`` in its path, or two files with one id.
    """
    if name_or_folder in _definitions():
        return _defined(name_or_folder)
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
def _definitions() -> Mapping[str, Mapping[str, Any]]:
    definitions: Mapping[str, Mapping[str, Any]] = yaml.safe_load((RESOURCES / "datasets.yaml").read_text())
    return definitions


@cache
def _defined(name: str) -> Dataset:
    """A dataset from its block in datasets.yaml, whose keys are the fields of ``Dataset``."""
    fields = dict(_definitions()[name])
    fields["urls"] = tuple(fields.get("urls", ()))
    try:
        fields["archives"] = tuple(SourceFile(**archive) for archive in fields.get("archives", ()))
        dataset = Dataset(id=name, **fields)
    except TypeError as error:
        raise DatasetError(f"datasets.yaml, {name}: {error}; correct its keys") from error
    if dataset.kind == "archives":
        return dataset
    return replace(dataset, manifest=read_manifest(RESOURCES / "manifests" / f"{name}.tsv"))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112  Path's raises for a name that is too long


def _of_folder(folder: Path) -> Dataset:
    if not _is_folder(folder):
        raise DatasetError(f"{folder}: no such folder; known datasets are {', '.join(known_datasets())}")
    refuse_placeholder(folder)
    suffixes = ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
    paths = tuple(sorted(path for path in folder.iterdir() if is_image_name(path.name) and path.is_file()))
    if not paths:
        raise DatasetError(f"{folder}: holds no picture; put {suffixes} files in it")
    refuse_same_ids((path.name for path in paths), str(folder))
    absolute = folder.resolve()
    label = re.sub(r"[^A-Za-z0-9_.-]", "_", absolute.name)
    digest = hashlib.sha256(str(absolute).encode()).hexdigest()[:8]
    return Dataset(f"folder-{label}-{digest}", f"Pictures in {folder}", "folder", paths=paths)


def placeholder(path: Path) -> str | None:
    """The part of an input's path that Snakemake would put something else for."""
    found = PLACEHOLDER.search(str(path))
    return found[0] if found else None


def refuse_placeholder(folder: str | Path) -> None:
    """Refuse a folder whose files Snakemake would take for others.

    Raises:
        DatasetError: its path holds a ``placeholder``.
    """
    if found := placeholder(Path(folder)):
        raise DatasetError(f"{folder}: Snakemake would take {found!r} for a placeholder; rename the folder")


def is_image_name(name: str) -> bool:
    """Whether a file of that name is taken for a picture: a supported suffix, and not hidden."""
    return not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
