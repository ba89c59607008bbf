"""Pairs to train restoration on: crops of photographs as our BPG codes them, next to the crops themselves.

A pair is an image of eight channels: R, G and B decoded, QP, per cent of the size, R, G and B of the photograph. So a
square cut from it brings its settings along, as the planes that the network takes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from licbench.coding import bpg, resized_bpg
from licbench.coding.resized_bpg import FACTORS
from licbench.errors import SettingsError
from licbench.images import Image
from licbench.networks.restorer import PERCENT, STRIDE
from licbench.training.data import CPU, ImageSet, Scales, write_images

MAX_QP = 51


@dataclass(frozen=True)
class CropSettings:
    """How many pairs, of which crops, coded how.

    ``crops``: how many; ``crop``: their side; ``scale``: each is cut from an image resized by a factor in this range;
    ``qp``: least and largest, at full size, all as likely; ``full_size``: share of the crops that are coded at full
    size, the others being coded at the other ``FACTORS``; ``seed``: of all that is drawn.
    """

    crops: int
    crop: int
    scale: Scales
    qp: tuple[int, int]
    full_size: float
    seed: int


def code_crops(images: Path, settings: CropSettings, destination: Path) -> None:
    """Draw crops of decoded images (``data.decode_packs``), code them and write the pairs for ``ImageSet.load``.

    The same file for the same settings and images, however many processors there are.

    Raises:
        DatasetError: the images cannot be read, none is as large as a crop, or the disk is full.
        SettingsError: the settings cannot be met.
    """
    low, high = settings.qp
    if not 0 <= low <= high <= MAX_QP:
        raise SettingsError(f"crops of QP {low} to {high} cannot be coded; give a range within 0 and {MAX_QP}")
    if settings.crops < 1 or settings.crop < STRIDE or settings.crop % STRIDE:
        raise SettingsError(
            f"{settings.crops} crops of {settings.crop} pixels cannot be coded; give some, of an even side"
        )
    pool = ImageSet.load(images, CPU).at_least(settings.crop)
    write_images(_pairs(pool, settings), destination)


def _pairs(images: ImageSet, settings: CropSettings) -> Iterator[npt.NDArray[np.uint8]]:
    """One after the other; a few are coded at a time, so that the memory does not grow with their number."""
    workers = os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:  # x265 and libavcodec run without Python's lock
        for first in range(0, settings.crops, workers):
            numbers = range(first, min(first + workers, settings.crops))
            yield from pool.map(lambda number: _pair(images, settings, number), numbers)


def _pair(images: ImageSet, settings: CropSettings, number: int) -> npt.NDArray[np.uint8]:
    """(crop, crop, 8); a random generator for each, so that the order of the work does not matter."""
    rng = np.random.default_rng([settings.seed, number])
    tile = images.tiles(1, settings.crop, rng, settings.scale)[0]
    original: Image = np.ascontiguousarray(tile.permute(1, 2, 0).numpy())
    qp = int(rng.integers(settings.qp[0], settings.qp[1] + 1))
    factor = FACTORS[0] if rng.random() < settings.full_size else float(rng.choice(FACTORS[1:]))
    return pair(original, resized_bpg.qp_at(qp, factor), factor)


def pair(original: Image, qp: int, factor: float) -> npt.NDArray[np.uint8]:
    """The eight channels of an image coded with x265's ``qp`` at ``factor`` of its size."""
    decoded = bpg.decode(resized_bpg.encode(original, qp, factor))
    enlarged = resized_bpg.enlarge(decoded, *original.shape[:2])
    coding = np.broadcast_to(np.array([qp, round(factor * PERCENT)], np.uint8), (*original.shape[:2], 2))
    return np.concatenate([enlarged, coding, original], axis=-1)
