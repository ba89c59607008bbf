"""What a measuring job asks a cluster for: by its codec, the operating points and the size of the images."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import PIL.Image

from licbench.codecs.base import Settings
from licbench.codecs.registry import codec_class

STARTING_MINUTES = 55
MINUTES_AN_IMAGE, MINUTES_A_MEGAPIXEL = 5, 1.5
"""The GAN takes 1.3 minutes a megapixel for all points of the default config, the others a third of that."""


def megapixels(path: Path) -> float:
    """Size of the image in a file, by its header; 0 where the header cannot be read: then the job names the file."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with PIL.Image.open(path) as image:
                return image.width * image.height / 1e6
    # Pillow's readers raise what they like
    except Exception:
        return 0.0


def memory_mb(codec: str, settings: Settings, sizes: Iterable[float]) -> int:
    """MB for measuring images of these sizes in megapixels, one after the other."""
    return round(codec_class(codec).memory_mb(settings, max(sizes, default=0.0)))


def minutes(sizes: Iterable[float]) -> int:
    """An hour for an image of ordinary size, and more for further and larger ones."""
    return round(STARTING_MINUTES + sum(max(MINUTES_AN_IMAGE, MINUTES_A_MEGAPIXEL * size) for size in sizes))
