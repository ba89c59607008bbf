"""The codec contract at run time: what a codec gives back is checked before it names a file or becomes a row."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.codecs.registry import maker, place
from licbench.errors import ContractError, SettingsError
from licbench.measurement.rows import ANNOTATIONS

SAFE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,127}")
"""Ids of operating points: below the streams' folder, and short enough for a file name on every system."""


def points_of(kind: type[Codec], settings: Settings) -> list[OperatingPoint]:
    """The operating points that ``settings`` ask for, safe as file names.

    Raises:
        ContractError: an id that is no file name, no curve's name, or settings that are no JSON.
    """
    points = kind.points(settings)
    for point in points:
        if not SAFE_ID.fullmatch(point.id):
            raise fault(
                kind, f"point id {point.id[:160]!r} is no safe file name (letters, digits, . _ + = -; at most 128)"
            )
        if not point.curve or not point.curve.isprintable():
            raise fault(kind, f"point {point.id} names its curve {point.curve!r}")
        try:
            json.dumps(dict(point.settings), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise fault(kind, f"settings of point {point.id} are no JSON ({error})") from error
    return points


def reject_duplicate_points(codec: str, points: Sequence[OperatingPoint]) -> None:
    """Every point needs an id of its own, also where ``A`` and ``a`` are one file.

    Raises:
        SettingsError: two points share one.
    """
    ids = Counter(point.id.casefold() for point in points)
    duplicates = sorted(point.id for point in points if ids[point.id.casefold()] > 1)
    if duplicates:
        raise SettingsError(f"settings and ablations of {codec} give {duplicates[0]!r} twice; list each value once")


def encode(codec: Codec, image: Image, point: OperatingPoint) -> bytes:
    """The stream of ``image`` at ``point``.

    Raises:
        ContractError: the encoder returns no bytes.
    """
    stream: Any = codec.encode(image, point)
    if not isinstance(stream, bytes) or not stream:
        found = "an empty stream" if isinstance(stream, bytes) else type(stream).__name__
        raise fault(type(codec), f"its encoder returns {found} at point {point.id}, not bytes")
    return stream


def decode(codec: Codec, stream: bytes, shape: tuple[int, ...] | None = None) -> Image:
    """The image in ``stream``: uint8, C-contiguous, (height, width, 3), and of this ``shape`` where one is given.

    Raises:
        ContractError: the decoder returns something else.
        CorruptStreamError: the stream is damaged.
    """
    image: Any = codec.decode(stream)
    if not isinstance(image, np.ndarray):
        raise fault(type(codec), f"it decodes to {type(image).__name__}, not a NumPy array")
    if image.dtype != np.uint8:
        raise fault(type(codec), f"it decodes to {image.dtype}, not uint8: rounded and clipped to 0..255")
    if image.ndim != 3 or image.shape[2] != 3 or (shape is not None and image.shape != shape):
        raise fault(type(codec), f"it decodes to {image.shape}, not {shape or '(height, width, 3)'}")
    return np.ascontiguousarray(image)


def annotate(codec: Codec, image: Image, point: OperatingPoint) -> Mapping[str, float | str]:
    """The codec's further columns for the row of this point.

    Raises:
        ContractError: an unknown column, or a value of the wrong type; an infinite PSNR is a lossless one.
    """
    notes = codec.annotate(image, point)
    for name, value in notes.items():
        if name not in ANNOTATIONS:
            raise fault(type(codec), f"it annotates unknown column {name!r} (known: {', '.join(ANNOTATIONS)})")
        if not isinstance(value, ANNOTATIONS[name]) or value == "" or _is_nan(value):
            raise fault(type(codec), f"it annotates {name} with {value!r}")
    return notes


def version(codec: Codec) -> str:
    """The codec's version, as the rows hold it; of an installed package's codec the package's is part.

    Raises:
        ContractError: it is no line of text.
    """
    said: Any = codec.version()
    if not isinstance(said, str) or not said or not said.isprintable():
        raise fault(type(codec), f"its version is {said!r}, not a line of text")
    made = maker(type(codec).id)
    return f"{said}, {made}" if made else said


def fault(kind: type[Codec], what: str) -> ContractError:
    """The error for a codec that does not do what it promises."""
    return ContractError(f"codec {kind.id}: {what}; fix {place(kind.id)}")


def _is_nan(value: float | str) -> bool:
    return not isinstance(value, str) and math.isnan(value)
