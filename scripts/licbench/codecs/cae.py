"""CAE + PCA + JPEG 2000 entropy coder (section 2.1, Fig. 1): each of Y, Cb, Cr through one network.

magic | width, height | model fingerprint (4) | rotation mode (1) | step in thousandths |
per component: [rotation matrix, if it travels] | latent mosaic
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import exact, openjpeg
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.mosaic import mosaic_shape, tile_maps, untile_maps
from licbench.errors import CorruptStreamError
from licbench.images.colour import rgb_to_ycbcr, ycbcr_to_rgb
from licbench.images.geometry import pad_to_multiple
from licbench.networks.store import FINGERPRINT_BYTES

if TYPE_CHECKING:
    from torch import nn

    from licbench.networks.cae import CAE
    from licbench.networks.store import Model

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

MAGIC = 0xC4
"""0xC1 was version 1, whose components had one step."""
MAPS = 32
DOWNSCALE = 8
ROTATIONS = ("none", "offline", "per_image")
ANALYSIS_ROWS = 8
"""Rows of latents that are made at a time: bounds the memory, and few stay in the cache."""
SYNTHESIS_PIXELS = 2**20
"""Pixels of one component that are made at a time, where a picture has more: bounds the memory."""
CONTEXT = 4
"""Latent rows above and below that a decoded row of latents depends on; an encoded one depends on 14 pixels."""
BAND = 256
"""Rows converted to RGB at a time."""
STEP_UNIT = 1000
COMPONENT_STEPS = (1.0, 0.7, 0.7)
"""Quantiser steps of Y, Cb and Cr; chosen on BSDS500 val, where equal ones cost 9 % more rate (docs/methods.md)."""
ROTATION_SCALE = 2**11
"""12-bit entries with sign, as the paper's reference [12] is quoted."""


