"""What a JPEG 2000 file declares about its samples: Pillow silently cuts them to 8 bit and fills in what is missing.

ITU-T T.800, annex A (codestream) and I (boxes).
"""

from __future__ import annotations

import struct

START, END = b"\xff\x4f\xff\x51", b"\xff\xd9"
CODESTREAM, PALETTE = b"jp2c", b"pclr"
COMPONENTS_AT = 40
"""Offset of the number of components in the codestream; the components follow."""
EIGHT_BIT, NOT_SUBSAMPLED = 7, (1, 1)


def is_cut_off(data: bytes) -> bool:
    """Whether the codestream lacks its end."""
    return not _codestream(data).endswith(END)


def holds_8_bit(data: bytes) -> bool:
    """Whether every component has unsigned 8-bit samples, one for each pixel, and there is no palette.

    Raises:
        struct.error: the file ends within its header.
    """
    stream = _codestream(data)
    (count,) = struct.unpack_from(">H", stream, COMPONENTS_AT)
    components = struct.iter_unpack(">BBB", stream[COMPONENTS_AT + 2 : COMPONENTS_AT + 2 + 3 * count])
    plain = stream.startswith(START) and all(component == (EIGHT_BIT, *NOT_SUBSAMPLED) for component in components)
    return plain and PALETTE not in data[: len(data) - len(stream)]


def size(data: bytes) -> tuple[int, int]:
    """Width and height of the codestream, which a box may contradict.

    Raises:
        struct.error: the file ends within its header.
    """
    right, bottom, left, top = struct.unpack_from(">IIII", _codestream(data), 8)
    return right - left, bottom - top


def _codestream(data: bytes) -> bytes:
    """The codestream itself, or that in the first box of its kind; nothing where there is none."""
    if data.startswith(START):
        return data
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        head = 8
        if length == 1:
            (length,), head = struct.unpack_from(">Q", data, at + 8), 16
        end = at + length if length else len(data)
        if kind == CODESTREAM:
            return data[at + head : end]
        if end < at + head:
            break
        at = end
    return b""
