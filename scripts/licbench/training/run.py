"""From a recipe to trained weights: picks the task, the device and the pictures."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Sequence
from pathlib import Path

import torch

from licbench.errors import SettingsError
from licbench.training.data import load_pictures
from licbench.training.loop import Destination, Recipe, Task, train

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


def train_model(recipe: Recipe, packs: Sequence[Path], destination: Destination, threads: int) -> None:
    """Train what the recipe describes on the pictures in ``packs``; resumes after being killed.

    Raises:
        SettingsError: the recipe names no network we have.
        DatasetError: a pack cannot be read.
        ModelError: the checkpoint belongs to another recipe, or the loss left the numbers.
    """
    kind = task_of(str(recipe["network"]))
    torch.set_num_threads(threads)
    torch.manual_seed(int(recipe["seed"]))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = kind(load_pictures(packs, kind.smallest_picture), recipe, device)
    train(task, recipe, [_sha256(pack) for pack in packs], device, destination)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
