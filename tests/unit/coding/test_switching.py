"""The encoder's choice: errors as the decoder makes them, and the same choice whatever float32 says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pictures import photo, smooth

from licbench.coding import switching
from licbench.coding.latent_vectors import generated, grid
from licbench.coding.switching import Enlargement, Switching, colour_levels, colour_of, colour_step, quarters_for
from licbench.coding.tile_errors import GUARD, TileErrors
from licbench.images.geometry import resize, shrinking_weights
from licbench.locations import SHIPPED
from licbench.networks.store import Model, ModelStore


@pytest.fixture(scope="module")
def models() -> list[Model]:
    return [ModelStore(SHIPPED).load(name, "gan") for name in ("gan_64", "gan_128")]


@pytest.mark.parametrize("scale", [1, 2, 3, 4])
def test_weights_shrink_as_pillow_does(scale: int) -> None:
    rng = np.random.default_rng(scale)
    large = rng.integers(0, 256, (scale * 90, 40, 3), np.uint8)
    shrunk = np.zeros((90, 40, 3))
    for start in range(0, scale * 90, 64):
        stop = min(start + 64, scale * 90)
        first, weights = shrinking_weights(90, scale, start, stop)
        shrunk[first : first + len(weights)] += np.tensordot(weights, large[start:stop].astype(float), 1)
    expected = resize(large, 40, 90, "bicubic").astype(float)
    assert np.abs(np.clip(shrunk, 0, 255) - expected).max() <= 0.51


@pytest.mark.parametrize("scale", [1, 3])
def test_errors_of_tiles_add_up_to_that_of_the_image(scale: int, models: list[Model]) -> None:
    """One tile that is wrong: the error of the whole image, shrunk by Pillow, up to rounding."""
    image = photo(120, 150)
    rows, columns = grid(120 * scale, 150 * scale, models[0])
    errors, enlarged = (
        TileErrors(image, scale, 128, (rows, columns)),
        resize(image, 150 * scale, 120 * scale, "bicubic"),
    )
    assert errors.unavoidable == np.square(resize(enlarged, 150, 120, "bicubic").astype(float) - image).sum()
    for tile in {0, rows * columns - 1, (rows * columns) // 2}:
        made, whole = np.full((128, 128, 3), 90, np.uint8), enlarged.copy()
        top, left = 128 * (tile // columns), 128 * (tile % columns)
        part = whole[top : top + 128, left : left + 128]
        part[:] = made[: part.shape[0], : part.shape[1]]
        wrong = np.square(resize(whole, 150, 120, "bicubic").astype(float) - image).sum()
        assert errors.unavoidable + errors.of(tile, made)[0] == pytest.approx(wrong, rel=0.02)


def test_float32_errs_by_less_than_half_the_guard(models: list[Model]) -> None:
    enlargement = Enlargement(photo(120, 240), 1, models)
    indices, _ = enlargement.coded(1, 28)
    tables = switching.tables_at(models[1], 28)
    vectors = switching.off_axes(tables.quantiser.dequantise(indices), models[1])
    rough, fine = (np.stack(list(generated(vectors, models[1], precision))) for precision in ("float32", "float64"))
    assert 0 < np.sqrt(np.square(rough - fine).mean(axis=(1, 2, 3))).max() < GUARD / 2
    errors = enlargement.errors(1, 28)
    before, margins = errors.values.copy(), errors.margins.copy()
    assert errors.settle(np.arange(2)) and not errors.settle(np.arange(2))
    assert (np.abs(errors.values - before) <= margins).all() and not errors.margins.any()


def test_an_error_within_the_margin_changes_no_choice(models: list[Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """The worst that the margin allows for, here a wide one; without it, choices do change."""
    image, wide, exact = photo(200, 232), 400 * GUARD, TileErrors.of
    expected = Switching(image, models, [1]).choose(9000.0, lambda _: 0).choices
    random = np.random.default_rng(3)

    def worse(trusted: bool) -> Any:
        def of(self: TileErrors, tile: int, made: Any) -> tuple[float, float]:
            value, margin = exact(self, tile, made)
            margin *= wide / GUARD
            if made.dtype == np.float32:
                value += float(random.choice([-0.9, 0.9])) * margin
            return value, 0.0 if trusted else margin

        return of

    changed = []
    for trusted in (False, True):
        monkeypatch.setattr(TileErrors, "of", worse(trusted))
        held = Switching(image, models, [1]).choose(9000.0, lambda _: 0).choices
        changed.append((held != expected).any())
    assert not changed[0]


def test_the_depth_follows_lambda_and_enlargement() -> None:
    depths = [quarters_for(weight, 2, 128) for weight in (10, 300, 3000, 30000, 10**7)]
    assert depths == sorted(depths, reverse=True) and (depths[0], depths[-1]) == (32, 16)
    # Four times the lambda and half the enlargement: the same step in the samples of the tile
    assert quarters_for(3000, 2, 128) == quarters_for(12000, 1, 128)


def test_colours_go_from_black_to_white() -> None:
    for quarters in (16, 23, 32):
        ends = colour_of(np.array([0, colour_levels(quarters) - 1], np.int32), quarters)
        assert ends[0] == 0 and 255 - ends[1] <= colour_step(quarters) / 2


def test_a_flat_image_takes_colours_and_a_busy_one_codes(models: list[Model]) -> None:
    flat = np.full((130, 260, 3), 77, np.uint8)
    assert (Switching(flat, models, [1]).choose(9000.0, lambda _: 0).choices == 2).all()
    busy = Switching(photo(200, 232), models, [1]).choose(300.0, lambda _: 0)
    assert (busy.choices < 2).any() and busy.colours.shape == ((busy.choices == 2).sum(), 3)


def test_images_take_the_enlargement_that_their_detail_needs(models: list[Model]) -> None:
    fine, coarse = (
        Switching(image, models, [1, 2]).choose(weight, lambda _: 0).scale
        for image, weight in ((photo(200, 232), 200.0), (smooth(130, 130), 60000.0))
    )
    assert (fine, coarse) == (2, 1)
