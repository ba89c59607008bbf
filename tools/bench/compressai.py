"""The workflow compared with CompressAI's benchmark runner: the same images, qualities and scores, whole processes.

Theirs prints a mean a quality; ours also writes every stream and row, and each image as it was checked.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from checkout import copy_project

from bench.measuring import KODAK, Usage, mirror, usage_of

HOW = "python3.11 -m venv cai && cai/bin/pip install torch==2.14.1 torchvision==0.29.1 compressai"
REPEATS = int(os.environ.get("REPEATS", "3"))
QUALITIES = (5, 15, 30, 50, 75, 90)
CURVES = {"jpeg": "420-standard", "jpeg2000": "9-7", "bpg": "444"}
"""Of table5 and contest, which must name curves that are there."""
CODECS: dict[str, tuple[str, dict[str, Any], tuple[int, ...]]] = {
    "jpeg": ("", {"modes": ["420-standard"], "quality": list(QUALITIES)}, QUALITIES),
    "jpeg2000": ("ffmpeg", {"bpp": [0.2, 0.4, 0.8, 1.2, 1.6, 2.0], "reversible_bpp": []}, (10, 15, 25, 40, 60, 120)),
    "bpg": ("bpgenc", {"chroma": ["444"], "qp": [22, 27, 32, 37, 42, 47]}, (22, 27, 32, 37, 42, 47)),
}
"""The program that their runner calls, our settings, and their qualities."""


def main() -> None:
    """Print a line a codec, where CompressAI and the program that it calls are there."""
    theirs = os.environ.get("COMPRESSAI_PYTHON", "")
    if not shutil.which(theirs):
        raise SystemExit(f"no CompressAI; {HOW}, then COMPRESSAI_PYTHON=cai/bin/python make bench-compressai")
    print(f"{'codec':10}{'ours, CPU s':>13}{'theirs':>8}{'ratio':>7}{'ours, wall s':>14}{'theirs':>8}{'ratio':>7}")
    for codec, (program, settings, qualities) in CODECS.items():
        if program and not shutil.which(program):
            print(f"{codec:10}left out: CompressAI calls {program}, which is not installed")
            continue
        images = mirror() / KODAK
        command = [shutil.which(theirs) or theirs, "-W", "ignore", "-m", "compressai.utils.bench", codec, images]
        options = ["-j", "2", "-q", ",".join(map(str, qualities))]
        pairs = [(_ours(codec, settings), usage_of([*command, *options])) for _ in range(REPEATS)]
        mine, their = (_median([pair[side] for pair in pairs]) for side in (0, 1))
        cpu = f"{mine.cpu_s:13.1f}{their.cpu_s:8.1f}{mine.cpu_s / their.cpu_s:7.3f}"
        wall = f"{mine.wall_s:14.1f}{their.wall_s:8.1f}{mine.wall_s / their.wall_s:7.3f}"
        print(f"{codec:10}{cpu}{wall}", flush=True)


def _ours(codec: str, settings: Mapping[str, Any]) -> Usage:
    """The rows of one codec on Kodak, from an empty folder."""
    row = {"codec": codec, "curve": CURVES[codec]}
    asked = {"dataset": KODAK, "mirror": str(mirror()), "codecs": [codec], "settings": {codec: dict(settings)}}
    asked |= {"table5": {"JPEG": row}, "contest": {"JPEG": row}}
    if codec in ("jpeg", "jpeg2000"):
        anchor = {"jpeg": "jpeg_420", "jpeg2000": "jpeg2000"}[codec]
        asked |= {"training_curves": {"anchors": {anchor: row}}}
    with tempfile.TemporaryDirectory() as scratch:
        project = copy_project(Path(scratch) / "project").root
        (project / "asked.yaml").write_text(yaml.safe_dump(asked))
        command = [sys.executable, "-m", "snakemake", "--cores", "2", f"results/points/{KODAK}.csv"]
        return usage_of([*command, "--configfile", "asked.yaml"], project)


def _median(usages: list[Usage]) -> Usage:
    parts = zip(*((used.wall_s, used.cpu_s, used.peak_mib) for used in usages), strict=True)
    return Usage(*(statistics.median(part) for part in parts))
