"""Progress on stderr for what takes a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from tqdm import tqdm

    Bar = tqdm[NoReturn]

LOG_EVERY_S = 10


@contextmanager
def byte_bar(name: str, size: int) -> Iterator[Bar]:
    """A bar that counts bytes; silent for what takes under a second, sparing in a log file."""
    from tqdm import tqdm  # noqa: PLC0415  slow to import, and local images do not need it

    every = 0.1 if sys.stderr.isatty() else LOG_EVERY_S
    with tqdm(total=size, desc=name, unit="B", unit_scale=True, delay=1, mininterval=every, maxinterval=60) as bar:
        yield bar


def note(bar: Bar, text: str) -> None:
    """A line on stderr that does not run into the bar."""
    if sys.stderr.isatty():
        bar.clear()
    print(f"note: {text}", file=sys.stderr)
