"""From a recipe to trained weights: picks the task, the device and the pictures."""

from __future__ import annotations

import hashlib
import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from licbench.errors import SettingsError
from licbench.networks.store import Model, ModelStore
from licbench.training.data import Pictures
from licbench.training.loop import Destination, Origin, Run
from licbench.training.precision import Arithmetic
from licbench.training.registry import network_ids
from licbench.training.task import Recipe, Task


def task_of(network: str) -> type[Task]:
    """What trains a network: its module is imported by name, so that an edit of one does not train the others again.

    Raises:
        SettingsError: we have no such network.
    """
    if network not in network_ids():
        raise SettingsError(f"unknown network {network!r}; choose from {', '.join(network_ids())}")
    task: type[Task] = importlib.import_module(f"licbench.training.{network}").TASK
    return task


@dataclass(frozen=True)
class TrainingData:
    """Decoded pictures (``data.decode_packs``): those to train on and their sets' names, and those to validate on."""

    sets: Sequence[str]
    training: Path
    validation: Path


def train_model(
    recipe: Recipe,
    data: TrainingData,
    destination: Destination,
    threads: int,
    *,
    start: Path | None = None,
    max_seconds: float = math.inf,
) -> None:
    """Train what the recipe describes; resumes after being killed.

    Args:
        recipe: see the networks' tasks.
        data: what to train and validate on.
        destination: of weights, card, log, checkpoint and snapshots.
        threads: of the CPU.
        start: weights of the model that the recipe's ``init`` names, the card beside them.
        max_seconds: save and stop after so long.

    Raises:
        SettingsError: the recipe names no network we have, or not the model that it starts from.
        DatasetError: the data cannot be read.
        ModelError: the checkpoint belongs to another recipe, or the loss left the numbers.
        OutOfTimeError: ``max_seconds`` passed first; the checkpoint holds what was reached.
    """
    kind = task_of(str(recipe["network"]))
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high")  # tf32 where there is such a thing
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arithmetic = Arithmetic.choose(device, str(recipe["precision"]))
    continued = _starting_model(recipe, start)
    task = kind(Pictures.load(data.training, device).at_least(kind.smallest_picture), recipe, arithmetic, continued)
    origin = Origin(data.sets, _sha256(data.training), _sha256(data.validation), continued)
    Run(task, recipe, origin, arithmetic, destination).finish(Pictures.load(data.validation, device), max_seconds)


def _starting_model(recipe: Recipe, start: Path | None) -> Model | None:
    init = recipe["init"]
    named = init["model"] if isinstance(init, Mapping) else None
    if named != (start.stem if start else None):
        given = start.stem if start else "no model"
        raise SettingsError(f"{recipe['name']} starts from {named or init}, not from {given}; name its weights alone")
    return ModelStore(start.parent).load(start.stem, str(recipe["network"])) if start else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
