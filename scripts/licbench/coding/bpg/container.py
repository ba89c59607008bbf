"""The BPG file around the HEVC data (BPG specification 0.9.5, section 3, by Fabrice Bellard).

Of the format's features, 8-bit YCbCr stills (BT.601, full range) in 4:2:0 and 4:4:4 without an alpha plane are read
and written: what ``bpgenc`` makes of an RGB image by default. Anything else is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass

from licbench.coding.bitstream import check_length, least_bytes
from licbench.coding.bpg.chroma import Chroma
from licbench.errors import CorruptStreamError
from licbench.images.limits import check_size

MAGIC = bytes.fromhex("425047fb")
PIXEL_FORMATS: dict[Chroma, int] = {"420": 1, "444": 3}
"""pixel_format, which equals HEVC's chroma_format_idc for these two (chroma at the JPEG position)."""

PIXELS_PER_BYTE = 2**13
"""x265 takes a byte for some 4,400 pixels of a flat image."""

FORMAT_BYTES = 2
"""pixel_format and bit depth; color_space and flags."""

_EXTENSION_FLAG = 0b1000
_UNSUPPORTED_FLAGS = {0b0100: "a premultiplied alpha or W plane", 0b0010: "limited range", 0b0001: "an animation"}


@dataclass(frozen=True)
class BpgFile:
    """The parts of a BPG file that decide its image; ``width`` and ``height`` in pixels.

    ``hevc_header`` holds the coding tools (``parameter_sets.read_header``), ``hevc_data`` the NAL units, the first
    one without a start code.
    """

    width: int
    height: int
    chroma: Chroma
    hevc_header: bytes
    hevc_data: bytes


def write(file: BpgFile) -> bytes:
    """The bytes of the ``.bpg`` file; its picture_data_length is never the 0 that means "to the end of the file".

    Zeros may follow the image data, see ``bitstream.least_bytes``.
    """
    picture = _ue7(len(file.hevc_header)) + file.hevc_header + file.hevc_data
    flags = bytes([PIXEL_FORMATS[file.chroma] << 5, 0])
    stream = MAGIC + flags + _ue7(file.width) + _ue7(file.height) + _ue7(len(picture)) + picture
    return stream.ljust(least_bytes(file.width * file.height, PIXELS_PER_BYTE), b"\0")


def header_bytes(width: int, height: int) -> int:
    """Bytes of a file up to and with the image's size: magic number, format, width and height."""
    return len(MAGIC) + FORMAT_BYTES + len(_ue7(width)) + len(_ue7(height))


def read(stream: bytes) -> BpgFile:
    """Parse a ``.bpg`` file; extension data (metadata) and anything behind the image data are ignored.

    Raises:
        CorruptStreamError: not a BPG file, cut off, of an impossible size, or with a feature not supported here.
    """
    if not stream.startswith(MAGIC):
        raise CorruptStreamError("not a BPG stream; decode it with the codec that wrote it")
    cursor = _Cursor(stream, len(MAGIC))
    chroma = _read_format(cursor.byte())
    has_extension = _read_flags(cursor.byte())
    width, height = cursor.ue7(), cursor.ue7()
    check_size(width, height)
    check_length(width * height, len(stream), PIXELS_PER_BYTE)
    picture_bytes = cursor.ue7()
    if has_extension:
        cursor.take(cursor.ue7())
    picture = _Cursor(cursor.take(picture_bytes or cursor.left))
    hevc_header = picture.take(picture.ue7())
    return BpgFile(width, height, chroma, hevc_header, picture.take(picture.left))


def _read_format(byte: int) -> Chroma:
    """pixel_format, alpha1_flag and bit_depth_minus_8."""
    pixel_format, alpha, depth = byte >> 5, byte >> 4 & 1, 8 + (byte & 0xF)
    names = {number: chroma for chroma, number in PIXEL_FORMATS.items()}
    if pixel_format not in names:
        raise _unsupported(f"pixel format {pixel_format}")
    if alpha:
        raise _unsupported("an alpha plane")
    if depth != 8:
        raise _unsupported(f"{depth} bits")
    return names[pixel_format]


def _read_flags(byte: int) -> bool:
    """color_space and the flags that follow it; returns extension_present_flag."""
    if byte >> 4:
        raise _unsupported(f"colour space {byte >> 4}")
    for flag, feature in _UNSUPPORTED_FLAGS.items():
        if byte & flag:
            raise _unsupported(feature)
    return bool(byte & _EXTENSION_FLAG)


def _unsupported(feature: str) -> CorruptStreamError:
    return CorruptStreamError(
        f"BPG stream has {feature}, but only 8-bit YCbCr 4:2:0 and 4:4:4 stills are decoded; write it again as such"
    )


def _ue7(value: int) -> bytes:
    """An unsigned integer, 7 bits a byte, most significant first; all bytes but the last have their top bit set."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F | 0x80)
    return bytes(reversed(groups))


class _Cursor:
    """Reads bytes in a row; running over the end is a ``CorruptStreamError``."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self._at = data, at

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, length: int) -> bytes:
        if length > self.left:
            raise CorruptStreamError("BPG stream is cut off; fetch the file again")
        data, self._at = self._data[self._at : self._at + length], self._at + length
        return data

    def byte(self) -> int:
        return self.take(1)[0]

    def ue7(self) -> int:
        """See ``_ue7``; at most 32 bits, in the shortest form."""
        value = byte = self.byte()
        if byte == 0x80:
            raise CorruptStreamError("BPG stream holds a number with leading zeros; fetch the file again")
        value &= 0x7F
        while byte >= 0x80:
            byte = self.byte()
            value = value << 7 | byte & 0x7F
            if value >= 1 << 32:
                raise CorruptStreamError("BPG stream holds a number over 32 bits; fetch the file again")
        return value
