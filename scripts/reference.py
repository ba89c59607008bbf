"""Compare the tables of a run with the reference results in the repository, or keep a run's tables as such."""

import argparse
from pathlib import Path

from licbench.cli import run
from licbench.errors import PointsError
from licbench.locations import REFERENCE
from licbench.reference import changed_makers, compare, keep


def main() -> None:
    """Parse the command line, then compare or keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["compare", "keep"], help="compare with what is kept, or keep this run's")
    parser.add_argument("tables", type=Path, nargs="+", help="tables of the run, as CSV")
    parser.add_argument("--dataset", required=True, help="id of the dataset, as in the names of its rows")
    parser.add_argument(
        "--made-with", required=True, type=Path, nargs=2, metavar=("CONFIG", "VERSIONS"), help="results/provenance/*"
    )
    options = parser.parse_args()
    folder = REFERENCE / options.dataset
    if options.command == "keep":
        keep(options.tables, *options.made_with, folder)
        print(f"{len(options.tables)} tables kept in {folder.name} of {folder.parent}")
        return
    cells, differences = compare(options.tables, options.made_with[0], folder)
    if differences:
        print(*differences, *changed_makers(options.made_with[1], folder), sep="\n")
        raise PointsError(
            f"not reproduced: {len(differences)} of {cells} cells of {folder.name} differ; "
            "delete results/ and run again with the versions of envs/run.lock"
        )
    print(f"all {cells} cells of {len(options.tables)} tables agree with the reference results of {folder.name}")
    print("REPRODUCED")


if __name__ == "__main__":
    run(main)
