"""BPG: one HEVC intra picture by x265 in Bellard's container; alone, and inside the super-resolution codec."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import bpg
from licbench.coding.bpg import container


class Bpg(Codec):
    """Files like those of bpgenc 0.9.8 with x265: 8 bit, level 8 (veryslow, tune ssim), constant QP."""

    id = "bpg"
    extension = ".bpg"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "chroma": {
            "description": "Chroma format; each is a curve. 420 is bpgenc's default.",
            "enum": ["420", "444"],
            "default": "420",
        },
        "qp": {
            "description": "x265's constant QP, 0 (largest file) to 51, like the -q of bpgenc.",
            "type": "integer",
            "minimum": 0,
            "maximum": 51,
            "default": 29,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["chroma", "qp"],
        "properties": {
            "chroma": {
                "description": "The curves to draw: chroma formats.",
                "type": "array",
                "items": point_schema["chroma"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "qp": {
                "description": "The QPs to measure in each chroma format.",
                "type": "array",
                "items": point_schema["qp"],
                "minItems": 1,
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(f"{chroma}-qp{qp:02d}", chroma, {"chroma": chroma, "qp": qp})
            for chroma in settings["chroma"]
            for qp in settings["qp"]
        ]

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        return container.header_bytes(width, height)

    def version(self) -> str:
        return bpg.version()

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        return bpg.encode(image, point.settings["qp"], point.settings["chroma"])

    def decode(self, stream: bytes) -> Image:
        return bpg.decode(stream)
