"""The GAN with a switch, which the paper promises as future work: each tile takes the code size that suits it.

magic | width, height | scale - 1 (2 bits), depth (5 bits) | models (1), fingerprint of each (4) |
choices, colours, codes
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.latent_tables import QUARTER_DEPTHS, tables_at
from licbench.coding.latent_vectors import MAX_ENLARGED, generated, grid, off_axes, rounded
from licbench.coding.memo import LastImage
from licbench.coding.mixed_codes import ChoiceFrequencies, ColourFrequencies, MixedContexts
from licbench.coding.range_coder import Decoder, Encoder
from licbench.coding.switching import Switched, Switching, colour_levels, colour_of
from licbench.errors import BadImageError, CorruptStreamError, ModelError
from licbench.images.geometry import Shrinking
from licbench.networks.store import FINGERPRINT_BYTES, ModelStore

if TYPE_CHECKING:
    from licbench.networks.store import Model

MAGIC = 0xD1
SCALES = (1, 2, 3, 4)
MAX_MODELS = 8
MAX_LAMBDA = 10**7

_MODEL_NAME = {"type": "string", "pattern": "^[A-Za-z0-9_.-]+$"}
_SCALE: Mapping[str, Any] = {
    "enum": list(SCALES),
    "default": 4,
    "description": "the largest enlargement that an image may take",
}
_LAMBDA: Mapping[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_LAMBDA,
    "default": 2000,
    "description": "the squared error, summed over R, G and B, that a bit is worth",
}


class GanSwitch(Codec):
    """GANs of several code sizes, one or a single colour for each tile; enlargement and bit depth for each image."""

    id = "gan_switch"
    extension = ".gsw"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["models", "scale", "lambda"],
        "properties": {
            "models": {
                "description": "trained networks of one tile size, among which each tile chooses",
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_MODELS,
                "uniqueItems": True,
                "items": _MODEL_NAME,
            },
            "scale": _SCALE,
            "lambda": {
                "description": "each an operating point: " + _LAMBDA["description"],
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": _LAMBDA,
            },
        },
    }
    point_schema: ClassVar[Mapping[str, Any]] = {
        "models": {
            "type": "string",
            "default": "gan_64,gan_128,gan_256",
            "description": "which trained networks, separated by commas",
        },
        "scale": _SCALE,
        "lambda": _LAMBDA,
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"lambda{weight:08d}",
                curve="switched",
                settings={"models": ",".join(settings["models"]), "scale": settings["scale"], "lambda": weight},
            )
            for weight in settings["lambda"]
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return sorted(settings["models"])

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        scale: int = settings["scale"]
        return 1000 + 350 * len(settings["models"]) + (60 + 10 * scale**2) * megapixels

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._switchings: LastImage[Switching] = LastImage()

    def version(self) -> str:
        libraries = ", ".join(f"{name} {version(name.lower())}" for name in ("constriction", "Pillow", "torch"))
        return f"gan_switch 1, {libraries}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        models = self._models(point.settings["models"])
        pixels = image.shape[0] * image.shape[1]
        if pixels > MAX_ENLARGED:
            raise BadImageError(f"the image has over {MAX_ENLARGED} pixels; scale it down")
        scales = [scale for scale in SCALES if scale <= point.settings["scale"] and pixels * scale**2 <= MAX_ENLARGED]
        key = tuple(model.fingerprint for model in models), tuple(scales)
        switching = self._switchings.get(image, key, lambda: Switching(image, models, scales))
        switched = switching.choose(point.settings["lambda"], lambda made: len(_stream(made, image.shape, models)))
        return _stream(switched, image.shape, models)

    def decode(self, stream: bytes) -> Image:
        return self._decode(stream, "float32")

    def decode_in_float64(self, stream: bytes) -> Image:
        return self._decode(stream, "float64")

    def _decode(self, stream: bytes, precision: str) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        flags, count = reader.byte(), reader.byte()
        scale, depth = SCALES[flags & 3], flags >> 2
        if depth >= len(QUARTER_DEPTHS) or not 1 <= count <= MAX_MODELS:
            raise CorruptStreamError(
                f"gan_switch stream has flags {flags:#x}, {count} models; decode it with the version that wrote it"
            )
        if width * height * scale**2 > MAX_ENLARGED:
            raise CorruptStreamError(
                f"gan_switch stream declares {width}x{height}, {scale} times enlarged; fetch it again"
            )
        reader.declare_work(width * height * scale**2)
        models = [self.models.find(reader.raw(FINGERPRINT_BYTES), "gan") for _ in range(count)]
        if len({model.card["recipe"]["input_size"] for model in models}) > 1:
            raise CorruptStreamError("gan_switch stream mixes models of several tile sizes; fetch it again")
        rows, columns = grid(height * scale, width * scale, models[0])
        switched = _read(reader.blob(), (rows, columns), models, scale, QUARTER_DEPTHS[depth])
        reader.end()
        # Tile row by tile row: the enlarged image as a whole would take gigabytes
        side = models[0].card["recipe"]["input_size"]
        shrinking, tiles = Shrinking(width, height, scale), _tiles(switched, models, precision)
        for row in range(rows):
            made = np.concatenate([next(tiles) for _ in range(columns)], axis=1)
            shrinking.add(made[: height * scale - row * side, : width * scale])
        return shrinking.image

    def _models(self, names: str) -> list[Model]:
        """The models of a point, by code size."""
        models = [self.models.load(name, "gan") for name in dict.fromkeys(names.split(","))]
        if len(models) > MAX_MODELS or len({model.card["recipe"]["input_size"] for model in models}) > 1:
            raise ModelError(f"{names}: at most {MAX_MODELS} models of one tile size can be switched; name others")
        return sorted(models, key=lambda model: (model.card["recipe"]["code_size"], model.name))


def _stream(switched: Switched, shape: tuple[int, ...], models: Sequence[Model]) -> bytes:
    """The stream of a choice, which names the models that a tile takes; the first where none takes any."""
    used = [model for model in range(len(models)) if (switched.choices == model).any()] or [0]
    renumbered = np.full(len(models) + 1, len(used))
    renumbered[used] = np.arange(len(used))
    choices = renumbered[switched.choices]
    tables = [tables_at(models[model], switched.quarters) for model in used]
    tiles = grid(shape[0] * switched.scale, shape[1] * switched.scale, models[0])
    encoder, contexts = Encoder(), MixedContexts(tables, choices, tiles)
    encoder.write(choices[None].astype(np.int32), ChoiceFrequencies(len(used) + 1, tiles[1]))
    encoder.write(switched.colours.reshape(1, -1), ColourFrequencies(colour_levels(switched.quarters)))
    encoder.write(switched.indices[:, : contexts.coefficients], contexts)
    writer = StreamWriter(MAGIC).size(shape[1], shape[0]).declare_work(shape[0] * shape[1] * switched.scale**2)
    writer.byte(SCALES.index(switched.scale) | QUARTER_DEPTHS.index(switched.quarters) << 2).byte(len(used))
    for model in used:
        writer.raw(models[model].fingerprint)
    return writer.blob(encoder.finish()).finish()


def _read(data: bytes, tiles: tuple[int, int], models: Sequence[Model], scale: int, quarters: int) -> Switched:
    """The choice and the codes in the range-coded part of a stream."""
    decoder, count = Decoder(data), tiles[0] * tiles[1]
    choices = decoder.read((1, count), ChoiceFrequencies(len(models) + 1, tiles[1]))[0].astype(np.intp)
    flat = int((choices == len(models)).sum())
    colours = decoder.read((1, 3 * flat), ColourFrequencies(colour_levels(quarters))).reshape(flat, 3)
    contexts = MixedContexts([tables_at(model, quarters) for model in models], choices, tiles)
    indices = decoder.read((count, contexts.coefficients), contexts)
    return Switched(scale, quarters, choices, indices, colours)


def _tiles(switched: Switched, models: Sequence[Model], precision: str) -> Iterator[npt.NDArray[np.uint8]]:
    """One tile (S, S, 3) of the enlarged image after the other."""
    side = models[0].card["recipe"]["input_size"]
    made = []
    for number, model in enumerate(models):
        quantiser = tables_at(model, switched.quarters).quantiser
        own = switched.indices[switched.choices == number, : len(quantiser.step)]
        made.append(generated(off_axes(quantiser.dequantise(own), model), model, precision))
    colours = iter(colour_of(switched.colours, switched.quarters))
    for choice in switched.choices.tolist():
        if choice < len(models):
            yield rounded(next(made[choice]))
        else:
            yield np.broadcast_to(next(colours), (side, side, 3))
