"""What a training step of the CAE is worth under other recipes: `make trials`, the table in docs/training.md.

Each trial trains one model from its fresh start on equally many pixels, and is compared with the recipe in config.yaml:
BD-rate in PSNR of R, G, B and of Y, pooled over photographs of BSDS500 val; real streams, decoded. A negative number
says that the trial needs fewer bits. Models stay in the given folder, where an interrupted call goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import yaml
from pytorch_optimizer import Muon
from stages import ROOT, ladder, measured, report, written

from licbench.config import recipe, training_sets
from licbench.training import cae
from licbench.training.loop import TrainingData, TrainingOutputs
from licbench.training.run import train_model
from licbench.training.task import Losses

MODEL, STEPS = "cae_096", 1000
MULTIPLES = (0.65, 0.8, 1.0, 1.3)
"""Of the quantiser step trained for: the operating points of a trial."""


class NoiseFirst(cae.CaeTask):
    """Noise in place of rounding in the first half of the run, then rounding with a straight-through gradient."""

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        quantiser = "noise" if progress < 0.5 else "straight_through"
        self.recipe = dataclasses.replace(self.recipe, quantiser=quantiser)
        return super().step(rng, progress)


class ByMuon(cae.CaeTask):
    """Muon: orthogonalised momentum for the kernels, at the size of Adam's updates (arXiv 2502.16982)."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        kernels = [weight for weight in self.cae.parameters() if weight.ndim > 1]
        others = [weight for weight in self.cae.parameters() if weight.ndim == 1]
        groups = [{"params": kernels, "use_muon": True}, {"params": others, "use_muon": False}]
        rate = self.recipe.learning_rate
        self.optimisers[0] = Muon(groups, lr=rate, adamw_lr=rate, use_adjusted_lr=True)

    def _decay(self, progress: float) -> None:
        super()._decay(progress)
        kernels, others = self.optimisers[0].param_groups
        others["lr"] = kernels["lr"]


@dataclass(frozen=True)
class Trial:
    """A recipe: how it reads, what it changes of the config's, and what trains by it."""

    label: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    task: type[cae.CaeTask] = cae.CaeTask


TRIALS = [
    Trial("as in config.yaml"),
    Trial("another seed", {"seed": 2019}),
    Trial("chroma in a third of the crops", {"chroma": 0.33}),
    Trial("patch 64, batch 32", {"patch": 64, "batch": 32}),
    Trial("patch 192, batch 4", {"patch": 192, "batch": 4, "steps": STEPS * 8 // 9}),
    Trial("batch 4, twice the steps", {"batch": 4, "steps": 2 * STEPS}),
    Trial("batch 16, half the steps", {"batch": 16, "steps": STEPS // 2}),
    *(Trial(f"learning rate {rate:g}", {"learning_rate": rate}) for rate in (0.0002, 0.001, 0.002)),
    Trial("moving average of the weights", {"average": 0.99}),
    Trial("the first map in its wavelet basis", {"first_map": "wavelet"}),
    *(Trial(f"lambda {value:g}", {"lagrangian": value}) for value in (0.05, 0.2)),
    Trial("noise for rounding", {"quantiser": "noise"}),
    Trial("noise in the first half", {}, NoiseFirst),
    *(
        Trial(f"SOAP, learning rate {rate:g}", {"optimiser": "soap", "learning_rate": rate})
        for rate in (0.0005, 0.001, 0.002)
    ),
    Trial("Muon, learning rate 0.001", {"learning_rate": 0.001}, ByMuon),
]


def main() -> None:
    """Train and measure what is not yet there, and print a line a trial."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="training images, from decode_training_set.py")
    parser.add_argument("validation", type=Path, help="BSDS500 val, the same way")
    parser.add_argument("folder", type=Path, help="where the models go")
    options = parser.parse_args()
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    data = TrainingData(training_sets(config, MODEL), options.images, options.validation)
    print(f"{'BD-rate in percent':34}{'RGB':>8}{'Y':>8}")
    anchor: pd.DataFrame | None = None
    with tempfile.TemporaryDirectory() as scratch:
        files = written(options.validation, Path(scratch))
        for trial in TRIALS:
            models = options.folder / trial.label.replace(" ", "_")
            train(trial, recipe(config, MODEL), data, models)
            points = measured(files, "cae", ladder(MODEL, MULTIPLES), models)
            anchor = points if anchor is None else anchor
            report(trial.label, anchor, points)


def train(trial: Trial, plain: Mapping[str, Any], data: TrainingData, folder: Path) -> None:
    """Leave the trial's model in the folder, unless it is there."""
    outputs = TrainingOutputs(
        folder / f"{MODEL}.safetensors", folder / "log.csv", folder / "checkpoint.pt", folder / "snapshots"
    )
    if outputs.weights.exists():
        return
    with mock.patch.object(cae, "TASK", trial.task):
        train_model({**plain, "steps": STEPS, **trial.changes}, data, outputs, threads=1)


if __name__ == "__main__":
    main()
