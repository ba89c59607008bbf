"""The GAN codec (section 2.2, Fig. 3): each tile to a latent vector of N coefficients, uniform quantiser, range coder.

magic | width, height | model fingerprint (4) | scale - 1 (2 bits), bit depth (4 bits), rotated (1 bit) | words
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import range_coder
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.context_model import Contextual, Prior
from licbench.coding.latent_tables import basis, counts_of, quantiser_of
from licbench.coding.latent_vectors import MAX_ENLARGED, LatentVectors, generated, grid, off_axes, rounded
from licbench.coding.memo import LastImage
from licbench.coding.quantiser import BIT_DEPTHS
from licbench.coding.range_coder import Frequencies, Static
from licbench.errors import BadImageError, CorruptStreamError
from licbench.images.geometry import Shrinking
from licbench.networks.store import FINGERPRINT_BYTES, ModelStore

if TYPE_CHECKING:
    from licbench.networks.store import Model

MAGIC = 0xC5
"""0xC2 was version 1, with static frequency tables."""
SCALES = (1, 2, 3, 4)

_POINT: Mapping[str, Any] = {
    "model": {"type": "string", "default": "gan_128", "description": "which trained networks"},
    "scale": {"enum": list(SCALES), "default": 2, "description": "bicubic enlargement before coding"},
    "bits": {"enum": list(BIT_DEPTHS), "default": 8, "description": "depth of the uniform quantiser"},
    "rotated": {
        "type": "boolean",
        "default": True,
        "description": "PCA of the latent vectors, with one quantiser step for all coefficients",
    },
}


class Gan(Codec):
    """Encoder and generator trained against a discriminator; rate by latent size, enlargement and bit depth."""

    id = "gan"
    extension = ".gan"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["families"],
        "properties": {
            "families": {
                "description": "each family: all combinations of its values are measured, as one curve a bit depth",
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(_POINT),
                    "properties": {
                        name: {
                            "description": schema["description"],
                            "type": "array",
                            "minItems": 1,
                            "uniqueItems": True,
                            "items": dict(schema),
                        }
                        for name, schema in _POINT.items()
                    },
                },
            }
        },
    }
    point_schema = _POINT

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"{model}-s{scale}-b{bits}-{basis(rotated)}",
                curve=f"{model}-b{bits}-{basis(rotated)}",
                settings={"model": model, "scale": scale, "bits": bits, "rotated": rotated},
            )
            for family in settings["families"]
            for model, scale, bits, rotated in product(*(family[name] for name in _POINT))
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return sorted({model for family in settings["families"] for model in family["model"]})

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        scale: int = max(max(family["scale"]) for family in settings["families"])
        return 1300 + (35 + 5 * scale**2) * megapixels

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        return len(_header(width, height, bytes(FINGERPRINT_BYTES), settings))

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._latents: LastImage[LatentVectors] = LastImage()

    def version(self) -> str:
        return f"gan 3, constriction {version('constriction')}, Pillow {version('pillow')}, torch {version('torch')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        model = self.models.load(point.settings["model"], "gan")
        scale, bits, rotated = (point.settings[name] for name in ("scale", "bits", "rotated"))
        if image.shape[0] * image.shape[1] * scale**2 > MAX_ENLARGED:
            raise BadImageError(f"enlarged by {scale}, the image has over {MAX_ENLARGED} pixels; scale it down")
        indices = self._vectors(image, scale, model).indices(quantiser_of(model, bits, rotated), rotated)
        frequencies = _frequencies(model, bits, rotated, grid(image.shape[0] * scale, image.shape[1] * scale, model))
        header = _header(image.shape[1], image.shape[0], model.fingerprint, point.settings)
        return header.blob(range_coder.encode(indices, frequencies)).finish()

    def decode(self, stream: bytes) -> Image:
        return self._decode(stream, "float32")

    def decode_in_float64(self, stream: bytes) -> Image:
        return self._decode(stream, "float64")

    def _decode(self, stream: bytes, precision: str) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        model = self.models.find(reader.raw(FINGERPRINT_BYTES), "gan")
        flags = reader.byte()
        scale, bits, rotated = SCALES[flags & 3], flags >> 2 & 15, bool(flags >> 6)
        if bits not in BIT_DEPTHS or flags >> 7:
            raise CorruptStreamError(f"gan stream has flags {flags:#x}; decode it with the version that wrote it")
        if width * height * scale**2 > MAX_ENLARGED:
            raise CorruptStreamError(f"gan stream declares {width}x{height}, {scale} times enlarged; fetch it again")
        reader.declare_work(width * height * scale**2)
        side, code_size = (model.card["recipe"][name] for name in ("input_size", "code_size"))
        rows, columns = grid(height * scale, width * scale, model)
        frequencies = _frequencies(model, bits, rotated, (rows, columns))
        indices = range_coder.decode(reader.blob(), (rows * columns, code_size), frequencies)
        reader.end()
        vectors = quantiser_of(model, bits, rotated).dequantise(indices)
        if rotated:
            vectors = off_axes(vectors, model)
        # Tile row by tile row: the enlarged image as a whole would take gigabytes
        shrinking, tiles = Shrinking(width, height, scale), generated(vectors, model, precision)
        for row in range(rows):
            made = np.concatenate([rounded(next(tiles)) for _ in range(columns)], axis=1)
            shrinking.add(made[: height * scale - row * side, : width * scale])
        return shrinking.image

    def _vectors(self, image: Image, scale: int, model: Model) -> LatentVectors:
        """Kept for the next bit depth of the same image, scale and model."""
        return self._latents.get(image, (scale, model.fingerprint), lambda: LatentVectors(image, scale, model))


def _header(width: int, height: int, fingerprint: bytes, settings: Settings) -> StreamWriter:
    """The start of a stream: all that does not depend on the samples."""
    scale, bits, rotated = (settings[name] for name in ("scale", "bits", "rotated"))
    writer = StreamWriter(MAGIC).size(width, height).declare_work(width * height * scale**2).raw(fingerprint)
    return writer.byte(SCALES.index(scale) | bits << 2 | rotated << 6)


def _frequencies(model: Model, bits: int, rotated: bool, grid: tuple[int, int]) -> Frequencies:
    """Only rotated coefficients share a quantiser step and are sorted by variance, so that each predicts the next."""
    return Contextual(_prior(model, bits), grid) if rotated else _static(model, bits)


@lru_cache(maxsize=16)
def _prior(model: Model, bits: int) -> Prior:
    quantiser = quantiser_of(model, bits, rotated=True)
    return Prior(quantiser, counts_of(model, quantiser, bits, rotated=True))


@lru_cache(maxsize=16)
def _static(model: Model, bits: int) -> Static:
    return Static(counts_of(model, quantiser_of(model, bits, rotated=False), bits, rotated=False))
