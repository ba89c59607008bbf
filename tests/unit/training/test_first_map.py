"""The wavelet in training is the codec's."""

import numpy as np
import pytest
import torch

from licbench.codecs import cae
from licbench.training import first_map

SHAPES = [(2, 32, 16, 16), (1, 32, 5, 9), (1, 32, 3, 7)]  # the last too small to split


def latent(shape):
    return torch.from_numpy(np.random.default_rng(0).normal(0, 20, shape).astype(np.float32))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("way", ["to_coefficients", "to_latent"])
def test_both_ways_are_those_of_the_codec(way, shape):
    maps = latent(shape)
    expected = np.stack([getattr(cae, way)(one) for one in maps.numpy()])
    np.testing.assert_allclose(getattr(first_map, way)(maps).numpy(), expected, rtol=1e-4, atol=1e-3)


def test_gradients_reach_the_latent():
    maps = latent((1, 32, 8, 8)).requires_grad_()
    first_map.to_latent(first_map.to_coefficients(maps)).square().sum().backward()
    torch.testing.assert_close(maps.grad, 2 * maps.detach(), rtol=1e-3, atol=1e-3)
