"""Evaluate a subjective study: scores with intervals from the observers' files, by rules that its key fixed."""

import argparse
import sys
from pathlib import Path

from licbench.cli import run
from licbench.files import write_csv
from licbench.paper.figures.style import save
from licbench.study.design import read_key
from licbench.study.figure import draw_scores
from licbench.study.responses import read_sessions
from licbench.study.scoring import evaluate


def main() -> None:
    """Parse the command line and evaluate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("responses", nargs="*", type=Path, help="the observers' files")
    parser.add_argument("--key", required=True, type=Path, help="the study's key (study.py)")
    tables = "CSV files to write: scores (of entries), stimuli, correlations, observers, each by its name"
    parser.add_argument("--tables", required=True, nargs=4, type=Path, help=tables)
    parser.add_argument("--drawings", required=True, nargs="+", type=Path, help="PNG and PDF files to draw")
    options = parser.parse_args()
    study = read_key(options.key)
    found = evaluate(study, read_sessions(study, options.responses))
    for path in options.tables:
        write_csv(path, getattr(found, path.stem).round(6))
    save(draw_scores(found.scores, study.plan), options.drawings)
    if found.note:
        print(f"note: {found.note}", file=sys.stderr)


if __name__ == "__main__":
    run(main)
