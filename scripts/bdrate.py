"""BD-rates of every curve against every anchor, with confidence intervals, and the relative rate over quality."""

import argparse
import json
from pathlib import Path

from licbench.cli import add_published_curves, add_rows, run
from licbench.evaluation.bd_rates import compare
from licbench.evaluation.curve_rows import curves
from licbench.evaluation.external_curves import read_curves
from licbench.evaluation.scores import with_scores
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.figures.bd_rates import draw_bd_rates
from licbench.paper.figures.style import save


def main() -> None:
    """Parse the command line, compare and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser)
    parser.add_argument("--anchors", required=True, type=json.loads, help="JSON: a list of codec and curve")
    parser.add_argument("--qp", required=True, type=int, help="of super-resolution while its threshold moves")
    parser.add_argument("--threshold-db", required=True, type=float, help="of super-resolution while its QP moves")
    add_published_curves(parser)
    parser.add_argument(
        "--scores", nargs="*", type=Path, default=[], help="further metrics, CSV files named after them"
    )
    readings = "of each further metric, JSON: name to whether its scores are rising and compared in decibels"
    parser.add_argument("--readings", type=json.loads, default={}, help=readings)
    parser.add_argument("--csv", required=True, type=Path, help="the table to write")
    parser.add_argument("--over-quality", required=True, type=Path, help="relative rate over quality, CSV to write")
    parser.add_argument("--drawings", required=True, nargs="+", type=Path, help="PNG and PDF files to draw")
    options = parser.parse_args()
    rows = read_rows(options.rows)
    compared = curves(with_scores(rows, options.scores, options.readings), options.qp, options.threshold_db)
    anchors = [(anchor["codec"], anchor["curve"]) for anchor in options.anchors]
    metrics = [path.stem for path in options.scores]
    table, over_quality = compare(compared, anchors, read_curves(options.published_curves), metrics)
    save(draw_bd_rates(over_quality), options.drawings)
    write_csv(options.over_quality, with_dataset(over_quality, rows))
    write_csv(options.csv, with_dataset(table, rows))


if __name__ == "__main__":
    run(main)
