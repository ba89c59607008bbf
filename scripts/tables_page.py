"""Render the paper's tables, measured and published, as one Markdown page."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.files import write_text
from licbench.measurement.rows import read_rows
from licbench.report.markdown import tables_page


def main() -> None:
    """Parse the command line and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", nargs="+", type=Path, help="CSV files; their names are the template's placeholders")
    parser.add_argument("--template", required=True, type=Path, help="Markdown with placeholders")
    parser.add_argument("--rows", required=True, type=Path, help="the rows that the tables were made of (collect.py)")
    parser.add_argument("--out", required=True, type=Path, help="Markdown file to write")
    options = parser.parse_args()
    tables = {path.stem: pd.read_csv(path) for path in options.tables}
    write_text(options.out, tables_page(options.template.read_text(), tables, read_rows(options.rows)))


if __name__ == "__main__":
    run(main)
