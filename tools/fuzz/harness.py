"""Runs workers, survives them, and counts: nothing here imports what is tested."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

TESTS = Path(__file__).parents[1]
SEED = 2018
LIMIT_MIB = 1024
LIMIT_SECONDS = 5
PATIENCE = 4 * LIMIT_SECONDS
"""CPU seconds of the worker without a report, after which it counts as hanging; twice that before its first report."""
SLEEP = 1800
"""Wall seconds without a word, in which a worker that computes nothing waits for something that will not come."""


@dataclass
class Tally:
    """What became of one parser's inputs."""

    parser: str
    decoded: int = 0
    refused: int = 0
    slowest: float = 0.0
    largest_mib: float = 0.0
    faults: list[str] = field(default_factory=list)

    @property
    def inputs(self) -> int:
        return self.decoded + self.refused + len(self.faults)

    def note(self, index: int, result: str, seconds: float, mib: float) -> None:
        self.slowest, self.largest_mib = max(self.slowest, seconds), max(self.largest_mib, mib)
        if seconds > LIMIT_SECONDS:
            result = f"took {seconds:.1f} s ({result})"
        elif mib > LIMIT_MIB:
            result = f"took {mib:.0f} MiB ({result})"
        if result == "decoded":
            self.decoded += 1
        elif result == "refused":
            self.refused += 1
        else:
            self.faults.append(f"{self.parser} {index}: {result}")


def fuzz(parsers: Sequence[str], inputs: int, seed: int = SEED) -> list[Tally]:
    """``inputs`` for each of the parsers in turn; a worker that dies or hangs is counted and replaced."""
    tallies = [Tally(parser) for parser in parsers]
    turn, last = 0, inputs * len(parsers)
    while turn < last:
        turn = _run_worker(tallies, turn, last, seed)
    return tallies


def _run_worker(tallies: Sequence[Tally], first: int, last: int, seed: int) -> int:
    """One worker until it is done or dead; returns the turn to continue with."""
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent / "scripts")])
    names = ",".join(tally.parser for tally in tallies)
    worker = subprocess.Popen(
        [sys.executable, "-m", "fuzz.worker", names, *map(str, (first, last, seed, LIMIT_MIB))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1"},
    )
    assert worker.stdout is not None and worker.stderr is not None
    begun, ended = first - 1, first - 1
    for line in _lines(worker):
        report = json.loads(line)
        if "begin" in report:
            begun = report["begin"]
        else:
            ended = report["end"]
            tallies[ended % len(tallies)].note(
                ended // len(tallies), report["result"], report["seconds"], report["mib"]
            )
    code = worker.wait()
    if ended == last - 1 and code == 0:
        return last
    said = worker.stderr.read()[-300:].strip().replace("\n", " | ")
    if begun == ended:
        raise RuntimeError(f"the worker ended with {code} between inputs: {said}")
    tally = tallies[begun % len(tallies)]
    what = "hung" if code == -signal.SIGKILL else f"died with {code}"
    tally.faults.append(f"{tally.parser} {begun // len(tallies)}: the process {what} ({said})")
    return begun + 1


def _lines(worker: subprocess.Popen[str]) -> Iterator[str]:
    """The worker's lines; it is killed when it says nothing for too long."""
    assert worker.stdout is not None
    os.set_blocking(worker.stdout.fileno(), False)
    selector = selectors.DefaultSelector()
    selector.register(worker.stdout, selectors.EVENT_READ)
    process, rest, patience = psutil.Process(worker.pid), "", 2 * PATIENCE
    heard, spent = time.monotonic(), 0.0
    while True:
        if not selector.select(timeout=1):
            if _cpu_seconds(process) - spent > patience or time.monotonic() - heard > SLEEP:
                worker.kill()
            if worker.poll() is None:
                continue
        chunk = worker.stdout.read()
        if chunk == "" or (chunk is None and worker.poll() is not None):
            return
        if chunk:
            patience, heard, spent = PATIENCE, time.monotonic(), _cpu_seconds(process)
            *lines, rest = (rest + chunk).split("\n")
            yield from lines


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)
