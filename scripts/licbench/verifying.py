"""Rows against the files they speak of."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

from licbench.batches import stream_folders
from licbench.codecs.base import Codec, Image
from licbench.errors import CorruptStreamError, PointsError
from licbench.models import ModelStore
from licbench.points import digest
from licbench.registry import codec_class

AGAIN = "--forcerun measure_image measure_ablations"
CHUNK = 8
"""Rows that a process takes at a time."""


def verify_rows(
    rows: Sequence[tuple[Mapping[str, Any], Path]], weights: Path | None, processes: int = 1
) -> Iterator[None]:
    """``verify_row`` for every row and the folder of its streams; yields after each, in order.

    Raises:
        PointsError: file and row differ, in one line that names the file.
        CorruptStreamError: a stream does not decode.
    """
    check = partial(_verify, weights=weights)
    if processes == 1:
        yield from map(check, rows)
        return
    # Fresh interpreters: a forked torch may hang
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        try:
            yield from pool.map(check, rows, chunksize=CHUNK)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _verify(row_and_streams: tuple[Mapping[str, Any], Path], weights: Path | None) -> None:
    verify_row(*row_and_streams, weights)


def verify_row(row: Mapping[str, Any], streams: Path, weights: Path | None) -> None:
    """Check that the row's stream has the row's size and checksum, and with ``weights`` that it decodes as scored.

    Raises:
        PointsError: file and row differ, in one line that names the file.
        CorruptStreamError: the stream does not decode.
    """
    if weights is None:
        _checked_stream(row, streams)
    else:
        decode_row(row, streams, weights)


def decode_row(row: Mapping[str, Any], streams: Path, weights: Path) -> Image:
    """The picture in the row's stream, uint8 (height, width, 3): the very one that was scored.

    Raises:
        PointsError: file and row differ, in one line that names the file.
        CorruptStreamError: the stream does not decode.
    """
    path, stream = _checked_stream(row, streams)
    try:
        decoded = _codec(row["codec"], weights).decode(stream)
    except CorruptStreamError as error:
        raise CorruptStreamError(f"{path}: {error}") from error
    if digest(decoded) != row["pixels_sha256"]:
        raise PointsError(f"{path} decodes to another picture than was scored; check the versions in use")
    return decoded


def _checked_stream(row: Mapping[str, Any], streams: Path) -> tuple[Path, bytes]:
    kind = codec_class(row["codec"])
    folders = stream_folders(streams / row["dataset"] / row["codec"], row["image"])
    paths = [folder / f"{row['point']}{kind.extension}" for folder in folders]
    # A dataset that grew large, or shrank, has left streams in both places
    there = [path for path in paths if path.is_file()]
    for path in there:
        stream = path.read_bytes()
        if (len(stream), digest(stream)) == (row["bytes"], row["stream_sha256"]):
            return path, stream
    if there:
        raise PointsError(f"{there[0]} is not the file that was measured; run again with {AGAIN}")
    raise PointsError(f"{paths[0]} is gone; run the workflow again with {AGAIN}")


@cache
def _codec(codec: str, weights: Path) -> Codec:
    return codec_class(codec)(ModelStore(weights))
