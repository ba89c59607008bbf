"""The AVIF file around one AV1 key frame, exactly as libavif writes it (AV1 image file format 1.1, ISO 14496-12).

The image's size and four bytes about the AV1 stream decide all of it. A reader that accepts this layout alone knows,
before a decoder allocates anything, that a file holds one frame and how large that is.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from licbench.coding.bitstream import check_length, least_bytes
from licbench.errors import CorruptStreamError
from licbench.images.limits import check_size

SIZE_AT, CONFIGURATION_AT, DATA_AT = 189, 221, 275
"""Where a file gives width and height, 4 bytes each; the AV1 configuration, 4 bytes; and the AV1 stream."""
BOX_BYTES = 8
SRGB = (1, 13, 6)
"""Primaries of BT.709, transfer of sRGB, matrix of BT.601 (ITU-T H.273); at full range, as JPEG."""
FULL_RANGE = 0x80
BRANDS = {0: b"MA1B", 1: b"MA1A"}
"""AVIF's profiles, by the profile of AV1: baseline for 4:2:0, advanced for 4:4:4."""
TEMPORAL_DELIMITER, SEQUENCE_HEADER, FRAME = 0x12, 0x0A, 0x32
"""The first byte of each unit (OBU) of the AV1 stream, in this order: its kind, and that its size follows."""
STILL_PICTURE = 0b11
"""still_picture and reduced_still_picture_header: no frame has another size than the sequence."""
PIXELS_PER_BYTE = 2**15
"""libaom takes a byte for some 60,000 pixels of a flat image."""


@dataclass(frozen=True)
class Av1Image:
    """The parts of an AVIF file: ``width`` and ``height`` in pixels, the property ``av1C``, the AV1 stream."""

    width: int
    height: int
    configuration: bytes
    data: bytes


def write(image: Av1Image) -> bytes:
    """The file, without what ``padded`` appends."""
    return _header(image) + _box(b"mdat", image.data)


def padded(stream: bytes, pixels: int) -> bytes:
    """The file, with a box of zeros that readers skip where it is too short for its pixels (``bitstream.least_bytes``).

    Only those of large, empty images are.
    """
    lacking = least_bytes(pixels, PIXELS_PER_BYTE) - len(stream)
    return stream + _box(b"free", bytes(max(0, lacking - BOX_BYTES))) if lacking > 0 else stream


def read(stream: bytes) -> Av1Image:
    """The parts of a file as ``write`` and ``padded`` make it.

    Raises:
        CorruptStreamError: the file is damaged, cut off, of an impossible size or of another layout.
    """
    if len(stream) < DATA_AT or stream[4:12] != b"ftypavif":
        raise CorruptStreamError("not an AVIF stream, or cut off in its header; fetch the file again")
    width, height = struct.unpack_from(">II", stream, SIZE_AT)
    check_size(width, height)
    check_length(width * height, len(stream), PIXELS_PER_BYTE)
    (length,) = struct.unpack_from(">I", stream, DATA_AT - BOX_BYTES)
    configuration = stream[CONFIGURATION_AT : CONFIGURATION_AT + 4]
    image = Av1Image(width, height, configuration, stream[DATA_AT : DATA_AT - BOX_BYTES + length])
    if image.configuration[1] >> 5 not in BRANDS or stream != padded(write(image), width * height):
        raise CorruptStreamError("not an AVIF stream of this bench, or a damaged one; fetch the file again")
    if _frame_size(image.data) != (width, height):
        raise CorruptStreamError("AVIF stream holds no AV1 image of the declared size; fetch the file again")
    return image


def _header(image: Av1Image) -> bytes:
    """Everything before the box of the AV1 stream."""
    brand = BRANDS[image.configuration[1] >> 5]
    properties = [
        _full_box(b"ispe", struct.pack(">II", image.width, image.height)),
        _full_box(b"pixi", bytes([3, 8, 8, 8])),
        _box(b"av1C", image.configuration),
        _box(b"colr", b"nclx" + struct.pack(">HHHB", *SRGB, FULL_RANGE)),
    ]
    # One item, number 1, of all four properties; the decoder must know the third, 0x80
    association = struct.pack(">IHB", 1, 1, len(properties)) + bytes([1, 2, 0x83, 4])
    parts = [
        _full_box(b"hdlr", bytes(4) + b"pict" + bytes(13)),
        _full_box(b"pitm", struct.pack(">H", 1)),
        _full_box(b"iloc", struct.pack(">BBHHHHII", 0x44, 0, 1, 1, 0, 1, DATA_AT, len(image.data))),
        _full_box(b"iinf", struct.pack(">H", 1) + _full_box(b"infe", struct.pack(">HH", 1, 0) + b"av01Color\0", 2)),
        _box(b"iprp", _box(b"ipco", b"".join(properties)) + _full_box(b"ipma", association)),
    ]
    file_type = b"avif" + bytes(4) + b"avifmif1miaf" + brand
    return _box(b"ftyp", file_type) + _full_box(b"meta", b"".join(parts))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", BOX_BYTES + len(content)) + kind + content


def _full_box(kind: bytes, content: bytes, version: int = 0) -> bytes:
    """A box that starts with a version and 24 flags."""
    return _box(kind, bytes([version, 0, 0, 0]) + content)


def _frame_size(data: bytes) -> tuple[int, int] | None:
    """Width and height that an AV1 stream of one still picture declares (AV1 5.5.1); None where it is anything else."""
    sequence = _payload(data[2:], SEQUENCE_HEADER) if data.startswith(bytes([TEMPORAL_DELIMITER, 0])) else None
    if not sequence or len(sequence[0]) > 64:
        return None
    frame = _payload(sequence[1], FRAME)
    if frame is None or frame[1]:
        return None
    bits = _Bits(sequence[0])
    bits.take(3)
    if bits.take(2) != STILL_PICTURE:
        return None
    bits.take(5)
    lengths = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(lengths[0]) + 1, bits.take(lengths[1]) + 1


def _payload(data: bytes, kind: int) -> tuple[bytes, bytes] | None:
    """The content of the first unit, and what follows it; None where that is of another kind or cut off."""
    if not data or data[0] != kind:
        return None
    size, at = 0, 1
    while at < min(len(data), 6):
        size |= (data[at] & 0x7F) << 7 * (at - 1)
        at += 1
        if data[at - 1] < 0x80:
            return (data[at : at + size], data[at + size :]) if at + size <= len(data) else None
    return None


class _Bits:
    """Reads bits, most significant first; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data.ljust(64, b"\0"), "big"), 8 * 64

    def take(self, count: int) -> int:
        self._left -= count
        return self._value >> self._left & (1 << count) - 1
