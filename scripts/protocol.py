"""Put Table 5 under other protocols, one thing changed at a time: how far each number and the ranking move."""

import argparse
from pathlib import Path

from licbench.cli import add_entries, add_rows, run
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset


def main() -> None:
    """Parse the command line and audit."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser)
    add_entries(parser)
    parser.add_argument("--target-bpp", required=True, type=float, help="the target rate, in bits per pixel")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    from licbench.paper.protocol import audit_protocol, largest_effect  # noqa: PLC0415  codecs; --help needs none

    rows = read_rows(options.rows)
    audit = audit_protocol(rows, options.entries, options.target_bpp)
    write_csv(options.out, with_dataset(audit, rows))
    print(largest_effect(audit))


if __name__ == "__main__":
    run(main)
