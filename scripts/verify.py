"""Check every row against its file: size, checksum, and (--decode) that the file alone gives the scored picture."""

import argparse
from pathlib import Path

from tqdm import tqdm

from licbench.cli import run
from licbench.locations import SHIPPED
from licbench.points import read_rows
from licbench.verifying import verify_rows


def main() -> None:
    """Parse the command line and check row by row."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, nargs="+", help="rows of datasets, such as results/points/kodak.csv")
    parser.add_argument("--streams", type=Path, help="where the streams are (default: as the workflow puts them)")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder of trained models (default: shipped)")
    parser.add_argument("--decode", action="store_true", help="decode every stream too (slow)")
    parser.add_argument("--processes", type=int, default=1, help="streams decoded at a time (default: 1)")
    options = parser.parse_args()
    rows = [
        (row, options.streams or path.parents[1] / "streams" / path.parent.name)
        for path in map(Path.resolve, options.rows)
        for row in read_rows(path).to_dict("records")
    ]
    checked = verify_rows(rows, options.weights if options.decode else None, options.processes)
    for _ in tqdm(checked, total=len(rows), desc="verify", unit="stream"):
        pass
    print(f"{len(rows)} rows agree with their files{' and decode to what was scored' if options.decode else ''}")


if __name__ == "__main__":
    run(main)
