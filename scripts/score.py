"""Score stored streams by a further metric: each is decoded from its file alone, and nothing is encoded."""

import argparse
import json
from pathlib import Path

from licbench.cli import run
from licbench.measurement.rows import read_rows
from licbench.measurement.scores import write_scores
from licbench.measurement.scoring import score_rows
from licbench.metrics.registry import make_metric, metric_ids


def main() -> None:
    """Parse the command line and score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("metric", choices=metric_ids(), help="which metric")
    parser.add_argument("rows", type=Path, help="rows whose streams are scored (measure.py)")
    parser.add_argument(
        "--originals", required=True, nargs="+", type=Path, help="the originals, each named by its id in the rows"
    )
    parser.add_argument("--streams", required=True, type=Path, help="folder of the streams, {dataset}/{codec}/{batch}")
    parser.add_argument("--weights", required=True, type=Path, help="folder of trained models")
    parser.add_argument("--settings", type=json.loads, default={}, help="the metric's block of the config, as JSON")
    parser.add_argument("--out", required=True, type=Path, help="CSV file to write")
    options = parser.parse_args()
    metric = make_metric(options.metric, options.settings)
    rows = read_rows(options.rows).to_dict("records")
    originals = {path.stem: path for path in options.originals}
    places = {"streams": options.streams, "weights": options.weights}
    write_scores(score_rows(rows, metric, originals, **places), options.out)


if __name__ == "__main__":
    run(main)
