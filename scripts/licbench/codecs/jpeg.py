"""Baseline JPEG by libjpeg-turbo, in the three settings that decide the paper's comparison (README)."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import PIL
from PIL import Image as Pillow
from PIL import ImageFile, UnidentifiedImageError, features

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.errors import CorruptStreamError
from licbench.images.files import DAMAGE
from licbench.images.limits import check_size

MODES: Mapping[str, tuple[str, bool]] = {
    "444-standard": ("4:4:4", False),
    "420-standard": ("4:2:0", False),
    "420-optimised": ("4:2:0", True),
}
"""Chroma subsampling, and whether the Huffman tables are made for the image."""
END_OF_IMAGE = b"\xff\xd9"
START_OF_SCAN = b"\xff\xda"
MAX_SCANS = 8
"""Baseline files have one scan, or one for each component, and perhaps as many in a thumbnail."""
BLOCK = 8
BITS_PER_BLOCK = 2
"""The shortest block: no difference of DC, end of block, each in a Huffman code of one bit."""
MARKER_BYTES = 2 + 18 + 2 * 69 + 19 + 14 + 2
"""Start of image, JFIF, two quantisation tables, frame, scan, end of image: the same length in every file."""
STANDARD_TABLES_BYTES = 2 * 33 + 2 * 183
"""Huffman tables of annex K, for DC and AC; tables made for the image are data."""


class Jpeg(Codec):
    """Pillow's JPEG encoder: the bare JFIF file, without thumbnail, EXIF or comment."""

    id = "jpeg"
    extension = ".jpg"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "mode": {
            "description": "Chroma subsampling and Huffman tables; each mode is a curve. The official CLIC 2018 "
            "baseline used 420-optimised, Figure 6 most likely 444-standard.",
            "enum": list(MODES),
            "default": "420-optimised",
        },
        "quality": {
            "description": "libjpeg's quality factor, 1 (smallest file) to 100.",
            "type": "integer",
            "minimum": 1,
            "maximum": 100,
            "default": 50,
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["modes", "quality"],
        "properties": {
            "modes": {
                "description": "The curves to draw: chroma subsampling and Huffman tables.",
                "type": "array",
                "items": point_schema["mode"],
                "minItems": 1,
                "uniqueItems": True,
            },
            "quality": {
                "description": "The quality factors to measure in each mode.",
                "type": "array",
                "items": point_schema["quality"],
                "minItems": 1,
                "uniqueItems": True,
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(f"{mode}-q{quality:02d}", mode, {"mode": mode, "quality": quality})
            for mode in settings["modes"]
            for quality in settings["quality"]
        ]

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        _, optimise = MODES[settings["mode"]]
        return MARKER_BYTES + (0 if optimise else STANDARD_TABLES_BYTES)

    def version(self) -> str:
        turbo = features.version("libjpeg_turbo")
        library = f"libjpeg-turbo {turbo}" if turbo else f"libjpeg {features.version('jpg')}"
        return f"Pillow {PIL.__version__}, {library}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        subsampling, optimise = MODES[point.settings["mode"]]
        # With tables made for the image the whole file must fit Pillow's buffer, whose guessed size fails on noise.
        # A 4:2:0 file stays under the raw samples plus headers.
        ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, image.nbytes + 2**16)
        file = io.BytesIO()
        Pillow.fromarray(image).save(
            file, "JPEG", quality=point.settings["quality"], subsampling=subsampling, optimize=optimise
        )
        return file.getvalue()

    def decode(self, stream: bytes) -> Image:
        if not stream.endswith(END_OF_IMAGE):
            raise CorruptStreamError("not a JPEG stream, or cut off; fetch the file again")
        try:
            with warnings.catch_warnings():
                # Pillow's own limit on sizes is lower than check_size, which replaces it here.
                warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
                image = Pillow.open(io.BytesIO(stream), formats=["JPEG"])
                _refuse_costly(image, stream)
                if image.mode != "RGB":
                    raise CorruptStreamError(f"JPEG stream is {image.mode}, not of three colours; convert it first")
                return np.array(image)
        except UnidentifiedImageError as error:
            raise CorruptStreamError("not a JPEG stream, or damaged in its header; fetch the file again") from error
        except Pillow.DecompressionBombError as error:
            raise CorruptStreamError("JPEG stream declares an impossible size; fetch the file again") from error
        except DAMAGE as error:
            raise CorruptStreamError(f"JPEG stream is damaged ({error}); fetch the file again") from error


def _refuse_costly(image: Pillow.Image, stream: bytes) -> None:
    """Refuse a stream that takes far more time than its length suggests, before the first sample is decoded."""
    width, height = image.size
    check_size(width, height)
    if "progressive" in image.info or stream.count(START_OF_SCAN) > MAX_SCANS:
        # Every scan is a pass over the whole image, and may be empty.
        raise CorruptStreamError("JPEG stream is progressive, not baseline; convert it first")
    blocks = -(-width // BLOCK) * -(-height // BLOCK)
    if 8 * len(stream) < BITS_PER_BLOCK * blocks:
        raise CorruptStreamError(f"JPEG stream is too short for {width}x{height}; fetch the file again")
