"""Tables that follow the numbers before them: lossless, shorter where tiles differ, and the same on every machine."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licbench.coding import range_coder
from licbench.coding.context_model import RARE, STATIC, WIDTHS, Contextual, Prior, geometric, sum_of_neighbours
from licbench.coding.quantiser import CoefficientQuantiser
from licbench.errors import CorruptStreamError

SPREADS = np.concatenate([np.geomspace(60, 6, 47), [0.0]])  # the last has a single level
GRID = (6, 9)


def codes_of(tiles, seed, busy=None):
    """Laplacian numbers of falling spread; ``busy`` scales the tiles."""
    drawn = np.random.default_rng(seed).laplace(size=(tiles, len(SPREADS))) * SPREADS
    return (drawn * (1.0 if busy is None else busy[:, None])).astype(np.float32)


@pytest.fixture(scope="module")
def trained():
    """Quantiser and histograms of a training set of mixed busyness."""
    codes = codes_of(4000, 1, np.random.default_rng(2).lognormal(0, 0.4, 4000))
    quantiser = CoefficientQuantiser.from_ranges(codes.min(axis=0), codes.max(axis=0), 8, shared_step=True)
    counts = quantiser.histograms(quantiser.quantise(codes))
    return quantiser, np.split(counts, np.cumsum(quantiser.levels)[:-1])


def encoded(indices, trained, grid=GRID):
    return range_coder.encode(indices, Contextual(Prior(*trained), grid))


@settings(deadline=None, max_examples=40)
@given(
    grid=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.0, 0.05, 1.0, 30.0]),
)
def test_round_trip(trained, grid, seed, scale):
    tiles = grid[0] * grid[1]
    indices = trained[0].quantise(scale * codes_of(tiles, seed))
    data = encoded(indices, trained, grid)
    assert np.array_equal(range_coder.decode(data, indices.shape, Contextual(Prior(*trained), grid)), indices)


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_level_survives(trained, seed):
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.integers(0, levels, 54) for levels in trained[0].levels], axis=1).astype(np.int32)
    assert np.array_equal(
        range_coder.decode(encoded(indices, trained), indices.shape, Contextual(Prior(*trained), GRID)), indices
    )


@settings(deadline=None, max_examples=60)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_indices_in_range_or_an_error(trained, data):
    try:
        indices = range_coder.decode(data, (54, len(SPREADS)), Contextual(Prior(*trained), GRID))
    except CorruptStreamError:
        return
    assert ((indices >= 0) & (indices < trained[0].levels)).all()


def test_tiles_of_unlike_busyness_cost_less_than_with_static_tables(trained):
    busy = np.random.default_rng(4).choice([0.2, 2.0], 54)
    indices = trained[0].quantise(codes_of(54, 5, busy))
    static = range_coder.encode(indices, range_coder.Static(trained[1]))
    assert len(encoded(indices, trained)) < 0.95 * len(static)


def test_neighbours_help(trained, monkeypatch):
    """Halves of a picture, one smooth and one busy: the tiles around tell before the tile itself can."""
    busy = np.repeat([0.2, 1.5], 27)
    indices = trained[0].quantise(codes_of(54, 7, busy))
    with_neighbours = len(encoded(indices, trained))
    monkeypatch.setattr("licbench.coding.context_model.NEIGHBOUR", 0.0)
    assert with_neighbours < len(encoded(indices, trained))


def test_groups_are_a_partition_of_the_tiles(trained):
    frequencies = Contextual(Prior(*trained), GRID)
    indices = trained[0].quantise(codes_of(54, 3, np.random.default_rng(0).lognormal(0, 1, 54)))
    most = 0
    for index, column in enumerate(indices.T):
        groups = list(frequencies.groups(index))
        if index >= STATIC and trained[0].levels[index] > 1:
            assert sorted(np.concatenate([tiles for tiles, _ in groups])) == list(range(54))
        assert all((table is None) == (trained[0].levels[index] == 1) for _, table in groups)
        most = max(most, len(groups))
        frequencies.observe(index, column)
    assert most > 4


def test_the_geometric_law_has_its_mean_and_falls_from_zero():
    for width, mean in enumerate(WIDTHS):
        weights = geometric(width, -4000, 8001) - 1e-6
        distances = np.abs(np.arange(-4000, 4001))
        assert (weights * distances).sum() / weights.sum() == pytest.approx(mean, rel=1e-3)
        assert weights.argmax() == 4000
    np.testing.assert_array_equal(geometric(5, 3, 4), geometric(5, -6, 4)[::-1])


def test_neighbours_are_the_four_around():
    values = np.arange(12.0).reshape(3, 4)
    around, count = sum_of_neighbours(values).ravel(), sum_of_neighbours(np.ones((3, 4))).ravel()
    assert count.tolist() == [2, 3, 3, 2, 3, 4, 4, 3, 2, 3, 3, 2]
    assert around[0] == 1 + 4 and around[5] == 1 + 4 + 6 + 9 and around[11] == 7 + 10


def in_pairs(values):
    """A sum in NumPy's order, spelled out: eight running sums, halves where there are more than 128 numbers."""
    if len(values) < 8:
        return sum(values)
    if len(values) > 128:
        half = len(values) // 2 // 8 * 8
        return in_pairs(values[:half]) + in_pairs(values[half:])
    whole = len(values) // 8 * 8
    one, two, three, four, five, six, seven, eight = (sum(values[lane:whole:8]) for lane in range(8))
    total = ((one + two) + (three + four)) + ((five + six) + (seven + eight))
    for value in values[whole:]:
        total += value
    return total


@pytest.mark.parametrize(("first", "levels"), [(-3, 7), (-1, 2), (-20, 33), (-64, 128), (-100, 131), (-128, 256)])
def test_tables_are_what_plain_float_arithmetic_gives(first, levels):
    """To the bit, in Python's own floats: a decoder elsewhere, or with another NumPy, must find the same tables."""
    for width, mean in enumerate(WIDTHS.tolist()):
        ratio = mean / (1.0 + math.sqrt(1.0 + mean * mean))
        powers = [1.0]
        for _ in range(levels):
            powers.append(powers[-1] * ratio)
        expected = [powers[abs(level)] + RARE for level in range(first, first + levels)]
        weights = geometric(width, first, levels)
        assert weights.tolist() == expected
        total = in_pairs(expected)
        assert (weights / weights.sum(dtype=np.float64)).tolist() == [weight / total for weight in expected]
