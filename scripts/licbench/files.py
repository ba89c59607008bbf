"""Files that appear whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol


class Table(Protocol):
    """A pandas DataFrame; named by what is needed of it, since training does without pandas."""

    def to_csv(self, path: Path, /, *, index: bool, lineterminator: str) -> Any:
        """Write the table."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of ``path``; on success it becomes ``path``, on failure it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` as UTF-8 in one step."""
    write_bytes(path, text.encode())


def write_csv(path: Path, table: Table) -> None:
    """Write a table to ``path`` as CSV in one step, without its index; equal tables give equal bytes."""
    with replacing(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


def write_records(path: Path, columns: Sequence[str], records: Iterable[Mapping[str, Any]]) -> None:
    """As ``write_csv``, from one mapping a row and without pandas; a missing key or None is an empty cell."""
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's content, 64 hexadecimal digits; read in pieces, so that the file may be large."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
