"""Training SRCNN for x2 on clean pairs: bicubic down, bicubic up, mean squared error (section 2.3, ref [14])."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from licbench.images import Image
from licbench.networks.srcnn import MARGIN, SRCNN
from licbench.resampling import halve, resize
from licbench.training.data import Array, random_batch
from licbench.training.initial.srcnn import start_as_identity
from licbench.training.loop import Recipe, Task, weights_of
from licbench.training.schedules import rate_factor

PEAK = 255.0
GAUSSIAN_STD = 1e-3
LAST_LAYER_RATE = 0.1


class SrcnnTask(Task):
    """The recipe's ``init``: gaussian (ref [14]) | identity. Adam stands in for SGD; the last layer learns at a tenth.

    A sample is one of R, G, B of a random place, since the codec applies the net to each (Fig. 4).
    """

    smallest_picture = 64

    def __init__(self, pictures: Sequence[Image], recipe: Recipe, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.pairs = [_with_bicubic(picture) for picture in pictures]
        torch.manual_seed(int(recipe["seed"]))
        self.srcnn = SRCNN()
        if recipe["init"] == "identity":
            start_as_identity(self.srcnn)
        else:
            _start_gaussian(self.srcnn)
        self.modules = nn.ModuleDict({"srcnn": self.srcnn}).to(device)
        self.rates = [float(recipe["learning_rate"]), float(recipe["learning_rate"]) * LAST_LAYER_RATE]
        early = [*self.srcnn.extract.parameters(), *self.srcnn.map.parameters()]
        groups = [
            {"params": early, "lr": self.rates[0]},
            {"params": [*self.srcnn.reconstruct.parameters()], "lr": self.rates[1]},
        ]
        self.optimisers = [torch.optim.Adam(groups, betas=(float(recipe["beta1"]), 0.999))]

    def step(self, rng: np.random.Generator, progress: float) -> dict[str, float]:
        factor = rate_factor(str(self.recipe["schedule"]), progress)
        for group, rate in zip(self.optimisers[0].param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        batch = random_batch(self.pairs, int(self.recipe["batch"]), rng, self._cut)
        blurred, sharp = torch.from_numpy(batch).to(self.device).float().div(PEAK).unbind(1)
        target = sharp[:, MARGIN:-MARGIN, MARGIN:-MARGIN].unsqueeze(1)
        loss = functional.mse_loss(self.srcnn(blurred.unsqueeze(1)), target)
        self.optimisers[0].zero_grad()
        loss.backward()
        self.optimisers[0].step()
        before = functional.mse_loss(blurred[:, MARGIN:-MARGIN, MARGIN:-MARGIN].unsqueeze(1), target)
        return {"mse": loss.item() * PEAK**2, "bicubic_mse": before.item() * PEAK**2}

    def export(self, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
        """The weights alone."""
        return weights_of(self.srcnn, "srcnn")

    def _cut(self, pair: Array, rng: np.random.Generator) -> Array:
        side = int(self.recipe["patch"])
        top, left = (int(rng.integers(length - side + 1)) for length in pair.shape[2:])
        return pair[:, rng.integers(3), top : top + side, left : left + side]


def _with_bicubic(picture: Image) -> Array:
    """The picture after half size and back, and the picture: (2, 3, H, W) uint8."""
    blurred = resize(halve(picture), picture.shape[1], picture.shape[0], "bicubic")
    return np.stack([blurred, picture]).transpose(0, 3, 1, 2).copy()


def _start_gaussian(network: SRCNN) -> None:
    for layer in (network.extract, network.map, network.reconstruct):
        nn.init.normal_(layer.weight, std=GAUSSIAN_STD)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


TASK = SrcnnTask
