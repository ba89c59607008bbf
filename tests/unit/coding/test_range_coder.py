"""The static range coder: lossless, near the entropy, and calm about damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licbench.coding import range_coder
from licbench.errors import CorruptStreamError

TABLES = st.lists(
    st.lists(st.integers(1, 2**31), min_size=1, max_size=40).map(lambda counts: np.array(counts, np.uint32)),
    min_size=1,
    max_size=8,
)


def encode(indices, tables):
    return range_coder.encode(indices, range_coder.Static(tables))


def decode(data, tiles, tables):
    return range_coder.decode(data, (tiles, len(tables)), range_coder.Static(tables))


def draw(tables, tiles, seed):
    """Indices that follow the tables."""
    rng = np.random.default_rng(seed)
    columns = [rng.choice(len(table), tiles, p=table / table.sum(dtype=np.float64)) for table in tables]
    return np.stack(columns, axis=1).astype(np.int32)


@settings(deadline=None)
@given(tables=TABLES, tiles=st.sampled_from([0, 1, 2, 7, 300]), seed=st.integers(0, 2**32 - 1))
def test_round_trip(tables, tiles, seed):
    indices = draw(tables, tiles, seed)
    decoded = decode(encode(indices, tables), tiles, tables)
    assert decoded.dtype == np.int32 and decoded.shape == (tiles, len(tables))
    assert np.array_equal(decoded, indices)


@settings(deadline=None)
@given(tables=TABLES, seed=st.integers(0, 2**32 - 1))
def test_unlikely_levels_survive_too(tables, seed):
    rng = np.random.default_rng(seed)
    indices = np.stack([rng.integers(0, len(table), 50) for table in tables], axis=1).astype(np.int32)
    assert np.array_equal(decode(encode(indices, tables), 50, tables), indices)


def test_one_level_costs_nothing():
    tables = [np.array([7], np.uint32)] * 5
    assert encode(np.zeros((1000, 5), np.int32), tables) == b""
    assert np.array_equal(decode(b"", 1000, tables), np.zeros((1000, 5), np.int32))


def test_length_is_the_entropy_of_the_tables():
    tables = [np.array([1, 2, 4, 8, 16], np.uint32), np.array([100, 1], np.uint32)]
    indices = draw(tables, 5000, seed=4)
    bits = sum(-np.log2(table[column] / table.sum()).sum() for column, table in zip(indices.T, tables, strict=True))
    assert bits / 8 - 1 <= len(encode(indices, tables)) <= 1.002 * bits / 8 + 8


def test_whatever_byte_the_data_ends_with():
    """Trailing zeros are not stored; no other byte may get lost with them."""
    tables, ends = [np.ones(256, np.uint32)], set()
    for seed in range(3000):
        indices = draw(tables, 3, seed)
        data = encode(indices, tables)
        ends.add(data[-1])
        assert np.array_equal(decode(data, 3, tables), indices)
    assert 0 not in ends and len(ends) > 200


@settings(deadline=None)
@given(data=st.binary(max_size=80), tables=TABLES, tiles=st.sampled_from([0, 1, 40]))
def test_any_bytes_give_indices_in_range_or_an_error(data, tables, tiles):
    try:
        indices = decode(data, tiles, tables)
    except CorruptStreamError as error:
        assert "\n" not in str(error)
        return
    assert indices.shape == (tiles, len(tables)) and indices.dtype == np.int32
    for column, table in zip(indices.T, tables, strict=True):
        assert ((column >= 0) & (column < len(table))).all()


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damage_is_an_error_or_other_indices(damage):
    tables = [np.arange(1, 20, dtype=np.uint32)] * 6
    indices = draw(tables, 30, seed=1)
    data = encode(indices, tables)
    others = 0
    for at in range(len(data)):
        broken = data[:at] if damage == "cut" else data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            decoded = decode(broken, 30, tables)
        except CorruptStreamError:
            continue
        assert decoded.shape == indices.shape
        others += not np.array_equal(decoded, indices)
    assert others > len(data) // 2
