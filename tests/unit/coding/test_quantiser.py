"""The GAN's uniform quantiser and the tables of its coder."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licbench.coding.quantiser import BIT_DEPTHS, ROTATED_ROUNDING, CoefficientQuantiser

SMALL = st.floats(-1e3, 1e3, width=32)
RANGES = st.lists(st.tuples(SMALL, st.floats(0, 100, width=32)), min_size=1, max_size=12)


def ranges(pairs):
    low = np.array([start for start, _ in pairs], np.float32)
    return low, low + np.array([span for _, span in pairs], np.float32)


@settings(deadline=None)
@given(pairs=RANGES, bits=st.sampled_from(BIT_DEPTHS), shared=st.booleans(), seed=st.integers(0, 2**32 - 1))
def test_inside_the_range_the_error_is_bounded(pairs, bits, shared, seed):
    low, high = ranges(pairs)
    quantiser = CoefficientQuantiser.from_ranges(low, high, bits, shared_step=shared)
    inner = np.random.default_rng(seed).uniform(low, high, (20, len(low))).astype(np.float32)
    codes = np.concatenate([low[None], high[None], np.clip(inner, low, high)])
    indices = quantiser.quantise(codes)
    assert indices.dtype == np.int32
    assert (indices >= 0).all() and (indices < quantiser.levels).all()
    # Half a step, or two thirds where magnitudes are rounded down; beside that, the last bits of float32
    assert quantiser.rounding == (ROTATED_ROUNDING if shared else 0.5)
    allowed = quantiser.step * (1 - quantiser.rounding) + 4 * np.spacing(np.abs(codes).max(axis=0))
    assert (np.abs(quantiser.dequantise(indices).astype(np.float64) - codes) <= allowed).all()


@settings(deadline=None)
@given(pairs=RANGES, bits=st.sampled_from(BIT_DEPTHS), shared=st.booleans())
def test_levels_fit_the_bits(pairs, bits, shared):
    low, high = ranges(pairs)
    quantiser = CoefficientQuantiser.from_ranges(low, high, bits, shared_step=shared)
    assert (quantiser.levels >= 1).all() and (quantiser.levels <= 2**bits).all()
    widest = np.maximum(high.astype(np.float64) - low, 1e-6)
    assert quantiser.step == pytest.approx((np.full_like(widest, widest.max()) if shared else widest) / (2**bits - 2))


def test_by_hand():
    # Span 60 at 5 bits: step 60 / 30 = 2; from floor(-31/2) = -16 to ceil(29/2) = 15 make 32 levels.
    low, high = np.array([-31, -1], np.float32), np.array([29, 2], np.float32)
    plain = CoefficientQuantiser.from_ranges(low, high, 5, shared_step=False)
    assert plain.step.tolist() == pytest.approx([2, 0.1])
    assert plain.first.tolist() == [-16, -10] and plain.levels.tolist() == [32, 31]
    shared = CoefficientQuantiser.from_ranges(low, high, 5, shared_step=True)
    assert shared.step.tolist() == [2, 2] and shared.first.tolist() == [-16, -1] and shared.levels.tolist() == [32, 3]
    codes = np.array([[-31, 0.9], [0, 1.1], [2.9, -1], [1000, -1000]], np.float32)
    assert plain.quantise(codes).tolist() == [[0, 19], [16, 21], [17, 0], [31, 0]]
    # A magnitude of 15.5 or 0.55 steps does not reach the next whole number, one of 1.7 does
    assert shared.quantise(codes).tolist() == [[1, 1], [16, 1], [17, 1], [31, 0]]
    assert shared.quantise(np.float32([[3.4, -1.4]])).tolist() == [[18, 0]]
    assert shared.dequantise(np.array([[16, 2], [31, 0]])).tolist() == [[0, 2], [30, -2]]
    assert shared.dequantise(np.zeros((1, 2), np.int32)).dtype == np.float32


def test_zero_stays_zero():
    """A coefficient around zero that gets few levels must not gain an offset."""
    quantiser = CoefficientQuantiser.from_ranges(np.float32([-9, -0.1]), np.float32([7, 0.2]), 6, shared_step=True)
    zero = np.zeros((1, 2), np.float32)
    assert np.array_equal(quantiser.dequantise(quantiser.quantise(zero)), zero)


@settings(deadline=None)
@given(pairs=RANGES, tiles=st.integers(0, 30), seed=st.integers(0, 2**32 - 1))
def test_histograms_leave_no_level_impossible(pairs, tiles, seed):
    low, high = ranges(pairs)
    quantiser = CoefficientQuantiser.from_ranges(low, high, 5, shared_step=True)
    indices = np.random.default_rng(seed).integers(0, quantiser.levels, (tiles, len(low)), dtype=np.int32)
    counts = quantiser.histograms(indices)
    assert counts.dtype == np.uint16 and counts.shape == (quantiser.levels.sum(),) and (counts >= 1).all()
    for column, table in zip(indices.T, np.split(counts, np.cumsum(quantiser.levels)[:-1]), strict=True):
        assert [int((column == level).sum()) + 1 for level in range(len(table))] == table.tolist()
