"""Make Table 5, or the table of the CLIC 2018 challenge, from the collected rows: measured and published."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import add_entries, add_published, add_rows, run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.tables import contest, table5

TABLES = {"table5": table5, "contest": contest}


def main() -> None:
    """Parse the command line and make the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=TABLES, help="which table")
    add_rows(parser)
    add_published(parser, "table")
    add_entries(parser)
    parser.add_argument("--target-bpp", required=True, type=float, help="the target rate, in bits per pixel")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    make = TABLES[options.table]
    rows = read_rows(options.rows)
    table = make(rows, pd.read_csv(options.paper), options.entries, options.target_bpp)
    write_csv(options.out, with_dataset(table, rows))


if __name__ == "__main__":
    run(main)
