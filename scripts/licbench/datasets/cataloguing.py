"""A folder of images becomes a dataset of the bench: its manifest, and its block in datasets.yaml."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from licbench import files
from licbench.datasets.catalogue import DATASETS, Use, describe, known_datasets
from licbench.datasets.manifests import ImageFile, is_safe_path, manifest_text
from licbench.errors import DatasetError
from licbench.images.files import decode_rgb
from licbench.locations import RESOURCES

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


def add_dataset(
    folder: Path,
    name: str,
    title: str,
    *,
    licence: str = "",
    urls: Sequence[str] = (),
    use: Use = "evaluation",
    resources: Path = RESOURCES,
) -> tuple[ImageFile, ...]:
    """Write ``manifests/{name}.tsv`` of a folder's images and add the block that names them; returns the rows.

    Args:
        folder: holds the images; its name is their folder in a local mirror.
        name: of the dataset: small letters, digits and underscores.
        title: for people.
        licence: of the images.
        urls: addresses that serve the same files; without any, the dataset needs a mirror.
        use: what the images may serve.
        resources: folder of datasets.yaml and manifests/.

    Raises:
        DatasetError: the name is taken or cannot be one, or the folder is none, holds no image, or a name that does
            not fit a manifest.
        BadImageError: an image that ``images.read_rgb`` refuses.
    """
    if not NAME.fullmatch(name):
        raise DatasetError(f"{name!r} cannot name a dataset; take at most 40 small letters, digits and underscores")
    if name in known_datasets():
        raise DatasetError(f"dataset {name} is there already; take another name, or remove its block from {DATASETS}")
    dataset = describe(f"{folder}/")
    rows = tuple(_row(image, dataset.path(image)) for image in dataset.images or ())
    block: dict[str, Any] = {"title": title, "kind": "files", "use": use, "mirror_folder": folder.resolve().name}
    block |= {key: value for key, value in (("licence", licence), ("urls", list(urls))) if value}
    files.write_text(resources / "manifests" / f"{name}.tsv", manifest_text(rows))
    catalogue = resources / DATASETS
    added = yaml.safe_dump({name: block}, sort_keys=False, allow_unicode=True, width=120)
    files.write_text(catalogue, f"{catalogue.read_text(encoding='utf-8').rstrip()}\n\n{added}")
    return rows


def _row(image: str, path: Path) -> ImageFile:
    if not is_safe_path(path.name) or "\t" in path.name or len(path.name.splitlines()) > 1:
        raise DatasetError(f"{path}: a tab, a line break, a colon or a backslash in its name; rename it")
    data = path.read_bytes()
    height, width, _ = decode_rgb(data, str(path)).shape
    return ImageFile(path.name, hashlib.sha256(data).hexdigest(), len(data), image, width, height)
