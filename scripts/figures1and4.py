"""Draw Figure 1 or 4, what the CAE and the super-resolution codec do, as the code has it, and write it as a table."""

from licbench.cli import figure_parser, run
from licbench.files import write_csv


def main() -> None:
    """Parse the command line and draw."""
    parser = figure_parser(__doc__)
    parser.add_argument("figure", choices=["figure1", "figure4"], help="what to draw")
    options = parser.parse_args()
    from licbench.paper.figures import pipelines  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.paper.figures.style import save  # noqa: PLC0415

    pipeline = pipelines.figure1() if options.figure == "figure1" else pipelines.figure4()
    save(pipelines.draw_pipeline(pipeline), options.drawings)
    write_csv(options.csv, pipelines.pipeline_data(pipeline))


if __name__ == "__main__":
    run(main)
