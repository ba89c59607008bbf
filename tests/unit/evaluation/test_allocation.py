"""A point for each image under one total of bytes, against every possible choice."""

from __future__ import annotations

import random
from itertools import product

import pytest

from licbench.errors import PointsError
from licbench.evaluation.allocation import Point, allocate, hull


def drawn(seed, images=4, points=5):
    """Images whose points are anywhere: many off the hull, some worse and dearer than others."""
    source = random.Random(seed)
    return [[Point(source.randint(1, 60), source.randint(0, 900)) for _ in range(points)] for _ in range(images)]


def total(images, chosen):
    points = [points[at] for points, at in zip(images, chosen, strict=True)]
    return sum(point.bytes for point in points), sum(point.error for point in points)


def least_error(images, limit):
    """By trying every choice."""
    choices = product(*(range(len(points)) for points in images))
    return min((error for size, error in (total(images, choice) for choice in choices) if size <= limit), default=None)


@pytest.mark.parametrize("seed", range(40))
def test_against_every_choice(seed):
    images = drawn(seed)
    for limit in (0, 40, 70, 100, 140, 300):
        found, best = allocate(images, limit), least_error(images, limit)
        assert (found.bytes, found.error) == total(images, found.chosen)
        assert found.within == (best is not None)
        if best is not None:
            assert found.bytes <= limit
            assert found.bound <= best <= found.error


@pytest.mark.parametrize("seed", range(40))
def test_where_the_limit_is_met_by_equal_slopes_no_choice_is_better(seed):
    """The bytes of a vertex of the lower hull of all choices: what Lagrange promises."""
    images, met = drawn(seed), 0
    for limit in range(sum(min(points).bytes for points in images), 240):
        found = allocate(images, limit)
        if found.bound == found.error:
            met += 1
            assert found.error == least_error(images, limit)
    assert met
    everything = allocate(images, 10**6)
    assert everything.error == everything.bound == sum(min(point.error for point in points) for points in images)


def test_some_limits_are_met_exactly_and_some_leave_a_remainder_that_is_spent():
    images = [[Point(10, 100), Point(20, 40), Point(40, 20)], [Point(10, 90), Point(30, 10)]]
    # Slopes 6, 4, 1: the first image's second point, the second's, the first's third
    assert allocate(images, 20).chosen == [0, 0]
    assert allocate(images, 30).chosen == [1, 0]
    assert allocate(images, 50).chosen == [1, 1] and allocate(images, 50).bound == allocate(images, 50).error == 50
    assert allocate(images, 69).chosen == [1, 1]
    assert allocate(images, 70).chosen == [2, 1]
    # 10 bytes short of the second image's step: bound by three quarters of it
    short = allocate(images, 45)
    assert short.chosen == [1, 0] and short.bound == 130 - 4 * 15
    off_hull = [[Point(10, 100), Point(15, 95), Point(40, 0)]]
    assert hull(off_hull[0]) == [0, 2]
    assert allocate(off_hull, 20).chosen == [1] and allocate(off_hull, 20).bound == pytest.approx(100 - 10 * 100 / 30)


@pytest.mark.parametrize("seed", range(20))
def test_it_is_never_worse_than_a_choice_that_is_known(seed):
    images = drawn(seed, images=3)
    for known in product(range(5), repeat=3):
        size, error = total(images, known)
        assert allocate(images, size, [list(known)]).error <= error


def test_the_cheapest_points_are_the_choice_where_nothing_fits():
    found = allocate([[Point(9, 5), Point(8, 50)], [Point(7, 3)]], 10)
    assert (found.chosen, found.bytes, found.within) == ([1, 0], 15, False)


def test_equal_points_are_taken_in_order():
    assert allocate([[Point(5, 5), Point(5, 5), Point(5, 4), Point(5, 4)]], 5).chosen == [2]


def test_an_image_without_points_is_refused():
    for images in ([], [[Point(1, 1)], []]):
        with pytest.raises(PointsError, match="measure each image at one point at least"):
            allocate(images, 10)
