"""Training the CAE: Eq. (1) as printed, and our variant whose rate term models the entropy coder."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from licbench.errors import SettingsError
from licbench.images.colour import PEAK
from licbench.networks.cae import CAE
from licbench.networks.shapes import DOWNSCALE, LATENT_CHANNELS
from licbench.networks.store import Model
from licbench.training import first_map
from licbench.training.data import ImageSet, components, luma
from licbench.training.initial.cae import continue_from, klt_basis, spread_latent, start_as_klt
from licbench.training.precision import Arithmetic
from licbench.training.recipes import Continued, Recipe
from licbench.training.schedules import rate_factor
from licbench.training.task import Losses, Task, Tensors, place, weights_of

EXPORT_CROPS = 256
START_CROPS = 4096
VALIDATION_SIDE = 256
VALIDATION_CROPS = 32


class LaplaceRate(nn.Module):
    """Differentiable estimate of the rate: a Laplacian whose scale is predicted from the eight neighbours, as in EBCOT.

    Only for training: the measured rate is OpenJPEG's. Input: latents (N, 32, h, w) in quantiser steps, with noise.
    """

    def __init__(self) -> None:
        super().__init__()
        self.floor = nn.Parameter(torch.full((1, LATENT_CHANNELS, 1, 1), math.log(0.15)))
        self.slope = nn.Parameter(torch.full((1, LATENT_CHANNELS, 1, 1), math.log(0.5)))
        ring = torch.ones(LATENT_CHANNELS, 1, 3, 3) / 8
        ring[:, :, 1, 1] = 0
        self.register_buffer("ring", ring)

    def forward(self, latent: Tensor) -> Tensor:
        """Bits of all latents together."""
        assert isinstance(self.ring, Tensor)
        neighbours = functional.conv2d(latent.abs(), self.ring, padding=1, groups=LATENT_CHANNELS)
        scale = self.floor.exp() + self.slope.exp() * neighbours
        upper, lower = _laplace_cdf((latent + 0.5) / scale), _laplace_cdf((latent - 0.5) / scale)
        return -torch.log2((upper - lower).clamp_min(1e-9)).sum()


def _laplace_cdf(x: Tensor) -> Tensor:
    return 0.5 - 0.5 * x.sign() * torch.expm1(-x.abs())


@dataclass(frozen=True, kw_only=True)
class CaeRecipe(Recipe):
    """``rate``: energy is Eq. (1), laplace ``LaplaceRate``; ``quantiser``: what replaces rounding in training.

    ``first_map``: what is quantised of the first channel, which a start as KLT gives the local means: wavelet
    coefficients as in the codec, or plain samples;
    ``lagrangian``: weight of the rate in units of the squared quantiser step, so that one value serves the whole
    ladder; ``step``: the quantiser step, in 8-bit units, that is 1 in units of the latent; ``patch``: side of a crop;
    ``chroma``: share of the crops that are of Cb or Cr, the others being luma; ``average``: decay, for each step, of
    the moving average of the weights that is exported (0: none); ``optimiser``: adam, or SOAP (arXiv 2409.11321), which
    is Adam in the eigenbasis of the gradients' covariance, with the library's decays in place of ``beta1``.
    """

    init: Literal["random", "klt"] | Continued
    rate: Literal["energy", "laplace"]
    quantiser: Literal["noise", "straight_through"]
    first_map: Literal["plain", "wavelet"]
    lagrangian: float
    step: float
    patch: int
    chroma: float
    average: float
    optimiser: Literal["adam", "soap"]


class CaeTask(Task):
    """Distortion is the mean squared error in 8-bit units, rate is per pixel."""

    recipe_type = CaeRecipe
    recipe: CaeRecipe
    smallest_side = 128

    def __init__(self, images: ImageSet, recipe: CaeRecipe, arithmetic: Arithmetic, start: Model | None = None) -> None:
        self.recipe, self.arithmetic, self.images = recipe, arithmetic, images
        self.device = arithmetic.device
        torch.manual_seed(recipe.seed)
        self.cae, self.rate = CAE(), LaplaceRate()
        if start is not None:
            continue_from(self.cae, self.rate, start, recipe.step)
        elif recipe.init == "klt":
            mean, basis = klt_basis(self._blocks(np.random.default_rng(recipe.seed)))
            start_as_klt(self.cae, mean, basis, recipe.step / PEAK)
        elif recipe.first_map == "wavelet":
            raise SettingsError(
                f"recipe of {recipe.name}: from random weights no map holds local means; take first_map plain"
            )
        else:
            spread_latent(self.cae, recipe.step)
        self.modules = nn.ModuleDict({"cae": self.cae, "rate": self.rate})
        place(self.modules, self.device)
        self.average = self._moving_average()
        self.optimisers = [self._optimiser(), torch.optim.Adam(self.rate.parameters(), lr=1e-2, fused=True)]

    def step(self, rng: np.random.Generator, progress: float) -> Losses:
        self._decay(progress)
        component = self._batch(rng, self.recipe.batch)
        with self.arithmetic.autocast():
            latent = self.cae.analysis(component).float()
        coefficients = self._to_coefficients(latent)
        noisy = coefficients + self._noise(coefficients, rng)
        straight = self.recipe.quantiser == "straight_through"
        quantised = coefficients + (coefficients.round() - coefficients).detach() if straight else noisy
        reconstructed = self._to_latent(quantised)
        with self.arithmetic.autocast():
            decoded = self.cae.synthesis(reconstructed).float()
        distortion = functional.mse_loss(decoded, component) * PEAK**2
        energy = latent.square().sum() / component.numel()
        as_printed = self.recipe.rate == "energy"
        # Under Eq. (1) the bits are only logged: their gradient must not reach the transform.
        bits = self.rate(noisy.detach() if as_printed else noisy) / component.numel()
        rate = energy if as_printed else bits
        loss = distortion + self.recipe.lagrangian * self.recipe.step**2 * rate
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        (loss + bits if as_printed else loss).backward()
        for optimiser in self.optimisers:
            optimiser.step()
        if self.average is not None:
            self.average.update_parameters(self.cae)
        return {"loss": loss, "mse": distortion, "bpp": bits, "energy": energy}

    def validate(self, images: ImageSet) -> dict[str, float]:
        """PSNR of luma at the quantiser step trained for, and the estimated rate."""
        tiles = images.tiles(VALIDATION_CROPS, VALIDATION_SIDE, np.random.default_rng(0))
        errors, bits, cae = [], [], self._exported()
        with torch.no_grad():
            for component in luma(tiles).split(8):
                levels = self._to_coefficients(cae.analysis(component)).round()
                errors.append(functional.mse_loss(cae.synthesis(self._to_latent(levels)), component))
                bits.append(self.rate(levels) / component.numel())
        mse = torch.stack(errors).mean().item()
        return {"val_psnr_db": -10 * math.log10(mse), "val_bpp": torch.stack(bits).mean().item()}

    def export(self, rng: np.random.Generator) -> Tensors:
        """Weights, those of the rate estimate (for a run that continues this one), and the offline rotation.

        The rotation: eigenvectors (32, 32) of E[y y^T] on the training set, mean kept.
        """
        second_moment, cae = np.zeros((LATENT_CHANNELS, LATENT_CHANNELS)), self._exported()
        with torch.no_grad():
            for _ in range(EXPORT_CROPS // 16):
                latent = cae.analysis(self._batch(rng, 16)).double().cpu().numpy()
                channels = latent.swapaxes(0, 1).reshape(LATENT_CHANNELS, -1)
                second_moment += channels @ channels.T
        _, vectors = np.linalg.eigh(second_moment)
        rotation = vectors[:, ::-1].astype(np.float32)
        return {**weights_of(cae, "cae"), **weights_of(self.rate, "rate"), "pca": rotation}

    def _to_coefficients(self, latent: Tensor) -> Tensor:
        return first_map.to_coefficients(latent) if self.recipe.first_map == "wavelet" else latent

    def _to_latent(self, coefficients: Tensor) -> Tensor:
        return first_map.to_latent(coefficients) if self.recipe.first_map == "wavelet" else coefficients

    def _optimiser(self) -> torch.optim.Optimizer:
        rate = self.recipe.learning_rate
        if self.recipe.optimiser == "soap":
            from pytorch_optimizer import SOAP  # noqa: PLC0415  Adam does without

            return SOAP(self.cae.parameters(), lr=rate, weight_decay=0)
        return torch.optim.Adam(self.cae.parameters(), lr=rate, betas=(self.recipe.beta1, 0.999), fused=True)

    def _moving_average(self) -> AveragedModel | None:
        decay = self.recipe.average
        if not decay:
            return None
        average = AveragedModel(self.cae, multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.modules["average"] = average
        return average

    def _exported(self) -> CAE:
        """The network to validate and export: the moving average, where one is kept."""
        if self.average is None:
            return self.cae
        assert isinstance(self.average.module, CAE)
        return self.average.module

    def _decay(self, progress: float) -> None:
        factor = rate_factor(self.recipe.schedule, progress, self.recipe.warm_up)
        self.optimisers[0].param_groups[0]["lr"] = self.recipe.learning_rate * factor

    def _noise(self, latent: Tensor, rng: np.random.Generator) -> Tensor:
        """Uniform, one quantiser step wide, drawn on the latent's device."""
        generator = torch.Generator(self.device).manual_seed(int(rng.integers(2**62)))
        return torch.rand(latent.shape, generator=generator, device=self.device) - 0.5

    def _batch(self, rng: np.random.Generator, count: int, side: int | None = None) -> Tensor:
        tiles = self.images.tiles(count, side or self.recipe.patch, rng, self.recipe.scale)
        share = self.recipe.chroma
        component = components(tiles, share, rng) if share else luma(tiles)
        return component.contiguous(memory_format=torch.channels_last)

    def _blocks(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        crops = self._batch(rng, START_CROPS, 4 * DOWNSCALE).cpu().double().numpy()
        return crops.reshape(-1, 4, DOWNSCALE, 4, DOWNSCALE).swapaxes(2, 3).reshape(-1, DOWNSCALE**2)


TASK = CaeTask
