"""One H.266 (VVC) intra picture by VVenC, 4:2:0 at 10 bits: an image to a byte stream and back."""

from __future__ import annotations

from licbench.coding.vvc import colour, picture
from licbench.coding.vvc.picture import PRESETS, version
from licbench.images import Image

__all__ = ["PRESETS", "decode", "encode", "version"]


def encode(image: Image, qp: int, preset: str) -> bytes:
    """The byte stream of an image: parameter sets and one picture, without anything optional.

    Args:
        image: shape (height, width, 3), dtype uint8, sRGB, from 1x1 up.
        qp: VVenC's QP, 0 (largest file) to 63.
        preset: VVenC's effort, of ``PRESETS``.
    """
    block = picture.block_for(*image.shape[:2])
    return picture.encode(colour.padded(colour.rgb_to_planes(image), block), qp, preset)


def decode(stream: bytes, width: int, height: int) -> Image:
    """The image of ``width`` by ``height`` pixels in a byte stream; run it apart (``coding.isolation``).

    Raises:
        CorruptStreamError: libavcodec refuses the stream, or finds no picture of that size in it.
    """
    block = picture.block_for(height, width)
    return colour.planes_to_rgb(picture.decode(stream, -(-width // block) * block, -(-height // block) * block), (height, width))
