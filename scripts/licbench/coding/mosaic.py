"""Tiling the latent's maps into one plane for the entropy coder, 8 columns by 4 rows (Fig. 5)."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)

ROWS, COLUMNS = 4, 8


def mosaic_shape(maps_shape: tuple[int, ...]) -> tuple[int, int]:
    """(height, width) of the mosaic of 32 maps of shape (32, h, w)."""
    _, height, width = maps_shape
    return ROWS * height, COLUMNS * width


def tile_maps(maps: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """(32, h, w) -> (4h, 8w), in vertical-scan order: the leading maps come to lie at the left."""
    _, height, width = maps.shape
    grid = maps.reshape(COLUMNS, ROWS, height, width)
    return grid.transpose(1, 2, 0, 3).reshape(ROWS * height, COLUMNS * width)


def untile_maps(mosaic: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The inverse of ``tile_maps``."""
    height, width = mosaic.shape[0] // ROWS, mosaic.shape[1] // COLUMNS
    grid = mosaic.reshape(ROWS, height, COLUMNS, width)
    return grid.transpose(2, 0, 1, 3).reshape(ROWS * COLUMNS, height, width)
