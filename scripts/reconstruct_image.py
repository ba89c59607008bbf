"""Decode the streams behind Table 5 of one image, and save what they give for the report's viewer."""

import argparse
import json
from pathlib import Path

import pandas as pd

from licbench.cli import add_entries, run
from licbench.codecs.registry import declare_commands
from licbench.measurement.rows import read_rows


def main() -> None:
    """Parse the command line and decode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("original", type=Path, help="the original")
    parser.add_argument("--rows", required=True, nargs="+", type=Path, help="rows that hold the image's (measure.py)")
    parser.add_argument("--table", required=True, type=Path, help="Table 5, which names the operating points")
    add_entries(parser)
    parser.add_argument("--streams", required=True, type=Path, help="folder of the sweeps' streams")
    parser.add_argument("--weights", required=True, type=Path, help="folder of trained models")
    parser.add_argument("--side", required=True, type=int, help="of a larger image the middle of this side is kept")
    commands = "blocks under settings of the codecs that are commands, as JSON"
    parser.add_argument("--commands", type=json.loads, default={}, help=commands)
    parser.add_argument("--out", required=True, type=Path, help="folder to write")
    options = parser.parse_args()
    declare_commands(options.commands)
    from licbench.report.operating import operating_rows  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.report.reconstructions import save_reconstructions  # noqa: PLC0415

    measured = read_rows(*options.rows)
    own = measured[measured["image"] == options.original.stem]
    rows = operating_rows(own, options.entries, pd.read_csv(options.table))
    places = {"streams": options.streams, "weights": options.weights}
    save_reconstructions(options.original, rows, options.out, **places, side=options.side)


if __name__ == "__main__":
    run(main)
