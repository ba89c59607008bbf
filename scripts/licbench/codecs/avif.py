"""AVIF: one AV1 key frame by libaom, through libavif in Pillow; decoded by dav1d."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

import numpy as np
import PIL
from PIL import AvifImagePlugin, UnidentifiedImageError, features
from PIL import Image as Pillow

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import avif_container
from licbench.errors import CorruptStreamError, LicbenchError
from licbench.images.files import DAMAGE

SUBSAMPLING: Mapping[str, str] = {"420": "4:2:0", "444": "4:4:4"}
"""A chroma format as Pillow calls it."""
# Another encoder, more tiles or more threads would give other bytes; libaom's own default tunes for SSIM, or for "iq"
FIXED = {"codec": "aom", "max_threads": 1, "autotiling": False, "range": "full", "advanced": {"tune": "psnr"}}
DECODER = "dav1d"


class Avif(Codec):
    """AVIF stills of 8 bits, libaom tuned for PSNR, one thread and one tile where the format allows that."""

    id = "avif"
    extension = ".avif"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "chroma": {
            "description": "Chroma format; each is a curve. 420 is the default of avifenc and of browsers' exports.",
            "enum": list(SUBSAMPLING),
            "default": "420",
        },
        "quality": {
            "description": "libavif's quality, 0 (smallest file) to 100; it has 64 steps, the quantisers of libaom.",
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 20,
        },
        "speed": {
            "description": "libaom's effort, 0 (slowest) to 10; avifenc's default is 6.",
            "type": "integer",
            "minimum": 0,
            "maximum": 10,
            "default": 4,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["chroma", "quality", "speed"],
        "properties": {
            "chroma": {
                "description": "The curves to draw: chroma formats.",
                "type": "array",
                "items": point_schema["chroma"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "quality": {
                "description": "The qualities to measure in each chroma format.",
                "type": "array",
                "items": point_schema["quality"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "speed": {key: value for key, value in point_schema["speed"].items() if key != "default"},
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                f"{chroma}-q{quality:03d}", chroma, {"chroma": chroma, "quality": quality, "speed": settings["speed"]}
            )
            for chroma in settings["chroma"]
            for quality in settings["quality"]
        ]

    def version(self) -> str:
        # "dav1d [dec]:1.5.3-0-gb546257, aom [enc]:3.14.1"
        return f"Pillow {PIL.__version__}, libavif {features.version('avif')}, {_plugin().codec_versions()}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        _plugin()
        chroma, quality, speed = (point.settings[name] for name in ("chroma", "quality", "speed"))
        file = io.BytesIO()
        Pillow.fromarray(image).save(
            file, "AVIF", quality=quality, subsampling=SUBSAMPLING[chroma], speed=speed, **FIXED
        )
        stream = avif_container.padded(file.getvalue(), image.shape[0] * image.shape[1])
        try:
            avif_container.read(stream)
        except CorruptStreamError as error:
            raise LicbenchError(
                f"{self.version()} writes other files than libavif 1.4; install envs/run.lock"
            ) from error
        return stream

    def decode(self, stream: bytes) -> Image:
        _plugin()
        parts = avif_container.read(stream)
        try:
            with warnings.catch_warnings():
                # avif_container checks the size; Pillow's limit is lower
                warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
                image = Pillow.open(io.BytesIO(stream), formats=["AVIF"])
                if image.size != (parts.width, parts.height) or image.mode != "RGB":
                    raise CorruptStreamError("AVIF stream is damaged in its header; fetch the file again")
                return np.array(image)
        except UnidentifiedImageError as error:
            raise CorruptStreamError("AVIF stream is damaged in its header; fetch the file again") from error
        except (*DAMAGE, RuntimeError) as error:
            raise CorruptStreamError(f"AVIF stream is damaged ({error}); fetch the file again") from error


def _plugin() -> ModuleType:
    """Pillow's binding of libavif, set to one thread and one decoder.

    Raises:
        LicbenchError: this Pillow has none, or lacks libaom or dav1d.
    """
    binding: ModuleType | None = getattr(AvifImagePlugin, "_avif", None)
    if binding is None or not (
        binding.encoder_codec_available(FIXED["codec"]) and binding.decoder_codec_available(DECODER)
    ):
        raise LicbenchError("this Pillow has no AVIF with libaom and dav1d; install it from its wheel, envs/run.lock")
    AvifImagePlugin.DEFAULT_MAX_THREADS, AvifImagePlugin.DECODE_CODEC_CHOICE = 1, DECODER
    return binding
