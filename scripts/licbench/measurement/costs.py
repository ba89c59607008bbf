"""What encoding and decoding cost: time in interleaved repeats, memory, size of networks; each codec in its process."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile
from types import TracebackType
from typing import Any

from licbench.codecs.base import OperatingPoint
from licbench.errors import PointsError

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")
LIBRARY = Path(__file__).parents[2]


@dataclass(frozen=True)
class Subject:
    """A codec at an operating point."""

    codec: str
    point: OperatingPoint

    def __str__(self) -> str:
        return f"codec {self.codec} at {self.point.id}"


@dataclass
class Repeats:
    """The repeats of one subject on one image: (seconds, CPU seconds) of each, and what all must give."""

    encode: list[tuple[float, float]] = field(default_factory=list)
    decode: list[tuple[float, float]] = field(default_factory=list)
    bytes: int = 0
    stream: str = ""
    pixels: str = ""


def measure_costs(
    subjects: Sequence[Subject], images: Sequence[Path], *, weights: Path, repeats: int, seed: int
) -> list[dict[str, Any]]:
    """One record for each subject; times are sums over the images.

    Every round encodes and decodes each image once with each subject, one after the other, in an order drawn anew: what
    slows the machine for a while hits all alike.

    Args:
        subjects: what is measured; each runs in a process of its own, kept for all rounds, on one thread.
        images: the originals.
        weights: folder of trained models.
        repeats: rounds.
        seed: of their order.

    Returns:
        ``encode_min_s``, ``encode_median_s`` over the repeats, ``encode_cpu_s`` the least CPU time, and of decoding;
        ``start_up_s`` from starting the process until a small image was encoded and decoded; ``start_up_memory_mb``
        and ``memory_mb``, the peak by then and at the end; ``encoder_parameters``, ``encoder_macs`` and of the
        decoder, None without a network; ``bytes``.

    Raises:
        PointsError: a repeat gives another stream or reconstruction, or a process ends.
    """
    order = random.Random(seed)
    held = {(at, image): Repeats() for at in range(len(subjects)) for image in range(len(images))}
    with ExitStack() as stack:
        processes = [stack.enter_context(_Process(subject, images, weights)) for subject in subjects]
        for _ in range(repeats):
            turns = list(held)
            order.shuffle(turns)
            for at, image in turns:
                _add(held[at, image], processes[at].ask(do="time", image=image), subjects[at], images[image])
        return [
            _record(process, [held[at, image] for image in range(len(images))]) for at, process in enumerate(processes)
        ]


def _add(repeats: Repeats, answer: dict[str, Any], subject: Subject, image: Path) -> None:
    for name in ("bytes", "stream", "pixels"):
        if repeats.encode and getattr(repeats, name) != answer[name]:
            what = "reconstruction" if name == "pixels" else "stream"
            raise PointsError(
                f"{subject} gives another {what} of {image.stem} in repeat {len(repeats.encode) + 1}; "
                "nothing is kept: make the codec deterministic"
            )
        setattr(repeats, name, answer[name])
    repeats.encode.append(tuple(answer["encode"]))
    repeats.decode.append(tuple(answer["decode"]))


def _record(process: _Process, images: Sequence[Repeats]) -> dict[str, Any]:
    record: dict[str, Any] = {"bytes": sum(image.bytes for image in images)}
    for way in ("encode", "decode"):
        taken = [getattr(image, way) for image in images]
        record[f"{way}_min_s"] = sum(min(wall for wall, _ in own) for own in taken)
        record[f"{way}_median_s"] = sum(median(wall for wall, _ in own) for own in taken)
        record[f"{way}_cpu_s"] = sum(min(cpu for _, cpu in own) for own in taken)
    record |= {"start_up_s": process.start_up_s, "start_up_memory_mb": process.start_up_memory_mb}
    # Memory before counting, which keeps records of its own
    record |= process.ask(do="memory")
    counts = [process.ask(do="count", image=image) for image in range(len(images))]
    for part in ("encoder", "decoder"):
        found = [count[part] for count in counts]
        networks = [one for one in found if one is not None]
        record[f"{part}_parameters"] = max((one["parameters"] for one in networks), default=None)
        record[f"{part}_macs"] = sum(one["macs"] for one in networks) if networks else None
    return record


class _Process:
    """A ``codec_process`` from start to end; ready once entered."""

    def __init__(self, subject: Subject, images: Sequence[Path], weights: Path) -> None:
        self._subject = subject
        point = subject.point
        task = {
            "codec": subject.codec,
            "point": [point.id, point.curve, dict(point.settings)],
            "weights": str(weights),
            "images": [str(path) for path in images],
        }
        self._command = [sys.executable, "-m", "licbench.measurement.codec_process", json.dumps(task)]

    def __enter__(self) -> _Process:
        path = os.pathsep.join(filter(None, [str(LIBRARY), os.environ.get("PYTHONPATH")]))
        self._errors = TemporaryFile("w+")
        start = time.perf_counter()
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, text=True,
            env={**os.environ, **ONE_THREAD, "PYTHONPATH": path},
        )  # fmt: skip
        try:
            self.start_up_memory_mb: float = self._answer()["memory_mb"]
        except BaseException:
            self.__exit__(None, None, None)
            raise
        self.start_up_s = time.perf_counter() - start
        return self

    def ask(self, **question: Any) -> dict[str, Any]:
        """The answer to a question."""
        assert self._process.stdin is not None
        # A process that has ended says why in place of an answer
        with suppress(BrokenPipeError):
            print(json.dumps(question), file=self._process.stdin, flush=True)
        return self._answer()

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._process.kill()
        self._process.communicate()
        self._errors.close()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or [f"exit status {self._process.wait()}"])[-1]
            raise PointsError(f"{self._subject}: its process ended ({last[-200:]}); run scripts/encode.py to see why")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PointsError(f"{self._subject}: {answer['error']}")
        return answer
