"""Train one network and leave weights, model card, loss log and snapshots."""

import argparse
import json
import math
from pathlib import Path

from licbench.cli import run


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="An interrupted run resumes from its checkpoint.")
    parser.add_argument("--recipe", required=True, type=json.loads, help="the model's recipe as JSON (see config.yaml)")
    parser.add_argument("--data", required=True, type=Path, help="training images, from decode_training_set.py")
    parser.add_argument("--sets", required=True, nargs="+", help="the names of their sets, for the card")
    parser.add_argument("--validation", required=True, type=Path, help="images to validate on, the same way")
    parser.add_argument("--weights", required=True, type=Path, help="where the .safetensors and its card go")
    parser.add_argument("--log", required=True, type=Path, help="where the loss log (CSV) goes")
    parser.add_argument("--checkpoint", required=True, type=Path, help="kept up to date while training")
    parser.add_argument("--snapshots", required=True, type=Path, help="folder for the weights along the way")
    parser.add_argument("--start", type=Path, help="weights of the model that the recipe's init names")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (default: 2)")
    parser.add_argument("--max-seconds", type=float, default=math.inf, help="then save and stop; run again to resume")
    options = parser.parse_args()
    # torch takes seconds; --help should not
    from licbench.training.loop import TrainingData, TrainingOutputs  # noqa: PLC0415
    from licbench.training.run import train_model  # noqa: PLC0415

    data = TrainingData(options.sets, options.data, options.validation)
    outputs = TrainingOutputs(options.weights, options.log, options.checkpoint, options.snapshots)
    train_model(options.recipe, data, outputs, options.threads, start=options.start, max_seconds=options.max_seconds)


if __name__ == "__main__":
    run(main)
