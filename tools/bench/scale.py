"""How long a dry run takes, and how much memory, as the dataset grows."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from checkout import copy_project

from bench.measuring import usage_of
from licbench.images.files import write_png

SIZES = (102, 1000, 10_000)


def main() -> None:
    """Print a line a dataset: everything is planned, nothing is there yet."""
    print(f"{'images':>10}{'CPU s':>8}{'wall s':>8}{'peak, MiB':>11}{'s per 1000':>12}")
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch:
            project = copy_project(Path(scratch) / "project").root
            _fill(project / "photos", size)
            command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "2", "--config", "dataset=./photos"]
            used = usage_of(command, project)
        line = f"{size:10}{used.cpu_s:8.1f}{used.wall_s:8.1f}{used.peak_mib:11.0f}"
        print(f"{line}{used.cpu_s / size * 1000:12.1f}", flush=True)


def _fill(folder: Path, size: int) -> None:
    folder.mkdir()
    write_png(folder / "0.png", np.zeros((8, 8, 3), np.uint8))
    data = (folder / "0.png").read_bytes()
    for number in range(1, size):
        (folder / f"{number}.png").write_bytes(data)
