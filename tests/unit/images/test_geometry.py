"""Resizing: the kernels by an independent computation, and the sizes of the super-resolution codec."""

import numpy as np
import pytest
from pictures import photo, smooth

from licbench.images.geometry import Shrinking, enlarged_rows, halve, resize, scaled_even


def bicubic(distance):
    """Keys' kernel with a = -0.5."""
    x = np.abs(distance)
    return np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0.0))


def lanczos(distance):
    return np.where(np.abs(distance) < 3, np.sinc(distance) * np.sinc(distance / 3), 0.0)


def matrix(kernel, source, target):
    """Antialiased resampling as a matrix (target, source): the kernel widens when the picture shrinks."""
    scale = source / target
    centres = (np.arange(target)[:, None] + 0.5) * scale
    weights = kernel((np.arange(source)[None] + 0.5 - centres) / max(scale, 1.0))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("name", "kernel"), [("bicubic", bicubic), ("lanczos", lanczos)])
@pytest.mark.parametrize("size", [(20, 24), (80, 96), (28, 33), (41, 47)])
def test_kernels(name, kernel, size):
    picture = photo(40, 48)
    rows, columns = (matrix(kernel, *pair) for pair in zip(picture.shape, size, strict=False))
    expected = np.einsum("ih,hwc,jw->ijc", rows, picture.astype(float), columns)
    resized = resize(picture, size[1], size[0], name)
    assert resized.shape == (*size, 3) and resized.dtype == np.uint8
    # Pillow rounds to 8 bit between the two directions, too.
    assert np.abs(resized - np.clip(expected, 0, 255)).max() <= 1.5


def test_the_same_size_changes_nothing():
    picture = photo(13, 17)
    assert np.array_equal(resize(picture, 17, 13, "bicubic"), picture)


@pytest.mark.parametrize(
    ("length", "half", "larger"), [(1, 2, 2), (2, 2, 2), (3, 2, 2), (4, 2, 2), (5, 2, 4), (7, 4, 4), (512, 256, 358)]
)
def test_sides_are_even_and_near(length, half, larger):
    assert (scaled_even(length, 0.5), scaled_even(length, 0.7)) == (half, larger)


@pytest.mark.parametrize("factor", [0.5, 0.7])
def test_every_side_is_the_nearest_even_number(factor):
    for length in range(4, 3000):
        scaled = scaled_even(length, factor)
        assert scaled % 2 == 0 and abs(scaled - factor * length) <= 1 + 1e-9


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17), (160, 162)])
def test_halve(size):
    picture = smooth(*size)
    height, width = (scaled_even(side, 0.5) for side in size)
    assert np.array_equal(halve(picture), resize(picture, width, height, "bicubic"))


SHAPES = [(1, 1), (1, 9), (9, 1), (5, 2), (43, 50), (129, 64), (100, 50), (101, 50), (200, 101)]
"""Also of the height from which Pillow shrinks columns first."""


def noise(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.mark.parametrize("rows", [64, 128])
@pytest.mark.parametrize("scale", [1, 2, 3, 4])
@pytest.mark.parametrize("shape", SHAPES)
def test_rows_one_after_the_other_give_the_whole_picture_s_samples(shape, scale, rows):
    height, width = shape
    small, large = noise(height, width), noise(height * scale, width * scale)
    starts = range(0, height * scale, rows)
    bands = [enlarged_rows(small, scale, top, min(top + rows, height * scale)) for top in starts]
    assert np.array_equal(np.concatenate(bands), resize(small, width * scale, height * scale, "bicubic"))
    shrinking = Shrinking(width, height, scale)
    for top in starts:
        shrinking.add(large[top : top + rows])
    assert np.array_equal(shrinking.image, resize(large, width, height, "bicubic"))
