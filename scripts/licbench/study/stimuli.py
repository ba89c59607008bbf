"""The images of a study, decoded from the run's streams and stored without loss."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.codecs.base import Image
from licbench.images.files import read_rgb
from licbench.measurement.verify import Task, decode_row
from licbench.report.reconstructions import central, save_webp
from licbench.study.design import MOSAIC, ORIGINAL, Study

BLOCK = 16
"""Side of a block of the mosaic, in pixels."""


def save_stimuli(
    study: Study, originals: Mapping[str, Path], rows: pd.DataFrame, to: Path, *, streams: Path, weights: Path
) -> dict[str, tuple[int, int]]:
    """Write every stimulus as {id}.webp, lossless; of a larger image the middle, never a smaller version.

    Args:
        study: the design.
        originals: image id -> file.
        rows: see ``measurement.rows``; the points of the study are among them.
        to: folder to write.
        streams: folder of the sweeps' streams.
        weights: folder of trained models.

    Returns:
        (width, height) of each.

    Raises:
        PointsError: a stream is not the one that was measured, or decodes to another image.
    """
    lines: dict[Any, dict[Any, Any]] = {
        (line["image"], line["codec"], line["point"]): line for line in rows.to_dict("records")
    }
    sizes = {}
    sources = {image: read_rgb(originals[image]) for image in {one.image for one in study.stimuli.values()}}
    for name, one in study.stimuli.items():
        if one.entry in (ORIGINAL, MOSAIC):
            image = sources[one.image]
        else:
            task = Task(lines[one.image, one.codec, one.point], streams, originals[one.image])
            image, _ = decode_row(task, weights)
        shown = central(image, study.plan.side).crop(image)
        save_webp(to / f"{name}.webp", mosaic(shown) if one.entry == MOSAIC else shown)
        sizes[name] = (shown.shape[1], shown.shape[0])
    return sizes


def mosaic(image: Image) -> Image:
    """The image as blocks of ``BLOCK`` x ``BLOCK`` pixels of their mean colour; uint8 of the same shape."""
    result = np.empty_like(image)
    for top in range(0, image.shape[0], BLOCK):
        for left in range(0, image.shape[1], BLOCK):
            block = np.s_[top : top + BLOCK, left : left + BLOCK]
            result[block] = np.rint(image[block].mean(axis=(0, 1))).astype(np.uint8)
    return result
