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
from licbench.training.data import Pictures
from licbench.training.precision import Arithmetic

Recipe = Mapping[str, Any]
"""Every number that decides the result: network, sizes, loss weights, steps, seed."""
Losses = Mapping[str, Tensor]
"""Scalars, left on the device until they are wanted."""
Tensors = dict[str, np.ndarray[Any, Any]]


class Task(ABC):
    """Modules, optimisers, a step, a validation, and what the codec needs at the end."""

    smallest_picture: ClassVar[int]
    """Training pictures with a shorter side than this are left out."""
    modules: nn.ModuleDict
    optimisers: list[torch.optim.Optimizer]

    @abstractmethod
    def __init__(self, pictures: Pictures, recipe: Recipe, arithmetic: Arithmetic, start: Model | None = None) -> None:
        """Networks as the recipe starts them, or as ``start`` holds them, on the device where the pictures are."""

    @abstractmethod
    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        """One update from a batch drawn with ``rng``; ``progress`` runs from 0 to 1. Returns the losses to log."""

    @abstractmethod
    def validate(self, pictures: Pictures) -> dict[str, float]:
        """How good the networks are on pictures that they never train on; first of all ``val_psnr_db``."""

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
    """Move the modules, their kernels laid out by pixel: convolutions of few maps then take a sixth less time."""
    modules.to(device)
    modules.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
