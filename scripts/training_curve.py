"""Measure a model's snapshots on pictures: rate, quality and BD-rate after each share of its training."""

import argparse
import json
from pathlib import Path

from licbench.cli import run
from licbench.files import replacing
from licbench.points import read_rows
from licbench.training_curves import Anchor, Measurement, measure_snapshots


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="+", type=Path, help="originals, named as in the rows")
    parser.add_argument("--snapshots", required=True, type=Path, help="folder that training left them in")
    parser.add_argument("--model", required=True, help="whose snapshots")
    parser.add_argument("--settings", required=True, type=json.loads, help="a codec's block using it alone, as JSON")
    parser.add_argument("--rows", required=True, type=Path, help="rows of the same pictures, with the anchors' points")
    parser.add_argument("--anchors", required=True, type=json.loads, help="JSON: name to codec and curve")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    rows = read_rows(options.rows)
    anchors = [
        Anchor(name, rows[(rows["codec"] == held["codec"]) & (rows["curve"] == held["curve"])])
        for name, held in options.anchors.items()
    ]
    measurement = Measurement(options.settings, options.pictures, anchors)
    table = measure_snapshots(options.snapshots, options.model, measurement)
    with replacing(options.out) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
