"""From a recipe to trained weights: picks the task, the device and the pictures."""

from __future__ import annotations

import hashlib
import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from licbench.errors import SettingsError
from licbench.training.data import Pictures
from licbench.training.loop import Destination, Origin, Run
from licbench.training.task import Recipe, Task

NETWORKS = ("cae", "gan", "srcnn")
"""Each has its module here, imported by name so that an edit of one does not train the others again."""


def task_of(network: str) -> type[Task]:
    """What trains a network.

    Raises:
        SettingsError: we have no such network.
    """
    if network not in NETWORKS:
        raise SettingsError(f"unknown network {network!r}; choose from {', '.join(NETWORKS)}")
    task: type[Task] = importlib.import_module(f"licbench.training.{network}").TASK
    return task


@dataclass(frozen=True)
class TrainingData:
    """Decoded pictures (``data.decode_packs``): those to train on and their sets' names, and those to validate on."""

    sets: Sequence[str]
    training: Path
    validation: Path


def train_model(
    recipe: Recipe, data: TrainingData, destination: Destination, threads: int, max_seconds: float = math.inf
) -> None:
    """Train what the recipe describes; resumes after being killed.

    Raises:
        SettingsError: the recipe names no network we have.
        DatasetError: the data cannot be read.
        ModelError: the checkpoint belongs to another recipe, or the loss left the numbers.
        OutOfTimeError: ``max_seconds`` passed first; the checkpoint holds what was reached.
    """
    kind = task_of(str(recipe["network"]))
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high")  # tf32 where there is such a thing
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = kind(Pictures.load(data.training, device).at_least(kind.smallest_picture), recipe, device)
    origin = Origin(data.sets, _sha256(data.training), _sha256(data.validation))
    Run(task, recipe, origin, device, destination).finish(Pictures.load(data.validation, device), max_seconds)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
