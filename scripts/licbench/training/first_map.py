"""The CAE's wavelet of the first map (``licbench.codecs.cae``) as matrices, through which gradients pass."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from licbench.coding import wavelet

Doubles = npt.NDArray[np.float64]


def to_coefficients(latent: Tensor) -> Tensor:
    """What the codec quantises of a float32 latent (N, 32, h, w), rotated or all but so: its first map transformed."""
    return _with_first_map(wavelet.forward, latent)


def to_latent(coefficients: Tensor) -> Tensor:
    """The way back."""
    return _with_first_map(wavelet.inverse, coefficients)


def _with_first_map(transform: Callable[[Doubles], Doubles], maps: Tensor) -> Tensor:
    height, width = maps.shape[2:]
    matrix = _matrix(transform, height, width, maps.device)
    first = (maps[:, 0].flatten(1) @ matrix).unflatten(1, (1, height, width))
    return torch.cat([first, maps[:, 1:]], dim=1)


@cache
def _matrix(transform: Callable[[Doubles], Doubles], height: int, width: int, device: torch.device) -> Tensor:
    """By which a plane, as a row of height * width samples, is multiplied."""
    units = np.eye(height * width).reshape(-1, height, width)
    return torch.from_numpy(np.stack([transform(unit).ravel() for unit in units]).astype(np.float32)).to(device)
