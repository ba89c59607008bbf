"""Make Table 5 again where each codec chooses a point for each image under the same total of bytes."""

import argparse
from pathlib import Path

from licbench.cli import add_entries, add_rows, run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset


def main() -> None:
    """Parse the command line and choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser)
    add_entries(parser)
    parser.add_argument("--target-bpp", required=True, type=float, help="the target rate, in bits per pixel")
    parser.add_argument("--table", required=True, type=Path, help="CSV file of the table to write")
    parser.add_argument("--points", required=True, type=Path, help="CSV file of the chosen points to write")
    options = parser.parse_args()
    from licbench.paper.allocated import table5_allocated  # noqa: PLC0415  codecs; --help needs none

    rows = read_rows(options.rows)
    table, points = table5_allocated(rows, options.entries, options.target_bpp)
    write_csv(options.points, with_dataset(points, rows))
    write_csv(options.table, with_dataset(table, rows))


if __name__ == "__main__":
    run(main)
