"""What all benchmarks share: CPU seconds and memory of whole process trees, medians, images of any size."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from licbench.images import Image
from licbench.images.geometry import resize

ROOT = Path(__file__).parents[2]
KODAK = "kodak"
NOISE = 2.0
"""Standard deviation of what is added to enlarged images: enlarging smooths, and nothing that large is smooth."""
GLIBC = dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], str(2**30))
"""As the workflow sets it for its jobs."""
WATCH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print()
print(used.ru_utime + used.ru_stime, used.ru_maxrss, flush=True)
sys.exit(code)
"""
"""A small process between: Linux counts the memory of whoever starts a process as that process's own."""


@dataclass(frozen=True)
class Usage:
    """What a command and all that it started took; ``peak_mib`` is that of its largest process."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def usage_of(command: Sequence[str | Path], folder: Path = ROOT) -> Usage:
    """Run a command in ``folder`` to its end.

    Raises:
        SystemExit: it failed; with the last lines that it said.
    """
    words = list(map(str, command))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    start = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-S", "-c", WATCH, *words],
        cwd=folder,
        env=os.environ | GLIBC | {"PATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall = time.monotonic() - start
    if ended.returncode:
        raise SystemExit(f"{' '.join(words)[:200]} failed: {ended.stdout[-2000:]}")
    cpu, peak = ended.stdout.splitlines()[-1].split()
    return Usage(wall, float(cpu), float(peak) / 1024)


def cpu_seconds(action: Callable[[], object]) -> float:
    """CPU seconds of this process, and of those that it started and that ended, for one call."""
    start = _spent()
    action()
    return _spent() - start


def _spent() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def medians(actions: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median CPU seconds of each action, taken in turns: what else the machine does meets all alike."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for _ in range(repeats):
        for name, action in actions.items():
            taken[name].append(cpu_seconds(action))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def config() -> dict[str, Any]:
    """The settings as shipped."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text())
    return loaded


def mirror() -> Path:
    """The folder with kodak/kodim01.png and so on.

    Raises:
        SystemExit: MIRROR names none.
    """
    found = Path(os.environ.get("MIRROR", ""))
    if not (found / KODAK / "kodim01.png").is_file():
        raise SystemExit(
            "no Kodak images; make mirror CONFIG=dataset=kodak, then MIRROR=$PWD/results/mirror make bench"
        )
    return found.resolve()


def photograph(width: int, height: int) -> Image:
    """Four of the embedded photographs, enlarged to an image of this size, with noise; uint8 (height, width, 3)."""
    from skimage import data

    half = -(-width // 2), -(-height // 2)
    parts = [
        resize(np.asarray(getattr(data, name)()), *half, "bicubic") for name in ("astronaut", "coffee", "rocket", "cat")
    ]
    image = np.concatenate([np.concatenate(parts[:2], axis=1), np.concatenate(parts[2:], axis=1)])
    generator = np.random.default_rng(2018)
    for band in np.array_split(image[:height, :width], 16):
        band[:] = np.clip(np.rint(band + generator.normal(0, NOISE, band.shape)), 0, 255)
    return image[:height, :width]
