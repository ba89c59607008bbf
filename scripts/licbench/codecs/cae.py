"""CAE + PCA + JPEG 2000 entropy coder (section 2.1, Fig. 1): each of Y, Cb, Cr through one network.

The maps are quantised and coded by EBCOT; the first, the local means, goes through JPEG 2000's 9/7 wavelet before.

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
from licbench.coding import linear_algebra, openjpeg, quantiser, wavelet
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.memo import LastImage
from licbench.coding.mosaic import mosaic_shape, tile_channels, untile_channels
from licbench.errors import CorruptStreamError
from licbench.images.colour import PEAK, rgb_to_ycbcr, ycbcr_to_rgb
from licbench.images.geometry import pad_to_multiple
from licbench.networks.shapes import DOWNSCALE, LATENT_CHANNELS
from licbench.networks.store import FINGERPRINT_BYTES, ModelStore

if TYPE_CHECKING:
    from torch import nn

    from licbench.networks.cae import CAE
    from licbench.networks.store import Model

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Levels = npt.NDArray[np.int32]

MAGIC = 0xC7
"""0xC1 was version 1, with one quantiser step for all components; 0xC4 version 2, without the wavelet."""
COMPONENT_STEPS = (1.0, 1.3, 1.3)
"""Quantiser steps of Y, Cb and Cr, relative to the operating point's; chosen on BSDS500 val (docs/methods.md)."""
ROTATIONS = ("none", "offline", "per_image")
ANALYSIS_ROWS = 8
"""Latent rows computed at a time: few, so that they stay in the cache."""
SYNTHESIS_PIXELS = 2**20
"""Pixels of one component that are computed at a time: bounds the memory."""
SYNTHESIS_OVERLAP = 4
"""Receptive-field overlap of the synthesis transform, in latent rows."""
ANALYSIS_OVERLAP = 2 * DOWNSCALE
"""Receptive-field overlap of the analysis transform, in rows of pixels: 14, up to whole latent rows."""
BAND = 256
"""Rows converted to RGB at a time."""
STEP_UNIT = 1000
STEP: Mapping[str, Any] = {"type": "number", "minimum": 1 / STEP_UNIT, "maximum": 1000}
ROTATION_SCALE = 2**11
"""12-bit entries with sign, as the paper's reference [12] is quoted."""


