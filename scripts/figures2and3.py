"""Draw Figure 2 or 3, the layers of the CAE or the GAN, as traced from the modules, and write them as a table."""

from licbench.cli import figure_parser, run
from licbench.files import write_csv


def main() -> None:
    """Parse the command line and draw."""
    parser = figure_parser(__doc__)
    parser.add_argument("figure", choices=["figure2", "figure3"], help="what to draw")
    options = parser.parse_args()
    from licbench.paper.figures import diagrams, structures  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.paper.figures.style import save  # noqa: PLC0415

    data = structures.figure2_data() if options.figure == "figure2" else structures.figure3_data()
    save(diagrams.draw_structure(data), options.drawings)
    write_csv(options.csv, data)


if __name__ == "__main__":
    run(main)
