"""Draw Figures 1 to 4, what the codecs do and how their networks are built, as the code has it, each with its table."""

import argparse
from pathlib import Path

from licbench.cli import run
from licbench.files import write_csv


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where figure1 to figure4 go: .csv, .png and .pdf of each")
    folder = parser.parse_args().folder
    from licbench.paper.figures import diagrams, pipelines, structures  # noqa: PLC0415  torch takes seconds, not --help
    from licbench.paper.figures.style import save  # noqa: PLC0415

    shown = [pipelines.figure1(), structures.figure2_data(), structures.figure3_data(), pipelines.figure4()]
    for number, what in enumerate(shown, 1):
        if isinstance(what, pipelines.Pipeline):
            figure, table = pipelines.draw_pipeline(what), pipelines.pipeline_data(what)
        else:
            figure, table = diagrams.draw_structure(what), what
        save(figure, [folder / f"figure{number}{suffix}" for suffix in (".png", ".pdf")])
        write_csv(folder / f"figure{number}.csv", table)


if __name__ == "__main__":
    run(main)
