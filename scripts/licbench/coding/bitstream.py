"""The byte layout of our own streams (CAE, GAN, SR): short header, checked lengths, a checksum at the end.

    magic (1 byte: which codec, which version) | fields written by the codec | CRC-16 of all before

Standard formats (JPEG, JPEG 2000, BPG) keep their own layout and do not pass through here.
"""

from __future__ import annotations

import binascii

from licbench.errors import CorruptStreamError
from licbench.images.limits import check_size

FREE_PIXELS = 2**20
"""Pixels that a stream of any length may declare."""
PIXELS_PER_BYTE = 2**11
"""Further pixels that a stream may declare for each byte it has: a network computes half a million in a second."""
CRC_BYTES = 2


def least_bytes(pixels: int, pixels_per_byte: int = PIXELS_PER_BYTE) -> int:
    """The shortest stream, in bytes, that may declare this many pixels.

    Decoding takes time and memory in proportion to the declared size, so a few bytes must not ask for much of them.
    Encoders pad shorter streams, of large flat images, with zeros.
    """
    return max(0, -(-(pixels - FREE_PIXELS) // pixels_per_byte))


def check_length(pixels: int, length: int, pixels_per_byte: int = PIXELS_PER_BYTE) -> None:
    """Refuse a stream of ``length`` bytes that declares more pixels than such a stream may."""
    least = least_bytes(pixels, pixels_per_byte)
    if length < least:
        raise CorruptStreamError(
            f"stream has {length} bytes where {pixels} pixels take at least {least}; fetch the file again"
        )


class StreamWriter:
    """Appends fields to a stream; ``finish`` seals it with the checksum."""

    def __init__(self, magic: int) -> None:
        self._data = bytearray([magic])
        self._pixels = 0

    def __len__(self) -> int:
        """Bytes of a stream that were to end here, its checksum included, before any padding."""
        return len(self._data) + CRC_BYTES

    def byte(self, value: int) -> StreamWriter:
        self._data.append(value)
        return self

    def varint(self, value: int) -> StreamWriter:
        """An unsigned integer, 7 bits a byte, least significant first."""
        if value < 0:
            raise ValueError(f"varint of a negative number: {value}")
        while value >= 0x80:
            self._data.append(value & 0x7F | 0x80)
            value >>= 7
        self._data.append(value)
        return self

    def size(self, width: int, height: int) -> StreamWriter:
        return self.varint(width).varint(height).declare_work(width * height)

    def declare_work(self, pixels: int) -> StreamWriter:
        """Pixels that the decoder will have to compute, where these are more than the image's."""
        self._pixels = max(self._pixels, pixels)
        return self

    def raw(self, data: bytes) -> StreamWriter:
        """Bytes whose length the reader knows."""
        self._data += data
        return self

    def blob(self, data: bytes) -> StreamWriter:
        """Bytes preceded by their length."""
        return self.varint(len(data)).raw(data)

    def finish(self) -> bytes:
        self._data = self._data.ljust(least_bytes(self._pixels) - CRC_BYTES, b"\0")
        crc = binascii.crc_hqx(bytes(self._data), 0xFFFF)
        return bytes(self._data) + crc.to_bytes(CRC_BYTES, "big")


class StreamReader:
    """Reads what ``StreamWriter`` wrote; anything unexpected is a ``CorruptStreamError``."""

    def __init__(self, stream: bytes, magic: int, codec: str) -> None:
        if not stream or stream[0] != magic:
            raise CorruptStreamError(f"not a {codec} stream; decode it with the codec that wrote it")
        body, crc = stream[:-CRC_BYTES], stream[-CRC_BYTES:]
        if len(stream) <= CRC_BYTES or binascii.crc_hqx(body, 0xFFFF) != int.from_bytes(crc, "big"):
            raise CorruptStreamError(f"{codec} stream is damaged or cut off; fetch the file again")
        self._data, self._at, self._codec, self._pixels = body, 1, codec, 0

    def raw(self, length: int) -> bytes:
        end = self._at + length
        if length < 0 or end > len(self._data):
            raise CorruptStreamError(f"{self._codec} stream ends too early; fetch the file again")
        data, self._at = self._data[self._at : end], end
        return data

    def byte(self) -> int:
        return self.raw(1)[0]

    def varint(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise CorruptStreamError(f"{self._codec} stream holds an endless number; fetch the file again")

    def size(self) -> tuple[int, int]:
        """The declared (width, height), checked."""
        width, height = self.varint(), self.varint()
        check_size(width, height)
        self.declare_work(width * height)
        return width, height

    def declare_work(self, pixels: int) -> None:
        """Refuse a stream that is too short to ask for this many pixels of computation."""
        self._pixels = max(self._pixels, pixels)
        check_length(self._pixels, len(self._data) + CRC_BYTES)

    def blob(self) -> bytes:
        return self.raw(self.varint())

    def rest(self) -> bytes:
        """All remaining bytes before the checksum."""
        return self.raw(len(self._data) - self._at)

    def end(self) -> None:
        """Nothing may follow the last field but the zeros that pad the stream of a large flat image."""
        filled = len(self._data) + CRC_BYTES == least_bytes(self._pixels) and not any(self._data[self._at :])
        if self._at != len(self._data) and not filled:
            extra = len(self._data) - self._at
            raise CorruptStreamError(f"{self._codec} stream has {extra} bytes too many; fetch the file again")
