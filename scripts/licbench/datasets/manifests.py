"""The list of a dataset's images: a TSV of names, checksums and sizes."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from licbench import files
from licbench.datasets.image_ids import is_safe_id
from licbench.errors import DatasetError

REMEDY = "restore the file, or write it: python scripts/manifest.py --help"
NAMES = "names.csv"
"""Next to the PNG files of a dataset: the file name behind each id."""
COLUMNS = ("image", "file", "sha256", "bytes", "width", "height")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SourceFile:
    """A file that anybody can check: ``file`` is its path below the source's address or the mirror's folder."""

    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ImageFile(SourceFile):
    """An image: ``image`` is its id, safe in file names; ``width`` and ``height`` in pixels."""

    image: str
    width: int
    height: int


def is_safe_path(file: str) -> bool:
    """Whether ``file`` is a relative path that stays below its root, on every system."""
    parts = file.split("/")
    return not ({"", ".", ".."} & set(parts) or "\\" in file or ":" in file or "\0" in file)


def read_manifest(path: Path) -> tuple[ImageFile, ...]:
    """The rows of a manifest, checked.

    Raises:
        DatasetError: the file is missing, has other columns, or a row that cannot be true.
    """
    if not path.is_file():
        raise DatasetError(f"{path}: no such manifest; fetch the dataset again, or {REMEDY}")
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file ({error}); restore it from the repository") from error
    if tuple(header.split("\t")) != COLUMNS:
        raise DatasetError(f"{path}: its first line is not {', '.join(COLUMNS)}, separated by tabs; {REMEDY}")
    rows = tuple(_row(line, f"{path}, line {number}") for number, line in enumerate(lines, start=2))
    if not rows or len({row.image.casefold() for row in rows}) != len(rows):
        raise DatasetError(f"{path}: has no rows, or an image twice; {REMEDY}")
    return rows


def manifest_text(rows: Sequence[ImageFile]) -> str:
    """The manifest as written to disk, in one canonical form, so that its sha256 identifies the dataset."""
    lines = [[row.image, row.file, row.sha256, str(row.bytes), str(row.width), str(row.height)] for row in rows]
    return "".join("\t".join(line) + "\n" for line in [list(COLUMNS), *lines])


def write_names(path: Path, names: Mapping[str, str]) -> None:
    """Write down what the file behind each id is called: a CSV file with the columns image and file."""
    files.write_records(path, ("image", "file"), ({"image": image, "file": file} for image, file in names.items()))


def read_names(path: Path) -> dict[str, str]:
    """Image -> file, as ``write_names`` left them.

    Raises:
        DatasetError: it is no such file.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            return {line["image"]: line["file"] for line in csv.DictReader(file)}
    except (OSError, ValueError, KeyError) as error:
        raise DatasetError(f"{path}: not a list of images ({error}); delete it and run again") from error


def _row(line: str, where: str) -> ImageFile:
    try:
        image, file, sha256, size, width, height = line.split("\t")
        row = ImageFile(file, sha256, int(size), image, int(width), int(height))
    except ValueError as error:
        fault = f"not {len(COLUMNS)} fields, separated by tabs, with numbers at the end"
        raise DatasetError(f"{where}: {fault}; {REMEDY}") from error
    sane = is_safe_id(image) and SHA256.fullmatch(sha256) and min(row.bytes, row.width, row.height) > 0
    if not (sane and is_safe_path(file)):
        raise DatasetError(f"{where}: an unsafe name, a malformed sha256 or a size below 1; {REMEDY}")
    return row
