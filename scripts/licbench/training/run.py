"""From a recipe to trained weights: picks the task, the device and the images."""

from __future__ import annotations

import importlib
import math
from pathlib import Path

import torch

from licbench.errors import SettingsError
from licbench.networks.store import Model, ModelStore
from licbench.training.data import ImageSet
from licbench.training.loop import Trainer, TrainingData, TrainingOutputs
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Plain, Recipe, read_recipe
from licbench.training.registry import network_ids
from licbench.training.task import Task


def task_of(network: str) -> type[Task]:
    """The task that trains a network; its module is imported by name, so that an edit of one retrains no other.

    Raises:
        SettingsError: there is no such network.
    """
    if network not in network_ids():
        raise SettingsError(f"unknown network {network!r}; choose from {', '.join(network_ids())}")
    task: type[Task] = importlib.import_module(f"licbench.training.{network}").TASK
    return task


def train_model(
    recipe: Plain,
    data: TrainingData,
    outputs: TrainingOutputs,
    threads: int,
    *,
    start: Path | None = None,
    max_seconds: float = math.inf,
) -> None:
    """Train the model that the recipe describes; resumes after an interruption.

    Args:
        recipe: JSON values, with the keys of the task's ``recipe_type``.
        data: what to train and validate on.
        outputs: where weights, log, checkpoint and snapshots go; the card goes next to the weights.
        threads: of the CPU.
        start: weights of the model that the recipe's ``init`` names, with their card.
        max_seconds: then save and stop.

    Raises:
        SettingsError: the recipe is no network's, or names another starting model.
        DatasetError: the data cannot be read.
        ModelError: the checkpoint belongs to another recipe, or a loss became NaN or infinite.
        OutOfTimeError: ``max_seconds`` passed first; the checkpoint holds the run so far.
    """
    task_type = task_of(str(recipe.get("network")))
    typed = read_recipe(task_type.recipe_type, recipe)
    torch.set_num_threads(threads)
    torch.set_float32_matmul_precision("high")  # tf32, where the hardware has it
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    arithmetic = Arithmetic.choose(device, typed.precision)
    continued = _starting_model(typed, start)
    images = ImageSet.load(data.training, device).at_least(task_type.smallest_side)
    task = task_type(images, typed, arithmetic, continued)
    Trainer(task, data, outputs, continued).fit(ImageSet.load(data.validation, device), max_seconds)


def _starting_model(recipe: Recipe, start: Path | None) -> Model | None:
    named = recipe.continued_model()
    if named != (start.stem if start else None):
        given = start.stem if start else "no model"
        raise SettingsError(
            f"{recipe.name} starts from {named or recipe.init}, not from {given}; name its weights alone"
        )
    return ModelStore(start.parent).load(start.stem, recipe.network) if start else None
