"""The restorer: its size, its receptive field, and strips that leave no seam."""

import copy

import numpy as np
import pytest
import torch
from pictures import photo, textured

from licbench.networks.restorer import OVERLAP, PERCENT, Restorer, restore


@pytest.fixture(scope="module")
def network():
    """Random weights that change every sample."""
    torch.manual_seed(0)
    return Restorer().eval().requires_grad_(False)


def planes(image, qp=36, factor=1.0):
    rgb = torch.from_numpy(image.copy()).permute(2, 0, 1)[None].float()
    coding = torch.tensor([qp, PERCENT * factor])[None, :, None, None].expand(-1, -1, *rgb.shape[2:])
    return torch.cat([rgb, coding], dim=1)


def test_it_has_the_weights_that_it_claims(network):
    count = sum(tensor.numel() for tensor in network.state_dict().values())
    assert f"{count:,} weights" in Restorer.__doc__
    assert count <= 100_000


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17), (20, 300)])
def test_any_size_is_restored(size, network):
    image = textured(*size)
    restored = restore(network, image, 36, 0.7, 2**16)
    assert restored.shape == image.shape and restored.dtype == np.uint8 and restored.flags.c_contiguous
    assert not np.array_equal(restored, image)


def test_strips_give_what_the_whole_gives(network):
    """But for a level where a sum lies within float32's error of a half: torch chooses kernels by the size."""
    image = photo(200, 131)
    whole = restore(network, image, 36, 1.0, 2**30).astype(int)
    for pixels in (1, 131 * 50):
        strips = restore(network, image, 36, 1.0, pixels)
        assert np.abs(strips - whole).max() <= 1 and (strips != whole).mean() < 1e-3


def test_the_overlap_is_the_receptive_field(network):
    """A change further away than the overlap changes nothing, one within reaches as far as it."""
    image = planes(textured(120, 16)).double()
    other = image.clone()
    other[:, :3, 60:62] += 100
    double = copy.deepcopy(network).double()
    with torch.inference_mode():
        changed = (double(image) != double(other)).any(dim=1).any(dim=2)[0]
    rows = torch.nonzero(changed).flatten()
    assert (int(rows.min()), int(rows.max())) == (60 - OVERLAP, 61 + OVERLAP)


def test_qp_and_size_are_inputs(network):
    image = photo(40, 40)
    one = restore(network, image, 30, 1.0, 2**16)
    assert not np.array_equal(one, restore(network, image, 44, 1.0, 2**16))
    assert not np.array_equal(one, restore(network, image, 30, 0.5, 2**16))
    assert np.array_equal(one, restore(network, image, 30, 1.0, 2**16))
