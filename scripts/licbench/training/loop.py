"""The training loop of every network: steps, log, progress, checkpoints on the clock, resume after being killed."""

from __future__ import annotations

import csv
import hashlib
import json
import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from safetensors.numpy import save as serialise
from torch import nn
from tqdm import tqdm

from licbench import storage
from licbench.errors import ModelError
from licbench.files import replacing, write_bytes, write_text
from licbench.images import Image

Recipe = Mapping[str, Any]
"""Every number that decides the result: network, sizes, loss weights, steps, seed."""

CHECKPOINT_SECONDS = 60.0


class Task(ABC):
    """What one network adds to the loop: its modules, its optimisers, a step, and what the codec needs at the end."""

    smallest_picture: ClassVar[int]
    """Training pictures with a shorter side than this are left out."""
    modules: nn.ModuleDict
    optimisers: list[torch.optim.Optimizer]

    @abstractmethod
    def __init__(self, pictures: Sequence[Image], recipe: Recipe, device: torch.device) -> None:
        """Networks as the recipe starts them, on ``device``."""

    @abstractmethod
    def step(self, rng: np.random.Generator, progress: float) -> dict[str, float]:
        """One update from a batch drawn with ``rng``; ``progress`` runs from 0 to 1. Returns the losses to log."""

    @abstractmethod
    def export(self, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
        """The tensors that coding needs: weights, and tables learned on the training set."""


@dataclass(frozen=True)
class Destination:
    """Where a training run leaves its files."""

    weights: Path
    log: Path
    checkpoint: Path

    @property
    def card(self) -> Path:
        """The model card beside the weights."""
        return self.weights.with_suffix(".json")


def train(task: Task, recipe: Recipe, data_hashes: Sequence[str], device: torch.device, to: Destination) -> None:
    """Run ``recipe['steps']`` steps, resuming from the checkpoint if there is one, and write weights, card and log."""
    state = _Progress(to.checkpoint, _recipe_hash(recipe, data_hashes))
    state.restore(task, device)
    steps = int(recipe["steps"])
    bar = tqdm(total=steps, initial=state.step, desc=str(recipe["name"]), unit="step", mininterval=5)
    while state.step < steps:
        started = time.monotonic()
        # A generator per step: a resumed run draws the very batches that an unbroken one would have drawn.
        rng = np.random.default_rng([int(recipe["seed"]), state.step])
        losses = task.step(rng, state.step / steps)
        state.advance(losses, time.monotonic() - started, int(recipe["log_every"]))
        bar.update()
        if state.due() or state.step == steps:
            bar.set_postfix({name: f"{value:.4g}" for name, value in state.smoothed.items()})
            state.save(task)
    bar.close()
    tensors = task.export(np.random.default_rng([int(recipe["seed"]), steps]))
    _write_log(to.log, state.rows)
    weights = serialise({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    write_text(to.card, json.dumps(_card(recipe, data_hashes, state, device, weights), indent=2) + "\n")
    write_bytes(to.weights, weights)


class _Progress:
    """The state that a checkpoint holds beside the networks."""

    def __init__(self, path: Path, recipe_hash: str) -> None:
        self.path, self.recipe_hash = path, recipe_hash
        self.step, self.seconds = 0, 0.0
        self.rows: list[dict[str, float]] = []
        self.smoothed: dict[str, float] = {}
        self._saved = time.monotonic()

    def restore(self, task: Task, device: torch.device) -> None:
        if not self.path.is_file():
            return
        try:
            held = torch.load(self.path, map_location=device, weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            # Its text runs over many lines and advises to load the file unsafely.
            problem = f"damaged checkpoint ({type(error).__name__})"
            raise ModelError(f"{self.path}: {problem}; delete it to train from the start") from error
        if held["recipe_hash"] != self.recipe_hash:
            raise ModelError(f"{self.path} belongs to another recipe; delete it to train from the start")
        task.modules.load_state_dict(held["modules"])
        for optimiser, optimiser_state in zip(task.optimisers, held["optimisers"], strict=True):
            optimiser.load_state_dict(optimiser_state)
        self.step, self.seconds = held["step"], held["seconds"]
        self.rows, self.smoothed = held["rows"], held["smoothed"]

    def advance(self, losses: dict[str, float], seconds: float, log_every: int) -> None:
        bad = [name for name, value in losses.items() if not np.isfinite(value)]
        if bad:
            raise ModelError(f"{bad[0]} is not finite at step {self.step}; lower learning_rate in the recipe")
        self.step, self.seconds = self.step + 1, self.seconds + seconds
        share = min(1.0, 2.0 / (len(self.rows) * log_every + self.step % log_every + 1)) if self.step < 200 else 0.01
        for name, value in losses.items():
            self.smoothed[name] = self.smoothed.get(name, value) * (1 - share) + value * share
        if self.step % log_every == 0:
            self.rows.append({"step": self.step, "seconds": round(self.seconds, 1), **self.smoothed})

    def due(self) -> bool:
        return time.monotonic() - self._saved > CHECKPOINT_SECONDS

    def save(self, task: Task) -> None:
        with replacing(self.path) as temporary:
            torch.save(
                {
                    "recipe_hash": self.recipe_hash,
                    "modules": task.modules.state_dict(),
                    "optimisers": [optimiser.state_dict() for optimiser in task.optimisers],
                    "step": self.step,
                    "seconds": self.seconds,
                    "rows": self.rows,
                    "smoothed": self.smoothed,
                },
                temporary,
            )
        self._saved = time.monotonic()


def _recipe_hash(recipe: Recipe, data_hashes: Sequence[str]) -> str:
    text = json.dumps([dict(recipe), list(data_hashes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _write_log(path: Path, rows: Sequence[Mapping[str, float]]) -> None:
    with replacing(path) as temporary, temporary.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["step", "seconds"], lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in rows)


def _card(
    recipe: Recipe, data_hashes: Sequence[str], state: _Progress, device: torch.device, weights: bytes
) -> dict[str, Any]:
    return {
        "name": recipe["name"],
        "network": recipe["network"],
        "recipe": dict(recipe),
        "recipe_sha256": state.recipe_hash,
        "training_sets_sha256": list(data_hashes),
        "steps": state.step,
        "seconds": round(state.seconds),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else f"cpu, {platform.machine()}",
        "final_losses": {name: float(f"{value:.6g}") for name, value in state.smoothed.items()},
        "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "sha256": hashlib.sha256(weights).hexdigest(),
    }


def weights_of(module: nn.Module, prefix: str, form: str = "float32") -> dict[str, np.ndarray[Any, Any]]:
    """A module's state as numpy arrays named ``prefix.*``, in one of ``storage.FORMATS``."""
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    return {f"{prefix}.{name}": value for name, value in storage.stored(state, form).items()}


def keep_as_stored(module: nn.Module, form: str) -> None:
    """Give the module the values that its stored weights will have."""
    held = storage.restored(weights_of(module, "", form))
    module.load_state_dict({name.removeprefix("."): torch.from_numpy(value) for name, value in held.items()})
