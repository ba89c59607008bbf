"""The CAE, the first map of each component through JPEG 2000's wavelet before it is quantised. Ours, not the paper's.

The first axis of the PCA holds local means: a small version of the component, whose neighbours are much alike. The
bit-plane coder, which codes the other maps well, cannot use that; a wavelet does, as JPEG 2000 itself codes images.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy.typing as npt

from licbench.codecs.base import OperatingPoint, Settings
from licbench.codecs.cae import Cae
from licbench.coding import wavelet


class CaeWavelet(Cae):
    """The CAE with its local means in a wavelet basis."""

    id = "cae_wavelet"
    extension = ".caew"
    magic: ClassVar[int] = 0xD4
    component_steps: ClassVar[tuple[float, float, float]] = (1.0, 1.3, 1.3)
    """As the CAE's, chosen on BSDS500 val again: local means cost little here, so that fine ones need no fine step."""

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(point.id, f"{point.curve}-wavelet", point.settings) for point in super().points(settings)
        ]

    def version(self) -> str:
        return f"wavelet 1 of {super().version()}"

    def to_coefficients(self, latent: npt.NDArray[Any]) -> npt.NDArray[Any]:
        coefficients = latent.copy()
        coefficients[0] = wavelet.forward(latent[0])
        return coefficients

    def to_latent(self, coefficients: npt.NDArray[Any]) -> npt.NDArray[Any]:
        latent = coefficients.copy()
        latent[0] = wavelet.inverse(coefficients[0].astype(float))
        return latent
