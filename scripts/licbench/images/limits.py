"""Largest images that are read or decoded: what bounds the memory."""

from __future__ import annotations

from licbench.errors import CorruptStreamError

MAX_SIDE = 65_535
MAX_PIXELS = 2**26


def check_size(width: int, height: int) -> None:
    """Refuse a declared image size that no honest stream has; bounds the memory a decoder may take."""
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE and width * height <= MAX_PIXELS):
        raise CorruptStreamError(f"stream declares an impossible size of {width}x{height}; fetch the file again")
