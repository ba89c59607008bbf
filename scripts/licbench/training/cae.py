"""Training the CAE: Eq. (1) as printed, and our variant whose rate term follows the coder."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.images import Image
from licbench.networks.cae import CAE, DOWNSCALE, MAPS
from licbench.training.data import Array, luma, random_batch, random_crop
from licbench.training.initial.cae import klt_basis, start_as_klt
from licbench.training.loop import Recipe, Task, weights_of
from licbench.training.schedules import rate_factor

PEAK = 255.0
EXPORT_CROPS = 256


class LaplaceRate(nn.Module):
    """Bits of noisy latents under a Laplacian whose scale follows the eight neighbours, as EBCOT's contexts do.

    Used in training only: the bits that count are OpenJPEG's. (N, 32, h, w) in quantiser steps -> bits in all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.floor = nn.Parameter(torch.full((1, MAPS, 1, 1), math.log(0.15)))
        self.slope = nn.Parameter(torch.full((1, MAPS, 1, 1), math.log(0.5)))
        ring = torch.ones(MAPS, 1, 3, 3) / 8
        ring[:, :, 1, 1] = 0
        self.register_buffer("ring", ring)

    def forward(self, latent: Tensor) -> Tensor:
        """The total, in bits."""
        assert isinstance(self.ring, Tensor)
        neighbours = functional.conv2d(latent.abs(), self.ring, padding=1, groups=MAPS)
        scale = self.floor.exp() + self.slope.exp() * neighbours
        upper, lower = _laplace_cdf((latent + 0.5) / scale), _laplace_cdf((latent - 0.5) / scale)
        return -torch.log2((upper - lower).clamp_min(1e-9)).sum()


def _laplace_cdf(x: Tensor) -> Tensor:
    return 0.5 - 0.5 * x.sign() * torch.expm1(-x.abs())


class CaeTask(Task):
    """The recipe's ``init``: random | klt; ``rate``: energy (Eq. 1) | laplace; ``quantiser``: noise | straight_through.

    Distortion is the mean squared error in 8-bit units, rate is per pixel; ``lagrangian`` weighs them in units of the
    squared quantiser step, so that one number serves the whole ladder. Latents are trained for a quantiser step of 1.
    """

    smallest_picture = 128

    def __init__(self, pictures: Sequence[Image], recipe: Recipe, device: torch.device) -> None:
        self.recipe, self.device = recipe, device
        self.lumas = [(luma(picture) * PEAK).round().astype(np.uint8) for picture in pictures]
        self.cae, self.rate = CAE(), LaplaceRate()
        if recipe["init"] == "klt":
            mean, basis = klt_basis(self._blocks(np.random.default_rng(int(recipe["seed"]))))
            start_as_klt(self.cae, mean, basis, float(recipe["step"]) / PEAK)
        self.modules = nn.ModuleDict({"cae": self.cae, "rate": self.rate}).to(device)
        rate, betas = float(recipe["learning_rate"]), (float(recipe["beta1"]), 0.999)
        self.optimisers = [
            torch.optim.Adam(self.cae.parameters(), lr=rate, betas=betas),
            torch.optim.Adam(self.rate.parameters(), lr=1e-2),
        ]

    def step(self, rng: np.random.Generator, progress: float) -> dict[str, float]:
        self._decay(progress)
        component = self._batch(rng, int(self.recipe["batch"]))
        latent = self.cae.analysis(component)
        noisy = latent + torch.from_numpy(rng.random(latent.shape, np.float32)).to(self.device) - 0.5
        straight = self.recipe["quantiser"] == "straight_through"
        quantised = latent + (latent.round() - latent).detach() if straight else noisy
        distortion = functional.mse_loss(self.cae.synthesis(quantised), component) * PEAK**2
        energy = latent.square().sum() / component.numel()
        as_printed = self.recipe["rate"] == "energy"
        # Under Eq. (1) the bits are only watched: their gradient must not reach the transform.
        bits = self.rate(noisy.detach() if as_printed else noisy) / component.numel()
        rate = energy if as_printed else bits
        loss = distortion + float(self.recipe["lagrangian"]) * float(self.recipe["step"]) ** 2 * rate
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        (loss + bits if as_printed else loss).backward()
        for optimiser in self.optimisers:
            optimiser.step()
        return {"loss": loss.item(), "mse": distortion.item(), "bpp": bits.item(), "energy": energy.item()}

    def export(self, rng: np.random.Generator) -> dict[str, np.ndarray[Any, Any]]:
        """Weights and the offline rotation: eigenvectors (32, 32) of E[y y^T] on the training set, mean kept."""
        second_moment = np.zeros((MAPS, MAPS))
        with torch.no_grad():
            for _ in range(EXPORT_CROPS // 16):
                latent = self.cae.analysis(self._batch(rng, 16)).double().cpu().numpy()
                maps = latent.swapaxes(0, 1).reshape(MAPS, -1)
                second_moment += maps @ maps.T
        _, vectors = np.linalg.eigh(second_moment)
        return {**weights_of(self.cae, "cae"), "pca": vectors[:, ::-1].astype(np.float32)}

    def _decay(self, progress: float) -> None:
        factor = rate_factor(str(self.recipe["schedule"]), progress)
        self.optimisers[0].param_groups[0]["lr"] = float(self.recipe["learning_rate"]) * factor

    def _batch(self, rng: np.random.Generator, count: int) -> Tensor:
        side = int(self.recipe["patch"])
        crops = random_batch(self.lumas, count, rng, lambda picture, rng: random_crop(picture, side, rng))
        return torch.from_numpy(crops).to(self.device).unsqueeze(1).float() / PEAK

    def _blocks(self, rng: np.random.Generator) -> Array:
        crops = random_batch(self.lumas, 4096, rng, lambda picture, rng: random_crop(picture, 4 * DOWNSCALE, rng))
        blocks = crops.reshape(-1, 4, DOWNSCALE, 4, DOWNSCALE).swapaxes(2, 3).reshape(-1, DOWNSCALE**2)
        return blocks / PEAK


TASK = CaeTask
