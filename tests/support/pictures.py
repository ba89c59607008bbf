"""Deterministic test pictures of any size: uint8, shape (height, width, 3)."""

from __future__ import annotations

import numpy as np
from skimage import data


def photo(height: int = 200, width: int = 232) -> np.ndarray:
    """A piece of a real photograph: fur, eyes, a soft background."""
    return np.ascontiguousarray(data.chelsea()[40 : 40 + height, 100 : 100 + width])


def smooth(height: int, width: int) -> np.ndarray:
    """Gradients of other slopes in R, G and B."""
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    return np.rint(255 * np.stack([x, y, (x + y) / 2], axis=-1)).astype(np.uint8)


def textured(height: int, width: int, seed: int = 2018) -> np.ndarray:
    """Noise whose amplitude falls with frequency as in photographs, mostly grey."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = np.inf
    spectra = np.fft.rfft2(rng.standard_normal((4, height, width))) / frequency
    planes = np.fft.irfft2(spectra, (height, width))
    planes /= planes.std(axis=(1, 2), keepdims=True) + 1e-9
    picture = planes[0, ..., None] + 0.4 * np.moveaxis(planes[1:], 0, -1)
    return np.clip(np.rint(128 + 45 * picture), 0, 255).astype(np.uint8)
