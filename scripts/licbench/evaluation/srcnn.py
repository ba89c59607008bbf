"""SRCNN alone, evaluated as in its literature: luma, bicubic down by two and up again, the border left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from licbench.images import Image
from licbench.images.colour import PEAK
from licbench.images.geometry import halve, resize
from licbench.metrics.distortion import psnr
from licbench.networks.srcnn import MARGIN, SRCNN

STUDIO_LUMA = np.array([65.481, 128.553, 24.966]) / PEAK
STUDIO_BLACK = 16.0
"""BT.601 with 16..235, which the super-resolution literature takes for Y."""


@dataclass(frozen=True)
class Enlargement:
    """PSNR of luma in dB after half size and back, one image: by bicubic interpolation alone, and with SRCNN."""

    bicubic_db: float
    srcnn_db: float


def enlargements(network: SRCNN, images: Iterable[Image]) -> list[Enlargement]:
    """Each image (H, W, 3) uint8, cut to even sides, halved and enlarged; six pixels of each border do not count."""
    return [_enlargement(network, _studio_luma(image)) for image in images]


def _enlargement(network: SRCNN, sharp: npt.NDArray[np.uint8]) -> Enlargement:
    blurred = resize(halve(sharp), sharp.shape[1], sharp.shape[0], "bicubic").copy()
    device = next(network.parameters()).device
    with torch.no_grad():
        enhanced = network(torch.from_numpy(blurred).to(device)[None, None].float() / PEAK)[0, 0].cpu().numpy()
    inside = slice(MARGIN, -MARGIN), slice(MARGIN, -MARGIN)
    restored = np.clip(np.rint(enhanced * PEAK), 0, PEAK).astype(np.uint8)
    return Enlargement(_psnr(blurred[inside], sharp[inside]), _psnr(restored, sharp[inside]))


def _studio_luma(image: Image) -> npt.NDArray[np.uint8]:
    height, width = (side // 2 * 2 for side in image.shape[:2])
    # Plane by plane and not as a matrix product: the same bits whatever the BLAS
    red, green, blue = np.moveaxis(image[:height, :width] * STUDIO_LUMA, -1, 0)
    luma: npt.NDArray[np.uint8] = np.rint(red + green + blue + STUDIO_BLACK).astype(np.uint8)
    return luma


def _psnr(decoded: npt.NDArray[np.uint8], original: npt.NDArray[np.uint8]) -> float:
    return psnr(int(np.square(decoded.astype(np.int64) - original).sum()), original.size)
