"""Rate-distortion curves that can be pooled over any draw of the pictures: what a bootstrap of differences needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from licbench.errors import PointsError
from licbench.images.colour import PEAK
from licbench.metrics.distortion import MOMENTS, mse_rgb, mse_y, mse_ycbcr_611

Floats = npt.NDArray[np.float64]

RGB, LUMA, YCBCR_611 = "RGB", "Y", "6:1:1"
SPACES = {RGB: mse_rgb, LUMA: mse_y, YCBCR_611: mse_ycbcr_611}
"""Colour spaces in which a squared error is measured; the last weighs Y, Cb and Cr 6:1:1."""


class Readable(Protocol):
    """What the statistics read off a curve, for the pictures drawn: one number a point."""

    @property
    def name(self) -> str: ...

    def rates(self, draw: Floats) -> Floats: ...

    def psnr(self, draw: Floats, space: str = RGB) -> Floats: ...

    def ms_ssim(self, draw: Floats) -> Floats: ...

    def mean_rates(self, draw: Floats) -> Floats: ...

    def mean_psnr(self, draw: Floats, space: str = RGB) -> Floats: ...


@dataclass(frozen=True)
class Curve:
    """The measured points of one curve, picture by picture; arrays of shape (points, pictures).

    A draw holds how often each picture counts, shape (pictures,); all ones is the dataset itself.
    """

    name: str
    sizes: Floats
    pixels: Floats
    mse: Mapping[str, Floats]
    similarity: Floats
    """MS-SSIM; NaN for pictures too small to have one."""

    def rates(self, draw: Floats) -> Floats:
        """Bits per pixel after CLIC's protocol: all bytes over all pixels."""
        pooled: Floats = 8 * (self.sizes @ draw) / (self.pixels @ draw)
        return pooled

    def psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """PSNR in dB after CLIC's protocol: one squared error over all pictures."""
        return _decibels((self.mse[space] * self.pixels) @ draw / (self.pixels @ draw))

    def ms_ssim(self, draw: Floats) -> Floats:
        """MS-SSIM after CLIC's protocol: weighted by picture size.

        Raises:
            PointsError: no picture drawn is large enough to have one.
        """
        weights = np.where(np.isnan(self.similarity), 0.0, self.pixels)
        if not (weights @ draw).all():
            raise PointsError("no picture is large enough for MS-SSIM; measure larger ones")
        scored: Floats = (np.nan_to_num(self.similarity) * weights) @ draw / (weights @ draw)
        return scored

    def mean_rates(self, draw: Floats) -> Floats:
        """The mean of the pictures' bits per pixel."""
        mean: Floats = (8 * self.sizes / self.pixels) @ draw / draw.sum()
        return mean

    def mean_psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """The mean of the pictures' PSNR in dB, as results on Kodak are usually given."""
        mean: Floats = _decibels(self.mse[space]) @ draw / draw.sum()
        return mean


@dataclass(frozen=True)
class PrintedCurve:
    """Published points: one number each, whatever is drawn; RGB, as the contest scored."""

    name: str
    points: pd.DataFrame
    """Columns bpp, psnr_db, ms_ssim."""

    def rates(self, draw: Floats) -> Floats:
        return self.points["bpp"].to_numpy(np.float64)

    def psnr(self, draw: Floats, space: str = RGB) -> Floats:
        """PSNR in dB as printed.

        Raises:
            PointsError: it is asked for in another colour space.
        """
        if space != RGB:
            raise PointsError(f"{self.name} is published in RGB only; compare it there")
        return self.points["psnr_db"].to_numpy(np.float64)

    def ms_ssim(self, draw: Floats) -> Floats:
        return self.points["ms_ssim"].to_numpy(np.float64)

    mean_rates, mean_psnr = rates, psnr


def curve_of(rows: pd.DataFrame, name: str) -> Curve:
    """The curve of all points in ``rows`` (see ``points``), which are of one codec.

    Raises:
        PointsError: there is no row, or a point lacks a picture or has it twice.
    """
    if rows.empty:
        raise PointsError(f"{name} is not measured; add it to the config")
    pixels = [int(count) for count in rows["width"] * rows["height"]]
    moments = [dict(zip(MOMENTS, line, strict=True)) for line in rows[list(MOMENTS)].itertuples(index=False)]
    errors = {
        space: [mse(line, count) for line, count in zip(moments, pixels, strict=True)] for space, mse in SPACES.items()
    }
    keyed = rows[["curve", "point", "image", "bytes", "ms_ssim"]].assign(pixels=pixels, **errors)
    if keyed.duplicated(["curve", "point", "image"]).any():
        raise PointsError(f"{name} has a picture twice; delete results/points and run again")
    wide = keyed.pivot(index=["curve", "point"], columns="image")
    if wide["bytes"].isna().to_numpy().any():
        raise PointsError(f"{name} lacks some of the pictures; delete results/points and run again")
    return Curve(
        name,
        wide["bytes"].to_numpy(np.float64),
        wide["pixels"].to_numpy(np.float64),
        {space: wide[space].to_numpy(np.float64) for space in SPACES},
        wide["ms_ssim"].to_numpy(np.float64),
    )


def _decibels(mse: Floats) -> Floats:
    with np.errstate(divide="ignore"):
        return 10 * np.log10(PEAK**2 / mse)


Axes = Callable[[Readable, Floats], tuple[Floats, Floats]]
"""How a curve is read: rates in bits per pixel, and qualities."""


def psnr(curve: Readable, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and pooled PSNR over R, G and B in dB."""
    return curve.rates(draw), curve.psnr(draw)


def ms_ssim(curve: Readable, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and MS-SSIM."""
    return curve.rates(draw), curve.ms_ssim(draw)


def ms_ssim_db(curve: Readable, draw: Floats) -> tuple[Floats, Floats]:
    """Pooled rates, and -10 log10(1 - MS-SSIM): spreads what is close to 1."""
    with np.errstate(divide="ignore"):
        return curve.rates(draw), -10 * np.log10(1 - curve.ms_ssim(draw))


def mean_psnr(space: str) -> Axes:
    """Means over pictures of rate and of PSNR in a colour space."""

    def read(curve: Readable, draw: Floats) -> tuple[Floats, Floats]:
        return curve.mean_rates(draw), curve.mean_psnr(draw, space)

    return read


COLOUR_AXES = {RGB: mean_psnr(RGB), LUMA: mean_psnr(LUMA), YCBCR_611: mean_psnr(YCBCR_611)}


def finite(curve: Readable, draw: Floats, axes: Axes) -> tuple[Floats, Floats]:
    """The curve without its lossless points, whose quality is infinite."""
    rates, quality = axes(curve, draw)
    return rates[np.isfinite(quality)], quality[np.isfinite(quality)]
