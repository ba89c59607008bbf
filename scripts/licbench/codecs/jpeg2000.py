"""JPEG 2000 by OpenJPEG: one quality layer, truncated to a target rate, with either wavelet of the standard.

The 9/7 wavelet is the better one for lossy coding. The reversible 5/3 wavelet is OpenJPEG's default, so
published anchors often use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import openjpeg

WAVELETS = ("9-7", "5-3")


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
        "wavelet": {
            "description": "Wavelet and colour transform: irreversible 9/7, or reversible 5/3.",
            "enum": list(WAVELETS),
            "default": "9-7",
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["bpp", "reversible_bpp"],
        "properties": {
            "bpp": {
                "description": "The target rates to measure with the 9/7 wavelet.",
                "type": "array",
                "items": point_schema["bpp"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "reversible_bpp": {
                "description": "The target rates to measure with the reversible 5/3 wavelet as well.",
                "type": "array",
                "items": point_schema["bpp"],
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(f"{wavelet}-b{bpp:.3f}", wavelet, {"bpp": bpp, "wavelet": wavelet})
            for wavelet, rates in zip(WAVELETS, (settings["bpp"], settings["reversible_bpp"]), strict=True)
            for bpp in rates
        ]

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        return openjpeg.photo_header_bytes(width, height, reversible=settings["wavelet"] == "5-3")

    def version(self) -> str:
        return openjpeg.version()

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        height, width, _ = image.shape
        target = int(point.settings["bpp"] * height * width / 8)
        reversible = point.settings["wavelet"] == "5-3"
        # OpenJPEG misses by some bytes either way: ask for less and less, until it fits or nothing is left.
        cut = 0
        while True:
            stream = openjpeg.encode_photo(image, image.nbytes / max(target - cut, 1), reversible=reversible)
            excess = len(stream) - target
            if excess <= 0 or cut >= target:
                return stream
            cut = max(2 * cut, excess)

    def decode(self, stream: bytes) -> Image:
        return openjpeg.decode(stream)
