"""Draw Figure 6, quality against rate of every codec, from the collected rows, and write its data."""

from pathlib import Path

import pandas as pd

from licbench.cli import add_published, add_published_curves, add_rows, figure_parser, run
from licbench.evaluation.external_curves import points_of, read_curves
from licbench.files import write_csv
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.figures.rate_distortion import draw_figure6, figure6_data
from licbench.paper.figures.style import save


def main() -> None:
    """Parse the command line and draw."""
    parser = figure_parser(__doc__)
    add_rows(parser, nargs="+")
    add_published(parser, "points")
    parser.add_argument("--qp", required=True, type=int, help="of super-resolution while its threshold moves")
    parser.add_argument("--threshold-db", required=True, type=float, help="of super-resolution while its QP moves")
    parser.add_argument("--log-rate", nargs="+", type=Path, default=[], help="the same with a logarithmic rate axis")
    add_published_curves(parser)
    options = parser.parse_args()
    rows, published = read_rows(*options.rows), pd.read_csv(options.paper)
    others = points_of(read_curves(options.published_curves))
    data = figure6_data(rows, options.qp, options.threshold_db, others)
    save(draw_figure6(data, published), options.drawings)
    save(draw_figure6(data, published, logarithmic=True), options.log_rate)
    write_csv(options.csv, with_dataset(data, rows))


if __name__ == "__main__":
    run(main)
