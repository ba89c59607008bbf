"""The order of the maps in the mosaic (Fig. 5)."""

import numpy as np
import pytest

from licbench.coding.mosaic import mosaic_shape, tile_channels, untile_channels

VERTICAL_SCAN = [
    [0, 4, 8, 12, 16, 20, 24, 28],
    [1, 5, 9, 13, 17, 21, 25, 29],
    [2, 6, 10, 14, 18, 22, 26, 30],
    [3, 7, 11, 15, 19, 23, 27, 31],
]


def test_maps_go_down_the_columns():
    assert tile_channels(np.arange(32).reshape(32, 1, 1)).tolist() == VERTICAL_SCAN


def test_each_map_keeps_its_shape():
    maps = np.arange(32 * 2 * 3).reshape(32, 2, 3)
    mosaic = tile_channels(maps)
    assert mosaic.shape == mosaic_shape(maps.shape) == (8, 24)
    for row, order in enumerate(VERTICAL_SCAN):
        for column, index in enumerate(order):
            assert np.array_equal(mosaic[2 * row : 2 * row + 2, 3 * column : 3 * column + 3], maps[index])


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1), (3, 4)])
@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_untile_is_the_inverse(size, dtype):
    maps = np.random.default_rng(5).integers(-99, 99, (32, *size)).astype(dtype)
    back = untile_channels(tile_channels(maps))
    assert back.dtype == dtype and np.array_equal(back, maps)
