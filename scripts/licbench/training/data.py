"""Training pictures: packed zips in, random crops out."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.errors import DatasetError
from licbench.images import Image, decode_rgb, rgb_to_ycbcr

Array = npt.NDArray[Any]


def load_pictures(packs: Sequence[Path], smallest_side: int) -> list[Image]:
    """Every RGB picture of the packs with both sides at least ``smallest_side``, as uint8 (H, W, 3), in a fixed order.

    Raises:
        DatasetError: a pack is missing or damaged, or no picture is large enough.
    """
    pictures = [picture for pack in packs for picture in _read_pack(pack) if min(picture.shape[:2]) >= smallest_side]
    if not pictures:
        raise DatasetError(
            f"no picture of {', '.join(map(str, packs))} reaches {smallest_side} pixels; add larger ones"
        )
    return pictures


def _read_pack(pack: Path) -> list[Image]:
    try:
        with zipfile.ZipFile(pack) as archive:
            names = sorted(name for name in archive.namelist() if not name.endswith("/"))
            return [decode_rgb(archive.read(name), f"{pack}:{name}") for name in names]
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{pack}: unreadable training set ({error}); delete it and fetch it again") from error


def luma(picture: Image) -> npt.NDArray[np.float32]:
    """The BT.601 luma of an RGB picture, scaled to [0, 1]."""
    return rgb_to_ycbcr(picture)[..., 0] / np.float32(255)


def random_crop(picture: Array, side: int, rng: np.random.Generator) -> Array:
    """A square of the picture at a random place, mirrored half of the time."""
    top = int(rng.integers(picture.shape[0] - side + 1))
    left = int(rng.integers(picture.shape[1] - side + 1))
    crop = picture[top : top + side, left : left + side]
    return crop[:, ::-1] if rng.random() < 0.5 else crop


def random_batch(
    pictures: Sequence[Array], count: int, rng: np.random.Generator, cut: Callable[[Array, np.random.Generator], Array]
) -> Array:
    """``count`` cuts of randomly drawn pictures, stacked."""
    chosen = rng.integers(len(pictures), size=count)
    return np.stack([cut(pictures[index], rng) for index in chosen])
