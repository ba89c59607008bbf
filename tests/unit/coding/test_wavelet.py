"""The wavelet gives back what it got, gathers smooth planes in few coefficients, and keeps the size of an error."""

import numpy as np
import pytest

from licbench.coding import wavelet

SHAPES = [(1, 1), (1, 40), (3, 9), (4, 4), (5, 7), (41, 61), (64, 96)]


def rng():
    return np.random.default_rng(2018)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_way_back_gives_the_plane(shape):
    plane = rng().normal(size=shape)
    coefficients = wavelet.forward(plane)
    assert coefficients.shape == shape
    np.testing.assert_allclose(wavelet.inverse(coefficients), plane, atol=1e-12)


def test_what_is_too_small_to_split_stays():
    plane = rng().normal(size=(3, 9))
    np.testing.assert_array_equal(wavelet.forward(plane), plane)


def test_a_flat_plane_is_its_lowest_band():
    coefficients = wavelet.forward(np.full((64, 96), 3.0))
    np.testing.assert_allclose(coefficients[:2, :3], 3.0 * 2**wavelet.MAX_LEVELS, rtol=1e-9)
    coefficients[:2, :3] = 0
    assert np.abs(coefficients).max() < 1e-9


def test_errors_of_the_coefficients_keep_their_size_in_the_plane():
    errors = rng().uniform(-0.5, 0.5, (64, 96))
    ratio = np.square(wavelet.inverse(errors)).sum() / np.square(errors).sum()
    assert ratio == pytest.approx(1, abs=0.1)


def test_a_ramp_takes_fewer_levels_than_its_samples():
    """What the bit-plane coder gains: of a smooth plane, most quantised coefficients are zero."""
    plane = np.add.outer(np.linspace(0, 40, 48), np.linspace(0, 25, 64))
    assert np.count_nonzero(np.rint(wavelet.forward(plane))) < np.count_nonzero(np.rint(plane)) / 8
