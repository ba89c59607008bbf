"""SRCNN against bicubic interpolation, as its literature measures it."""

import numpy as np
import pytest
import torch
from pictures import photo

from licbench.evaluation.srcnn import _studio_luma, enlargements
from licbench.images.geometry import halve, resize
from licbench.networks.srcnn import SRCNN
from licbench.training.initial.srcnn import start_as_identity


@pytest.fixture
def identity():
    with torch.device("cpu"):
        network = SRCNN()
    start_as_identity(network)
    return network


def test_the_identity_gains_nothing(identity):
    for result in enlargements(identity, [photo(61, 80), photo(90, 47)]):
        assert result.srcnn_db == result.bicubic_db


def test_bicubic_by_hand(identity):
    picture = photo(64, 80)
    sharp = _studio_luma(picture)
    blurred = resize(halve(sharp), 80, 64, "bicubic")
    error = (blurred.astype(float) - sharp)[6:-6, 6:-6]
    (result,) = enlargements(identity, [picture])
    assert result.bicubic_db == pytest.approx(10 * np.log10(255**2 / (error**2).mean()))


def test_luma_is_that_of_the_literature():
    """BT.601 in 16..235, as MATLAB's rgb2ycbcr gives it; odd sides lose their last line."""
    picture = np.zeros((5, 7, 3), np.uint8)
    picture[0, 0], picture[0, 1] = 255, (255, 0, 0)
    assert _studio_luma(picture).shape == (4, 6)
    assert _studio_luma(picture)[0, :3].tolist() == [235, 81, 16]


def test_a_better_network_gains(identity):
    """Sharpening by a little of the second difference restores some of what halving took."""
    with torch.no_grad():
        centre = identity.extract.weight[0, 0]
        centre[4, 4] = 1.4
        for row, column in ((3, 4), (5, 4), (4, 3), (4, 5)):
            centre[row, column] = -0.1
    (result,) = enlargements(identity, [photo(120, 120)])
    assert result.srcnn_db > result.bicubic_db + 0.1
