"""Codes of several models in one message: read back as written, at the bits that the encoder counted on."""

from __future__ import annotations

import numpy as np
import pytest

from licbench.coding import mixed_codes
from licbench.coding.context_model import STATIC, Contextual
from licbench.coding.latent_tables import QUARTER_DEPTHS, levels_at, quantiser_of, tables_at
from licbench.coding.mixed_codes import ChoiceFrequencies, ColourFrequencies, MixedContexts
from licbench.coding.range_coder import Decoder, Encoder, decode, encode
from licbench.locations import SHIPPED
from licbench.networks.store import Model, ModelStore

GRID = (6, 7)
TILES = GRID[0] * GRID[1]
QUARTERS = 26


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [ModelStore(SHIPPED).load(name, "gan") for name in ("gan_64", "gan_128")]


def drawn(model: Model, seed: int = 0) -> np.ndarray:
    """Coefficients in quantiser steps, busy to the right, as wide as the model's."""
    rng, tables = np.random.default_rng(seed), tables_at(model, QUARTERS)
    busy = np.tile(np.linspace(0.2, 3, GRID[1]), GRID[0])[:, None]
    return rng.laplace(0, 1, (TILES, len(tables.prior.levels))) * np.array(tables.prior.expected) * busy


def mixed(models: list[Model], choices: np.ndarray) -> MixedContexts:
    return MixedContexts([tables_at(model, QUARTERS) for model in models], choices, GRID)


def test_what_is_written_is_read(models: list[Model]) -> None:
    rng = np.random.default_rng(1)
    choices = rng.integers(0, 3, TILES)
    values = np.zeros((TILES, 128))
    for number, model in enumerate(models):
        own = drawn(model)
        values[choices == number, : own.shape[1]] = own[choices == number]
    indices, _, _ = mixed(models, choices).quantised(values, np.zeros_like(values))
    colours = rng.integers(0, 40, (1, 3 * (choices == 2).sum())).astype(np.int32)
    encoder = Encoder()
    encoder.write(choices[None].astype(np.int32), ChoiceFrequencies(3, GRID[1]))
    encoder.write(colours, ColourFrequencies(40))
    encoder.write(indices, mixed(models, choices))
    decoder = Decoder(encoder.finish())
    assert (decoder.read((1, TILES), ChoiceFrequencies(3, GRID[1]))[0] == choices).all()
    assert (decoder.read(colours.shape, ColourFrequencies(40)) == colours).all()
    assert (decoder.read(indices.shape, mixed(models, choices)) == indices).all()
    assert not indices[choices == 2].any() and not indices[choices == 0, 64:].any() and indices[choices == 1, 64:].any()


def test_the_bits_counted_are_those_spent(models: list[Model]) -> None:
    values, choices = drawn(models[1]), np.ones(TILES, np.intp)
    indices, _, bits = mixed(models, choices).quantised(values, np.zeros_like(values))
    assert 8 * len(encode(indices, mixed(models, choices))) == pytest.approx(bits.sum(), rel=0.01)


def test_of_one_model_the_contexts_are_the_gan_s(models: list[Model]) -> None:
    """At a whole depth the tables are those of a fixed GAN, up to their arithmetic."""
    values, choices, tables = drawn(models[1]), np.ones(TILES, np.intp), tables_at(models[1], QUARTERS)
    indices, _, _ = mixed(models, choices).quantised(values, np.zeros_like(values))
    alone, together = Contextual(tables.prior, GRID), mixed(models, choices)
    assert len(encode(indices, alone)) == pytest.approx(len(encode(indices, together)), abs=4)
    whole = quantiser_of(models[1], 6, rotated=True)
    assert (tables_at(models[1], 24).quantiser.step == whole.step).all() and levels_at(24) == 64


def test_dead_zones_save_more_bits_than_they_cost(models: list[Model], monkeypatch: pytest.MonkeyPatch) -> None:
    values, choices = drawn(models[1]), np.ones(TILES, np.intp)

    def cost() -> float:
        indices, _, bits = mixed(models, choices).quantised(values, np.zeros_like(values))
        made = indices + np.array(tables_at(models[1], QUARTERS).prior.first)
        return float(np.square(made - values).sum() + mixed_codes.BIT_COST * bits.sum())

    ours = cost()
    for offset in (0.5, 1 / 3):
        monkeypatch.setattr(mixed_codes, "OFFSETS", np.full(len(mixed_codes.OFFSETS), offset))
        assert ours < cost()


def test_doubt_is_seen_where_a_value_is_near_a_threshold(models: list[Model]) -> None:
    values, choices = drawn(models[0]), np.zeros(TILES, np.intp)
    values[5, 0] = 0.5 + tables_at(models[0], QUARTERS).prior.first[0] + 20
    _, none, _ = mixed(models, choices).quantised(values, np.zeros_like(values))
    _, near, _ = mixed(models, choices).quantised(values, np.full_like(values, 1e-9))
    assert not none.any() and np.flatnonzero(near).tolist() == [5]


def test_equal_neighbours_make_a_choice_cheap() -> None:
    even, mixed_up = np.zeros((1, TILES), np.int32), np.arange(TILES, dtype=np.int32)[None] % 4
    lengths = [len(encode(each, ChoiceFrequencies(4, GRID[1]))) for each in (even, mixed_up)]
    assert lengths[0] <= 3 and lengths[0] < lengths[1]
    assert (decode(encode(mixed_up, ChoiceFrequencies(4, 7)), (1, TILES), ChoiceFrequencies(4, 7)) == mixed_up).all()


def test_every_depth_has_sound_tables(models: list[Model]) -> None:
    for quarters in (QUARTER_DEPTHS[0], 27, QUARTER_DEPTHS[-1]):
        tables = tables_at(models[1], quarters)
        assert tables.quantiser.levels.max() <= levels_at(quarters)
        assert all(counts.min() >= 1 for counts in tables.prior.counts)
        seen = tables.prior.counts[STATIC].sum() - len(tables.prior.counts[STATIC])
        assert seen == tables_at(models[1], 32).prior.counts[STATIC].sum() - len(
            tables_at(models[1], 32).prior.counts[2]
        )
