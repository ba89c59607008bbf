"""Bound what choosing a codec and an operating point for each image could gain, from the collected rows alone."""

import argparse
from pathlib import Path

from licbench.cli import add_rows, run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.oracle import oracle


def main() -> None:
    """Parse the command line and choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser)
    parser.add_argument("--codecs", required=True, nargs="+", help="from whose rows to choose")
    parser.add_argument("--anchor", required=True, nargs=2, metavar=("CODEC", "CURVE"), help="at fixed points")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    rows = read_rows(options.rows)
    write_csv(options.out, with_dataset(oracle(rows, options.codecs, tuple(options.anchor)), rows))


if __name__ == "__main__":
    run(main)
