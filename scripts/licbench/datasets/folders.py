"""A folder of the user's: which files in it are images, and what is left out. Runs while Snakemake parses."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from licbench.errors import DatasetError

IMAGE_SUFFIXES = frozenset({
    ".bmp", ".dib", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".pnm", ".ppm",
    ".tif", ".tiff", ".webp",
})  # fmt: skip

PLACEHOLDER = re.compile(r"\{[^{}]*\}|[{}]|<[a-z][a-z0-9_]*>")
"""Snakemake's wildcards and path variables."""

MOST_SHOWN = 8
MOST_SEARCHED = 1000
"""Folders below a sub-folder that are looked into for an image."""


@dataclass(frozen=True)
class Folder:
    """The images of a folder, sorted by name, and one line on what is left out; empty where nothing is."""

    images: tuple[Path, ...]
    left_out: str


def scan(folder: Path) -> Folder:
    """Look through a folder; hidden files do not count.

    Raises:
        DatasetError: it cannot be read, holds no image or a ``placeholder`` in its path, or an image's name is not
            UTF-8 or a link to nothing.
    """
    refuse_placeholder(folder)
    images, others, folders = [], [], []
    for entry in _entries(folder):
        if entry.is_dir():
            folders.append(entry.name)
        elif is_image_name(entry.name) and _is_image(entry):
            images.append(entry)
        else:
            others.append(entry.name)
    folders = [name for name in folders if _holds_images(folder / name)]
    if not images:
        raise DatasetError(_nothing_in(folder, folders))
    return Folder(tuple(images), _left_out(folder, others, folders))


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
    """Whether a file of that name is taken for an image: a supported suffix, and not hidden."""
    return not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{folder}: {error.strerror}; check its rights") from error


def _is_image(path: Path) -> bool:
    """Whether an entry of an image's name is a file; what only looks like one must not vanish without a word."""
    if path.is_symlink() and not path.exists():
        raise DatasetError(f"{path}: a link to {path.readlink()}, which is not there; correct or remove it")
    try:
        path.name.encode()
    except UnicodeEncodeError as error:
        shown = str(path).encode(errors="backslashreplace").decode()
        raise DatasetError(f"{shown}: its name is not UTF-8; rename it") from error
    return path.is_file()


def _holds_images(folder: Path) -> bool:
    """Whether there is an image in a folder or below; gives up where that takes long."""
    for _, folders, names in islice(os.walk(folder), MOST_SEARCHED):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(map(is_image_name, names)):
            return True
    return False


def _nothing_in(folder: Path, folders: Sequence[str]) -> str:
    if folders:
        first = folder / folders[0]
        return f"{folder}: holds images only in its sub-folders {_listed(folders)}; give one of them, as {first}"
    return f"{folder}: holds no image; put {_suffixes()} files in it"


def _left_out(folder: Path, others: Sequence[str], folders: Sequence[str]) -> str:
    parts = []
    if others:
        parts.append(f"{_listed(others)} (no file that ends with {_suffixes()})")
    if folders:
        parts.append(f"the images in {_listed([f'{name}/' for name in folders])} (sub-folders are not searched)")
    return " ".join(f"{folder}: left out {' and '.join(parts)}".split()) if parts else ""


def _listed(names: Sequence[str]) -> str:
    more = [f"{len(names) - MOST_SHOWN} more"] if len(names) > MOST_SHOWN else []
    return ", ".join([*names[:MOST_SHOWN], *more])


def _suffixes() -> str:
    return ", ".join(sorted(suffix[1:] for suffix in IMAGE_SUFFIXES))
