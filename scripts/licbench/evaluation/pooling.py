"""Pooling over a dataset after the CLIC 2018 protocol, and choices among the measured rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from licbench.errors import PointsError
from licbench.images.colour import PEAK
from licbench.measurement.rows import setting
from licbench.metrics.distortion import psnr
from licbench.metrics.rate import bits_per_pixel

Floats = npt.NDArray[np.float64]

RGB, LUMA, YCBCR_611 = "RGB", "Y", "6:1:1"
"""Colour spaces in which a squared error is measured; the last weighs Y, Cb and Cr 6:1:1."""
POINT = ["codec", "curve", "point"]
"""The columns that name an operating point; ``pool`` makes one line of each."""


def weighted(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with what the protocol weighs and adds up, image by image.

    ``pixels`` is the image's weight in the rate and the squared error, ``scored`` its weight in MS-SSIM, which is 0
    where the image is too small to have one, and ``similarity`` its MS-SSIM times that weight.
    """
    pixels = rows["width"] * rows["height"]
    scored = pixels.where(rows["ms_ssim"].notna(), 0)
    return rows.assign(pixels=pixels, scored=scored, similarity=scored * rows["ms_ssim"].fillna(0.0))


def pool(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of all images -> one line for each (codec, curve, point), after the CLIC 2018 protocol.

    ``psnr_db`` from one squared error over all samples of all images, ``ms_ssim`` weighted by image size (over the
    images large enough to have one), ``bpp`` from all bytes and all pixels; ``mean_psnr_db`` and ``mean_bpp`` are the
    plain means over images.
    """
    rows = weighted(rows)
    rows["image_psnr_db"] = [psnr(sse, 3 * pixels) for sse, pixels in zip(rows["sse"], rows["pixels"], strict=True)]
    return pd.DataFrame(
        [{**dict(zip(POINT, names, strict=True)), **_pooled(group)} for names, group in rows.groupby(POINT, sort=False)]
    )


def _pooled(group: pd.DataFrame) -> dict[str, float]:
    size, pixels, sse, weight = (int(group[name].sum()) for name in ("bytes", "pixels", "sse", "scored"))
    similarity = group.loc[group["scored"] > 0, "similarity"].sum()
    return {
        "images": len(group),
        "bytes": size,
        "pixels": pixels,
        "bpp": bits_per_pixel(size, pixels),
        "psnr_db": psnr(sse, 3 * pixels),
        "ms_ssim": similarity / weight if weight else float("nan"),
        "mean_bpp": (8 * group["bytes"] / group["pixels"]).mean(),
        "mean_psnr_db": group["image_psnr_db"].mean(),
    }


@dataclass(frozen=True)
class ImageSums:
    """What the protocol adds up, each of shape (points, images), in order of point and of the images' ids.

    A draw says how often each image counts: shape (images,), or (images, draws) for many at a time; all ones is the
    dataset itself. What is pooled over it has shape (points,) or (points, draws).
    """

    points: pd.DataFrame
    """Columns codec, curve, point."""
    bytes: Floats
    pixels: Floats
    scored: Floats
    similarity: Floats
    mse: Mapping[str, Floats]
    """Mean squared errors, by the colour space that they are measured in."""

    def bpp(self, draw: Floats) -> Floats:
        """Bits per pixel: all bytes over all pixels."""
        return bits_per_pixel(self.bytes @ draw, self.pixels @ draw)

    def psnr_db(self, draw: Floats, space: str) -> Floats:
        """PSNR in dB of one mean squared error over all images; infinite for no error."""
        return decibels((self.mse[space] * self.pixels) @ draw / (self.pixels @ draw))

    def ms_ssim(self, draw: Floats) -> Floats:
        """MS-SSIM, weighted by image size; NaN where no image drawn is large enough to have one."""
        with np.errstate(invalid="ignore"):
            pooled: Floats = (self.similarity @ draw) / (self.scored @ draw)
        return pooled


def sums_by_image(rows: pd.DataFrame, mse: Mapping[str, Sequence[float]], name: str) -> ImageSums:
    """What pooling adds up.

    Args:
        rows: see ``measurement.rows``; each point has one row for each image.
        mse: the rows' mean squared errors, in one or more colour spaces.
        name: of what the rows belong to, for errors.

    Raises:
        PointsError: a point lacks an image, or has it twice.
    """
    columns = ("bytes", "pixels", "scored", "similarity")
    keyed = weighted(rows)[[*POINT, "image", *columns]].assign(**mse)
    if keyed.duplicated([*POINT, "image"]).any():
        raise PointsError(f"{name} has an image twice; delete results/points and run again")
    wide = keyed.pivot(index=POINT, columns="image")
    if wide.isna().any(axis=None):
        raise PointsError(f"{name} lacks some of the images; delete results/points and run again")
    size, pixels, scored, similarity = (wide[column].to_numpy(np.float64) for column in columns)
    errors = {space: wide[space].to_numpy(np.float64) for space in mse}
    return ImageSums(wide.index.to_frame(index=False), size, pixels, scored, similarity, errors)


def decibels(mse: Floats) -> Floats:
    """PSNR in dB of mean squared errors of 8-bit samples; infinite for no error."""
    with np.errstate(divide="ignore"):
        return 10 * np.log10(PEAK**2 / mse)


def adapt(rows: pd.DataFrame, threshold_db: float) -> pd.DataFrame:
    """The rows that adaptive super-resolution makes at a threshold (section 2.3): SRCNN where Pre_PSNR reaches it.

    Rows of both branches at every QP go in; for each image and QP the row of its branch comes out.
    """
    takes_srcnn = rows["pre_psnr_db"] >= threshold_db
    chosen = rows[takes_srcnn == (rows["branch"] == "srcnn")]
    curve = f"adaptive-{threshold_db:g}"
    return chosen.assign(curve=curve, point=[f"{curve}-qp{qp:02d}" for qp in setting(chosen, "qp")])


def rows_of(rows: pd.DataFrame, entry: Mapping[str, Any]) -> pd.DataFrame:
    """The rows behind an entry of the config: its codec's, or those of one curve, point or threshold."""
    own = rows[rows["codec"] == entry["codec"]]
    for column in ("curve", "point"):
        if column in entry:
            own = own[own[column] == entry[column]]
    return adapt(own, entry["threshold_db"]) if "threshold_db" in entry else own


def best_within(pooled: pd.DataFrame, target_bpp: float) -> tuple[pd.Series[Any], bool]:
    """The point of highest pooled PSNR at or under the target, and True; or the point of lowest rate, and False.

    Of equally good points the cheapest, of equally cheap ones the best, and then the first by the point's id.
    """
    affordable = pooled[pooled["bpp"] <= target_bpp]
    if len(affordable):
        return affordable.sort_values(["psnr_db", "bpp", "point"], ascending=[False, True, True]).iloc[0], True
    return pooled.sort_values(["bpp", "psnr_db", "point"], ascending=[True, False, True]).iloc[0], False
