"""Which pictures one job measures: a large dataset needs no more jobs than one of ``MOST`` pictures.

Up to ``MOST`` pictures each is a batch of its own, named as the picture. More are cut by a hash of their names, so that
a picture that comes or goes concerns its own batch alone. Runs while Snakemake parses: stdlib only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

MOST = 256
"""Batches of a dataset: the values of a byte."""


def batch_of(image: str, pictures: int) -> str:
    """The batch of a picture in a dataset of so many; no picture's id begins with @."""
    return image if pictures <= MOST else f"@{hashlib.sha256(image.encode()).digest()[0]:02x}"


def cut(images: Sequence[str]) -> dict[str, list[str]]:
    """Batch -> the ids of its pictures, all in the order given."""
    batches: dict[str, list[str]] = {}
    for image in images:
        batches.setdefault(batch_of(image, len(images)), []).append(image)
    return batches


def stream_folder(batch: Path, image: str) -> Path:
    """Where a picture's streams stand in the folder of its batch: a picture by itself has the whole folder."""
    return batch if batch.name == image else batch / image


def stream_folders(root: Path, image: str) -> list[Path]:
    """Where a picture's streams may stand below ``root``, {streams}/{dataset}/{codec}: alone, or in a large dataset."""
    return [stream_folder(root / batch_of(image, pictures), image) for pictures in (1, MOST + 1)]
