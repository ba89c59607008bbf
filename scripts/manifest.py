"""Make a dataset of a folder of images: a manifest with their checksums, and a block in datasets.yaml.

python scripts/manifest.py ./photos mine --title "My photographs" --url https://example.org/photos/
"""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from licbench.cli import run
from licbench.datasets.catalogue import CHOICES
from licbench.datasets.cataloguing import add_dataset


def main() -> None:
    """Parse the command line, write, and say how the dataset is measured."""
    options = parser().parse_args()
    about = {"licence": options.licence, "urls": options.url, "use": options.use}
    rows = add_dataset(options.folder, options.name, options.title or f"Images in {options.folder}", **about)
    print(f"{options.name}: {len(rows)} images, in workflow/resources/manifests/{options.name}.tsv")
    print(f"its block is at the end of workflow/resources/datasets.yaml; measure it with: {_command(options)}")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    command = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    command.add_argument("folder", type=Path, help="holds the images")
    command.add_argument("name", help="of the dataset: small letters, digits and underscores")
    command.add_argument("--title", default="", help="for people")
    command.add_argument("--licence", default="", help="of the images")
    command.add_argument("--url", action="append", default=[], help="address of the folder that serves the same files")
    command.add_argument("--use", choices=CHOICES["use"], default="evaluation", help="what the images may serve")
    return command


def _command(options: argparse.Namespace) -> str:
    """Without an address, the files come from the folder itself, as from a mirror."""
    mirror = [] if options.url else [f"mirror={options.folder.resolve().parent}"]
    return shlex.join(["snakemake", "--cores", "all", "--config", f"dataset={options.name}", *mirror])


if __name__ == "__main__":
    run(main)
