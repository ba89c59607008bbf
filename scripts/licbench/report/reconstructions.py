"""One image as reconstructed by every codec of Table 5, decoded from the run's streams, as files for a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import PIL.Image
from scipy.ndimage import uniform_filter

from licbench.codecs.base import Image
from licbench.files import replacing, write_text
from licbench.images.files import read_rgb
from licbench.measurement.verify import Task, decode_row

THUMBNAIL = 176
"""Longer side of a thumbnail, in pixels."""
DETAIL = 128
"""Side of the detail shown with each reconstruction, in pixels."""
RECORD = "picture.json"
METRICS = ("bytes", "bpp", "psnr_db", "ms_ssim")


class Window(NamedTuple):
    """A rectangle of an image, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def crop(self, image: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The part of an image (height, width, ...) inside the rectangle; a view."""
        return image[self.top : self.top + self.height, self.left : self.left + self.width]


def save_reconstructions(
    original: Path, rows: pd.DataFrame, to: Path, *, streams: Path, weights: Path, side: int
) -> None:
    """Decode one image's streams; write them and the original as lossless WebP, with thumbnail and details.

    Args:
        original: the image file.
        rows: of this image, from ``operating.operating_rows``.
        to: folder to write; ``picture.json`` lists what is in it.
        streams: folder of the sweeps' streams.
        weights: folder of trained models.
        side: of a larger image only the central part, at most this many pixels a side, is kept: scaling it would show
            the scaling filter rather than the codec.

    Raises:
        PointsError: a stream is not the one that was measured, or decodes to another image.
    """
    source = read_rgb(original)
    shown = central(source, side)
    lines: list[dict[str, Any]] = rows.to_dict("records")  # type: ignore[assignment]
    decoded = [decode_row(Task(line, streams, original), weights)[0] for line in lines]
    detail = worst_window(shown.crop(source), [shown.crop(image) for image in decoded], DETAIL)
    lines_of_files: list[dict[str, Any]] = [{"name": "Original"}, *lines]
    names = ["original", *(_file_name(at, line["name"]) for at, line in enumerate(lines, start=1))]
    for name, image in zip(names, [source, *decoded], strict=True):
        save_webp(to / f"{name}.webp", shown.crop(image))
        save_webp(to / f"{name}-detail.webp", detail.crop(shown.crop(image)))
    _save_thumbnail(to / "thumbnail.webp", shown.crop(source))
    record = {
        "image": original.stem,
        "width": source.shape[1],
        "height": source.shape[0],
        "shown": shown._asdict(),
        "detail": detail._asdict(),
        "files": [_line(name, line) for name, line in zip(names, lines_of_files, strict=True)],
    }
    write_text(to / RECORD, json.dumps(record, indent=1, allow_nan=False) + "\n")


def central(image: npt.NDArray[Any], side: int) -> Window:
    """The central part of an image, at most ``side`` pixels high and wide."""
    height, width = image.shape[:2]
    high, wide = min(height, side), min(width, side)
    return Window((width - wide) // 2, (height - high) // 2, wide, high)


def worst_window(original: Image, decoded: Sequence[Image], side: int) -> Window:
    """The square where the reconstructions' summed squared error is largest; no larger than the image.

    Args:
        original: uint8 (height, width, 3).
        decoded: of the same shape, one or more.
        side: of the square, in pixels.
    """
    high, wide = (min(side, length) for length in original.shape[:2])
    error = np.zeros(original.shape[:2], np.float64)
    for image in decoded:
        error += np.square(original.astype(np.float64) - image).sum(axis=2)
    means = uniform_filter(error, size=(high, wide), mode="constant", origin=(-(high // 2), -(wide // 2)))
    inside = means[: original.shape[0] - high + 1, : original.shape[1] - wide + 1]
    top, left = np.unravel_index(int(inside.argmax()), inside.shape)
    return Window(int(left), int(top), wide, high)


def _file_name(at: int, name: str) -> str:
    return f"{at}-{re.sub(r'[^a-z0-9]+', '-', name.lower())}"


def _line(file: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """What the viewer shows about one file; an infinite PSNR and a missing MS-SSIM are null."""
    labels = {key: line[key] for key in ("name", "codec", "setting", "point") if key in line}
    scores = {key: round(line[key], 4) if np.isfinite(line[key]) else None for key in METRICS if key in line}
    return {**labels, "file": file, **scores}


def save_webp(path: Path, image: Image) -> None:
    """Write an image as WebP without loss."""
    with replacing(path) as temporary:
        PIL.Image.fromarray(np.ascontiguousarray(image)).save(temporary, "WEBP", lossless=True, quality=80, method=4)


def _save_thumbnail(path: Path, image: Image) -> None:
    small = PIL.Image.fromarray(image)
    small.thumbnail((THUMBNAIL, THUMBNAIL), PIL.Image.Resampling.LANCZOS)
    with replacing(path) as temporary:
        small.save(temporary, "WEBP", quality=82, method=6)
