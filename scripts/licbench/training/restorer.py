"""Training the restorer on pairs of ``coded_crops``: mean squared error in RGB, every QP with the same weight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from licbench.metrics.distortion import psnr_of_mse
from licbench.networks.inference import fill
from licbench.networks.restorer import COLOURS, INPUTS, PERCENT, STRIDE, Block, Restorer
from licbench.networks.store import Model
from licbench.training.data import ImageSet
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Continued, Recipe
from licbench.training.schedules import rate_factor
from licbench.training.task import Losses, Task, Tensors, place, weights_of

QPS_PER_DOUBLING, UNIT_QP = 4.5, 10.3
"""Of BPG's mean squared error on our pairs at full size: QPs over which it doubles, and the QP at which it is 1."""
SHRINKING_ERROR = 50.0
"""Mean squared error of shrinking and enlarging by themselves, for each pixel that one coded pixel adds."""


@dataclass(frozen=True, kw_only=True)
class RestorerRecipe(Recipe):
    """``init``: identity returns the decoded image; ``patch``: side of a crop from a pair.

    ``crops``, ``crop``, ``scale``, ``qp`` and ``full_size`` say how the pairs are made (``coded_crops.CropSettings``),
    ``validation_crops`` how many there are to validate on. ``average``: decay, for each step, of the moving average of
    the weights that is exported.
    """

    init: Literal["identity"] | Continued
    crops: int
    validation_crops: int
    crop: int
    qp: tuple[int, int]
    full_size: float
    patch: int
    average: float


class RestorerTask(Task):
    """Adam. The error of a pair is divided by what its QP and size lead to expect: a dB weighs the same at each."""

    recipe_type = RestorerRecipe
    recipe: RestorerRecipe
    smallest_side = 64

    def __init__(
        self, images: ImageSet, recipe: RestorerRecipe, arithmetic: Arithmetic, start: Model | None = None
    ) -> None:
        self.recipe, self.arithmetic, self.pairs = recipe, arithmetic, images
        torch.manual_seed(recipe.seed)
        self.restorer = Restorer()
        if start is not None:
            fill(self.restorer, start, "restorer")
        else:
            start_as_identity(self.restorer)
        self.average = AveragedModel(self.restorer, multi_avg_fn=get_ema_multi_avg_fn(recipe.average))
        self.modules = nn.ModuleDict({"restorer": self.restorer, "average": self.average})
        place(self.modules, arithmetic.device)
        rate, betas = recipe.learning_rate, (recipe.beta1, 0.999)
        self.optimisers = [torch.optim.Adam(self.restorer.parameters(), lr=rate, betas=betas, fused=True)]

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        factor = rate_factor(self.recipe.schedule, progress, self.recipe.warm_up)
        self.optimisers[0].param_groups[0]["lr"] = self.recipe.learning_rate * factor
        tiles = self.pairs.tiles(self.recipe.batch, self.recipe.patch, rng, grid=STRIDE)
        planes, original = _split(tiles)
        with self.arithmetic.autocast():
            restored = self.restorer(planes)
        errors = _squared_errors(restored, original)
        loss = (errors / _usual_errors(planes)).mean()
        self.optimisers[0].zero_grad()
        loss.backward()
        self.optimisers[0].step()
        self.average.update_parameters(self.restorer)
        before = _squared_errors(planes[:, :COLOURS], original)
        return {"loss": loss, "mse": errors.mean(), "coded_mse": before.mean()}

    def validate(self, images: ImageSet) -> dict[str, float]:
        """PSNR of the pairs after and before, from their mean squared error in RGB."""
        totals = torch.zeros(2, dtype=torch.float64)
        with torch.no_grad():
            for image in images:
                pair = torch.from_numpy(image).permute(2, 0, 1)[None].to(self.arithmetic.device)
                planes, original = _split(pair)
                results = self.average.module(planes), planes[:, :COLOURS]
                totals += torch.stack([_squared_errors(result, original)[0] for result in results]).cpu()
        after, before = (psnr_of_mse(total / len(images)) for total in totals.tolist())
        return {"val_psnr_db": after, "val_coded_psnr_db": before}

    def export(self, rng: np.random.Generator) -> Tensors:
        """The moving average of the weights."""
        return weights_of(self.average.module, "restorer")


def start_as_identity(network: Restorer) -> None:
    """Let ``network`` return its input: kernels after He, but zeros where a residual is added."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        for block in network.modules():
            if isinstance(block, Block):
                nn.init.zeros_(block.second.weight)
        nn.init.zeros_(network.tail.weight)


def _split(pairs: Tensor) -> tuple[Tensor, Tensor]:
    """uint8 (N, 8, H, W) -> the network's planes (N, 5, H, W) and the photographs (N, 3, H, W), float32 in 0..255."""
    planes, original = pairs.float().split([INPUTS, COLOURS], dim=1)
    return planes.contiguous(memory_format=torch.channels_last), original


def _usual_errors(planes: Tensor) -> Tensor:
    """The mean squared error that the QP and the size lead to expect: (N,)."""
    qp, percent = planes[:, COLOURS, 0, 0], planes[:, COLOURS + 1, 0, 0]
    return torch.exp2((qp - UNIT_QP) / QPS_PER_DOUBLING) + SHRINKING_ERROR * ((PERCENT / percent) ** 2 - 1)


def _squared_errors(images: Tensor, original: Tensor) -> Tensor:
    """The mean over the samples of each image: (N,)."""
    return (images - original).square().mean(dim=(1, 2, 3))


TASK = RestorerTask
