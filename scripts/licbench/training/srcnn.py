"""Training SRCNN for x2 on clean pairs: bicubic down, bicubic up, mean squared error (section 2.3, ref [14])."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.evaluation.srcnn import enlargements
from licbench.images import Image
from licbench.images.colour import PEAK
from licbench.images.geometry import halve, resize
from licbench.networks.inference import fill
from licbench.networks.srcnn import MARGIN, SRCNN
from licbench.networks.store import Model
from licbench.training.data import ImageSet
from licbench.training.initial.srcnn import start_as_identity
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Continued, Recipe
from licbench.training.schedules import rate_factor
from licbench.training.task import Losses, Task, Tensors, weights_of

GAUSSIAN_STD = 1e-3
LAST_LAYER_RATE = 0.1
VALIDATION_IMAGES = 10


@dataclass(frozen=True, kw_only=True)
class SrcnnRecipe(Recipe):
    """``init``: gaussian is that of ref [14]; ``patch``: side of a crop.

    ``scale``: each image is resized once by a factor in this range: smaller ones are sharper and free of JPEG's blocks.
    """

    init: Literal["gaussian", "identity"] | Continued
    patch: int


class SrcnnTask(Task):
    """Adam in place of ref [14]'s SGD; the last layer learns at a tenth of the rate.

    A sample is one of R, G and B of a random crop, since the codec applies the network to each of them (Fig. 4).
    """

    recipe_type = SrcnnRecipe
    recipe: SrcnnRecipe
    smallest_side = 64

    def __init__(
        self, images: ImageSet, recipe: SrcnnRecipe, arithmetic: Arithmetic, start: Model | None = None
    ) -> None:
        self.recipe, self.arithmetic = recipe, arithmetic
        self.pairs = _with_bicubic(images, recipe.scale, np.random.default_rng(recipe.seed))
        torch.manual_seed(recipe.seed)
        self.srcnn = SRCNN()
        if start is not None:
            fill(self.srcnn, start, "srcnn")
        elif recipe.init == "identity":
            start_as_identity(self.srcnn)
        else:
            _start_gaussian(self.srcnn)
        self.modules = nn.ModuleDict({"srcnn": self.srcnn}).to(arithmetic.device)
        self.rates = [recipe.learning_rate, recipe.learning_rate * LAST_LAYER_RATE]
        early = [*self.srcnn.extract.parameters(), *self.srcnn.map.parameters()]
        groups = [
            {"params": early, "lr": self.rates[0]},
            {"params": [*self.srcnn.reconstruct.parameters()], "lr": self.rates[1]},
        ]
        self.optimisers = [torch.optim.Adam(groups, betas=(recipe.beta1, 0.999), fused=True)]

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        factor = rate_factor(self.recipe.schedule, progress, self.recipe.warm_up)
        for group, rate in zip(self.optimisers[0].param_groups, self.rates, strict=True):
            group["lr"] = rate * factor
        blurred, sharp = self._batch(rng)
        target = sharp[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        with self.arithmetic.autocast():
            enlarged = self.srcnn(blurred).float()
        loss = functional.mse_loss(enlarged, target)
        self.optimisers[0].zero_grad()
        loss.backward()
        self.optimisers[0].step()
        before = functional.mse_loss(blurred[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN], target)
        return {"mse": loss * PEAK**2, "bicubic_mse": before * PEAK**2}

    def validate(self, images: ImageSet) -> dict[str, float]:
        """Mean PSNR of luma over some images, and that of bicubic interpolation."""
        results = enlargements(self.srcnn, (images[index] for index in range(min(VALIDATION_IMAGES, len(images)))))
        return {
            "val_psnr_db": float(np.mean([result.srcnn_db for result in results])),
            "val_bicubic_psnr_db": float(np.mean([result.bicubic_db for result in results])),
        }

    def export(self, rng: np.random.Generator) -> Tensors:
        """The weights."""
        return weights_of(self.srcnn, "srcnn")

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Inputs and targets of the network: each (N, 1, patch, patch) in [0, 1]."""
        count = self.recipe.batch
        tiles = self.pairs.tiles(count, self.recipe.patch, rng).unflatten(1, (2, 3))
        channels = torch.from_numpy(rng.integers(3, size=count))
        blurred, sharp = tiles[torch.arange(count), :, channels].float().div(PEAK).split(1, dim=1)
        return blurred, sharp


def _with_bicubic(images: ImageSet, scales: tuple[float, float], rng: np.random.Generator) -> ImageSet:
    """Six channels: the resized image halved and enlarged again, and the resized image itself."""
    factors = rng.uniform(*scales, len(images))
    with ThreadPoolExecutor() as pool:  # Pillow resizes without Python's lock
        pairs = list(pool.map(_pair, images, factors))
    return ImageSet.of(pairs, images.pixels.device)


def _pair(image: Image, factor: float) -> npt.NDArray[np.uint8]:
    sharp = resize(image, round(image.shape[1] * factor), round(image.shape[0] * factor), "bicubic")
    blurred = resize(halve(sharp), sharp.shape[1], sharp.shape[0], "bicubic")
    return np.concatenate([blurred, sharp], axis=-1)


def _start_gaussian(network: SRCNN) -> None:
    for layer in (network.extract, network.map, network.reconstruct):
        nn.init.normal_(layer.weight, std=GAUSSIAN_STD)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


TASK = SrcnnTask
