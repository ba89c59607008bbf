"""What one network adds to the training loop."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from licbench.networks import weight_formats
from licbench.networks.store import Model
from licbench.training.data import ImageSet
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Recipe

Losses = Mapping[str, Tensor]
"""Scalars, left on the device until they are logged."""
Tensors = dict[str, np.ndarray[Any, Any]]


class Task(ABC):
    """Modules, optimisers, a step, a validation, and what the codec needs at the end."""

    recipe_type: ClassVar[type[Recipe]]
    smallest_side: ClassVar[int]
    """Training images with a shorter side than this are left out."""
    recipe: Recipe
    arithmetic: Arithmetic
    modules: nn.ModuleDict
    optimisers: list[torch.optim.Optimizer]

    @abstractmethod
    def __init__(self, images: ImageSet, recipe: Recipe, arithmetic: Arithmetic, start: Model | None = None) -> None:
        """Build the networks as the recipe starts them, or with the weights of ``start``, on the device of the images.

        Args:
            images: to train on.
            recipe: of the task's ``recipe_type``.
            arithmetic: device and precision.
            start: the model that the recipe continues, if it does.
        """

    @abstractmethod
    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        """One update from a batch drawn with ``rng``; ``progress`` runs from 0 to 1. Returns the losses to log."""

    @abstractmethod
    def validate(self, images: ImageSet) -> dict[str, float]:
        """Quality on images that the networks never train on; ``val_psnr_db`` first."""

    @abstractmethod
    def export(self, rng: np.random.Generator) -> Tensors:
        """The tensors that coding needs: weights, and tables learned on the training set; leaves the task as it was."""


def weights_of(module: nn.Module, prefix: str, form: str = "float32") -> Tensors:
    """A module's state as numpy arrays named ``prefix.*``, in one of ``weight_formats.FORMATS``."""
    state = {name: value.detach().cpu().numpy() for name, value in module.state_dict().items()}
    return {f"{prefix}.{name}": value for name, value in weight_formats.stored(state, form).items()}


def keep_as_stored(module: nn.Module, form: str) -> None:
    """Give the module the values that its stored weights will have."""
    held = weight_formats.restored(weights_of(module, "", form))
    module.load_state_dict({name.removeprefix("."): torch.from_numpy(value) for name, value in held.items()})


def place(modules: nn.ModuleDict, device: torch.device) -> None:
    """Move the modules, in channels-last layout: convolutions of few channels then take a sixth less time."""
    modules.to(device)
    modules.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
