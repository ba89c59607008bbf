"""Pictures that must be refused, or converted with a notice, as the bytes of files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import PIL.Image

NOISE = np.random.default_rng(1).integers(0, 256, (24, 40, 3), np.uint8)


def encoded(picture: PIL.Image.Image, format: str, **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, format, **options)
    return file.getvalue()


def rgb(shape: tuple[int, int] = (24, 40)) -> PIL.Image.Image:
    return PIL.Image.fromarray(np.resize(NOISE, (*shape, 3)))


def raw_png(depth: int, colour_type: int, width: int, height: int, channels: int) -> bytes:
    """A PNG that Pillow cannot write itself: ``channels`` samples of ``depth`` bits a pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    line = b"\0" + bytes(range(1, 1 + -(-width * channels * depth // 8)))
    pixels = chunk(b"IDAT", zlib.compress(line * height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


def damaged_png() -> bytes:
    """One bit of the compressed pixels flipped; Pillow alone would decode many such files."""
    data = bytearray(encoded(rgb(), "PNG"))
    data[-40] ^= 1
    return bytes(data)


def two_frames(format: str) -> bytes:
    return encoded(rgb(), format, save_all=True, append_images=[PIL.Image.new("RGB", (40, 24), 9)])


def two_pictures() -> bytes:
    """A phone's JPEG: a second picture stands behind the first."""
    return two_frames("MPO")


def no_trailer() -> bytes:
    """An animation cut off after its first frame, which by itself would look like a still picture."""
    still, animated = encoded(rgb().convert("P"), "GIF"), two_frames("GIF")
    return animated[: len(still) - 1] + b"\0"


def frame_in_a_corner() -> bytes:
    """A GIF whose canvas is larger than its only frame."""
    data = bytearray(encoded(rgb().convert("P"), "GIF"))
    data[6:10] = struct.pack("<HH", 50, 50)
    return bytes(data)


def jpeg2000(depth: int, step: int) -> bytes:
    """A JP2 file whose codestream declares samples of so many bits, one for ``step`` x ``step`` pixels.

    Pillow cannot write it; it would shift such samples to 8 bits.
    """
    data = bytearray(encoded(rgb(), "JPEG2000"))
    at = data.index(b"\xff\x4f\xff\x51") + 42
    data[at : at + 9] = bytes([depth - 1, step, step] * 3)
    return bytes(data)


def transparent_palette() -> bytes:
    return encoded(rgb().convert("P"), "PNG", transparency=bytes([0] * 256))


def transparent_gif() -> bytes:
    picture = rgb().convert("P")
    return encoded(picture, "GIF", transparency=picture.getpixel((0, 0)))


def colour_key() -> bytes:
    return encoded(PIL.Image.new("RGB", (5, 4), (1, 2, 3)), "PNG", transparency=(1, 2, 3))


def huge_png() -> bytes:
    """A header that declares 60000x60000 and nothing behind it."""
    return raw_png(8, 2, 60_000, 60_000, 0)


def text_bomb() -> bytes:
    """A sound picture with a comment that unpacks to 50 MB."""
    data = encoded(rgb(), "PNG")
    comment = b"Comment\0\0" + zlib.compress(bytes(50_000_000), 9)
    chunk = b"zTXt" + comment
    return data[:33] + struct.pack(">I", len(comment)) + chunk + struct.pack(">I", zlib.crc32(chunk)) + data[33:]


REFUSED: dict[str, tuple[bytes, str]] = {
    "truncated.png": (encoded(rgb(), "PNG")[:-300], "truncated or damaged"),
    "no_end.png": (encoded(rgb(), "PNG")[:-12], "truncated or damaged"),
    "damaged.png": (damaged_png(), "truncated or damaged"),
    "truncated.jpg": (encoded(rgb(), "JPEG")[:-200], "truncated or damaged"),
    "progressive.jpeg": (encoded(rgb(), "JPEG", progressive=True)[:-200], "truncated or damaged"),
    "truncated.webp": (encoded(rgb(), "WEBP")[:-100], "truncated or damaged"),
    "truncated.bmp": (encoded(rgb(), "BMP")[:-100], "truncated or damaged"),
    "truncated.tif": (encoded(rgb(), "TIFF")[:-100], "truncated or damaged"),
    "truncated.ppm": (encoded(rgb(), "PPM")[:-100], "truncated or damaged"),
    "text.png": (b"this is a text file\n", "not an image"),
    "empty.png": (b"", "is empty (0 bytes)"),
    "icon.png": (encoded(rgb(), "ICO"), "not an image"),
    "grey16.png": (raw_png(16, 0, 3, 2, 1), "not 8-bit"),
    "rgb16.png": (raw_png(16, 2, 3, 2, 3), "not 8-bit"),
    "rgba16.png": (raw_png(16, 6, 3, 2, 4), "not 8-bit"),
    "rgb16.ppm": (b"P6 2 1 65535\n" + bytes(12), "not 8-bit"),
    "rgb10.ppm": (b"P3 1 1 1023\n1 2 3\n", "not 8-bit"),
    "grey16.tiff": (encoded(PIL.Image.new("I;16", (3, 2)), "TIFF"), "not 8-bit"),
    "float.tif": (encoded(PIL.Image.new("F", (3, 2)), "TIFF"), "not 8-bit"),
    "cmyk.jpg": (encoded(PIL.Image.new("CMYK", (8, 8)), "JPEG"), "colour model CMYK"),
    "cmyk.tif": (encoded(PIL.Image.new("CMYK", (8, 8)), "TIFF"), "colour model CMYK"),
    "lab.tif": (encoded(PIL.Image.new("LAB", (8, 8)), "TIFF"), "colour model LAB"),
    "transparent.png": (encoded(PIL.Image.new("RGBA", (5, 4), (1, 2, 3, 254)), "PNG"), "transparent"),
    "grey_transparent.png": (encoded(PIL.Image.new("LA", (5, 4), (1, 0)), "PNG"), "transparent"),
    "transparent.webp": (encoded(PIL.Image.new("RGBA", (5, 4)), "WEBP", lossless=True), "transparent"),
    "palette_trns.png": (transparent_palette(), "transparent"),
    "rgb_trns.png": (colour_key(), "transparent"),
    "animated.png": (two_frames("PNG"), "several frames"),
    "animated.webp": (two_frames("WEBP"), "several frames"),
    "animated.gif": (two_frames("GIF"), "several frames"),
    "cut.gif": (no_trailer(), "truncated or damaged"),
    "corner.gif": (frame_in_a_corner(), "does not cover it"),
    "transparent.gif": (transparent_gif(), "transparent"),
    "rgb16.jp2": (jpeg2000(16, 1), "not 8-bit"),
    "grey16.jp2": (encoded(PIL.Image.new("I;16", (9, 8)), "JPEG2000"), "not 8-bit"),
    "rgb4.jp2": (jpeg2000(4, 1), "not 8-bit"),
    "subsampled.jp2": (jpeg2000(8, 2), "not one for each pixel"),
    "truncated.jp2": (encoded(rgb(), "JPEG2000")[:-100], "truncated or damaged"),
    "transparent.jp2": (encoded(PIL.Image.new("RGBA", (5, 4), (1, 2, 3, 254)), "JPEG2000"), "transparent"),
    "pages.tif": (two_frames("TIFF"), "several frames"),
    "huge.png": (huge_png(), "crop or scale it down"),
    "claims.png": (raw_png(8, 2, 100_000, 100_000, 0), "crop or scale it down"),
    "text_bomb.png": (text_bomb(), "truncated or damaged"),
    "long.png": (raw_png(8, 2, 70_000, 1, 0), "crop or scale it down"),
}

CONVERTED: dict[str, tuple[bytes, str]] = {
    "bilevel.png": (encoded(rgb().convert("1"), "PNG"), "grey"),
    "grey.png": (encoded(rgb().convert("L"), "PNG"), "grey"),
    "grey.jpg": (encoded(rgb().convert("L"), "JPEG"), "grey"),
    "grey4.png": (raw_png(4, 0, 4, 2, 1), "grey"),
    "grey.ppm": (encoded(rgb().convert("L"), "PPM"), "grey"),
    "grey_alpha.png": (encoded(rgb().convert("LA"), "PNG"), "grey"),
    "palette.png": (encoded(rgb().convert("P"), "PNG"), "palette"),
    "palette.gif": (encoded(rgb().convert("P"), "GIF"), "palette"),
    "grey.gif": (encoded(rgb().convert("L"), "GIF"), "palette"),
    "bilevel.pbm": (encoded(rgb().convert("1"), "PPM"), "grey"),
    "grey.pgm": (encoded(rgb().convert("L"), "PPM"), "grey"),
    "grey.jp2": (encoded(rgb().convert("L"), "JPEG2000"), "grey"),
    "opaque.jp2": (encoded(rgb().convert("RGBA"), "JPEG2000"), "RGBA"),
    "opaque.png": (encoded(rgb().convert("RGBA"), "PNG"), "RGBA"),
}