class Cae(Codec):
    """The convolutional autoencoder; rate by the model of the ladder and the quantiser step."""

    id = "cae"
    extension = ".cae"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rotation", "ladder"],
        "properties": {
            "rotation": {
                "description": "PCA of the 32 channels: learned offline, per image with the matrix coded, or none",
                "type": "array",
                "items": {"enum": list(ROTATIONS)},
                "minItems": 1,
                "uniqueItems": True,
            },
            "ladder": {
                "description": "model -> quantiser steps, in units of the step trained for; none: left out",
                "type": "object",
                "minProperties": 1,
                "additionalProperties": {"type": "array", "items": STEP},
            },
        },
    }
    point_schema: ClassVar[Mapping[str, Any]] = {
        "model": {"type": "string", "default": "cae_096", "description": "model of the ladder"},
        "step": {**STEP, "default": 1.0, "description": "quantiser step"},
        "rotation": {"enum": list(ROTATIONS), "default": "offline", "description": "PCA of the channels"},
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
        # Each model's networks leave memory blocks behind that the next one cannot use
        return 900 + (35 + 40 * len(cls.required_models(settings))) * megapixels

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        return len(cls._header(width, height, bytes(FINGERPRINT_BYTES), settings))

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._latents: LastImage[list[Doubles]] = LastImage()

    def version(self) -> str:
        return f"cae 4, {openjpeg.version()}, torch {version('torch')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        model = self.models.load(point.settings["model"], "cae")
        mode, step = point.settings["rotation"], _whole_step(point.settings)
        writer = self._header(image.shape[1], image.shape[0], model.fingerprint, point.settings)
        for component, latent in enumerate(self._latents_of(image, model)):
            rotation = _rotation_of(latent, model, mode)
            if mode == "per_image":
                writer.blob(openjpeg.encode_mosaic(rotation))
                rotation = rotation / ROTATION_SCALE
            coefficients = to_coefficients(rotated(rotation.T, latent))
            scaled = coefficients * (STEP_UNIT / (step * COMPONENT_STEPS[component]))
            quantised = self.quantise(scaled, rotation, image, component, point)
            writer.blob(openjpeg.encode_mosaic(tile_channels(quantised)) if quantised.any() else b"")
        return writer.finish()

    def quantise(
        self, coefficients: Doubles, rotation: npt.NDArray[Any], image: Image, component: int, point: OperatingPoint
    ) -> Levels:
        """The levels that are coded of a component's coefficients (32, h, w), which are in quantiser steps."""
        return quantiser.nearest(coefficients)

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
        shape = (LATENT_CHANNELS, -(-height // DOWNSCALE), -(-width // DOWNSCALE))
        components: list[npt.NDArray[Any]] = []
        for ratio in COMPONENT_STEPS:
            rotation = _read_rotation(reader, model, ROTATIONS[mode])
            mosaic = reader.blob()
            if not mosaic:
                latent = np.zeros(shape, np.float32)
            else:
                quantised = untile_channels(openjpeg.decode_mosaic(mosaic, mosaic_shape(shape)))
                latent = rotated(rotation, to_latent(quantised * np.float32(step * ratio / STEP_UNIT)))
            components.append(_synthesise(latent.astype(np.float32), model, precision))
        reader.end()
        image = np.empty((height, width, 3), np.uint8)
        for top in range(0, height, BAND):
            ycbcr = np.stack([component[top : min(top + BAND, height), :width] for component in components], axis=-1)
            image[top : top + BAND] = np.clip(np.rint(ycbcr_to_rgb(ycbcr * np.float32(PEAK))), 0, 255)
        return image

    @classmethod
    def _header(cls, width: int, height: int, fingerprint: bytes, settings: Settings) -> StreamWriter:
        """The start of a stream: all that does not depend on the samples."""
        writer = StreamWriter(MAGIC).size(width, height).raw(fingerprint)
        return writer.byte(ROTATIONS.index(settings["rotation"])).varint(_whole_step(settings))

    def _latents_of(self, image: Image, model: Model) -> list[Doubles]:
        """The latent of each component, (32, h, w); kept for the next operating point of the same image and model."""
        return self._latents.get(
            image, model.fingerprint, lambda: [_analyse(one, model) for one in components_of(image)]
        )


def _whole_step(settings: Settings) -> int:
    """The quantiser step in the unit that streams hold."""
    step: float = settings["step"]
    return max(1, round(step * STEP_UNIT))


def components_of(image: Image) -> list[Floats]:
    """Y, Cb and Cr, padded to multiples of 8: float32 (H, W) each, in [0, 1]."""
    components = rgb_to_ycbcr(pad_to_multiple(image, DOWNSCALE)) / np.float32(PEAK)
    return [np.ascontiguousarray(components[..., index]) for index in range(3)]


def _rotation_of(latent: Doubles, model: Model, mode: str) -> npt.NDArray[Any]:
    """The matrix whose columns are the new axes, (32, 32); integers of 12 bits where it is computed per image."""
    if mode == "none":
        return np.eye(LATENT_CHANNELS, dtype=np.float32)
    if mode == "offline":
        offline: npt.NDArray[np.float32] = model.tensor("pca", LATENT_CHANNELS, LATENT_CHANNELS)
        return offline
    axes = linear_algebra.principal_axes(linear_algebra.second_moments(latent.reshape(LATENT_CHANNELS, -1)))
    rounded: npt.NDArray[np.int32] = np.rint(axes * ROTATION_SCALE).astype(np.int32)
    return rounded


def to_coefficients(latent: npt.NDArray[Any]) -> Doubles:
    """What is quantised of a component's rotated latent, both (32, h, w): its first map in a wavelet basis.

    The first axis of the PCA holds local means: a small version of the component, whose neighbours are much alike. The
    bit-plane coder, which codes the other maps well, cannot use that; the wavelet of JPEG 2000 does.
    """
    coefficients = latent.astype(np.float64)
    coefficients[0] = wavelet.forward(coefficients[0])
    return coefficients


def to_latent(coefficients: npt.NDArray[Any]) -> Doubles:
    """The way back."""
    latent = coefficients.astype(np.float64)
    latent[0] = wavelet.inverse(latent[0])
    return latent


def rotated(matrix: npt.NDArray[Any], latent: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``matrix`` (32, 32) times the vector at each position of a latent (32, h, w)."""
    return linear_algebra.product(matrix, latent.reshape(LATENT_CHANNELS, -1)).reshape(latent.shape)


def _read_rotation(reader: StreamReader, model: Model, mode: str) -> npt.NDArray[Any]:
    if mode == "per_image":
        sent: npt.NDArray[np.float64] = (
            openjpeg.decode_mosaic(reader.blob(), (LATENT_CHANNELS, LATENT_CHANNELS)) / ROTATION_SCALE
        )
        return sent
    return (
        np.eye(LATENT_CHANNELS, dtype=np.float32)
        if mode == "none"
        else model.tensor("pca", LATENT_CHANNELS, LATENT_CHANNELS)
    )


def _analyse(component: Floats, model: Model) -> Doubles:
    """One padded component (H, W) in [0, 1] -> latent (32, H/8, W/8).

    In float64, because the order of additions depends on the CPU: in float32 a coefficient close to a decision
    threshold of the quantiser may be quantised differently on another machine, which changes the stream.
    """
    network = network_in(model, "float64").analysis
    return _through(network, component[None].astype(np.float64), DOWNSCALE * ANALYSIS_ROWS, ANALYSIS_OVERLAP)


def _synthesise(latent: Floats, model: Model, precision: str) -> Floats | Doubles:
    """Latent (32, h, w) -> component (8h, 8w), about [0, 1]."""
    _, height, width = latent.shape
    rows = strip_rows(DOWNSCALE * height, DOWNSCALE * width, SYNTHESIS_PIXELS)
    component: Floats | Doubles = _through(
        network_in(model, precision).synthesis, latent.astype(precision), rows, SYNTHESIS_OVERLAP
    )[0]
    return component


def strip_rows(height: int, width: int, pixels: int) -> int:
    """Latent rows in each strip of a padded component, of about ``pixels``.

    Equally many in each, as torch computes small strips differently.
    """
    strips = -(-height * width // pixels)
    return -(-height // (DOWNSCALE * strips))


def _through(network: nn.Module, features: Floats | Doubles, rows: int, overlap: int) -> npt.NDArray[Any]:
    import torch  # noqa: PLC0415  takes seconds; listing the points should not

    from licbench.networks.inference import in_strips  # noqa: PLC0415

    with torch.inference_mode():
        made: npt.NDArray[Any] = in_strips(network, torch.from_numpy(features)[None], rows, overlap)[0].numpy()
    return made


def network_in(model: Model, precision: str) -> CAE:
    """The model's network in float32 or float64."""
    import torch  # noqa: PLC0415

    from licbench.networks.cae import CAE  # noqa: PLC0415
    from licbench.networks.inference import network_of  # noqa: PLC0415

    return network_of(CAE, model, "cae", getattr(torch, precision))
