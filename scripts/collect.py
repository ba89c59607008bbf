"""Put the rows of all pictures and codecs into one table; refuse a missing, doubled or unasked row."""

import argparse
import json
from pathlib import Path

from licbench.cli import run
from licbench.files import replacing
from licbench.points import collect
from licbench.registry import codec_class


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, nargs="+", help="CSV files that measure.py wrote")
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    parser.add_argument("--images", required=True, nargs="+", help="ids of its pictures")
    parser.add_argument("--settings", required=True, type=json.loads, help="codec -> its block of the config, as JSON")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    points = [
        (codec, point.id) for codec, block in options.settings.items() for point in codec_class(codec).points(block)
    ]
    expected = {(options.dataset, image, codec, point) for image in options.images for codec, point in points}
    with replacing(options.out) as temporary:
        collect(options.rows, expected).to_csv(temporary, index=False, lineterminator="\n")


if __name__ == "__main__":
    run(main)
