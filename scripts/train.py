"""Train one of the paper's networks and leave weights, model card and loss log."""

import argparse
import json
from pathlib import Path

from licbench.cli import run


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="A killed run goes on from its checkpoint.")
    parser.add_argument("--recipe", required=True, type=json.loads, help="the model's recipe as JSON (see config.yaml)")
    parser.add_argument("--data", required=True, nargs="+", type=Path, help="training sets packed by fetch.py")
    parser.add_argument("--weights", required=True, type=Path, help="where the .safetensors goes; the card beside it")
    parser.add_argument("--log", required=True, type=Path, help="where the loss log (CSV) goes")
    parser.add_argument("--checkpoint", required=True, type=Path, help="kept up to date while training")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    options = parser.parse_args()
    from licbench.training.loop import Destination  # noqa: PLC0415  torch takes seconds; --help should not
    from licbench.training.run import train_model  # noqa: PLC0415

    destination = Destination(options.weights, options.log, options.checkpoint)
    train_model(options.recipe, options.data, destination, options.threads)


if __name__ == "__main__":
    run(main)
