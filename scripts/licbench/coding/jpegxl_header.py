"""The start of a JPEG XL codestream (ISO/IEC 18181-1, annexes A and D): signature, size, and that all else is default.

Default means one opaque 8-bit RGB image in sRGB, upright: no animation, preview, further channel or colour profile.
That is how libjxl starts every lossy codestream of such an image.
"""

from __future__ import annotations

from licbench.errors import CorruptStreamError

SIGNATURE = b"\xff\x0a"
LONGEST_BITS = 2 * (2 + 30) + 6
"""Of the size and the two flags that follow it."""
SIDE_BITS = (9, 13, 18, 30)
RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Of width to height; the numbers 1 to 7 mean these, in place of a width."""


def read_size(stream: bytes) -> tuple[int, int]:
    """Width and height that a codestream declares.

    Raises:
        CorruptStreamError: no bare codestream, or one with another image than the default.
    """
    if not stream.startswith(SIGNATURE):
        raise CorruptStreamError("not a JPEG XL codestream; decode it with the codec that wrote it")
    bits = _Bits(stream[len(SIGNATURE) :])
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if ratio:
        over, under = RATIOS[ratio - 1]
        width = height * over // under
    else:
        width = _side(bits, small)
    if not bits.take(1) or not bits.take(1):
        raise CorruptStreamError(
            "JPEG XL stream is damaged, or holds more than one opaque 8-bit sRGB image; convert it first"
        )
    return width, height


def _side(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.take(5) + 1)
    return bits.take(SIDE_BITS[bits.take(2)]) + 1


class _Bits:
    """Reads bits, least significant first; zeros behind the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data[: -(-LONGEST_BITS // 8)], "little")

    def take(self, count: int) -> int:
        value = self._value & (1 << count) - 1
        self._value >>= count
        return value
