"""Put the scores of all images and codecs by one metric into one table; refuse a missing or doubled one."""

import argparse
from pathlib import Path

from licbench.cli import add_rows, run
from licbench.files import write_csv
from licbench.measurement.scores import collect_scores


def main() -> None:
    """Parse the command line and collect."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser)
    parser.add_argument(
        "--scores", required=True, type=Path, help="folder of the files that score.py wrote: {codec}/{batch}.csv"
    )
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    write_csv(options.out, collect_scores(options.scores, options.rows))


if __name__ == "__main__":
    run(main)
