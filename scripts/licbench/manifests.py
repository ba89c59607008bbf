"""The list of a dataset's pictures: a TSV of names, checksums and sizes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from licbench.errors import DatasetError

COLUMNS = ("image", "file", "sha256", "bytes", "width", "height")
SAFE_ID = re.compile(r"[A-Za-z0-9_.-]+")
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class SourceFile:
    """A file that anybody can check: ``file`` is its path below the source's address or the mirror's folder."""

    file: str
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ImageFile(SourceFile):
    """A picture: ``image`` is its id, safe in file names; ``width`` and ``height`` in pixels."""

    image: str
    width: int
    height: int


def image_id(name: str) -> str:
    """The id of a file: its stem, with ``_`` for what is not safe in a file name, or as a word of a command line."""
    return re.sub(r"[^A-Za-z0-9_.-]|^-", "_", PurePosixPath(name).stem)


def refuse_same_ids(names: Iterable[str], where: str) -> None:
    """Every file must get an id of its own, also where ``A`` and ``a`` are one file.

    Raises:
        DatasetError: two of ``names`` share an id.
    """
    owners: dict[str, str] = {}
    for name in names:
        key = image_id(name).casefold()
        if key in owners:
            raise DatasetError(f"{where}: {owners[key]} and {name} would share the id {image_id(name)}; rename one")
        owners[key] = name


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
        raise DatasetError(f"{path}: no such manifest; restore it from the repository or fetch the dataset again")
    try:
        header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path}: not a text file ({error}); restore it from the repository") from error
    if tuple(header.split("\t")) != COLUMNS:
        raise DatasetError(f"{path}: its columns are not {' '.join(COLUMNS)}; restore the file")
    rows = tuple(_row(line, f"{path}, line {number}") for number, line in enumerate(lines, start=2))
    if not rows or len({row.image.casefold() for row in rows}) != len(rows):
        raise DatasetError(f"{path}: has no rows, or an image twice; restore the file")
    return rows


def manifest_text(rows: Sequence[ImageFile]) -> str:
    """The manifest as it stands on disk: one form only, so that its sha256 names the dataset."""
    lines = [[row.image, row.file, row.sha256, str(row.bytes), str(row.width), str(row.height)] for row in rows]
    return "".join("\t".join(line) + "\n" for line in [list(COLUMNS), *lines])


def _row(line: str, where: str) -> ImageFile:
    try:
        image, file, sha256, size, width, height = line.split("\t")
        row = ImageFile(file, sha256, int(size), image, int(width), int(height))
    except ValueError as error:
        raise DatasetError(f"{where}: not {len(COLUMNS)} fields with numbers at the end; restore the file") from error
    sane = SAFE_ID.fullmatch(image) and SHA256.fullmatch(sha256) and min(row.bytes, row.width, row.height) > 0
    if not (sane and is_safe_path(file)):
        raise DatasetError(f"{where}: an unsafe name, a malformed sha256 or a size below 1; restore the file")
    return row