class Cae(Codec):
    """The convolutional autoencoder; the rate is set by the model of the ladder and by the quantiser step."""

    id = "cae"
    extension = ".cae"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rotation", "ladder"],
        "properties": {
            "rotation": {
                "description": "PCA of the 32 maps: learned offline, per image with the matrix coded, or none",
                "type": "array",
                "items": {"enum": list(ROTATIONS)},
                "minItems": 1,
                "uniqueItems": True,
                "default": ["offline"],
            },
            "ladder": {
                "description": "model -> quantiser steps, in units of the step trained for; none: left out",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": "number", "minimum": 1 / STEP_UNIT, "maximum": 1000},
                },
            },
        },
    }
    point_schema: ClassVar[Mapping[str, Any]] = {
        "model": {"type": "string", "default": "cae_096", "description": "model of the ladder"},
        "step": {
            "type": "number",
            "minimum": 1 / STEP_UNIT,
            "maximum": 1000,
            "default": 1.0,
            "description": "quantiser step",
        },
        "rotation": {"enum": list(ROTATIONS), "default": "offline", "description": "PCA of the maps"},
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"{rotation}-{model}-x{step:.3f}",
                curve=rotation,
                settings={"model": model, "step": step, "rotation": rotation},
            )
            for rotation in settings["rotation"]
            for model, steps in settings["ladder"].items()
            for step in steps
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return [model for model, steps in settings["ladder"].items() if steps]

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        # Each model's networks leave blocks behind that the next one cannot use
        return 900 + (35 + 40 * len(cls.required_models(settings))) * megapixels

    def version(self) -> str:
        return f"cae 3, {openjpeg.version()}, torch {version('torch')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        model = self.models.load(point.settings["model"], "cae")
        mode = ROTATIONS.index(point.settings["rotation"])
        step = max(1, round(point.settings["step"] * STEP_UNIT))
        writer = StreamWriter(MAGIC).size(image.shape[1], image.shape[0]).raw(model.fingerprint)
        writer.byte(mode).varint(step)
        for latent, finer in zip(self._latents(image, model), COMPONENT_STEPS, strict=True):
            rotation = _rotation_of(latent, model, ROTATIONS[mode])
            if ROTATIONS[mode] == "per_image":
                writer.blob(openjpeg.encode_mosaic(rotation))
                rotation = rotation / ROTATION_SCALE
            rotated = _turned(rotation.T, latent)
            quantised = np.rint(rotated * (STEP_UNIT / (step * finer))).astype(np.int32)
            writer.blob(openjpeg.encode_mosaic(tile_maps(quantised)) if quantised.any() else b"")
        return writer.finish()

    def decode(self, stream: bytes) -> Image:
        return self._decode(stream, "float32")

    def decode_in_float64(self, stream: bytes) -> Image:
        return self._decode(stream, "float64")

    def _decode(self, stream: bytes, precision: str) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        model = self.models.find(reader.raw(FINGERPRINT_BYTES), "cae")
        mode, step = reader.byte(), reader.varint()
        if mode >= len(ROTATIONS):
            raise CorruptStreamError(f"cae stream has rotation mode {mode}; decode it with the version that wrote it")
        shape = (MAPS, -(-height // DOWNSCALE), -(-width // DOWNSCALE))
        components: list[npt.NDArray[Any]] = []
        for finer in COMPONENT_STEPS:
            rotation = _read_rotation(reader, model, ROTATIONS[mode])
            mosaic = reader.blob()
            if not mosaic:
                latent = np.zeros(shape, np.float32)
            else:
                quantised = untile_maps(openjpeg.decode_mosaic(mosaic, mosaic_shape(shape)))
                latent = _turned(rotation, quantised * np.float32(step * finer / STEP_UNIT))
            components.append(_synthesise(latent.astype(np.float32), model, precision))
        reader.end()
        image = np.empty((height, width, 3), np.uint8)
        for top in range(0, height, BAND):
            ycbcr = np.stack([component[top : min(top + BAND, height), :width] for component in components], axis=-1)
            image[top : top + BAND] = np.clip(np.rint(ycbcr_to_rgb(ycbcr * np.float32(255))), 0, 255)
        return image

    def _latents(self, image: Image, model: Model) -> list[Doubles]:
        """y of each component, (32, h, w); kept for the next operating point of the same picture and model."""
        if self._seen is None or self._seen[0] is not image or self._seen[1] != model.fingerprint:
            components = rgb_to_ycbcr(pad_to_multiple(image, DOWNSCALE)) / np.float32(255)
            latents = [_analyse(np.ascontiguousarray(components[..., index]), model) for index in range(3)]
            self._seen = (image, model.fingerprint, latents)
        return self._seen[2]

    _seen: tuple[Image, bytes, list[Doubles]] | None = None


def _rotation_of(latent: Doubles, model: Model, mode: str) -> npt.NDArray[Any]:
    """The matrix whose columns are the new axes, (32, 32); integers of 12 bits where it is computed per image."""
    if mode == "none":
        return np.eye(MAPS, dtype=np.float32)
    if mode == "offline":
        offline: npt.NDArray[np.float32] = model.tensor("pca", MAPS, MAPS)
        return offline
    axes = exact.principal_axes(exact.second_moments(latent.reshape(MAPS, -1)))
    rounded: npt.NDArray[np.int32] = np.rint(axes * ROTATION_SCALE).astype(np.int32)
    return rounded


def _turned(matrix: npt.NDArray[Any], latent: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``matrix`` (32, 32) times the vector at each position of a latent (32, h, w)."""
    return exact.product(matrix, latent.reshape(MAPS, -1)).reshape(latent.shape)


def _read_rotation(reader: StreamReader, model: Model, mode: str) -> npt.NDArray[Any]:
    if mode == "per_image":
        sent: npt.NDArray[np.float64] = openjpeg.decode_mosaic(reader.blob(), (MAPS, MAPS)) / ROTATION_SCALE
        return sent
    return np.eye(MAPS, dtype=np.float32) if mode == "none" else model.tensor("pca", MAPS, MAPS)


def _analyse(component: Floats, model: Model) -> Doubles:
    """One padded component (H, W) in [0, 1] -> y (32, H/8, W/8).

    In 64 bits, for the CPU chooses the order of additions: in 32 bits a number on the threshold of the quantiser would
    fall to one side here and to the other elsewhere, and the rate with it.
    """
    network = _network(model, "float64").analysis
    return _through(network, component[None].astype(np.float64), DOWNSCALE * ANALYSIS_ROWS, DOWNSCALE * 2)


def _synthesise(latent: Floats, model: Model, precision: str) -> Floats | Doubles:
    """y (32, h, w) -> component (8h, 8w), about [0, 1]."""
    _, height, width = latent.shape
    rows = _strip_rows(DOWNSCALE * height, DOWNSCALE * width)
    component: Floats | Doubles = _through(
        _network(model, precision).synthesis, latent.astype(precision), rows, CONTEXT
    )[0]
    return component


def _strip_rows(height: int, width: int) -> int:
    """Latent rows of each strip of a padded component: equally many, for a small rest would be computed otherwise."""
    strips = -(-height * width // SYNTHESIS_PIXELS)
    return -(-height // (DOWNSCALE * strips))


def _through(network: nn.Module, maps: Floats | Doubles, rows: int, context: int) -> npt.NDArray[Any]:
    import torch  # noqa: PLC0415  takes seconds; listing the points should not

    from licbench.networks.inference import in_strips  # noqa: PLC0415

    with torch.inference_mode():
        made: npt.NDArray[Any] = in_strips(network, torch.from_numpy(maps)[None], rows, context)[0].numpy()
    return made


def _network(model: Model, precision: str) -> CAE:
    import torch  # noqa: PLC0415

    from licbench.networks.cae import CAE  # noqa: PLC0415
    from licbench.networks.inference import network_of  # noqa: PLC0415

    return network_of(CAE, model, "cae", getattr(torch, precision))
