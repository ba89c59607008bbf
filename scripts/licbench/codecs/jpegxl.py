"""JPEG XL by libjxl through imagecodecs: bare codestreams of the lossy mode (VarDCT, XYB colours, 4:4:4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import jpegxl_header
from licbench.coding.bitstream import check_length, least_bytes
from licbench.coding.isolation import decode_apart
from licbench.images.limits import check_size

PIXELS_PER_BYTE = 2**15
"""libjxl takes a byte for some 35,000 pixels of a flat image."""


class JpegXl(Codec):
    """Lossy JPEG XL by libjxl, whose encoder has perceptual quality as its one target."""

    id = "jpegxl"
    extension = ".jxl"
    packages: ClassVar[Mapping[str, str]] = {"imagecodecs": "modern.lock"}
    point_schema: ClassVar[Mapping[str, Any]] = {
        "distance": {
            "description": "libjxl's Butteraugli distance, 0.1 (largest file) to 25; from 20 on it halves the image.",
            "type": "number",
            "minimum": 0.1,
            "maximum": 25,
            "default": 6.0,
        },
        "effort": {
            "description": "libjxl's effort, 3 (fastest) to 9; cjxl's default is 7.",
            "type": "integer",
            "minimum": 3,
            "maximum": 9,
            "default": 7,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["distance", "effort"],
        "properties": {
            "distance": {
                "description": "The distances to measure.",
                "type": "array",
                "items": point_schema["distance"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "effort": {key: value for key, value in point_schema["effort"].items() if key != "default"},
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(f"d{distance:06.3f}", "vardct", {"distance": distance, "effort": settings["effort"]})
            for distance in settings["distance"]
        ]

    def version(self) -> str:
        library = _library()
        return f"imagecodecs {library.__version__}, {library.jpegxl_version()}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        stream: bytes = _library().jpegxl_encode(
            image,
            distance=point.settings["distance"],
            effort=point.settings["effort"],
            usecontainer=False,
            numthreads=1,
        )
        # A decoder does not read what follows the last frame
        return stream.ljust(least_bytes(image.shape[0] * image.shape[1], PIXELS_PER_BYTE), b"\0")

    def decode(self, stream: bytes) -> Image:
        width, height = jpegxl_header.read_size(stream)
        check_size(width, height)
        check_length(width * height, len(stream), PIXELS_PER_BYTE)
        library = _library()
        return decode_apart(lambda: library.jpegxl_decode(stream, numthreads=1), (height, width, 3), "JPEG XL")


def _library() -> Any:
    import imagecodecs  # noqa: PLC0415  another codec's users need not have it

    return imagecodecs
