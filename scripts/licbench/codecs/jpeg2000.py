"""JPEG 2000 by OpenJPEG: 9/7 wavelet, one quality layer, truncated to a target rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from licbench import openjpeg
from licbench.codecs.base import Codec, Image, OperatingPoint, Settings


class Jpeg2000(Codec):
    """Raw codestreams, optimised for squared error, at or just under each target where a stream that short exists."""

    id = "jpeg2000"
    extension = ".j2k"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "bpp": {
            "description": "Target rate in bits per pixel, every header byte counted.",
            "type": "number",
            "minimum": 0.001,
            "maximum": 24,
            "default": 0.15,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["bpp"],
        "properties": {
            "bpp": {
                "description": "The target rates to measure.",
                "type": "array",
                "items": point_schema["bpp"],
                "minItems": 1,
                "uniqueItems": True,
                "default": [0.05, 0.075, 0.1, 0.125, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.75, 1.0, 1.5, 2.0],
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [OperatingPoint(f"b{bpp:.3f}", "jpeg2000", {"bpp": bpp}) for bpp in settings["bpp"]]

    def version(self) -> str:
        return openjpeg.version()

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        height, width, _ = image.shape
        target = int(point.settings["bpp"] * height * width / 8)
        # OpenJPEG misses by some bytes either way: ask for less and less, until it fits or nothing is left to ask for.
        cut = 0
        while True:
            stream = openjpeg.encode_photo(image, image.nbytes / max(target - cut, 1))
            excess = len(stream) - target
            if excess <= 0 or cut >= target:
                return stream
            cut = max(2 * cut, excess)

    def decode(self, stream: bytes) -> Image:
        return openjpeg.decode(stream)
