import numpy as np
import pytest
from scipy import integrate, interpolate

from licbench.errors import PointsError
from licbench.metrics.rate import bd_rate, bits_per_pixel, on_pareto_front, pareto_front

# The worked example of the bjontegaard package's README: x265 at two presets.
ANCHOR = [9487.76, 4593.60, 2486.44, 1358.24], [40.037, 38.615, 36.845, 34.851]
TEST = [9787.80, 4469.00, 2451.52, 1356.24], [40.121, 38.651, 36.970, 34.987]


def test_bits_per_pixel():
    assert bits_per_pixel(4_722_341, 251_858_187) == pytest.approx(0.15)


def test_bd_rate_of_the_published_example_equals_its_integral():
    low, high = max(ANCHOR[1][-1], TEST[1][-1]), min(ANCHOR[1][0], TEST[1][0])
    log_rate = [interpolate.PchipInterpolator(psnr[::-1], np.log(rates[::-1])) for rates, psnr in (ANCHOR, TEST)]
    mean, _ = integrate.quad(lambda quality: log_rate[1](quality) - log_rate[0](quality), low, high, limit=200)
    assert bd_rate(*ANCHOR, *TEST) == pytest.approx(100 * np.expm1(mean / (high - low)), abs=1e-6)
    assert -5 < bd_rate(*ANCHOR, *TEST) < -4


def test_half_the_rate_is_minus_fifty_percent():
    assert bd_rate(*ANCHOR, [rate / 2 for rate in ANCHOR[0]], ANCHOR[1]) == pytest.approx(-50)
    assert bd_rate([rate / 2 for rate in ANCHOR[0]], ANCHOR[1], *ANCHOR) == pytest.approx(100)


def test_equal_curves_differ_by_nothing_in_any_order_and_number_of_points():
    rates, quality = [1, 2, 3, 4, 5], [30, 31, 32, 33, 34]
    assert bd_rate(rates, quality, rates[::-1], quality[::-1]) == pytest.approx(0, abs=1e-12)
    assert bd_rate([1, 4], [30, 32], [1, 2, 4], [30, 31, 32]) == pytest.approx(0, abs=1e-9)


def test_points_that_a_cheaper_one_beats_are_left_out():
    worse = [*ANCHOR[0], 5000.0, 4593.60], [*ANCHOR[1], 38.0, 38.5]
    assert bd_rate(*ANCHOR, *worse) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("points", "front"),
    [
        ([(1, 30), (2, 31), (3, 31), (4, 32)], [True, True, False, True]),  # equalled at a lower rate
        ([(4, 32), (1, 30), (2, 29)], [True, True, False]),  # in any order
        ([(2, 30), (2, 31)], [False, True]),  # at one rate the better
        ([(2, 31), (2, 31)], [True, False]),  # of equal points the first
        ([(1, 30), (2, np.inf), (3, np.inf)], [True, True, False]),
        ([(1, 30), (2, np.nan), (3, 31)], [True, False, True]),  # no quality hides nothing
        ([], []),
    ],
)
def test_the_pareto_front_keeps_what_no_cheaper_point_equals(points, front):
    rates, qualities = np.array(points, np.float64).reshape(-1, 2).T
    assert on_pareto_front(rates, qualities).tolist() == front


def test_the_pareto_front_rises():
    rates, qualities = pareto_front([3, 1, 2, 2], [33, 31, 30, 32])
    assert rates.tolist() == [1, 2, 3] and qualities.tolist() == [31, 32, 33]


@pytest.mark.parametrize(
    ("anchor", "test", "message"),
    [
        (([1, 2], [30, 31]), ([1, 2], [31, 32]), "without common quality .*31.00..32.00 dB against 30.00..31.00 dB"),
        (([1, 2], [30, 31]), ([1, 2], [40, 41]), "measure nearer points"),
        (([1, 2], [30, 31]), ([1], [30.5]), "fewer than two points"),
        (([1, 2], [30, 30]), ([1, 2], [30, 31]), "fewer than two points"),
        (([1, 2], [30, float("inf")]), ([1, 2], [30, 31]), "finite"),
        (([0, 2], [30, 31]), ([1, 2], [30, 31]), "positive rate"),
        (([1, 2, 3], [30, 31]), ([1, 2], [30, 31]), "leave that point out"),
    ],
)
def test_curves_without_an_answer_are_refused_in_one_line(anchor, test, message):
    with pytest.raises(PointsError, match=message) as error:
        bd_rate(*anchor, *test)
    assert "\n" not in str(error.value)
