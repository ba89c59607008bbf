"""Figure 5: the latent of Y before and after rotation by PCA, and the rate that it saves at equal quality."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from licbench.codecs.base import OperatingPoint
from licbench.codecs.cae import ROTATIONS, STEP_UNIT, Cae
from licbench.coding.mosaic import COLUMNS as ACROSS
from licbench.coding.mosaic import ROWS as DOWN
from licbench.coding.mosaic import tile_channels
from licbench.images import Image
from licbench.images.colour import rgb_to_ycbcr
from licbench.metrics.distortion import error_moments, mse_y, psnr, psnr_of_mse
from licbench.metrics.rate import bits_per_pixel
from licbench.networks.cae import CAE
from licbench.networks.inference import network_of
from licbench.networks.lineage import crops_of
from licbench.networks.shapes import DOWNSCALE
from licbench.networks.store import Model, ModelStore
from licbench.paper.figures.style import SMALL, TWO_COLUMNS, styled

Maps = npt.NDArray[np.float32]

FINEST, COARSEST = 0.02, 20.0
"""Quantiser steps between which the search looks, in units of the model's own."""
BELOW_BEST = 1.0
"""dB; where the network cannot reach the quality asked for, its best less this is compared."""
SHOWN = 99.8
"""Percentile of the magnitudes that becomes black or white."""
EXPONENT = 0.5
"""Of the magnitudes shown: makes channels of low energy visible."""


def centre_square(image: Image) -> Image:
    """The largest square from the middle whose side the network divides evenly, as in the paper's figure.

    Of an image under 8 pixels high or wide, that side is padded by its edge first.
    """
    short = [(0, max(0, DOWNSCALE - side)) for side in image.shape[:2]]
    image = np.pad(image, [*short, (0, 0)], mode="edge")
    side = min(image.shape[:2]) // DOWNSCALE * DOWNSCALE
    top, left = (image.shape[0] - side) // 2, (image.shape[1] - side) // 2
    return image[top : top + side, left : left + side]


def figure5_data(image: Image, model: Path, psnr_db: float) -> pd.DataFrame:
    """The image coded with each rotation at one quality; rate and quality of real streams, decoded again.

    Each rotation is given the coarsest quantiser step that reaches ``psnr_db`` over R, G and B. Where the network
    cannot reach that with every rotation, the quality is the best that all reach less ``BELOW_BEST``.

    Args:
        image: uint8, shape (height, width, 3).
        model: weights of a trained CAE, with its card.
        psnr_db: the quality asked for (the paper: 39.2 dB).

    Returns:
        rotation, model, step, width, height, bytes, bpp, psnr_db, psnr_y_db, training_crops; one line a rotation.
    """
    models = ModelStore(model.parent)
    trial = _Trial(image, Cae(models), Cae(models), model.stem)
    best = min(trial.coded(rotation, FINEST)["psnr_db"] for rotation in ROTATIONS)
    target = min(psnr_db, best - BELOW_BEST)
    lines = [trial.at_quality(rotation, target) for rotation in ROTATIONS]
    return pd.DataFrame(lines).assign(training_crops=crops_of(models.load(model.stem, "cae").card))


class _Trial(NamedTuple):
    """One image coded again and again."""

    image: Image
    encoder: Cae
    decoder: Cae
    model: str

    def coded(self, rotation: str, step: float) -> dict[str, Any]:
        """The measured line of one coding."""
        settings = {"model": self.model, "step": step, "rotation": rotation}
        stream = self.encoder.encode(self.image, OperatingPoint(rotation, rotation, settings))
        moments = error_moments(self.image, self.decoder.decode(stream))
        height, width, _ = self.image.shape
        pixels = width * height
        return {
            "rotation": rotation,
            "model": self.model,
            "step": step,
            "width": width,
            "height": height,
            "bytes": len(stream),
            "bpp": bits_per_pixel(len(stream), pixels),
            "psnr_db": psnr(moments["sse"], 3 * pixels),
            "psnr_y_db": psnr_of_mse(mse_y(moments, pixels)),
        }

    def at_quality(self, rotation: str, target: float) -> dict[str, Any]:
        """The coding at the coarsest step that still reaches the target, by bisection in the stream's units."""
        reaches, misses = round(FINEST * STEP_UNIT), round(COARSEST * STEP_UNIT)
        found = self.coded(rotation, reaches / STEP_UNIT)
        while misses - reaches > 1:
            middle = (reaches + misses) // 2
            tried = self.coded(rotation, middle / STEP_UNIT)
            if tried["psnr_db"] >= target:
                reaches, found = middle, tried
            else:
                misses = middle
        return found


def luma_maps(image: Image, model: Model) -> tuple[Maps, Maps]:
    """The latent of Y, (32, H/8, W/8), before and after the model's rotation.

    ``image`` has sides that are multiples of 8; the quantiser rounds coefficients to multiples of its step.
    """
    luma = rgb_to_ycbcr(image)[..., 0] / np.float32(255)
    with torch.inference_mode():
        plain: Maps = network_of(CAE, model, "cae").analysis(torch.from_numpy(luma)[None, None])[0].numpy()
    return plain, np.einsum("ck,chw->khw", model.tensors["pca"], plain)


def draw_figure5(image: Image, maps: tuple[Maps, Maps], data: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """The image, the channels in raster order, and the rotated channels in vertical-scan order, with rate and quality.

    Grey is zero; darker and lighter are negative and positive values, their magnitudes compressed by a square root, on
    one scale for both mosaics.

    Args:
        image: the original.
        maps: from ``luma_maps``.
        data: from ``figure5_data``; its lines ``none`` and ``offline`` are shown.
        published: the paper's, columns rotation, psnr_db, bpp.
    """
    plain, rotated = maps
    scale = float(np.percentile(np.abs(np.stack(maps)), SHOWN)) or 1.0
    ours, theirs = data.set_index("rotation"), published.set_index("rotation")
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, 1.97), layout="constrained")
        panels = figure.subplots(1, 3, width_ratios=(1, 2, 2), subplot_kw={"xticks": [], "yticks": []})
        panels[0].imshow(image)
        panels[0].set_title("original")
        for axes, mosaic, rotation, title in (
            (panels[1], _raster(plain), "none", "latent of Y, raster order"),
            (panels[2], tile_channels(rotated), "offline", "after PCA, vertical scan"),
        ):
            compressed = np.sign(mosaic) * np.abs(mosaic / scale) ** EXPONENT
            axes.imshow(compressed, cmap="gray", vmin=-1, vmax=1, interpolation="nearest")
            _draw_grid(axes, mosaic.shape)
            axes.set_title(title)
            axes.set_xlabel(
                f"{_described(ours.loc[rotation])}\npublished: {_described(theirs.loc[rotation])}", fontsize=SMALL
            )
    return figure


def _raster(maps: Maps) -> Maps:
    """(32, h, w) -> (4h, 8w), row by row: the order of the network's channels."""
    _, height, width = maps.shape
    return maps.reshape(DOWN, ACROSS, height, width).swapaxes(1, 2).reshape(DOWN * height, ACROSS * width)


def _draw_grid(axes: Axes, shape: tuple[int, ...]) -> None:
    height, width = shape[0] / DOWN, shape[1] / ACROSS
    axes.grid(visible=False)
    for row in range(1, DOWN):
        axes.axhline(row * height - 0.5, color="white", linewidth=0.5)
    for column in range(1, ACROSS):
        axes.axvline(column * width - 0.5, color="white", linewidth=0.5)


def _described(line: Any) -> str:
    return f"{line['psnr_db']:.1f} dB, {line['bpp']:.2f} bit/pixel"
