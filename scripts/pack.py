"""Pack the streams behind the tables with their rows, models and a checker into one archive for a reviewer."""

import argparse
import json
from pathlib import Path

import pandas as pd

from licbench.cli import run
from licbench.files import sha256_of
from licbench.locations import PROJECT
from licbench.measurement.rows import read_rows
from licbench.report.pack import PackInputs, named_rows, write_pack


def main() -> None:
    """Parse the command line and pack."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="+", type=Path, help="the dataset's rows: results/points/*, results/ablations/*")
    parser.add_argument("--tables", required=True, nargs="+", type=Path, help="table5.csv, contest.csv")
    parser.add_argument("--entries", required=True, type=json.loads, help="table -> its block of the config, as JSON")
    parser.add_argument("--streams", required=True, type=Path, help="folder of the streams")
    parser.add_argument("--weights", required=True, type=Path, help="folder of trained models")
    parser.add_argument("--models", required=True, type=json.loads, help="codec -> its models, as JSON")
    parser.add_argument("--all", action="store_true", help="pack every stream, not only those that the tables name")
    parser.add_argument("--out", required=True, type=Path, help="archive to write, .tar.gz")
    options = parser.parse_args()
    tables = {path.stem: pd.read_csv(path) for path in options.tables}
    rows = {path.parent.name: read_rows(path) for path in options.rows}
    if not options.all:
        rows = {part: named_rows(own, tables, options.entries) for part, own in rows.items()}
    inputs = PackInputs(
        rows=rows,
        tables=tables,
        entries={name: options.entries[name] for name in tables},
        streams=options.streams,
        weights=options.weights,
        models=options.models,
        requirements=PROJECT / "envs" / "run.lock",
    )
    contents = write_pack(inputs, options.out)
    print(f"{options.out}: {contents}; sha256 {sha256_of(options.out)}")


if __name__ == "__main__":
    run(main)
