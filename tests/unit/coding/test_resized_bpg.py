"""BPG at a share of the size: the sizes, and QPs at which a bit buys the same error at each of them."""

import numpy as np
import pytest
from pictures import photo, textured

from licbench.coding import bpg, resized_bpg
from licbench.coding.resized_bpg import FACTORS, enlarge, qp_at, small_size
from licbench.metrics.distortion import error_moments


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("size", [(1, 1), (1, 40), (33, 17), (161, 163)])
def test_the_way_there_and_back_keeps_the_size(size, factor):
    image = textured(*size)
    small = bpg.decode(resized_bpg.encode(image, 36, factor))
    assert small.shape[:2] == small_size(*size, factor)
    assert enlarge(small, *size).shape == image.shape


def test_full_size_is_bpg_itself():
    image = photo(40, 50)
    assert resized_bpg.encode(image, 36, 1.0) == bpg.encode(image, 36, "420")
    assert small_size(33, 17, 1.0) == (33, 17)
    assert enlarge(image, 40, 50) is image


def test_the_qp_falls_with_the_size():
    assert [qp_at(36, factor) for factor in FACTORS] == [36, 33, 30]
    assert [qp_at(4, factor) for factor in FACTORS] == [4, 1, 0]


def slope(image, qp, factor):
    """Squared error that a further bit saves, around a QP."""
    size, error = [], []
    for inner in (qp_at(qp - 2, factor), qp_at(qp + 2, factor)):
        file = resized_bpg.encode(image, inner, factor)
        size.append(8 * len(file))
        error.append(error_moments(image, enlarge(bpg.decode(file), *image.shape[:2]))["sse"])
    return (error[1] - error[0]) / (size[0] - size[1])


def test_a_bit_buys_the_same_error_at_every_size():
    """Within a half; at one QP throughout, a bit would buy four times as much at full size as at half size."""
    slopes = np.array([slope(photo(), 36, factor) for factor in FACTORS])
    assert slopes.max() < 1.5 * slopes.min()
