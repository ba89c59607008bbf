"""The search for cheaper latents, on a linear transform whose cost is known exactly."""

from __future__ import annotations

import numpy as np
import pytest

from licbench.coding.latent_search import search

SHAPE = (4, 6, 5)


@pytest.fixture
def problem():
    """A latent vector of noise behind a mixing of neighbouring coefficients: rounding is not the nearest point."""
    chance = np.random.default_rng(3)
    count = int(np.prod(SHAPE))
    mixing = np.eye(count) + 0.35 * np.eye(count, k=1) + 0.35 * np.eye(count, k=-1)
    target = mixing @ chance.normal(0, 2, count)

    def error_of(levels):
        difference = mixing @ levels.ravel() - target
        return float(difference @ difference), (2 * mixing.T @ difference).reshape(SHAPE)

    start = np.rint(np.linalg.solve(mixing, target)).astype(np.int32).reshape(SHAPE)
    curvature = float(np.square(mixing).sum(axis=0).max())
    return start, error_of, curvature


def test_without_a_price_of_rate_the_error_falls_below_that_of_rounding(problem):
    start, error_of, curvature = problem
    found = search(start, error_of, curvature, 0.0, 30)
    assert found.dtype == np.int32 and found.shape == SHAPE
    assert error_of(found)[0] < 0.95 * error_of(start)[0]


def test_a_price_of_rate_makes_levels_cheaper(problem):
    start, error_of, curvature = problem
    mild, dear = (np.abs(search(start, error_of, curvature, price, 30)).sum() for price in (0.3, 3.0))
    assert dear < mild < np.abs(start).sum()


def test_the_same_every_time_and_the_start_without_rounds(problem):
    start, error_of, curvature = problem
    assert np.array_equal(search(start, error_of, curvature, 0.3, 9), search(start, error_of, curvature, 0.3, 9))
    assert search(start, error_of, curvature, 0.3, 0) is start


def test_a_round_that_makes_it_worse_is_not_kept(problem):
    start, error_of, _ = problem
    reckless = search(start, error_of, 0.01, 0.0, 5)
    assert error_of(reckless)[0] <= error_of(start)[0]


def test_one_round_is_one_move_that_is_kept_where_it_pays(problem):
    start, error_of, curvature = problem
    assert error_of(search(start, error_of, curvature, 0.0, 1))[0] < error_of(start)[0]
