"""Write the report: tables, claims, curves, pictures, models and provenance as pages that need no network."""

import argparse
import json
from pathlib import Path

import pandas as pd

from licbench.cli import add_published, run
from licbench.datasets.manifests import NAMES, read_names
from licbench.evaluation.bd_rates import read_table
from licbench.locations import TEMPLATES
from licbench.measurement.rows import read_rows
from licbench.report.site import ReportInputs, write_report


def main() -> None:
    """Parse the command line and write the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--settings", required=True, type=json.loads, help="parts of the config, as JSON")
    parser.add_argument(
        "--tables", required=True, nargs="+", type=Path, help="claims, and table1 to table5 and contest as made"
    )
    parser.add_argument("--rows", required=True, nargs="+", type=Path, help="the dataset's rows, sweeps and ablations")
    add_published(parser, "points of Figure 6")
    parser.add_argument("--cards", nargs="*", type=Path, default=[], help="model cards, their logs beside them")
    parser.add_argument("--pictures", nargs="*", type=Path, default=[], help="folders of reconstruct_image.py")
    parser.add_argument("--figures", nargs="*", type=Path, default=[], help="PNG files to show")
    parser.add_argument(
        "--scores", nargs="*", type=Path, default=[], help="tables of further metrics (collect_scores.py)"
    )
    parser.add_argument(
        "--complexity",
        nargs=2,
        type=Path,
        default=[],
        metavar=("CSV", "PNG"),
        help="what the codecs cost (complexity.py)",
    )
    parser.add_argument(
        "--bdrate", nargs="*", type=Path, default=[], help="bdrate.csv, bdrate_over_quality.csv, if made"
    )
    study = "tables and drawing of study_scores.py, where a study has responses"
    parser.add_argument("--study", nargs="*", type=Path, default=[], help=study)
    parser.add_argument("--results", default="results", type=Path, help="holds provenance/, benchmarks/ and data/")
    parser.add_argument("--templates", default=TEMPLATES, type=Path, help="the pages' templates and texts")
    parser.add_argument("--out", required=True, type=Path, help="index.html; the other pages go beside it")
    options = parser.parse_args()
    inputs = ReportInputs(
        settings=options.settings,
        tables={path.stem: pd.read_csv(path) for path in options.tables},
        rows=read_rows(*options.rows),
        published=pd.read_csv(options.paper),
        cards=options.cards,
        reconstructions=options.pictures,
        figures=options.figures,
        names=read_names(options.results / "data" / options.settings["dataset"] / NAMES),
        bdrate=(read_table(options.bdrate[0]), read_table(options.bdrate[1])) if options.bdrate else None,
        results=options.results,
        scores=options.scores,
        complexity=options.complexity,
        study=options.study,
    )
    write_report(inputs, options.templates, options.out.parent)


if __name__ == "__main__":
    run(main)
