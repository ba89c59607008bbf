"""Measure what codecs cost at a few operating points: time, memory, size of their networks; and draw it.

Times are of this machine as it is while this runs: leave it alone. Streams and rows are not touched.
"""

import argparse
import json
from pathlib import Path

from licbench.cli import add_entries, add_rows, figure_parser, run
from licbench.evaluation.complexity import BUSY, complexity_table, representatives, waiting
from licbench.files import write_csv
from licbench.measurement.costs import measure_costs
from licbench.measurement.rows import read_rows
from licbench.paper.figures.complexity import draw_complexity
from licbench.paper.figures.style import save


def main() -> None:
    """Parse the command line and measure."""
    options = _parser().parse_args()
    rows = read_rows(options.rows)
    measured = representatives(rows, options.entries.values(), options.target_bpp, options.points)
    about = {"weights": options.weights, "repeats": options.repeats, "seed": options.seed}
    costs = measure_costs([one.subject for one in measured], options.images, **about)
    table = complexity_table(rows, measured, costs, [path.stem for path in options.images], options.repeats)
    save(draw_complexity(table), options.drawings)
    write_csv(options.csv, table)
    if (times := waiting(table)) > BUSY:
        print(
            f"note: the machine was busy: up to {times:.1f} s passed for each second of CPU; repeat it on a quiet one"
        )


def _parser() -> argparse.ArgumentParser:
    parser = figure_parser(__doc__)
    add_rows(parser)
    parser.add_argument("--images", required=True, nargs="+", type=Path, help="the originals to encode")
    add_entries(parser)
    parser.add_argument("--target-bpp", required=True, type=float, help="the target rate, in bits per pixel")
    points = "codec to ids of operating points, JSON, in place of its best at the target rate"
    parser.add_argument("--points", type=json.loads, default={}, help=points)
    parser.add_argument("--weights", required=True, type=Path, help="folder of trained models")
    parser.add_argument("--repeats", type=int, default=5, help="of each encoding and decoding (default: 5)")
    parser.add_argument("--seed", type=int, default=2018, help="of the order of the repeats (default: 2018)")
    return parser


if __name__ == "__main__":
    run(main)
