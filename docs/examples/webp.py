"""WebP by libwebp through Pillow: a complete codec, kept as the example of docs/extending.md and run by the tests."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import PIL
from PIL import Image as Pillow
from PIL import UnidentifiedImageError, features

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.errors import BadImageError, CorruptStreamError
from licbench.images.files import DAMAGE
from licbench.images.limits import check_size

LONGEST_SIDE = 16383
"""Of the format, in pixels."""


class WebP(Codec):
    """Pillow's WebP encoder, with libwebp's default effort."""

    id = "webp"
    extension = ".webp"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "lossless": {"description": "Whether every sample comes back.", "type": "boolean", "default": False},
        "quality": {
            "description": "libwebp's quality factor, 0 to 100; where lossless, its effort.",
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "default": 50,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["quality", "effort"],
        "properties": {
            "quality": {
                "description": "The lossy curve: quality factors.",
                "type": "array",
                "items": point_schema["quality"],
            },
            "effort": {
                "description": "The lossless curve: efforts.",
                "type": "array",
                "items": point_schema["quality"],
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        lossy = [
            OperatingPoint(f"q{quality:03d}", "lossy", {"lossless": False, "quality": quality})
            for quality in settings["quality"]
        ]
        lossless = [
            OperatingPoint(f"lossless-e{effort:03d}", "lossless", {"lossless": True, "quality": effort})
            for effort in settings["effort"]
        ]
        return [*lossy, *lossless]

    def version(self) -> str:
        return f"Pillow {PIL.__version__}, libwebp {features.version('webp')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        if max(image.shape) > LONGEST_SIDE:
            raise BadImageError(f"WebP holds at most {LONGEST_SIDE} pixels a side; take webp out of codecs")
        file = io.BytesIO()
        Pillow.fromarray(image).save(file, "WEBP", **point.settings)
        return file.getvalue()

    def decode(self, stream: bytes) -> Image:
        try:
            with warnings.catch_warnings():
                # check_size does the work of Pillow's limit, which is lower
                warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
                image = Pillow.open(io.BytesIO(stream), formats=["WEBP"])
                check_size(*image.size)
                if image.mode != "RGB" or getattr(image, "n_frames", 1) > 1:
                    raise CorruptStreamError("WebP stream is not one image of three colours; convert it first")
                return np.array(image)
        except UnidentifiedImageError as error:
            raise CorruptStreamError("not a WebP stream, or damaged in its header; fetch the file again") from error
        except Pillow.DecompressionBombError as error:
            raise CorruptStreamError("WebP stream declares an impossible size; fetch the file again") from error
        except DAMAGE as error:
            raise CorruptStreamError(f"WebP stream is damaged ({error}); fetch the file again") from error
