"""Draw Figure 1, 2, 3 or 4, the codecs and networks, as the code has them, and write what is drawn as a table."""

import argparse
from pathlib import Path

from licbench.cli import run


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("figure", choices=["figure1", "figure2", "figure3", "figure4"], help="what to draw")
    parser.add_argument("--csv", required=True, type=Path, help="where the table goes")
    parser.add_argument("--pictures", required=True, nargs="+", type=Path, help="PNG and PDF files to draw")
    options = parser.parse_args()
    from licbench.figures import diagrams, pipelines, structures  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.figures.style import save, save_data  # noqa: PLC0415

    if options.figure in {"figure1", "figure4"}:
        pipeline = pipelines.figure1() if options.figure == "figure1" else pipelines.figure4()
        data, drawing = pipelines.pipeline_data(pipeline), pipelines.draw_pipeline(pipeline)
    else:
        data = structures.figure2_data() if options.figure == "figure2" else structures.figure3_data()
        drawing = diagrams.draw_structure(data)
    save(drawing, options.pictures)
    save_data(data, options.csv)


if __name__ == "__main__":
    run(main)
