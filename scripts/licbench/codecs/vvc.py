"""H.266 (VVC) by VVenC, the open encoder of Fraunhofer HHI: one intra picture in our own short container.

magic | width, height | byte stream of the picture

VVenC is not VTM, the reference encoder of the standard, whose results papers usually quote as "VVC".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import vvc
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.isolation import decode_apart

MAGIC = 0xC6


class Vvc(Codec):
    """VVenC (not VTM), intra, 4:2:0 at 10 bits, constant QP without its perceptual distribution of the bits."""

    id = "vvc"
    extension = ".vvc"
    packages: ClassVar[Mapping[str, str]] = {"imageio_ffmpeg": "ffmpeg.lock"}
    point_schema: ClassVar[Mapping[str, Any]] = {
        "qp": {
            "description": "VVenC's QP, 0 (largest file) to 63.",
            "type": "integer",
            "minimum": 0,
            "maximum": 63,
            "default": 37,
        },
        "preset": {
            "description": "VVenC's effort.",
            "enum": list(vvc.PRESETS),
            "default": "medium",
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["qp", "preset"],
        "properties": {
            "qp": {
                "description": "The QPs to measure.",
                "type": "array",
                "items": point_schema["qp"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "preset": {key: value for key, value in point_schema["preset"].items() if key != "default"},
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [OperatingPoint(f"qp{qp:02d}", "420", {"qp": qp, "preset": settings["preset"]}) for qp in settings["qp"]]

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        return 600 + 250 * megapixels

    def version(self) -> str:
        return vvc.version()

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        height, width, _ = image.shape
        stream = vvc.encode(image, point.settings["qp"], point.settings["preset"])
        return StreamWriter(MAGIC).size(width, height).raw(stream).finish()

    def decode(self, stream: bytes) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        coded = reader.rest()
        return decode_apart(lambda: vvc.decode(coded, width, height), (height, width, 3), "vvc")
