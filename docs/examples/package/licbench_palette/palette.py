"""PNG of few colours by Pillow: a complete codec, kept as the example of docs/extending.md and run by the tests."""

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
from licbench.errors import CorruptStreamError
from licbench.images.files import DAMAGE
from licbench.images.limits import check_size


class Palette(Codec):
    """PNG with a palette of the image's own colours, by median cut."""

    id = "palette"
    extension = ".palette"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "colours": {
            "description": "Colours of the palette, 2 to 256.",
            "type": "integer",
            "minimum": 2,
            "maximum": 256,
            "default": 16,
        },
        "dither": {
            "description": "Whether errors are spread to the pixels around.",
            "type": "boolean",
            "default": False,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["plain", "dithered"],
        "properties": {
            "plain": {
                "description": "The curve without dithering: numbers of colours.",
                "type": "array",
                "items": point_schema["colours"],
            },
            "dithered": {
                "description": "The curve with dithering: numbers of colours.",
                "type": "array",
                "items": point_schema["colours"],
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(f"{curve}-{colours:03d}", curve, {"colours": colours, "dither": curve == "dithered"})
            for curve in ("plain", "dithered")
            for colours in settings[curve]
        ]

    def version(self) -> str:
        return f"Pillow {PIL.__version__}, zlib {features.version('zlib')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        colours, dither = point.settings["colours"], point.settings["dither"]
        rgb = Pillow.fromarray(image)
        few = rgb.quantize(colours, Pillow.Quantize.MEDIANCUT)
        if dither:
            few = rgb.quantize(palette=few, dither=Pillow.Dither.FLOYDSTEINBERG)
        file = io.BytesIO()
        few.save(file, "PNG", optimize=True)
        return file.getvalue()

    def decode(self, stream: bytes) -> Image:
        try:
            with warnings.catch_warnings():
                # check_size does the work of Pillow's limit, which is lower
                warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
                image = Pillow.open(io.BytesIO(stream), formats=["PNG"])
                check_size(*image.size)
                if image.mode != "P" or getattr(image, "n_frames", 1) > 1:
                    raise CorruptStreamError("no PNG of one image with a palette; encode it with this codec")
                return np.array(image.convert("RGB"))
        except UnidentifiedImageError as error:
            raise CorruptStreamError("not a PNG stream, or damaged in its header; fetch the file again") from error
        except Pillow.DecompressionBombError as error:
            raise CorruptStreamError("PNG stream declares an impossible size; fetch the file again") from error
        except DAMAGE as error:
            raise CorruptStreamError(f"PNG stream is damaged ({error}); fetch the file again") from error
