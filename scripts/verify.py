"""Check every row against its file, and a run's tables against the reference results of the repository.

A stream must have its row's size and checksum, and with --decode give the scored image. With --tables each cell must be
the reference's. Goes on to the end, names what differs, and says REPRODUCED where tables were given and all agrees.
"""

import argparse
from pathlib import Path

from tqdm import tqdm

from licbench.cli import add_config, run
from licbench.codecs.registry import commands_in
from licbench.errors import LicbenchError, PointsError
from licbench.locations import REFERENCE, SHIPPED
from licbench.measurement.rows import read_rows
from licbench.measurement.verify import Finding, Task, outcome, verify_rows
from licbench.paper.reference import changed_makers, compare

NAMED = 10
"""Streams and cells that are named; the others are counted."""


def main() -> None:
    """Parse the command line, check row by row, then cell by cell."""
    options = _options()
    weights = options.weights if options.decode else None
    commands = commands_in(options.config)
    tasks = [task for rows in options.rows for task in _tasks(rows.resolve(), options)]
    found = verify_rows(tasks, weights, options.processes, commands)
    findings: list[Finding] = list(tqdm(found, total=len(tasks), desc="verify", unit="stream"))
    failed = [finding.problem for finding in findings if finding.problem]
    _name(failed, "streams")
    print(outcome(findings, decoded=options.decode))
    problems = [f"{len(failed)} of {len(findings)} streams fail ({failed[0]})"] if failed else []
    if options.tables:
        problems += _compared(options)
    if problems:
        raise PointsError(f"not reproduced: {'; '.join(problems)}")
    if options.tables:
        near = sum(finding.deviation is not None for finding in findings)
        print(f"REPRODUCED, pixels of {near} streams within 1 level on this CPU" if near else "REPRODUCED")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=Path, nargs="+", help="rows of datasets, such as results/points/kodak.csv")
    parser.add_argument("--streams", type=Path, help="where the streams are (default: as the workflow puts them)")
    parser.add_argument("--images", type=Path, help="where the originals are (default: as the workflow puts them)")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder of trained models (default: shipped)")
    parser.add_argument("--decode", action="store_true", help="decode every stream too (slow)")
    parser.add_argument("--processes", type=int, default=1, help="streams decoded at a time (default: 1)")
    parser.add_argument(
        "--tables", type=Path, nargs="+", help="tables of the run, as CSV, to compare with the reference"
    )
    parser.add_argument("--dataset", help="id of the dataset of the tables, as in the names of its rows")
    parser.add_argument("--made-with", type=Path, nargs=2, metavar=("CONFIG", "VERSIONS"), help="results/provenance/*")
    add_config(parser)
    options = parser.parse_args()
    if options.made_with and not options.config:
        options.config = options.made_with[0]
    if options.tables and not (options.dataset and options.made_with):
        parser.error("--tables needs --dataset and --made-with")
    return options


def _tasks(rows: Path, options: argparse.Namespace) -> list[Task]:
    streams = options.streams or rows.parents[1] / "streams" / rows.parent.name
    images = options.images or rows.parents[1] / "data"
    return [
        Task(row, streams, images / row["dataset"] / f"{row['image']}.png")
        for row in read_rows(rows).to_dict("records")
    ]


def _compared(options: argparse.Namespace) -> list[str]:
    """Name the cells that differ from the reference results; a phrase if any does."""
    reference = REFERENCE / options.dataset
    try:
        cells, differences = compare(options.tables, options.made_with[0], reference)
    except LicbenchError as error:
        return [str(error)]
    if not differences:
        print(f"all {cells} cells of {len(options.tables)} tables agree with the reference results of {reference.name}")
        return []
    _name(differences, "cells")
    print(*changed_makers(options.made_with[1], reference), sep="\n")
    return [
        f"{len(differences)} of {cells} cells of {reference.name} differ; "
        "delete results/ and run again with the versions of envs/run.lock"
    ]


def _name(problems: list[str], what: str) -> None:
    for problem in problems[:NAMED]:
        print(problem)
    if len(problems) > NAMED:
        print(f"... and {len(problems) - NAMED} more {what}")


if __name__ == "__main__":
    run(main)
