"""The colours of VVenC's planes: known values, the way back, and the position of halved chroma."""

import numpy as np
import pytest
from pictures import photo, smooth

from licbench.coding.vvc import colour

# ITU-T H.273, full range, BT.601: 1023 Y, and 1023 (B - Y) / 1.772 + 512, rounded and clipped
KNOWN = {
    (0, 0, 0): (0, 512, 512),
    (255, 255, 255): (1023, 512, 512),
    (128, 128, 128): (514, 512, 512),
    (255, 0, 0): (306, 339, 1023),
    (0, 255, 0): (601, 173, 84),
    (0, 0, 255): (117, 1023, 429),
}


def flat(rgb, height=6, width=4):
    return np.full((height, width, 3), rgb, np.uint8)


@pytest.mark.parametrize(("rgb", "ycbcr"), KNOWN.items())
def test_known_colours(rgb, ycbcr):
    planes = colour.rgb_to_planes(flat(rgb))
    assert [plane.shape for plane in planes] == [(6, 4), (3, 2), (3, 2)]
    assert tuple(int(plane[1, 1]) for plane in planes) == ycbcr
    assert all((plane == plane[0, 0]).all() for plane in planes)


@pytest.mark.parametrize("rgb", [(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255), (90, 140, 33), (1, 2, 250)])
def test_flat_colours_come_back(rgb):
    """Ten bits lose nothing of a colour that eight hold; only the two that are clipped are off by one."""
    back = colour.planes_to_rgb(colour.rgb_to_planes(flat(rgb)), (6, 4))
    assert np.abs(back.astype(int) - rgb).max() <= (1 if 255 in rgb and 0 in rgb else 0)


def test_greys_come_back_exactly():
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    assert np.array_equal(colour.planes_to_rgb(colour.rgb_to_planes(grey), (16, 16)), grey)


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (33, 18)])
def test_sizes_are_kept_and_appended_rows_ignored(size):
    image = smooth(*size)
    planes = colour.rgb_to_planes(image)
    back = colour.planes_to_rgb(planes, size)
    assert back.shape == image.shape
    longer = (planes[0].shape[0] + 8, planes[0].shape[1] + 6)
    halved = (planes[1].shape[0] + 4, planes[1].shape[1] + 3)
    appended = (colour.extended(planes[0], longer), *(colour.extended(plane, halved) for plane in planes[1:]))
    assert np.array_equal(colour.planes_to_rgb(appended, size), back)


def test_chroma_is_not_shifted():
    """Of a photograph and its mirror images the planes are mirror images, and halving costs little."""
    image = photo(64, 80)
    planes = colour.rgb_to_planes(image)
    for axis in (0, 1):
        mirrored = colour.rgb_to_planes(np.flip(image, axis))
        assert all(
            np.abs(np.flip(one, axis).astype(int) - other).max() <= 1
            for one, other in zip(planes, mirrored, strict=True)
        )
    back = colour.planes_to_rgb(planes, (64, 80)).astype(float)
    assert 10 * np.log10(255**2 / ((back - image) ** 2).mean()) > 38
