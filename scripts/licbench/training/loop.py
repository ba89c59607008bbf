"""The training loop of every network: steps, log, progress, checkpoints on the clock, resume after being killed."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.numpy import save as serialise
from tqdm import tqdm

from licbench.errors import LicbenchError
from licbench.files import replacing, write_bytes, write_text
from licbench.networks.lineage import lineage_after
from licbench.networks.store import Model
from licbench.training.checkpoints import Progress
from licbench.training.data import Pictures
from licbench.training.precision import Arithmetic
from licbench.training.task import Recipe, Task

VALIDATIONS = 20
"""At most so many over a run."""
SNAPSHOTS = 7
"""Models are kept from half of the steps, a quarter, ..., and the end."""


@dataclass(frozen=True)
class Destination:
    """Where a training run leaves its files."""

    weights: Path
    log: Path
    checkpoint: Path
    snapshots: Path

    def snapshot(self, step: int) -> Path:
        """The model as it was after ``step`` steps, with a card like the final one."""
        return self.snapshots / f"{self.weights.stem}-{step:07d}.safetensors"


@dataclass(frozen=True)
class Origin:
    """What a run comes from: the sets by name, the hashes of the decoded files, and the model that it continues."""

    sets: Sequence[str]
    training_sha256: str
    validation_sha256: str
    continued: Model | None = None

    def lineage(self) -> list[dict[str, Any]]:
        """The stages before this run, as cards keep them."""
        return lineage_after(self.continued.card) if self.continued else []


class OutOfTimeError(LicbenchError):
    """The time that was allowed is over; the checkpoint holds what was reached."""


class Run:
    """The training of one model.

    Args:
        task: the network's part, on ``device``.
        recipe: what the task was made from.
        origin: of the pictures.
        arithmetic: of the task.
        to: what to write.
    """

    def __init__(self, task: Task, recipe: Recipe, origin: Origin, arithmetic: Arithmetic, to: Destination) -> None:
        self.task, self.recipe, self.origin, self.arithmetic, self.to = task, recipe, origin, arithmetic, to
        self.progress = Progress(to.checkpoint, _recipe_hash(recipe, origin))
        self.steps, self.seed = int(recipe["steps"]), int(recipe["seed"])
        self.steps_before = sum(stage["steps"] for stage in origin.lineage())
        self.log_every = int(recipe["log_every"])
        self.validate_every = self.log_every * max(1, math.ceil(self.steps / self.log_every / VALIDATIONS))
        self.snapshot_steps = {self.steps >> halvings for halvings in range(SNAPSHOTS)}

    def finish(self, validation: Pictures, max_seconds: float = math.inf) -> None:
        """Run to the last step, from the checkpoint if there is one, and write weights, card, log and snapshots.

        Raises:
            OutOfTimeError: ``max_seconds`` passed before the last step.
            ModelError: the checkpoint belongs to another recipe, or the loss left the numbers.
        """
        self.progress.restore(self.task, self.arithmetic)
        deadline = time.monotonic() + max_seconds
        with tqdm(
            total=self.steps, initial=self.progress.step, desc=str(self.recipe["name"]), unit="step", mininterval=5
        ) as bar:
            while self.progress.step < self.steps:
                self._step(validation)
                bar.update()
                bar.set_postfix(self.progress.latest(), refresh=False)
                self._save(deadline)
        _write_log(self.to.log, self.progress.rows)
        self._write_model(self.to.weights)

    def _step(self, validation: Pictures) -> None:
        """A generator per step: a resumed run draws the very batches that an unbroken one would have drawn.

        A run that continues a model goes on counting where that ended, so that it sees other crops.
        """
        progress = self.progress
        rng = np.random.default_rng([self.seed, self.steps_before + progress.step])
        progress.advance(self.task.step(rng, progress.step / self.steps))
        at_end = progress.step == self.steps
        if progress.step % self.log_every == 0 or at_end:
            watched = progress.step % self.validate_every == 0 or at_end
            progress.log(self.task.validate(validation) if watched else {})
        if progress.step in self.snapshot_steps:
            self._write_model(self.to.snapshot(progress.step))

    def _save(self, deadline: float) -> None:
        at_end, out_of_time = self.progress.step == self.steps, time.monotonic() > deadline
        if self.progress.due() or at_end or out_of_time:
            self.progress.save(self.task)
        if out_of_time and not at_end:
            done = f"{self.recipe['name']}: {self.progress.step} of {self.steps} steps in the time allowed"
            raise OutOfTimeError(f"{done}; run again to go on")

    def _write_model(self, path: Path) -> None:
        """The weights as they are now, preceded by their card."""
        self.progress.settle()
        tensors = self.task.export(np.random.default_rng([self.seed, self.progress.step]))
        weights = serialise({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
        write_text(path.with_suffix(".json"), json.dumps(self._card(weights), indent=2) + "\n")
        write_bytes(path, weights)

    def _card(self, weights: bytes) -> dict[str, Any]:
        device = self.arithmetic.device
        return {
            "name": self.recipe["name"],
            "network": self.recipe["network"],
            "recipe": dict(self.recipe),
            "recipe_sha256": self.progress.recipe_hash,
            "training_sets": list(self.origin.sets),
            "training_sha256": self.origin.training_sha256,
            "validation_sha256": self.origin.validation_sha256,
            "lineage": self.origin.lineage(),
            "steps": self.progress.step,
            "seconds": round(self.progress.seconds),
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {platform.machine()}",
            "precision": " and ".join(self.progress.precisions),
            "threads": torch.get_num_threads(),
            "final_losses": {name: float(f"{value:.6g}") for name, value in self.progress.latest().items()},
            "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
            "sha256": hashlib.sha256(weights).hexdigest(),
        }


def _recipe_hash(recipe: Recipe, origin: Origin) -> str:
    start = origin.continued.card["sha256"] if origin.continued else None
    text = json.dumps([dict(recipe), origin.training_sha256, origin.validation_sha256, start], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_log(path: Path, rows: Sequence[dict[str, float]]) -> None:
    """Cells of what was not validated at a row stay empty."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)
