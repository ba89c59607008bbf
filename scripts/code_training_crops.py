"""Crops of decoded training images as BPG codes them, next to the crops themselves: what the restorer is trained on."""

import argparse
import json
from pathlib import Path

from licbench.cli import run


def main() -> None:
    """Parse the command line, cut and code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("images", type=Path, help="decoded images, from decode_training_set.py")
    parser.add_argument("--settings", required=True, type=json.loads, help="of the crops, as JSON (see config.yaml)")
    parser.add_argument("--out", required=True, type=Path, help="the .safetensors to write")
    options = parser.parse_args()
    # torch takes seconds; --help should not
    from licbench.training.coded_crops import CropSettings, code_crops  # noqa: PLC0415

    code_crops(options.images, CropSettings(**options.settings), options.out)


if __name__ == "__main__":
    run(main)
