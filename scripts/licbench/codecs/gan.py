"""The GAN codec (section 2.2, Fig. 3): 128x128 tiles to N numbers each, uniform quantiser, static range coder.

magic | width, height | model fingerprint (4) | scale - 1 (2 bits), bit depth (4 bits), rotated (1 bit) | words
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from licbench import range_coder
from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.codes import BIT_DEPTHS, CodeQuantiser
from licbench.errors import CorruptStreamError
from licbench.images import pad_to_multiple
from licbench.resampling import resize
from licbench.streams import FINGERPRINT_BYTES, StreamReader, StreamWriter

if TYPE_CHECKING:
    from licbench.models import Model

Floats = npt.NDArray[np.float32]

MAGIC = 0xC2
SCALES = (1, 2, 3, 4)
BATCH = 32
"""Tiles that go through the network at a time; bounds the memory."""

_POINT: Mapping[str, Any] = {
    "model": {"type": "string", "default": "gan_128", "description": "which trained networks"},
    "scale": {"enum": list(SCALES), "default": 2, "description": "bicubic enlargement before coding"},
    "bits": {"enum": list(BIT_DEPTHS), "default": 8, "description": "depth of the uniform quantiser"},
    "rotated": {"type": "boolean", "default": True, "description": "PCA of the codes, with one step for all"},
}


class Gan(Codec):
    """Encoder and generator trained against a discriminator; rate by code size, enlargement and bit depth."""

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
                id=f"{model}-s{scale}-b{bits}-{_basis(rotated)}",
                curve=f"{model}-b{bits}-{_basis(rotated)}",
                settings={"model": model, "scale": scale, "bits": bits, "rotated": rotated},
            )
            for family in settings["families"]
            for model, scale, bits, rotated in product(*(family[name] for name in _POINT))
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return sorted({model for family in settings["families"] for model in family["model"]})

    def version(self) -> str:
        return f"gan 1, constriction {version('constriction')}, Pillow {version('pillow')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        model = self.models.load(point.settings["model"], "gan")
        scale, bits, rotated = (point.settings[name] for name in ("scale", "bits", "rotated"))
        codes = self._codes(image, scale, model)
        if rotated:
            codes = (codes - model.tensors["pca.mean"]) @ model.tensors["pca.rotation"]
        quantiser = _quantiser(model, bits, rotated)
        flags = SCALES.index(scale) | bits << 2 | rotated << 6
        return (
            StreamWriter(MAGIC)
            .size(image.shape[1], image.shape[0])
            .raw(model.fingerprint)
            .byte(flags)
            .blob(range_coder.encode(quantiser.quantise(codes), _counts(model, quantiser, bits, rotated)))
            .finish()
        )

    def decode(self, stream: bytes) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        model = self.models.find(reader.raw(FINGERPRINT_BYTES), "gan")
        flags = reader.byte()
        scale, bits, rotated = SCALES[flags & 3], flags >> 2 & 15, bool(flags >> 6)
        if bits not in BIT_DEPTHS or flags >> 7:
            raise CorruptStreamError(f"gan stream has flags {flags:#x}; decode it with the version that wrote it")
        side = model.card["recipe"]["input_size"]
        rows, columns = -(-height * scale // side), -(-width * scale // side)
        quantiser = _quantiser(model, bits, rotated)
        indices = range_coder.decode(reader.blob(), rows * columns, _counts(model, quantiser, bits, rotated))
        reader.end()
        codes = quantiser.dequantise(indices)
        if rotated:
            codes = codes @ model.tensors["pca.rotation"].T + model.tensors["pca.mean"]
        tiles = _generate(codes.astype(np.float32), model)
        enlarged = tiles.reshape(rows, columns, side, side, 3).swapaxes(1, 2).reshape(rows * side, columns * side, 3)
        return resize(enlarged[: height * scale, : width * scale], width, height, "bicubic")

    def _codes(self, image: Image, scale: int, model: Model) -> Floats:
        """Codes of all tiles, (tiles, N); kept for the next bit depth of the same picture, scale and model."""
        key = scale, model.fingerprint
        if self._seen is None or self._seen[0] is not image or self._seen[1] != key:
            side = model.card["recipe"]["input_size"]
            enlarged = resize(image, image.shape[1] * scale, image.shape[0] * scale, "bicubic")
            padded = pad_to_multiple(enlarged, side)
            rows, columns = padded.shape[0] // side, padded.shape[1] // side
            tiles = padded.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(-1, side, side, 3)
            self._seen = image, key, _encode_tiles(tiles, model)
        return self._seen[2]

    _seen: tuple[Image, tuple[int, bytes], Floats] | None = None


def _basis(rotated: bool) -> str:
    return "pca" if rotated else "plain"


def _quantiser(model: Model, bits: int, rotated: bool) -> CodeQuantiser:
    low, high = (model.tensors[f"{_basis(rotated)}.{end}"] for end in ("low", "high"))
    return CodeQuantiser.from_ranges(low, high, bits, shared_step=rotated)


def _counts(model: Model, quantiser: CodeQuantiser, bits: int, rotated: bool) -> Sequence[npt.NDArray[np.uint16]]:
    """The frequency table of each coefficient."""
    return np.split(model.tensors[f"{_basis(rotated)}.counts{bits}"], np.cumsum(quantiser.levels)[:-1])


def _encode_tiles(tiles: npt.NDArray[np.uint8], model: Model) -> Floats:
    """(tiles, S, S, 3) uint8 -> codes (tiles, N)."""
    import torch  # noqa: PLC0415  takes seconds; listing the points should not

    from licbench.inference import network_of  # noqa: PLC0415
    from licbench.networks.gan import Encoder  # noqa: PLC0415

    recipe = model.card["recipe"]
    encoder = network_of(lambda: Encoder(recipe["code_size"], recipe["input_size"]), model, "encoder")
    with torch.inference_mode():
        batches = [
            encoder(torch.from_numpy(tiles[at : at + BATCH]).permute(0, 3, 1, 2).float() / 127.5 - 1).numpy()
            for at in range(0, len(tiles), BATCH)
        ]
    return np.concatenate(batches)


def _generate(codes: Floats, model: Model) -> npt.NDArray[np.uint8]:
    """Codes (tiles, N) -> (tiles, S, S, 3) uint8."""
    import torch  # noqa: PLC0415

    from licbench.inference import network_of  # noqa: PLC0415
    from licbench.networks.gan import Generator  # noqa: PLC0415

    recipe = model.card["recipe"]
    generator = network_of(lambda: Generator(recipe["code_size"], recipe["input_size"]), model, "generator")
    with torch.inference_mode():
        batches = [
            ((generator(torch.from_numpy(codes[at : at + BATCH])) + 1) * 127.5)
            .round()
            .clamp(0, 255)
            .to(torch.uint8)
            .permute(0, 2, 3, 1)
            .numpy()
            for at in range(0, len(codes), BATCH)
        ]
    return np.concatenate(batches)
