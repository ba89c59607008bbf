"""Print a table for people."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.errors import PointsError
from licbench.measurement.rows import DATASET


def main() -> None:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="CSV file of a table")
    path = parser.parse_args().table
    if not path.is_file():
        raise PointsError(f"{path} is not there; run: snakemake --cores all {path}")
    table = pd.read_csv(path)
    if DATASET in table:
        print(f"{path.stem} of {', '.join(dict.fromkeys(table.pop(DATASET)))}")
    print(table.to_string(index=False, na_rep="-"))


if __name__ == "__main__":
    run(main)
