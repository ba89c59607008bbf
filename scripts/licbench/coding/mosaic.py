"""Tiling the channels of the CAE's latent into one plane for the entropy coder, 8 columns by 4 rows (Fig. 5)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

ROWS, COLUMNS = 4, 8


def mosaic_shape(latent_shape: tuple[int, ...]) -> tuple[int, int]:
    """(height, width) of the mosaic of a latent of shape (32, h, w)."""
    _, height, width = latent_shape
    return ROWS * height, COLUMNS * width


def tile_channels(latent: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """(32, h, w) -> (4h, 8w), in vertical-scan order: the leading channels come to the left."""
    _, height, width = latent.shape
    grid = latent.reshape(COLUMNS, ROWS, height, width)
    return grid.transpose(1, 2, 0, 3).reshape(ROWS * height, COLUMNS * width)


def untile_channels(mosaic: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The inverse of ``tile_channels``."""
    height, width = mosaic.shape[0] // ROWS, mosaic.shape[1] // COLUMNS
    grid = mosaic.reshape(ROWS, height, COLUMNS, width)
    return grid.transpose(2, 0, 1, 3).reshape(ROWS * COLUMNS, height, width)
