"""The workflow's cost on top of the codecs' own work: four Kodak images, every codec, the config as shipped.

The work itself is one process a codec that measures all images one after the other; its CPU seconds are compared with
those of the whole workflow, from `snakemake` to Table 5. CPU seconds are hardly touched by what else the machine does;
wall time is, and says what it says on a machine at rest only.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

from checkout import copy_project

from bench.measuring import KODAK, config, mirror, usage_of

IMAGES = ("kodim01", "kodim05", "kodim13", "kodim23")
CORES = 2


def main() -> None:
    """Print both overheads, and what they are made of."""
    with tempfile.TemporaryDirectory() as scratch:
        project = copy_project(Path(scratch) / "project").root
        photos = project / "photos"
        photos.mkdir()
        for name in IMAGES:
            shutil.copy(mirror() / KODAK / f"{name}.png", photos)
        table = ["results/table5.csv", "--config", "dataset=./photos"]
        whole = usage_of([*_snakemake(project), *table], project)
        planned = usage_of([*_snakemake(project), "--dry-run", "--forceall", *table], project)
        works = {codec: _work(codec, project) for codec in config()["codecs"]}
    work = sum(works.values())
    print("work, CPU s: " + ", ".join(f"{codec} {seconds:.1f}" for codec, seconds in works.items()))
    print(f"workflow: {whole.cpu_s:.1f} CPU s, of which {work:.1f} work and about {planned.cpu_s:.1f} planning")
    print(f"overhead in CPU time: {1 - work / whole.cpu_s:.1%}")
    print(f"wall time x {CORES} cores, less the work: {1 - work / (whole.wall_s * CORES):.1%}")


def _snakemake(project: Path) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--cores", str(CORES), "--snakefile", str(project / "Snakefile")]


def _work(codec: str, project: Path) -> float:
    """CPU seconds of one process that measures all images at the codec's whole sweep."""
    images = sorted((project / "photos").glob("*.png"))
    bare = project / "bare" / codec
    options = ["--settings", json.dumps(config()["settings"][codec]), "--weights", "workflow/resources/weights"]
    places = ["--streams", bare / "streams", "--rows", bare / "rows.csv"]
    command = [sys.executable, "scripts/measure.py", *images, "--dataset", "bare", "--codec", codec]
    return usage_of([*command, *options, *places], project).cpu_s
