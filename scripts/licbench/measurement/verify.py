"""Rows compared with the streams and images that they describe."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from licbench.codecs.base import Codec, Image
from licbench.codecs.registry import codec_class, declare_commands
from licbench.errors import CorruptStreamError, LicbenchError, PointsError
from licbench.images.files import read_rgb
from licbench.measurement import contract
from licbench.measurement.batches import stream_folders
from licbench.measurement.rows import digest, settings_of
from licbench.metrics.distortion import MOMENTS, error_moments, psnr_of_mse
from licbench.networks.store import ModelStore

AGAIN = "--forcerun measure_image measure_ablations"
CHUNK = 8
"""Rows that a process takes at a time, of one model."""
MOST_SAMPLES = 1e-3
"""Share of samples that another CPU's float32 may round to the next level; 1.5e-4 was the largest seen."""
FEW_SAMPLES = 8
"""Allowed in a small image, whatever its size."""
MOST_DB = 0.001
"""By how much it may move the PSNR; 0.00006 was the largest seen."""


@dataclass(frozen=True)
class Task:
    """A row, and where its stream and the original image are; without the original less can be checked."""

    row: Mapping[str, Any]
    streams: Path
    original: Path | None


@dataclass(frozen=True)
class Deviation:
    """How a reconstruction deviates from the scored one: another CPU's float32 rounds some samples to the next level.

    ``samples``: how many differ from the reconstruction in float64, by one level each; ``psnr_change_db``: from the
    scored one's PSNR, None where there was no original to score it against.
    """

    samples: int
    psnr_change_db: float | None


@dataclass(frozen=True)
class Finding:
    """The result for a row: as measured, within a level of it (``deviation``), or neither (``problem``, a line)."""

    deviation: Deviation | None = None
    problem: str = ""


def verify_rows(
    tasks: Sequence[Task], weights: Path | None, processes: int = 1, commands: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    """``verify_row`` for every task, in order of codec and model, so that a process loads few networks.

    ``commands`` are the config's blocks of codecs that are commands, for ``registry.declare_commands``.
    """
    declare_commands(commands)
    check = partial(verify_row, weights=weights)
    tasks = sorted(tasks, key=_network)
    if processes == 1:
        yield from map(check, tasks)
        return
    # Fresh interpreters: a forked torch may hang
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), declare_commands, (commands,)) as pool:
        try:
            yield from pool.map(check, tasks, chunksize=CHUNK)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def verify_row(task: Task, weights: Path | None) -> Finding:
    """Whether the row's stream has the row's size and checksum, and with ``weights`` whether it decodes as scored."""
    try:
        if weights is None:
            checked_stream(task)
            return Finding()
        return Finding(decode_row(task, weights)[1])
    except LicbenchError as error:
        return Finding(problem=" ".join(str(error).split()))


def outcome(findings: Sequence[Finding], *, decoded: bool) -> str:
    """The result for all rows, in a line."""
    near = [finding.deviation for finding in findings if finding.deviation]
    sound = sum(not finding.problem for finding in findings)
    line = f"{sound} rows agree with their files{' and decode to what was scored' if decoded else ''}"
    if near:
        samples = max(one.samples for one in near)
        changes = [one.psnr_change_db for one in near if one.psnr_change_db is not None]
        moved = f"{max(changes):.6f} dB" if changes else "not scored without the originals"
        line += f", {len(near)} of them within 1 level (at most {samples} samples an image, {moved})"
    return line if sound == len(findings) else f"{line}; {len(findings) - sound} do not"


def decode_row(task: Task, weights: Path) -> tuple[Image, Deviation | None]:
    """The image in the row's stream, uint8 (height, width, 3), and how it deviates from the one that was scored.

    Raises:
        PointsError: file and row differ, or the image is another than was scored; in one line that names the file.
        CorruptStreamError: the stream does not decode.
    """
    path, stream = checked_stream(task)
    codec = _codec(task.row["codec"], weights)
    try:
        decoded = codec.decode(stream)
        if digest(decoded) == task.row["pixels_sha256"]:
            return decoded, None
        return decoded, _deviation(task, codec, stream, decoded)
    except (CorruptStreamError, PointsError) as error:
        raise type(error)(f"{path}: {error}") from error


def _deviation(task: Task, codec: Codec, stream: bytes, decoded: Image) -> Deviation:
    """How ``decoded`` deviates from the scored image, of which the row keeps a checksum and six sums of errors.

    The scored image itself is not there to compare with. What can be checked is: this CPU's image lies within a level
    of the reconstruction in float64, which every CPU agrees on, and the scored one's errors are its errors but for as
    little. A row of another image or model fails the second, a faulty decoder the first. The second takes the original.

    Raises:
        PointsError: the difference is none that another CPU's float32 makes.
    """
    row, other = task.row, "decodes to another image than was scored"
    arbiter = codec.decode_in_float64(stream)
    if arbiter is None:
        raise PointsError(f"{other}; check the versions in use")
    if contract.version(codec) != row["codec_version"]:
        raise PointsError(f"{other}, by {row['codec_version']}; decode it with that version")
    levels = np.abs(np.subtract(decoded, arbiter, dtype=np.int16))
    samples = int(np.count_nonzero(levels))
    if levels.max() > 1 or samples > max(FEW_SAMPLES, MOST_SAMPLES * levels.size):
        raise PointsError(
            f"{other}: {samples} of {levels.size} samples differ from the reconstruction in float64, by up to "
            f"{levels.max()} levels; check the versions in use"
        )
    if task.original is None:
        return Deviation(samples, None)
    errors = error_moments(read_rgb(task.original), decoded)
    if all(errors[name] == row[name] for name in MOMENTS):
        raise PointsError(f"{other}, though with the same errors; run again with {AGAIN}")
    change = _psnr_change(row["sse"], errors["sse"])
    allowed = (10 ** (MOST_DB / 10) - 1) * row["sse"]
    if change > MOST_DB or any(abs(errors[name] - row[name]) > allowed for name in MOMENTS):
        raise PointsError(f"{other}: its PSNR moves by {change:.4f} dB; check the versions in use")
    return Deviation(samples, change)


def _psnr_change(before: int, now: int) -> float:
    """In dB, between two sums of squared errors; infinite where one is zero."""
    return 0.0 if before == now else abs(psnr_of_mse(now) - psnr_of_mse(before))


def checked_stream(task: Task) -> tuple[Path, bytes]:
    """The file of the row's stream, and its bytes, which have the row's size and checksum.

    Raises:
        PointsError: it is missing, or another file; in one line that names it.
    """
    row = task.row
    kind = codec_class(row["codec"])
    folders = stream_folders(task.streams / row["dataset"] / row["codec"], row["image"])
    paths = [folder / f"{row['point']}{kind.extension}" for folder in folders]
    # A dataset that grew large, or shrank, has left streams in both places
    there = [path for path in paths if path.is_file()]
    for path in there:
        stream = path.read_bytes()
        if (len(stream), digest(stream)) == (row["bytes"], row["stream_sha256"]):
            return path, stream
    if there:
        raise PointsError(f"{there[0]} is not the file that was measured; run again with {AGAIN}")
    raise PointsError(f"{paths[0]} is missing; run the workflow again with {AGAIN}")


def _network(task: Task) -> tuple[str, str]:
    return task.row["codec"], str(settings_of(task.row).get("model", ""))


@cache
def _codec(codec: str, weights: Path) -> Codec:
    return codec_class(codec)(ModelStore(weights))
