"""Decode the images of packed sets once, into one file that training maps into memory."""

import argparse
from pathlib import Path

from licbench.cli import run


def main() -> None:
    """Parse the command line and decode."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packs", nargs="+", type=Path, help="zip files written by fetch.py training-set")
    parser.add_argument("--out", required=True, type=Path, help="the .safetensors to write")
    options = parser.parse_args()
    from licbench.training.data import decode_packs  # noqa: PLC0415  torch takes seconds; --help should not

    decode_packs(options.packs, options.out)


if __name__ == "__main__":
    run(main)
