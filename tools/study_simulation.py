"""How many observers a study needs: how often the true order of the entries is found again, by simulated observers.

Prints a table: observers against the true preference between neighbours in the order, that is how often an observer of
usual sharpness would choose the better of two neighbours if not sure were no answer. Observers differ in sharpness, say
not sure to small differences, and each image adds differences of its own; see licbench/study/simulation.py. Every
observer judges all pairs once on every image, and the evaluation is that of study_scores.py.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.study.simulation import recovery  # noqa: E402

ENOUGH = 0.95


def main() -> None:
    """Print the table, and the fewest observers that find the order in 95 of 100 studies.

    Simulations are few, so the lower end of the share's confidence interval has to reach it.
    """
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=5, help="codecs that are compared")
    parser.add_argument("--images", type=int, default=8, help="images of the study")
    parser.add_argument("--observers", type=int, nargs="+", default=[3, 5, 8, 12, 16, 24, 32], help="sample sizes")
    preferences = [0.55, 0.6, 0.65, 0.7, 0.75]
    parser.add_argument("--preferences", type=float, nargs="+", default=preferences, help="true, between neighbours")
    parser.add_argument("--by-image", type=float, default=0.0, help="spread of an image's own, in log odds")
    parser.add_argument("--simulations", type=int, default=100, help="of each cell")
    parser.add_argument("--seed", type=int, default=2018, help="of everything that chance decides")
    options = parser.parse_args()
    print(f"{options.entries} entries, {options.images} images, {options.simulations} simulations of each cell")
    print("preference" + "".join(f"{count:>7}" for count in options.observers) + "   observers needed")
    for preference in options.preferences:
        found = recovery(
            preference,
            options.observers,
            entries=options.entries,
            images=options.images,
            simulations=options.simulations,
            by_image=options.by_image,
            seed=options.seed,
        )
        surely = [share - 1.96 * (share * (1 - share) / options.simulations) ** 0.5 for share in found]
        needed = [count for count, share in zip(options.observers, surely, strict=True) if share >= ENOUGH]
        cells = "".join(f"{100 * share:>6.0f}%" for share in found)
        print(f"{100 * preference:>9.0f}%{cells}   {needed[0] if needed else 'more'}", flush=True)


if __name__ == "__main__":
    main()
