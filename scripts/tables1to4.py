"""Make one of the paper's Tables 1 to 4 from the collected rows, measured and published."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import add_cards, add_published, add_rows, run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.tables import TABLES
from licbench.paper.training_budget import read_cards


def main() -> None:
    """Parse the command line and make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=TABLES, help="which table")
    add_rows(parser, nargs="+")
    add_published(parser, "table")
    add_cards(parser)
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    cards = read_cards(options.cards, options.budget)
    rows = read_rows(*options.rows)
    table = TABLES[options.table](rows, pd.read_csv(options.paper), cards)
    write_csv(options.out, with_dataset(table, rows))


if __name__ == "__main__":
    run(main)
