"""One H.266 (VVC) intra picture by VVenC, 4:2:0 at 10 bits: an image to a byte stream and back.

doublings (1 byte) | byte stream of the picture

ffmpeg gives VVenC a byte for each luma sample, which noise at a low QP exceeds, and so do the headers of the smallest
pictures. Such a picture is coded with its height doubled, once or more; the rows appended repeat the last one.
"""

from __future__ import annotations

from licbench.coding.vvc import colour, picture
from licbench.coding.vvc.colour import Planes
from licbench.coding.vvc.picture import PRESETS, version
from licbench.errors import CorruptStreamError, LicbenchError
from licbench.images import Image

__all__ = ["PRESETS", "decode", "encode", "version"]

MOST_DOUBLINGS = 3
"""Eight bytes for each sample of the image are more than any stream takes."""


def encode(image: Image, qp: int, preset: str) -> bytes:
    """The byte stream of an image: parameter sets and one picture, without anything optional.

    Args:
        image: shape (height, width, 3), dtype uint8, sRGB, from 1x1 up.
        qp: VVenC's QP, 0 (largest file) to 63.
        preset: VVenC's effort, of ``PRESETS``.
    """
    planes = colour.rgb_to_planes(image)
    doublings = 0
    while True:
        coded = _coded_size(image.shape[0], image.shape[1], doublings)
        try:
            return bytes([doublings]) + picture.encode(_extended(planes, coded), qp, preset)
        except LicbenchError:
            if doublings == MOST_DOUBLINGS:
                raise
            doublings += 1


def decode(stream: bytes, width: int, height: int) -> Image:
    """The image of ``width`` by ``height`` pixels in a byte stream; to be run apart (``coding.isolation``).

    Raises:
        CorruptStreamError: libavcodec refuses the stream, or finds no picture of that size in it.
    """
    if not stream or stream[0] > MOST_DOUBLINGS:
        raise CorruptStreamError("vvc stream is damaged in its header; fetch the file again")
    coded_height, coded_width = _coded_size(height, width, stream[0])
    return colour.planes_to_rgb(picture.decode(stream[1:], coded_width, coded_height), (height, width))


def _coded_size(height: int, width: int, doublings: int) -> tuple[int, int]:
    """Height and width of the picture that VVenC codes."""
    block = picture.block_for(height, width)
    return (-(-height // block) * block) << doublings, -(-width // block) * block


def _extended(planes: Planes, size: tuple[int, int]) -> Planes:
    """The planes with a luma of this size, last rows and columns repeated."""
    luma, cb, cr = planes
    halved = size[0] // 2, size[1] // 2
    return colour.extended(luma, size), colour.extended(cb, halved), colour.extended(cr, halved)
