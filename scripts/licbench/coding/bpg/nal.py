"""NAL units, the packets of an HEVC byte stream (ITU-T H.265, 7.3.1 and annex B)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from licbench.errors import CorruptStreamError

START_CODE = b"\0\0\1"
HEADER_BYTES = 2
VPS, SPS, PPS = 32, 33, 34
"""nal_unit_type of the video, sequence and picture parameter set."""


def kind(nal: bytes) -> int:
    """nal_unit_type."""
    return nal[0] >> 1 & 0x3F


def layer(nal: bytes) -> int:
    """nuh_layer_id: 0 for colour, 1 for the alpha plane of a BPG file."""
    return (nal[0] & 1) << 5 | nal[1] >> 3


def split(stream: bytes) -> list[bytes]:
    """The NAL units of a byte stream, without start codes and padding zeros; the first may lack its code.

    Raises:
        CorruptStreamError: there is no unit, or one too short for its header.
    """
    nals = [nal for piece in stream.split(START_CODE) if (nal := piece.rstrip(b"\0"))]
    if not nals or min(map(len, nals)) <= HEADER_BYTES:
        raise CorruptStreamError("BPG stream holds an empty NAL unit; fetch the file again")
    return nals


def join(nals: Sequence[bytes]) -> bytes:
    """A byte stream that has every unit behind a start code."""
    return b"".join(START_CODE + nal for nal in nals)


def payload(nal: bytes) -> bytes:
    """What a unit carries, without its header and its emulation prevention bytes."""
    return nal[HEADER_BYTES:].replace(b"\0\0\3", b"\0\0")


def wrap(unit_kind: int, raw: bytes) -> bytes:
    """A unit of layer 0 that carries ``raw``, emulation prevention bytes put in."""
    return bytes([unit_kind << 1, 1]) + re.sub(rb"\0\0(?=[\0-\3])", b"\0\0\3", raw)
