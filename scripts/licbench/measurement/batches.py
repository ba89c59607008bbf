"""Which images one job measures: a large dataset needs no more jobs than one of ``MOST`` images.

Up to ``MOST`` images each is a batch of its own, named as the image. More are cut by a hash of their names, so that
an image that comes or goes concerns its own batch alone. Runs while Snakemake parses: stdlib only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

MOST = 256
"""Batches of a dataset: the values of a byte."""


def batch_of(image: str, count: int) -> str:
    """The batch of an image in a dataset of ``count`` images; no image's id begins with @."""
    return image if count <= MOST else f"@{hashlib.sha256(image.encode()).digest()[0]:02x}"


def cut(images: Sequence[str]) -> dict[str, list[str]]:
    """Batch -> the ids of its images, all in the order given."""
    batches: dict[str, list[str]] = {}
    for image in images:
        batches.setdefault(batch_of(image, len(images)), []).append(image)
    return batches


def stream_folder(batch: Path, image: str) -> Path:
    """The folder of an image's streams within that of its batch; a batch of one image is that folder itself."""
    return batch if batch.name == image else batch / image


def stream_folders(root: Path, image: str) -> list[Path]:
    """The folders below ``root`` ({streams}/{dataset}/{codec}) where an image's streams can be."""
    return [stream_folder(root / batch_of(image, count), image) for count in (1, MOST + 1)]
