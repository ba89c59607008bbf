"""The training loop of every network: steps, log, progress, checkpoints, resuming after an interruption."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save as serialise
from tqdm import tqdm

from licbench.errors import LicbenchError
from licbench.files import replacing, sha256_of, write_bytes, write_text
from licbench.networks.lineage import lineage_after
from licbench.networks.store import Model
from licbench.training.checkpoints import Progress
from licbench.training.data import ImageSet
from licbench.training.recipes import Recipe
from licbench.training.task import Task

VALIDATIONS = 20
"""The most over a run."""
SNAPSHOTS = 7
"""Models are kept from half of the steps, a quarter, ..., and the end."""


@dataclass(frozen=True)
class TrainingData:
    """Files of decoded images (``data.decode_packs``) to train and to validate on; ``sets``: names of the former's."""

    sets: Sequence[str]
    training: Path
    validation: Path

    @cached_property
    def training_sha256(self) -> str:
        return sha256_of(self.training)

    @cached_property
    def validation_sha256(self) -> str:
        return sha256_of(self.validation)


@dataclass(frozen=True)
class TrainingOutputs:
    """The files that a training run writes."""

    weights: Path
    log: Path
    checkpoint: Path
    snapshots: Path

    def snapshot(self, step: int) -> Path:
        """The model as it was after ``step`` steps, with a card like the final one."""
        return self.snapshots / f"{self.weights.stem}-{step:07d}.safetensors"


class OutOfTimeError(LicbenchError):
    """The time limit has passed; the checkpoint holds the run so far."""


class Trainer:
    """The training of one model.

    Args:
        task: the network's part, with its recipe.
        data: that the task trains on.
        outputs: where to write.
        start: the model that the run continues, if it does.
    """

    def __init__(self, task: Task, data: TrainingData, outputs: TrainingOutputs, start: Model | None = None) -> None:
        recipe = task.recipe
        self.task, self.recipe, self.data, self.outputs = task, recipe, data, outputs
        self.lineage = lineage_after(start.card) if start else []
        self.progress = Progress(outputs.checkpoint, _recipe_hash(recipe, data, start))
        self.steps_before = sum(stage["steps"] for stage in self.lineage)
        self.validate_every = recipe.log_every * max(1, math.ceil(recipe.steps / recipe.log_every / VALIDATIONS))
        self.snapshot_steps = {recipe.steps >> halvings for halvings in range(SNAPSHOTS)}

    def fit(self, validation: ImageSet, max_seconds: float = math.inf) -> None:
        """Train to the last step, from the checkpoint if there is one, and write weights, card, log and snapshots.

        Raises:
            OutOfTimeError: ``max_seconds`` passed before the last step.
            ModelError: the checkpoint belongs to another recipe, or a loss became NaN or infinite.
        """
        self.progress.restore(self.task, self.task.arithmetic)
        deadline = time.monotonic() + max_seconds
        with tqdm(
            total=self.recipe.steps, initial=self.progress.step, desc=self.recipe.name, unit="step", mininterval=5
        ) as bar:
            while self.progress.step < self.recipe.steps:
                self._step(validation)
                bar.update()
                bar.set_postfix(self.progress.latest(), refresh=False)
                self._save(deadline)
        _write_log(self.outputs.log, self.progress.rows)
        self._write_model(self.outputs.weights)

    def _step(self, validation: ImageSet) -> None:
        """A random generator for each step: a resumed run draws the batches that an uninterrupted one would have drawn.

        A run that continues a model counts on from the last step of that, so that it sees other crops.
        """
        progress = self.progress
        rng = np.random.default_rng([self.recipe.seed, self.steps_before + progress.step])
        progress.advance(self.task.step(rng, progress.step / self.recipe.steps))
        at_end = progress.step == self.recipe.steps
        if progress.step % self.recipe.log_every == 0 or at_end:
            validated = progress.step % self.validate_every == 0 or at_end
            progress.log(self.task.validate(validation) if validated else {})
        if progress.step in self.snapshot_steps:
            self._write_model(self.outputs.snapshot(progress.step))

    def _save(self, deadline: float) -> None:
        at_end, out_of_time = self.progress.step == self.recipe.steps, time.monotonic() > deadline
        if self.progress.due() or at_end or out_of_time:
            self.progress.save(self.task)
        if out_of_time and not at_end:
            done = f"{self.recipe.name}: {self.progress.step} of {self.recipe.steps} steps in the time allowed"
            raise OutOfTimeError(f"{done}; run again to resume")

    def _write_model(self, path: Path) -> None:
        """The current weights; their card first, so that no weights lie without one."""
        self.progress.flush_losses()
        tensors = self.task.export(np.random.default_rng([self.recipe.seed, self.progress.step]))
        weights = serialise({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
        write_text(path.with_suffix(".json"), json.dumps(self._card(weights), indent=2) + "\n")
        write_bytes(path, weights)

    def _card(self, weights: bytes) -> dict[str, Any]:
        device = self.task.arithmetic.device
        return {
            "name": self.recipe.name,
            "network": self.recipe.network,
            "recipe": dict(self.recipe.plain),
            "recipe_sha256": self.progress.recipe_hash,
            "training_sets": list(self.data.sets),
            "training_sha256": self.data.training_sha256,
            "validation_sha256": self.data.validation_sha256,
            "lineage": self.lineage,
            "steps": self.progress.step,
            "seconds": round(self.progress.seconds),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {platform.machine()}",
            "precision": " and ".join(self.progress.precisions),
            "threads": torch.get_num_threads(),
            "final_losses": {name: float(f"{value:.6g}") for name, value in self.progress.latest().items()},
            "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
            "sha256": hashlib.sha256(weights).hexdigest(),
        }


def _recipe_hash(recipe: Recipe, data: TrainingData, start: Model | None) -> str:
    """Of what decides the result; a checkpoint with another one is refused."""
    start_sha256 = start.card["sha256"] if start else None
    held = [dict(recipe.plain), data.training_sha256, data.validation_sha256, start_sha256]
    text = json.dumps(held, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_log(path: Path, rows: Sequence[dict[str, float]]) -> None:
    """Cells without a validation stay empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
