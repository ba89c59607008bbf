"""Rate-distortion curves that can be pooled over any draw of the images: what a bootstrap of differences needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation.pooling import LUMA, RGB, YCBCR_611, Floats, ImageSums, decibels, sums_by_image
from licbench.metrics.distortion import MOMENTS, mse_rgb, mse_y, mse_ycbcr_611
from licbench.metrics.rate import bits_per_pixel, pareto_front

MSE = {RGB: mse_rgb, LUMA: mse_y, YCBCR_611: mse_ycbcr_611}


class RateDistortionCurve(Protocol):
    """What the statistics read off a curve over a draw of the images: one value a point."""

    @property
    def name(self) -> str: ...

    def rates(self, draw: Floats) -> Floats: ...

    def psnr(self, draw: Floats, space: str = RGB) -> Floats: ...

    def ms_ssim(self, draw: Floats) -> Floats: ...

    def mean_rates(self, draw: Floats) -> Floats: ...

    def mean_psnr(self, draw: Floats, space: str = RGB) -> Floats: ...


@dataclass(frozen=True)
class MeasuredCurve:
    """The measured points of one curve, image by image."""

    name: str
    sums: ImageSums

    @property
    def images(self) -> int:
        """How many images the points are measured on."""
        return int(self.sums.pixels.shape[1])

    def rates(self, draw: Floats) -> Floats:
        """Bits per pixel after CLIC's protocol: all bytes over all pixels."""
        return self.sums.bpp(draw)

    def psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """PSNR in dB after CLIC's protocol: one squared error over all images."""
        return self.sums.psnr_db(draw, space)

    def ms_ssim(self, draw: Floats) -> Floats:
        """MS-SSIM after CLIC's protocol: weighted by image size.

        Raises:
            PointsError: no image drawn is large enough to have one.
        """
        scored = self.sums.ms_ssim(draw)
        if np.isnan(scored).any():
            raise PointsError("no image is large enough for MS-SSIM; measure larger ones")
        return scored

    def mean_rates(self, draw: Floats) -> Floats:
        """The mean of the images' bits per pixel."""
        mean: Floats = bits_per_pixel(self.sums.bytes, self.sums.pixels) @ draw / draw.sum(axis=0)
        return mean

    def mean_psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """The mean of the images' PSNR in dB, as results on Kodak are usually given."""
        mean: Floats = decibels(self.sums.mse[space]) @ draw / draw.sum(axis=0)
        return mean


@dataclass(frozen=True)
class PublishedCurve:
    """Published points: one value each, whatever is drawn; RGB, as the contest scored."""

    name: str
    points: pd.DataFrame
    """Columns bpp, psnr_db, ms_ssim."""

    def rates(self, draw: Floats) -> Floats:
        return self.points["bpp"].to_numpy(np.float64)

    def psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """PSNR in dB as published.

        Raises:
            PointsError: it is asked for in another colour space.
        """
        if space != RGB:
            raise PointsError(f"{self.name} is published in RGB only; compare it there")
        return self.points["psnr_db"].to_numpy(np.float64)

    def ms_ssim(self, draw: Floats) -> Floats:
        return self.points["ms_ssim"].to_numpy(np.float64)

    mean_rates, mean_psnr = rates, psnr


def curve_of(rows: pd.DataFrame, name: str) -> MeasuredCurve:
    """The curve of all points in ``rows`` (see ``measurement.rows``), which are of one codec.

    Raises:
        PointsError: there is no row, or a point lacks an image or has it twice.
    """
    if rows.empty:
        raise PointsError(f"{name} is not measured; add it to the config")
    pixels = [int(count) for count in rows["width"] * rows["height"]]
    moments = [dict(zip(MOMENTS, line, strict=True)) for line in rows[list(MOMENTS)].itertuples(index=False)]
    mse = {space: [of(line, count) for line, count in zip(moments, pixels, strict=True)] for space, of in MSE.items()}
    return MeasuredCurve(name, sums_by_image(rows, mse, name))


Coordinates = Callable[[RateDistortionCurve, Floats], tuple[Floats, Floats]]
"""Which rates, in bits per pixel, and which qualities of a curve are compared."""


def pooled_psnr(curve: RateDistortionCurve, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and pooled PSNR over R, G and B in dB."""
    return curve.rates(draw), curve.psnr(draw)


def pooled_ms_ssim(curve: RateDistortionCurve, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and pooled MS-SSIM."""
    return curve.rates(draw), curve.ms_ssim(draw)


def pooled_ms_ssim_db(curve: RateDistortionCurve, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and -10 log10(1 - MS-SSIM) in dB: spreads what is close to 1."""
    with np.errstate(divide="ignore"):
        return curve.rates(draw), -10 * np.log10(1 - curve.ms_ssim(draw))


def mean_psnr(space: str) -> Coordinates:
    """Means over images of rate and of PSNR in a colour space."""

    def read(curve: RateDistortionCurve, draw: Floats) -> tuple[Floats, Floats]:
        return curve.mean_rates(draw), curve.mean_psnr(draw, space)

    return read


MEAN_PSNR = {space: mean_psnr(space) for space in MSE}


def finite(curve: RateDistortionCurve, draw: Floats, coordinates: Coordinates) -> tuple[Floats, Floats]:
    """The curve without its lossless points, whose quality is infinite."""
    rates, quality = coordinates(curve, draw)
    return rates[np.isfinite(quality)], quality[np.isfinite(quality)]


def quality_at_rate(curve: RateDistortionCurve, draw: Floats, coordinates: Coordinates, bpp: float) -> float:
    """Quality at a rate, linear in the logarithm of the rate between the points of the curve's Pareto front.

    Raises:
        PointsError: the curve does not reach the rate from both sides.
    """
    rates, quality = pareto_front(*finite(curve, draw, coordinates))
    if not rates[0] <= bpp <= rates[-1]:
        raise PointsError(f"{curve.name} spans {rates[0]:.3f} to {rates[-1]:.3f} bit/pixel, not {bpp:g}; extend it")
    return float(np.interp(np.log(bpp), np.log(rates), quality))
