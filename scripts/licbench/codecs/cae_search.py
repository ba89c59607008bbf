"""The CAE with an encoder that searches: the streams are the CAE's, so is the decoder. Ours, not the paper's.

Where the paper rounds, the encoder looks for the quantised latent of least squared error and rate
(``licbench.coding.latent_search``), on the synthesis transform that the decoder will run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from licbench.codecs.base import Image, OperatingPoint, Settings
from licbench.codecs.cae import (
    COMPONENT_STEPS,
    STEP,
    SYNTHESIS_OVERLAP,
    Cae,
    Doubles,
    Floats,
    Levels,
    components_of,
    network_in,
    rotated,
    strip_rows,
    to_coefficients,
    to_latent,
)
from licbench.coding.latent_search import search
from licbench.coding.memo import LastImage
from licbench.images.colour import PEAK
from licbench.networks.store import ModelStore

LAGRANGIAN = 0.15
"""Weight of the rate, in squared quantiser steps; chosen on BSDS500 val; `make choices` measures others."""
COMPONENT_WEIGHTS = (1.0, 1.09, 0.825)
"""What a squared error in Y, Cb and Cr adds to that in RGB, relative to Y; without the products of two of them."""
PIXELS = 2**18
"""Of a component that are computed at a time: a gradient keeps the values of every layer."""
MEMORY_MB = 300
"""More than the CAE: the values of all layers for so many pixels."""
ROUNDS: Mapping[str, Any] = {"type": "integer", "minimum": 1, "maximum": 1000}


class CaeSearch(Cae):
    """The CAE, its latents searched for by rate and distortion; one curve."""

    id = "cae_search"
    extension = ".caes"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["rounds", "ladder"],
        "properties": {
            "rounds": {
                **ROUNDS,
                "description": "of the search; each takes some decodings' time",
            },
            "ladder": Cae.settings_schema["properties"]["ladder"],
        },
    }
    point_schema: ClassVar[Mapping[str, Any]] = {
        "model": Cae.point_schema["model"],
        "step": {**STEP, "default": 0.7, "description": "quantiser step; finer ones than the CAE's, at the same rate"},
        "rounds": {**ROUNDS, "default": 20, "description": "of the search"},
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"{model}-x{step:.3f}-r{settings['rounds']}",
                curve="search",
                settings={"model": model, "step": step, "rounds": settings["rounds"]},
            )
            for model, steps in settings["ladder"].items()
            for step in steps
        ]

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        return MEMORY_MB + super().memory_mb(settings, megapixels)

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int:
        return super().header_bytes({**settings, "rotation": "offline"}, width, height)

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._components: LastImage[list[Floats]] = LastImage()

    def version(self) -> str:
        return f"search 2 of {super().version()}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        return super().encode(image, OperatingPoint(point.id, point.curve, {**point.settings, "rotation": "offline"}))

    def quantise(
        self, coefficients: Doubles, rotation: npt.NDArray[Any], image: Image, component: int, point: OperatingPoint
    ) -> Levels:
        """The levels that the search finds from the rounded ones.

        Computed in float32: another CPU may find other levels, whose stream decodes as any other does.
        """
        import torch  # noqa: PLC0415

        from licbench.networks.inference import squared_error_in_strips  # noqa: PLC0415

        model = self.models.load(point.settings["model"], "cae")
        original = self._components.get(image, None, lambda: components_of(image))[component]
        step = point.settings["step"]
        basis = rotation * np.float32(step * COMPONENT_STEPS[component])
        synthesis, target = network_in(model, "float32").synthesis, torch.from_numpy(original)
        height, width = original.shape
        rows = strip_rows(height, width, PIXELS)

        def error_of(levels: Levels) -> tuple[float, Doubles]:
            features = torch.from_numpy(rotated(basis, to_latent(levels)).astype(np.float32))[None]
            error, gradient = squared_error_in_strips(synthesis, features, target, rows, SYNTHESIS_OVERLAP)
            # The wavelet is all but orthonormal, so that its transpose is all but its inverse
            return error, to_coefficients(rotated(basis.T, gradient[0].numpy().astype(np.float64)))

        # The model's step is that of an orthonormal transform of 8-bit samples; these lie in [0, 1]
        luma_level = (model.card["recipe"]["step"] * step / PEAK) ** 2
        curvature = luma_level * COMPONENT_STEPS[component] ** 2
        lagrangian = LAGRANGIAN * luma_level / COMPONENT_WEIGHTS[component]
        return search(
            super().quantise(coefficients, rotation, image, component, point),
            error_of,
            curvature,
            lagrangian,
            point.settings["rounds"],
        )
