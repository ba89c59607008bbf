"""Scan adaptive super-resolution by threshold and by QP: choices among the collected rows, drawn and written."""

import pandas as pd

from licbench.cli import add_published, add_rows, figure_parser, run
from licbench.evaluation.threshold_scan import threshold_scan
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.figures.style import save
from licbench.paper.figures.thresholds import draw_threshold_scan


def main() -> None:
    """Parse the command line and draw."""
    parser = figure_parser(__doc__)
    add_rows(parser)
    add_published(parser, "Table 1")
    parser.add_argument("--qp", required=True, type=int, help="while the threshold moves")
    parser.add_argument("--threshold-db", required=True, type=float, help="while the QP moves")
    options = parser.parse_args()
    rows = read_rows(options.rows)
    scan = threshold_scan(rows, options.qp, options.threshold_db)
    save(draw_threshold_scan(scan, pd.read_csv(options.paper)), options.drawings)
    write_csv(options.csv, with_dataset(scan, rows))


if __name__ == "__main__":
    run(main)
