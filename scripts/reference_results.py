"""Keep a run's tables as the reference results of its dataset; verify.py holds other runs against them."""

import argparse
from pathlib import Path

from licbench.cli import run
from licbench.locations import REFERENCE
from licbench.paper.reference import keep


def main() -> None:
    """Parse the command line and keep the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tables", type=Path, nargs="+", help="tables of the run, as CSV")
    parser.add_argument("--dataset", required=True, help="id of the dataset, as in the names of its rows")
    parser.add_argument(
        "--made-with", required=True, type=Path, nargs=2, metavar=("CONFIG", "VERSIONS"), help="results/provenance/*"
    )
    options = parser.parse_args()
    folder = REFERENCE / options.dataset
    keep(options.tables, *options.made_with, folder)
    print(f"{len(options.tables)} tables kept in {folder.name} of {folder.parent}")


if __name__ == "__main__":
    run(main)
