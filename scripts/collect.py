"""Put the rows of all images and codecs into one table; refuse a missing, doubled or unasked row."""

import argparse
import json
from pathlib import Path

from licbench.cli import run
from licbench.codecs.registry import codec_class, declare_commands
from licbench.datasets.catalogue import describe
from licbench.errors import DatasetError
from licbench.files import write_csv
from licbench.measurement import batches
from licbench.measurement.rows import collect


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, help="folder of the files that measure.py wrote: {codec}/{batch}.csv")
    parser.add_argument("--dataset", required=True, help="id of the dataset")
    parser.add_argument("--images", required=True, metavar="NAME|FOLDER", help="whose images are expected")
    parser.add_argument("--settings", required=True, type=json.loads, help="codec -> its block of the config, as JSON")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    declare_commands(options.settings)
    points = [
        (codec, point.id) for codec, block in options.settings.items() for point in codec_class(codec).points(block)
    ]
    images = describe(options.images).images
    if images is None:
        raise DatasetError(f"{options.images} comes in archives; give the folder of its unpacked images")
    expected = {(options.dataset, image, codec, point) for image in images for codec, point in points}
    files = [options.rows / codec / f"{batch}.csv" for codec in options.settings for batch in batches.cut(images)]
    write_csv(options.out, collect(files, expected))


if __name__ == "__main__":
    run(main)
