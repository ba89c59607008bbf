"""Measure a model's snapshots on images, along its training, and draw them with the published values."""

import json
from pathlib import Path

import pandas as pd

from licbench.cli import figure_parser, run
from licbench.evaluation.training_curves import Anchor, Measurement, measure_snapshots
from licbench.files import write_csv
from licbench.measurement.rows import read_rows
from licbench.paper.figures.style import save
from licbench.paper.figures.training import draw_training_curve


def main() -> None:
    """Parse the command line and measure."""
    parser = figure_parser(__doc__)
    parser.add_argument("originals", nargs="+", type=Path, help="images, named as in the rows")
    parser.add_argument("--snapshots", required=True, type=Path, help="folder that training left them in")
    parser.add_argument("--model", required=True, help="whose snapshots")
    parser.add_argument("--settings", required=True, type=json.loads, help="a codec's block using it alone, as JSON")
    parser.add_argument("--rows", required=True, type=Path, help="rows of the same images, with the anchors' points")
    parser.add_argument("--anchors", required=True, type=json.loads, help="JSON: name to codec and curve")
    parser.add_argument("--paper", required=True, type=Path, help="published values of its network, as CSV")
    parser.add_argument("--network", required=True, help="which of them, such as cae")
    options = parser.parse_args()
    rows = read_rows(options.rows)
    anchors = [
        Anchor(name, rows[(rows["codec"] == held["codec"]) & (rows["curve"] == held["curve"])])
        for name, held in options.anchors.items()
    ]
    measurement = Measurement(options.settings, options.originals, anchors)
    curve = measure_snapshots(options.snapshots, options.model, measurement)
    paper = pd.read_csv(options.paper)
    save(draw_training_curve(curve, paper[paper["network"] == options.network]), options.drawings)
    write_csv(options.csv, curve)


if __name__ == "__main__":
    run(main)
