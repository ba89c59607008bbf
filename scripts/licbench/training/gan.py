"""Training the GAN codec: Eq. (2), pixels plus discriminator features, the discriminator on the loss of DCGAN."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.coding.quantiser import BIT_DEPTHS, CoefficientQuantiser
from licbench.networks.gan import HALF_PEAK, Discriminator, Encoder, Generator, normalised
from licbench.networks.inference import fill
from licbench.networks.lineage import first_init
from licbench.networks.store import Model
from licbench.training.data import ImageSet
from licbench.training.initial.gan import start_as_klt
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Continued, Recipe
from licbench.training.schedules import rate_factor
from licbench.training.task import Losses, Task, Tensors, keep_as_stored, place, weights_of

EXPORT_TILES = 8192
EXPORT_BATCH = 64
START_TILES = 8192
VALIDATION_TILES = 64


@dataclass(frozen=True, kw_only=True)
class GanRecipe(Recipe):
    """``code_size``: coefficients of a latent vector; ``input_size``: side of a tile; ``beta``: as in Eq. (2).

    ``pixels_only``: share of the run before the discriminator joins (0 in the paper); ``clip``: largest norm of a
    step's gradient; ``storage``: of the weights, one of ``weight_formats.FORMATS``. A run that continues a model starts
    its discriminator anew.
    """

    init: Literal["random", "klt"] | Continued
    code_size: int
    input_size: Literal[64, 128, 256]
    beta: float
    pixels_only: float
    storage: Literal["float32", "float16", "int8"]
    clip: float


class GanTask(Task):
    """J_G = ||x - xhat||^2 + beta * sum ||D_hi(x) - D_hi(xhat)||^2, both as sums, per pixel value.

    As printed, J_G holds no adversarial term. After a start as klt, batch normalisation keeps the statistics that it
    starts with: those of small batches are too noisy for the transform.
    """

    recipe_type = GanRecipe
    recipe: GanRecipe
    smallest_side = 128

    def __init__(self, images: ImageSet, recipe: GanRecipe, arithmetic: Arithmetic, start: Model | None = None) -> None:
        self.recipe, self.arithmetic, self.images = recipe, arithmetic, images
        self.from_klt = (recipe.init if start is None else first_init(start.card)) == "klt"
        self.side, self.code_size = recipe.input_size, recipe.code_size
        torch.manual_seed(recipe.seed)
        self.encoder = Encoder(self.code_size, self.side)
        self.generator = Generator(self.code_size, self.side)
        self.discriminator = Discriminator(self.side)
        self.modules = nn.ModuleDict(
            {"encoder": self.encoder, "generator": self.generator, "discriminator": self.discriminator}
        )
        if start is not None:
            fill(self.encoder, start, "encoder")
            fill(self.generator, start, "generator")
        elif self.from_klt:
            tiles = self._tiles(np.random.default_rng(recipe.seed), START_TILES).cpu()
            start_as_klt(self.encoder, self.generator, tiles)
        place(self.modules, arithmetic.device)
        rate, betas = recipe.learning_rate, (recipe.beta1, 0.999)
        self.optimisers = [
            torch.optim.Adam(self._coder(), lr=rate, betas=betas, fused=True),
            torch.optim.Adam(self.discriminator.parameters(), lr=rate, betas=betas, fused=True),
        ]

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        self._set_mode()
        self._decay(progress)
        real = self._batch(rng, self.recipe.batch)
        with self.arithmetic.autocast():
            fake = self.generator(self.encoder(real)).float()
            pixels = functional.mse_loss(fake, real)
            losses = dict.fromkeys(("mse", "features", "discriminator"), torch.zeros_like(pixels))
            losses["mse"] = pixels * HALF_PEAK**2
            total = pixels
            if progress >= self.recipe.pixels_only:
                losses["discriminator"] = self._update_discriminator(real, fake.detach())
                features = self._feature_distance(real, fake) / real[0].numel()
                losses["features"] = features
                total = pixels + self.recipe.beta * features
        self.optimisers[0].zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(self._coder(), self.recipe.clip)
        self.optimisers[0].step()
        return losses

    def validate(self, images: ImageSet) -> dict[str, float]:
        """PSNR in RGB of tiles whose latent vectors are not quantised."""
        self.modules.eval()
        errors = []
        with torch.no_grad():
            tiles = images.tiles(VALIDATION_TILES, self.side, np.random.default_rng(0), self.recipe.scale)
            for batch in tiles.split(16):
                real = _input(batch)
                errors.append(functional.mse_loss(self.generator(self.encoder(real)), real))
        mse = torch.stack(errors).mean().item()
        return {"val_psnr_db": 10 * math.log10(4 / mse)}

    def export(self, rng: np.random.Generator) -> Tensors:
        """Encoder and generator as stored; ranges, rotation and histograms of their latent vectors."""
        form = self.recipe.storage
        encoder, generator = copy.deepcopy(self.encoder).eval(), copy.deepcopy(self.generator).eval()
        for module in (encoder, generator):
            keep_as_stored(module, form)
        vectors = self._training_vectors(encoder, rng)
        return {**weights_of(encoder, "encoder", form), **weights_of(generator, "generator", form), **_tables(vectors)}

    def _training_vectors(self, encoder: Encoder, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        with torch.no_grad():
            batches = range(EXPORT_TILES // EXPORT_BATCH)
            return np.concatenate([encoder(self._batch(rng, EXPORT_BATCH)).cpu().numpy() for _ in batches])

    def _coder(self) -> list[nn.Parameter]:
        return [*self.encoder.parameters(), *self.generator.parameters()]

    def _set_mode(self) -> None:
        self.modules.train()
        if self.from_klt:
            for module in (*self.encoder.modules(), *self.generator.modules()):
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()

    def _decay(self, progress: float) -> None:
        factor = rate_factor(self.recipe.schedule, progress, self.recipe.warm_up)
        for optimiser in self.optimisers:
            optimiser.param_groups[0]["lr"] = self.recipe.learning_rate * factor

    def _update_discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        _, on_real = self.discriminator(real)
        _, on_fake = self.discriminator(fake)
        entropy = functional.binary_cross_entropy_with_logits
        loss = entropy(on_real, torch.ones_like(on_real)) + entropy(on_fake, torch.zeros_like(on_fake))
        self.optimisers[1].zero_grad()
        loss.backward()
        self.optimisers[1].step()
        return loss

    def _feature_distance(self, real: Tensor, fake: Tensor) -> Tensor:
        """Sum over h0..h4 of squared differences, averaged over the batch."""
        with torch.no_grad():
            targets, _ = self.discriminator(real)
        features, _ = self.discriminator(fake)
        pairs = zip(features, targets, strict=True)
        distances = [(feature.float() - target.float()).square().sum() for feature, target in pairs]
        return torch.stack(distances).sum() / len(real)

    def _batch(self, rng: np.random.Generator, count: int) -> Tensor:
        return _input(self._tiles(rng, count))

    def _tiles(self, rng: np.random.Generator, count: int) -> Tensor:
        return self.images.tiles(count, self.side, rng, self.recipe.scale)


def _input(tiles: Tensor) -> Tensor:
    return normalised(tiles.float()).contiguous(memory_format=torch.channels_last)


def _tables(vectors: npt.NDArray[np.float32]) -> Tensors:
    """What the coder needs of latent vectors (tiles, N): rotation, ranges, histograms at each bit depth."""
    mean = vectors.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov(vectors.astype(np.float64), rowvar=False))
    rotation = axes[:, ::-1].astype(np.float32)
    tensors: Tensors = {"pca.mean": mean, "pca.rotation": rotation}
    for basis, values in (("plain", vectors), ("pca", (vectors - mean) @ rotation)):
        low, high = values.min(axis=0), values.max(axis=0)
        tensors |= {f"{basis}.low": low, f"{basis}.high": high}
        for bits in BIT_DEPTHS:
            quantiser = CoefficientQuantiser.from_ranges(low, high, bits, shared_step=basis == "pca")
            tensors[f"{basis}.counts{bits}"] = quantiser.histograms(quantiser.quantise(values))
    return tensors


TASK = GanTask
