"""Write the measured curves in the format of another project, one file each."""

import argparse
from pathlib import Path

from licbench.cli import add_rows, run
from licbench.evaluation.curve_files import FORMATS, write_curves
from licbench.evaluation.curve_rows import curves
from licbench.measurement.rows import read_rows


def main() -> None:
    """Parse the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("format", choices=FORMATS, help="whose format")
    add_rows(parser)
    parser.add_argument("--qp", required=True, type=int, help="of super-resolution while its threshold moves")
    parser.add_argument("--threshold-db", required=True, type=float, help="of super-resolution while its QP moves")
    parser.add_argument("--out", required=True, type=Path, help="folder to write to")
    options = parser.parse_args()
    write_curves(curves(read_rows(options.rows), options.qp, options.threshold_db), options.format, options.out)


if __name__ == "__main__":
    run(main)
