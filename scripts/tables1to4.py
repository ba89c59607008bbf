"""Make one of the paper's Tables 1 to 4 from the collected rows, measured beside published."""

import argparse
import json
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.tables import TABLES
from licbench.paper.training_budget import read_cards


def main() -> None:
    """Parse the command line and make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=TABLES, help="which table")
    parser.add_argument("rows", type=Path, nargs="+", help="the dataset's rows (collect.py)")
    parser.add_argument("--paper", required=True, type=Path, help="the published table, as CSV")
    parser.add_argument("--cards", nargs="*", type=Path, default=[], help="cards of the models behind the rows")
    parser.add_argument(
        "--budget", required=True, type=json.loads, help="crops in the paper's training, JSON: network to number"
    )
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    cards = read_cards(options.cards, options.budget)
    rows = read_rows(*options.rows)
    table = TABLES[options.table](rows, pd.read_csv(options.paper), cards)
    write_csv(options.out, with_dataset(table, rows))


if __name__ == "__main__":
    run(main)
