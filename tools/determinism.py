"""The same bytes again: runs from clean on one machine and on more cores; and what another machine may find.

python tools/determinism.py                  both
python tools/determinism.py runs             everything on three small images, with 1 core twice and with 8
python tools/determinism.py arithmetic       the embedded photographs at the points of Table 5, as other CPUs compute
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.extend(str(Path(__file__).parents[1] / place) for place in ("tests/support", "tests/workflow"))

from arithmetic import ARITHMETICS, SURROUNDINGS, Place, computed, summary
from checkout import Checkout, copy_project, save_pictures
from pictures import photo, smooth, textured
from test_end_to_end import SETTINGS

IMAGES = {"cat": photo(168, 176), "texture": textured(170, 200), "ramps": smooth(163, 161)}
EVERYTHING = {**SETTINGS, "threshold_scan": {"qp": 36, "threshold_db": 33.0}}
RUNS = {"--cores 1": "1", "--cores 1, again": "1", "--cores 8": "8"}
TIMED = ("results/logs/", "results/benchmarks/", "results/report/run.html")
"""What holds times."""
PHOTOGRAPHS: dict[str, Any] = {
    "dataset": "embedded",
    "settings": {
        "jpeg": {"modes": ["420-optimised"], "quality": [5]},
        "jpeg2000": {"bpp": [0.15], "reversible_bpp": [0.15]},
        "bpg": {"chroma": ["420", "444"], "qp": [42]},
        "cae": {
            "rotation": ["offline", "none", "per_image"],
            "ladder": {"cae_024": [], "cae_048": [], "cae_096": [0.72, 1.04], "cae_160": []},
        },
        "gan": {
            "families": [
                {"model": ["gan_256"], "scale": [2], "bits": [8], "rotated": [True, False]},
                {"model": ["gan_128"], "scale": [3], "bits": [8], "rotated": [True]},
            ]
        },
        "sr": {"qp": [37]},
    },
    # Not measured here, but no point may be in both
    "ablations": {
        "cae": {"rotation": ["none"], "ladder": {"cae_024": [1.0], "cae_048": [], "cae_096": [], "cae_160": []}},
        "gan": {"families": [{"model": ["gan_64"], "scale": [1], "bits": [8], "rotated": [False]}]},
    },
}
BOUND_DB = 0.001
"""By how much an image's PSNR may differ between machines."""


def results(project: Checkout) -> dict[str, str]:
    """Hashes of what a run makes, without what holds times."""
    found = [name for name in project.files() if not name.startswith(TIMED)]
    return {name: hashlib.sha256((project.root / name).read_bytes()).hexdigest() for name in found}


def runs(folder: Path) -> int:
    """Runs from clean, each against the first; how many differ."""
    print("| run | files | bytes that differ from the first run |\n|---|---|---|", flush=True)
    first: dict[str, str] = {}
    failures = 0
    for name, cores in RUNS.items():
        # The same folder each time: its path is in the dataset's id.
        shutil.rmtree(folder, ignore_errors=True)
        project = copy_project(folder)
        save_pictures(folder / "photos", IMAGES)
        done = project.snakemake("--cores", cores, settings=EVERYTHING, timeout=7200)
        assert done.returncode == 0, done.output[-2000:]
        found = results(project)
        first = first or found
        other = sorted(file for file in first.keys() | found.keys() if first.get(file) != found.get(file))
        failures += bool(other)
        print(f"| `{name}` | {len(found)} | {', '.join(other) or 'none'} |", flush=True)
    return failures


def arithmetic(folder: Path) -> int:
    """The streams of a run decoded, and its images encoded, under other arithmetic; how many went wrong."""
    project = copy_project(folder)
    done = project.snakemake("results/points/embedded.csv", settings=PHOTOGRAPHS, timeout=7200)
    assert done.returncode == 0, done.output[-2000:]
    made = project.root / "results"
    place = Place(made / "points" / "embedded.csv", made / "streams" / "points", made / "data" / "embedded")
    failures, heading = 0, ""
    for name in (*SURROUNDINGS, *ARITHMETICS):
        found = computed(place, name)
        failures += int((found["psnr_change"] > BOUND_DB).sum() + (found["verified"] != "").sum())
        failures += int(found["other_stream"].sum())
        if name in SURROUNDINGS:
            failures += int(found["other_picture"].sum())
        for line in summary(found):
            if not heading:
                heading = f"| arithmetic | {' | '.join(line)} |\n|{'---|' * (len(line) + 1)}"
                print(heading)
            print(f"| {name} | {' | '.join(map(str, line.values()))} |", flush=True)
    return failures


PARTS = {"runs": runs, "arithmetic": arithmetic}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="which (default: both)")
    failures = 0
    for part in parser.parse_args().parts or PARTS:
        with tempfile.TemporaryDirectory() as folder:
            failures += PARTS[part](Path(folder) / "project")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
