"""Make the table of distances between the codecs of Table 5, measured and published."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.files import write_csv
from licbench.measurement.rows import DATASET
from licbench.paper.fidelity import fidelity


def main() -> None:
    """Parse the command line and subtract."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path, help="Table 5 (table5.py)")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    table = pd.read_csv(options.table)
    distances = fidelity(table)
    distances.insert(0, DATASET, ", ".join(dict.fromkeys(table[DATASET])))
    write_csv(options.out, distances)


if __name__ == "__main__":
    run(main)
