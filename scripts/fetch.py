"""Fetch images: one image of a dataset, an archive, an unpacked dataset, a training set, a mirror of any, or names.

python scripts/fetch.py image --dataset kodak --image kodim01 kodim01.png
python scripts/fetch.py archive --dataset clic2018_valid --archive mobile_valid_2020.zip mobile.zip
python scripts/fetch.py unpack --dataset clic2018_valid FOLDER professional.zip mobile.zip
python scripts/fetch.py training-set --dataset imagenet_sample imagenet_sample.zip
python scripts/fetch.py mirror --dataset kodak MIRROR/kodak.sha256
python scripts/fetch.py names --dataset ./photos names.csv
"""

from __future__ import annotations

import argparse
from pathlib import Path

from licbench.cli import run
from licbench.datasets.catalogue import describe, known_datasets
from licbench.datasets.fetching import fetch_archive, fetch_image, mirror_dataset, pack_training_set, unpack_archives
from licbench.datasets.manifests import write_names


def main() -> None:
    """Parse the command line and do what it says."""
    arguments = parser().parse_args()
    dataset = describe(arguments.dataset)
    match arguments.command:
        case "image":
            fetch_image(dataset, arguments.image, arguments.out, arguments.mirror)
        case "archive":
            fetch_archive(dataset, arguments.archive, arguments.out, arguments.mirror)
        case "unpack":
            unpack_archives(dataset, arguments.zips, arguments.out)
        case "training-set":
            pack_training_set(dataset, arguments.out, arguments.mirror)
        case "mirror":
            mirror_dataset(dataset, arguments.out, arguments.mirror)
        case "names":
            write_names(arguments.out, dataset.names)


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    image = commands.add_parser("image", help="one image as 8-bit RGB PNG")
    archive = commands.add_parser("archive", help="one zip file of a dataset, checked")
    unpack = commands.add_parser("unpack", help="all zip files of a dataset as PNG files and a manifest")
    training = commands.add_parser("training-set", help="all files of a training set in one zip")
    copy = commands.add_parser("mirror", help="all files of a dataset as downloaded, and a list of their checksums")
    names = commands.add_parser("names", help="what the file behind each image's id is called, as CSV")
    for command in (image, archive, unpack, training, copy, names):
        help_text = f"one of {', '.join(known_datasets())}, or a folder of images"
        command.add_argument("--dataset", required=True, metavar="NAME|FOLDER", help=help_text)
    image.add_argument("--image", required=True, metavar="ID", help="the image's id (see fetch.py names)")
    archive.add_argument("--archive", required=True, metavar="FILE", help="the archive's file name")
    for command in (image, archive, training, copy):
        help_text = "take the files from this folder and never touch the network"
        command.add_argument("--mirror", type=Path, metavar="DIR", help=help_text)
        command.add_argument("out", type=Path, metavar="OUT", help="the file to write")
    names.add_argument("out", type=Path, metavar="OUT", help="the file to write")
    unpack.add_argument("out", type=Path, metavar="FOLDER", help="the folder to write to")
    unpack.add_argument("zips", type=Path, nargs="+", metavar="ZIP", help="the archives, in the dataset's order")
    return root


if __name__ == "__main__":
    run(main)
