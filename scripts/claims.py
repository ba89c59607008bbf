"""Measure what the paper claims on the collected rows, and give a verdict on each claim."""

import argparse
from pathlib import Path

import pandas as pd

from licbench.cli import add_cards, add_rows, run
from licbench.files import write_csv, write_text
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.claims.bench import Bench
from licbench.paper.claims.judging import judge_all
from licbench.paper.training_budget import read_cards
from licbench.report.claims_page import claims_page


def main() -> None:
    """Parse the command line and judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_rows(parser, nargs="+")
    parser.add_argument("--figure5", nargs="*", type=Path, default=[], help="the rates of Figure 5, where it is drawn")
    parser.add_argument(
        "--half-trained", nargs="*", type=Path, default=[], help="rows of codecs after half of their models' training"
    )
    parser.add_argument("--paper", required=True, nargs="+", type=Path, help="the published tables and figures, as CSV")
    add_cards(parser)
    parser.add_argument("--target-bpp", required=True, type=float, help="rate at which codecs are compared")
    parser.add_argument("--template", required=True, type=Path, help="Markdown with placeholders")
    parser.add_argument("--csv", required=True, type=Path, help="CSV file to write")
    parser.add_argument("--page", required=True, type=Path, help="Markdown file to write")
    options = parser.parse_args()
    cards = read_cards(options.cards, options.budget)
    # Of the sweeps, then of the ablations where there are any
    rows, *ablations = map(read_rows, options.rows)
    figure5 = pd.concat(map(pd.read_csv, options.figure5)) if options.figure5 else None
    half_trained = pd.concat(map(read_rows, options.half_trained)) if options.half_trained else None
    bench = Bench(rows, cards, options.target_bpp, *ablations, figure5=figure5, half_trained=half_trained)
    judged = judge_all(bench, {path.stem: pd.read_csv(path) for path in options.paper})
    write_text(options.page, claims_page(options.template.read_text(), judged, ", ".join(bench.datasets), bench.images))
    write_csv(options.csv, with_dataset(judged, rows))


if __name__ == "__main__":
    run(main)
