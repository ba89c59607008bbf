"""Training SRCNN for x2 on clean pairs: bicubic down, bicubic up, mean squared error (section 2.3, ref [14])."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.evaluation.srcnn import enlargements
from licbench.images.files import Image
from licbench.images.geometry import halve, resize
from licbench.networks.inference import fill
from licbench.networks.srcnn import MARGIN, SRCNN
from licbench.networks.store import Model
from licbench.training.data import Pictures
from licbench.training.initial.srcnn import start_as_identity
from licbench.training.precision import Arithmetic
from licbench.training.schedules import rate_factor
from licbench.training.task import Losses, Recipe, Task, Tensors, weights_of

PEAK = 255.0
GAUSSIAN_STD = 1e-3
LAST_LAYER_RATE = 0.1
VALIDATION_PICTURES = 10


class SrcnnTask(Task):
    """The recipe's ``init``: gaussian (ref [14]) | identity | the model that the run continues.

    Adam stands in for SGD; the last layer learns at a tenth. A sample is one of R, G, B of a random place, since the
    codec applies the net to each (Fig. 4). ``scale`` is the range by which pictures are resized, once each, before all
    else: smaller ones are sharper, without JPEG's traces.
    """

    smallest_picture = 64

    def __init__(self, pictures: Pictures, recipe: Recipe, arithmetic: Arithmetic, start: Model | None = None) -> None:
        self.recipe, self.arithmetic = recipe, arithmetic
        low, high = recipe["scale"]
        self.pairs = _with_bicubic(pictures, (low, high), np.random.default_rng(int(recipe["seed"])))
        torch.manual_seed(int(recipe["seed"]))
        self.srcnn = SRCNN()
        if start is not None:
            fill(self.srcnn, start, "srcnn")
        elif recipe["init"] == "identity":
            start_as_identity(self.srcnn)
        else:
            _start_gaussian(self.srcnn)
        self.modules = nn.ModuleDict({"srcnn": self.srcnn}).to(arithmetic.device)
        self.rates = [float(recipe["learning_rate"]), float(recipe["learning_rate"]) * LAST_LAYER_RATE]
        early = [*self.srcnn.extract.parameters(), *self.srcnn.map.parameters()]
        groups = [
            {"params": early, "lr": self.rates[0]},
            {"params": [*self.srcnn.reconstruct.parameters()], "lr": self.rates[1]},
        ]
        self.optimisers = [torch.optim.Adam(groups, betas=(float(recipe["beta1"]), 0.999), fused=True)]

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        factor = rate_factor(str(self.recipe["schedule"]), progress, float(self.recipe["warm_up"]))
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

    def validate(self, pictures: Pictures) -> dict[str, float]:
        """Mean PSNR of luma over some pictures, and that of bicubic interpolation."""
        results = enlargements(
            self.srcnn, (pictures[index] for index in range(min(VALIDATION_PICTURES, len(pictures))))
        )
        return {
            "val_psnr_db": float(np.mean([result.srcnn_db for result in results])),
            "val_bicubic_psnr_db": float(np.mean([result.bicubic_db for result in results])),
        }

    def export(self, rng: np.random.Generator) -> Tensors:
        """The weights alone."""
        return weights_of(self.srcnn, "srcnn")

    def _batch(self, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """What the network gets and what it should return: (N, 1, patch, patch) in [0, 1]."""
        count = int(self.recipe["batch"])
        tiles = self.pairs.tiles(count, int(self.recipe["patch"]), rng).unflatten(1, (2, 3))
        channels = torch.from_numpy(rng.integers(3, size=count))
        blurred, sharp = tiles[torch.arange(count), :, channels].float().div(PEAK).split(1, dim=1)
        return blurred, sharp


def _with_bicubic(pictures: Pictures, scales: tuple[float, float], rng: np.random.Generator) -> Pictures:
    """Six channels: the resized picture after half size and back, and the resized picture."""
    factors = rng.uniform(*scales, len(pictures))
    with ThreadPoolExecutor() as pool:  # Pillow resizes without Python's lock
        pairs = list(pool.map(_pair, pictures, factors))
    return Pictures.of(pairs, pictures.pixels.device)


def _pair(picture: Image, factor: float) -> npt.NDArray[np.uint8]:
    sharp = resize(picture, round(picture.shape[1] * factor), round(picture.shape[0] * factor), "bicubic")
    blurred = resize(halve(sharp), sharp.shape[1], sharp.shape[0], "bicubic")
    return np.concatenate([blurred, sharp], axis=-1)


def _start_gaussian(network: SRCNN) -> None:
    for layer in (network.extract, network.map, network.reconstruct):
        nn.init.normal_(layer.weight, std=GAUSSIAN_STD)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)


TASK = SrcnnTask
