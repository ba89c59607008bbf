"""WebP by libwebp through Pillow: one VP8 key frame, always 4:2:0."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import PIL
from PIL import Image as Pillow
from PIL import UnidentifiedImageError, features

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding.bitstream import check_length
from licbench.errors import BadImageError, CorruptStreamError
from licbench.images.files import DAMAGE
from licbench.images.limits import check_size

LONGEST_SIDE = 16383
"""Of the format, in pixels."""
METHOD = 6
"""libwebp's slowest search."""
HEADER = struct.Struct("<4sI4s4sI3s3sHH")
"""RIFF header, the header of the VP8 chunk, and in it the frame tag, start code, width and height (RFC 6386, 9.1)."""
CHUNKS_AT, DATA_AT = 8, 20
"""What the sizes of the RIFF file and of its VP8 chunk count from."""
START_CODE = b"\x9d\x01\x2a"
SIZE_BITS = 0x3FFF
"""Above them are two bits that advise a scaling of the image, which libwebp ignores."""
PIXELS_PER_BYTE = 2**10
"""libwebp takes a byte for some 560 pixels of a flat image."""


class WebP(Codec):
    """Lossy WebP at libwebp's slowest method; its psychovisual settings are those of Pillow, which offers no others."""

    id = "webp"
    extension = ".webp"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "quality": {
            "description": "libwebp's quality factor, 0 (smallest file) to 100.",
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 20,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["quality"],
        "properties": {
            "quality": {
                "description": "The quality factors to measure.",
                "type": "array",
                "items": point_schema["quality"],
                "minItems": 1,
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [OperatingPoint(f"420-q{quality:03d}", "420", {"quality": quality}) for quality in settings["quality"]]

    def version(self) -> str:
        return f"Pillow {PIL.__version__}, libwebp {features.version('webp')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        if max(image.shape) > LONGEST_SIDE:
            raise BadImageError(f"WebP holds at most {LONGEST_SIDE} pixels a side; take webp out of codecs")
        file = io.BytesIO()
        Pillow.fromarray(image).save(file, "WEBP", quality=point.settings["quality"], method=METHOD)
        return file.getvalue()

    def decode(self, stream: bytes) -> Image:
        size = _declared_size(stream)
        check_size(*size)
        check_length(size[0] * size[1], len(stream), PIXELS_PER_BYTE)
        try:
            with warnings.catch_warnings():
                # check_size does the work of Pillow's limit, which is lower
                warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
                image = Pillow.open(io.BytesIO(stream), formats=["WEBP"])
                if image.size != size or image.mode != "RGB":
                    raise CorruptStreamError("WebP stream is damaged in its header; fetch the file again")
                return np.array(image)
        except UnidentifiedImageError as error:
            raise CorruptStreamError("WebP stream is damaged in its header; fetch the file again") from error
        except DAMAGE as error:
            raise CorruptStreamError(f"WebP stream is damaged ({error}); fetch the file again") from error


def _declared_size(stream: bytes) -> tuple[int, int]:
    """Width and height of a file that holds one lossy image and nothing else: no animation, alpha or metadata."""
    if len(stream) < HEADER.size:
        raise CorruptStreamError("not a WebP stream, or cut off in its header; fetch the file again")
    riff, length, form, chunk, chunk_length, tag, start, width, height = HEADER.unpack_from(stream)
    if (riff, form) != (b"RIFF", b"WEBP"):
        raise CorruptStreamError("not a WebP stream; decode it with the codec that wrote it")
    if chunk != b"VP8 ":
        raise CorruptStreamError("WebP stream is lossless, transparent or animated; convert it first")
    # Chunks are padded to whole words
    if length != len(stream) - CHUNKS_AT or chunk_length + chunk_length % 2 != len(stream) - DATA_AT:
        raise CorruptStreamError("WebP stream is cut off, or holds more than an image; fetch the file again")
    if start != START_CODE or tag[0] & 1:
        raise CorruptStreamError("WebP stream is damaged in its header; fetch the file again")
    return width & SIZE_BITS, height & SIZE_BITS
