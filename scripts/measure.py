"""Measure images with one codec at every operating point: streams in a folder, one row a point in a CSV file."""

import argparse
import json
from pathlib import Path

from licbench.cli import run
from licbench.codecs.registry import declare_commands
from licbench.measurement.measure import measure_images


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("originals", type=Path, nargs="+", help="the originals, each named by its id in the rows")
    parser.add_argument("--dataset", required=True, help="id of the dataset, for the rows")
    parser.add_argument("--codec", required=True, help="id of the codec")
    parser.add_argument("--settings", required=True, type=json.loads, help="the codec's block of the config, as JSON")
    parser.add_argument("--weights", type=Path, required=True, help="folder of trained models")
    parser.add_argument(
        "--streams",
        type=Path,
        required=True,
        help="folder for the streams; an image of another name than its own gets one below it",
    )
    parser.add_argument("--rows", type=Path, required=True, help="CSV file for the rows")
    options = parser.parse_args()
    declare_commands({options.codec: options.settings})
    originals = {path.stem: path for path in options.originals}
    places = {"weights": options.weights, "streams": options.streams, "rows": options.rows}
    measure_images(originals, (options.dataset, options.codec), options.settings, **places)


if __name__ == "__main__":
    run(main)
