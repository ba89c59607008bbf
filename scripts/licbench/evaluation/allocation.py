"""A point for each image under one total of bytes: the least sum of squared errors, by equal slopes.

Along the lower convex hull of an image's points each byte buys less than the one before. Whoever buys wherever a byte
buys most stops at one slope for all images (Lagrange), and no choice of that many bytes has a smaller error. What is
left then, too little for the next step, is filled greedily.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from licbench.errors import PointsError


class Point(NamedTuple):
    """What an operating point costs on one image, and the sum of squared errors that it leaves."""

    bytes: int
    error: int


@dataclass(frozen=True)
class Allocation:
    """One point for each image, by its place in that image's points.

    ``bound``: no choice within the limit has a smaller error, as it would even if points could be mixed. ``within``:
    False where the cheapest points together are already over the limit; they are then the choice.
    """

    chosen: list[int]
    bytes: int
    error: int
    bound: float
    within: bool


class _Step(NamedTuple):
    """From one vertex of an image's hull to the next: error saved for each byte more, and which image and vertex."""

    slope: Fraction
    image: int
    vertex: int


def allocate(images: Sequence[Sequence[Point]], limit: int, known: Sequence[Sequence[int]] = ()) -> Allocation:
    """A point of each image: a total of errors near the least possible, a total of bytes at most ``limit``.

    Equal points and slopes are taken in the order given, so that equal input gives equal output.

    Args:
        images: the points of each image, one at least.
        limit: bytes of all images together.
        known: choices that the result must not be worse than, where they are within the limit.

    Raises:
        PointsError: there is no image, or one has no point.
    """
    if not images or not all(images):
        raise PointsError("allocation: an image has no point; measure each image at one point at least")
    hulls = [hull(points) for points in images]
    chosen = [vertices[0] for vertices in hulls]
    spent, error = _totals(images, chosen)
    if spent > limit:
        return Allocation(chosen, spent, error, float(error), within=False)
    bound = _climb(images, hulls, chosen, limit)
    within = [list(choice) for choice in (chosen, *known) if _totals(images, choice)[0] <= limit]
    for choice in within:
        _fill(images, choice, limit - _totals(images, choice)[0])
    best = min(within, key=lambda choice: _totals(images, choice)[::-1])
    spent, error = _totals(images, best)
    return Allocation(best, spent, error, bound, within=True)


def _climb(images: Sequence[Sequence[Point]], hulls: Sequence[Sequence[int]], chosen: list[int], limit: int) -> float:
    """Move ``chosen`` up the hulls by equal slopes as far as the limit allows; returns the bound of the error."""
    spent, error = _totals(images, chosen)
    bound: float | None = None
    blocked = set[int]()
    for slope, image, vertex in _steps(images, hulls):
        step = images[image][hulls[image][vertex]]
        cost = step.bytes - images[image][chosen[image]].bytes
        if image in blocked:
            continue
        if spent + cost > limit:
            # The first step that does not fit: with a part of it the limit would be met exactly
            bound = float(error - slope * (limit - spent)) if bound is None else bound
            blocked.add(image)
            continue
        spent, error = spent + cost, error + step.error - images[image][chosen[image]].error
        chosen[image] = hulls[image][vertex]
    return float(error) if bound is None else bound


def hull(points: Sequence[Point]) -> list[int]:
    """The places of the points on the lower convex hull, from the cheapest on; error falls, each byte buys less."""
    order = sorted(range(len(points)), key=lambda at: (*points[at], at))
    kept: list[int] = []
    for at in order:
        if kept and points[at].error >= points[kept[-1]].error:
            continue
        while len(kept) > 1 and _slope(points, kept[-2], kept[-1]) <= _slope(points, kept[-1], at):
            kept.pop()
        kept.append(at)
    return kept


def _slope(points: Sequence[Point], start: int, end: int) -> Fraction:
    """Error saved for each byte more."""
    return Fraction(points[start].error - points[end].error, points[end].bytes - points[start].bytes)


def _steps(images: Sequence[Sequence[Point]], hulls: Sequence[Sequence[int]]) -> list[_Step]:
    """All steps along all hulls, those first whose bytes buy most; an image's own are in order, as it is convex."""
    steps = [
        _Step(_slope(images[image], vertices[vertex - 1], vertices[vertex]), image, vertex)
        for image, vertices in enumerate(hulls)
        for vertex in range(1, len(vertices))
    ]
    return sorted(steps, key=lambda step: (-step.slope, step.image, step.vertex))


def _fill(images: Sequence[Sequence[Point]], chosen: list[int], left: int) -> None:
    """Spend what is left, again and again on the change that saves most error, off the hull too."""
    while True:
        changes = [
            (points[chosen[image]].error - point.error, -image, -at)
            for image, points in enumerate(images)
            for at, point in enumerate(points)
            if point.bytes - images[image][chosen[image]].bytes <= left
        ]
        saved, image, at = max(changes)
        if saved <= 0:
            return
        left -= images[-image][-at].bytes - images[-image][chosen[-image]].bytes
        chosen[-image] = -at


def _totals(images: Sequence[Sequence[Point]], chosen: Sequence[int]) -> tuple[int, int]:
    """Bytes and error of a choice."""
    points = [points[at] for points, at in zip(images, chosen, strict=True)]
    return sum(point.bytes for point in points), sum(point.error for point in points)
