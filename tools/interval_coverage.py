"""How often the confidence intervals of bdrate.csv contain the truth, on simulated images whose truth is known.

Usage: python tools/interval_coverage.py [--repetitions 300] [--images 6 12 24] [--seed 2018]

Every image is coded by an anchor and by a test codec that needs a factor of the anchor's rate, the same at every point
of the image and another for each image: log-normal, like the spread of BD-rates on Kodak. So an image's BD-rate is
known exactly, and so is its mean over all images; the BD-rate of the pooled curves is that of 20,000 images. Images
are of uneven difficulty, as photographs are. Printed is the share of intervals that contain the truth, and their mean
width.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import numpy as np
import pandas as pd

from licbench.evaluation.bd_rates import AVERAGES, IMAGES, RESAMPLES, Compared, fronts_of, interval, psnr_reading
from licbench.evaluation.bootstrap import LEVEL, resamples
from licbench.evaluation.curves import MeasuredCurve
from licbench.evaluation.pooling import RGB, Floats, ImageSums
from licbench.images.colour import PEAK
from licbench.metrics.fronts import difference

LEVELS = np.linspace(0.0, 14.0, 8)[:, None]
"""Quality of the points above an image's own, in dB."""
MANY = 20_000
MEDIAN, SPREAD = np.log(0.85), 0.12
"""Of the logarithm of the factor: -15 %, and 12 % up or down."""


def population(images: int, random: np.random.Generator) -> tuple[MeasuredCurve, MeasuredCurve]:
    """Anchor and test curve of that many new images."""
    ease = random.normal(0, 3.0, images)
    factor = np.exp(random.normal(MEDIAN, SPREAD, images))
    curves = []
    for name, need in (("anchor", 1.0), ("test", factor)):
        quality = 25 + 0.5 * ease + random.uniform(-1, 1, images) + LEVELS
        # Straight in the logarithm, so that the interpolation between other points is exact
        curves.append(curve(name, need * np.exp((quality - 30 - 1.5 * ease) / 5.5), quality))
    return curves[0], curves[1]


def curve(name: str, rate: Floats, quality: Floats) -> MeasuredCurve:
    """A curve of images of one size, bits per pixel and PSNR of shape (points, images)."""
    pixels = np.full(rate.shape, 1.0)
    points = pd.DataFrame({"codec": name, "curve": name, "point": range(len(rate))})
    mse = {RGB: PEAK**2 / 10 ** (quality / 10)}
    return MeasuredCurve(name, ImageSums(points, rate / 8, pixels, pixels, pixels, mse))


def compared(measured: MeasuredCurve, average: str, draws: Floats) -> Compared:
    """The curve as bdrate.csv compares it."""
    images = [str(number) for number in range(measured.images)]
    fronts = fronts_of(measured, psnr_reading(measured, RGB), average, draws)
    return Compared((measured.name, measured.name), fronts, average, images)


def simulate(images: int, repetitions: int, seed: int) -> pd.DataFrame:
    """Coverage and width of the intervals of each average over repeated datasets of that many images."""
    random = np.random.default_rng(seed)
    draws = resamples(images, RESAMPLES).T
    everything = np.hstack([np.ones((images, 1)), draws])
    truths = truth(random)
    lines = []
    for _ in range(repetitions):
        anchor, test = population(images, random)
        for average in AVERAGES:
            ours, theirs = (compared(each, average, everything) for each in (test, anchor))
            percent = difference(theirs.fronts, ours.fronts).percent
            low, high, _ = interval(percent, ours, draws)
            values = percent @ draws / images if average == IMAGES else percent[1:]
            plain = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], method="inverted_cdf")
            for kind, (start, end) in {"as given": (low, high), "plain percentiles": plain}.items():
                lines.append((images, average, kind, start <= truths[average] <= end, end - start))
    frame = pd.DataFrame(lines, columns=["images", "average", "interval", "coverage", "width"])
    return frame.groupby(["images", "average", "interval"], sort=False).mean().round(3)


def truth(random: np.random.Generator) -> dict[str, float]:
    """The BD-rate of each average over all images there are."""
    anchor, test = population(MANY, random)
    whole = np.ones((MANY, 1))
    found = {IMAGES: 100 * float(np.expm1(MEDIAN + SPREAD**2 / 2))}
    for average in AVERAGES:
        if average != IMAGES:
            ours, theirs = (compared(each, average, whole) for each in (test, anchor))
            found[average] = float(difference(theirs.fronts, ours.fronts).percent[0])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=300, help="datasets that are drawn")
    parser.add_argument("--images", type=int, nargs="+", default=[6, 12, 24], help="images of a dataset")
    parser.add_argument("--seed", type=int, default=2018, help="of the simulated images")
    options = parser.parse_args()
    print(pd.concat(simulate(images, options.repetitions, options.seed) for images in options.images).to_string())


if __name__ == "__main__":
    main()
