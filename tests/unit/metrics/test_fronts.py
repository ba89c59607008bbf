"""BD-rate of many curves at a time, against the package that computes one, and against cases known exactly."""

import warnings

import bjontegaard
import numpy as np
import pytest

from licbench.errors import PointsError
from licbench.metrics.fronts import Fronts, difference
from licbench.metrics.rate import bd_rate, on_pareto_front


def some_curves(points, curves, seed, *, ladder=False):
    """Rates and qualities of curves that fall back here and there, as ladders of several models do."""
    random = np.random.default_rng(seed)
    rates = np.sort(np.exp(random.normal(-1, 1, (points, curves))), axis=0)
    qualities = 32 + 4 * np.log2(rates) + random.normal(0, 2.0 if ladder else 0.3, rates.shape)
    order = np.argsort(random.random(rates.shape), axis=0)
    return np.take_along_axis(rates, order, 0), np.take_along_axis(qualities, order, 0)


@pytest.mark.parametrize("ladder", [False, True])
@pytest.mark.parametrize(("points", "others"), [(2, 2), (3, 5), (4, 4), (12, 18)])
def test_every_column_is_what_the_package_gives(points, others, ladder):
    anchor, test = some_curves(points, 40, 1, ladder=ladder), some_curves(others, 40, 2, ladder=ladder)
    found = difference(Fronts.of(*anchor), Fronts.of(*test)).percent
    defined = 0
    for column in range(40):
        pair = anchor[0][:, column], anchor[1][:, column], test[0][:, column], test[1][:, column]
        try:
            expected = bd_rate(*pair)
        except PointsError:
            assert np.isnan(found[column])
            continue
        defined += 1
        assert found[column] == pytest.approx(expected, rel=1e-7, abs=1e-7)
    assert defined > 5


@pytest.mark.parametrize("factor", [0.5, 0.863, 1.0, 3.0])
def test_a_curve_that_needs_a_constant_factor_of_the_rate(factor):
    rates, qualities = some_curves(9, 5, 3)
    found = difference(Fronts.of(rates, qualities), Fronts.of(factor * rates, qualities))
    assert found.percent == pytest.approx(np.full(5, 100 * (factor - 1)), abs=1e-7)
    assert (found.points == found.anchor_points).all() and (found.points == Fronts.of(rates, qualities).counts).all()


def test_lines_in_the_logarithm_have_an_exact_difference():
    """Rate 2**(q/3 - 5) against 2**(q/6): the mean of q/6 - 5 is 1/4 over q from 24 to 39, and 3/4 from 30 to 39."""
    qualities = np.arange(24.0, 40.0, 3.0)[:, None]
    anchor = Fronts.of(2 ** (qualities / 6), qualities)
    for lowest, expected in ((24.0, 100 * (2**0.25 - 1)), (30.0, 100 * (2**0.75 - 1))):
        own = qualities[qualities[:, 0] >= lowest]
        found = difference(anchor, Fronts.of(2 ** (own / 3 - 5), own))
        assert found.percent == pytest.approx([expected], rel=1e-8)
        assert (found.low, found.high) == (lowest, 39.0)
        at = np.array([34.0])
        assert Fronts.of(2 ** (own / 3 - 5), own).log_rate_at(at) == pytest.approx(np.log(2) * (at / 3 - 5))


def test_what_has_no_difference_is_nan():
    rates, qualities = np.array([[0.1], [0.2], [0.4]]), np.array([[20.0], [23.0], [26.0]])
    whole = Fronts.of(rates, qualities)
    for others in (qualities + 6, qualities + 7, np.full((3, 1), np.nan), np.array([[21.0], [np.inf], [np.nan]])):
        assert np.isnan(difference(whole, Fronts.of(rates, others)).percent).all()
        assert np.isnan(difference(Fronts.of(rates, others), whole).percent).all()
    assert np.isnan(difference(whole, Fronts.of(rates[:1], qualities[:1])).percent).all()


def test_points_that_are_no_points_are_left_out():
    rates = np.array([[0.1, 0.1], [0.2, 0.2], [0.4, 0.4], [0.8, 0.0], [0.3, 0.3]])
    qualities = np.array([[20.0, 20.0], [23.0, np.nan], [26.0, 26.0], [np.inf, 30.0], [22.0, 22.5]])
    assert Fronts.of(rates, qualities).counts.tolist() == [3, 3]
    assert Fronts.of(rates, qualities).column(1).quality[:3, 0].tolist() == [20.0, 22.5, 26.0]


def test_points_that_differ_by_rounding_are_one_point():
    rates = np.array([0.1, 0.2, 0.2 * (1 + 2e-16), 0.4])[:, None]
    qualities = np.array([20.0, 23.0, 23.0 + 4e-15, 26.0])[:, None]
    assert Fronts.of(rates, qualities).counts.tolist() == [3]


def test_fronts_of_many_curves_are_those_of_each():
    rates, qualities = some_curves(30, 20, 5, ladder=True)
    qualities[3, 4] = np.nan
    rates[7], qualities[7] = rates[8], qualities[8]
    found = on_pareto_front(rates, qualities)
    for column in range(20):
        assert found[:, column].tolist() == on_pareto_front(rates[:, column], qualities[:, column]).tolist()


@pytest.mark.parametrize("kind", ["akima", "cubic"])
def test_a_constant_factor_is_found_by_every_kind(kind):
    rates, qualities = some_curves(9, 1, 3)
    front = Fronts.of(rates, qualities)
    pair = np.exp(front.log_rate[: front.counts[0], 0]), front.quality[: front.counts[0], 0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = bjontegaard.bd_rate(*pair, 0.8 * pair[0], pair[1], method=kind)
    assert found == pytest.approx(-20)
