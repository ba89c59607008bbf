"""PSNR-HVS-M (Ponomarenko et al. 2007) by libvmaf, which calls it psnr_hvs as Xiph's tools do.

Squared errors of 8x8 DCT coefficients, weighted by the contrast sensitivity of the eye, less what texture masks.
"""

from __future__ import annotations

import math

from licbench.metrics import libvmaf
from licbench.metrics.base import Image, Metric, Undefined

FEATURE = "psnr_hvs"


class PsnrHvs(Metric):
    """PSNR-HVS-M in dB over Y, Cb and Cr, which count 80, 10 and 10 percent of the error."""

    id = "psnr_hvs"
    title = "PSNR-HVS-M"
    unit = "dB"
    higher_is_better = True
    bounds = (-math.inf, math.inf)
    requires = libvmaf.REQUIRES

    def version(self) -> str:
        return f"psnr_hvs 1, {libvmaf.versions()}"

    def score(self, original: Image, reconstruction: Image) -> float | Undefined:
        if min(original.shape[:2]) < libvmaf.MIN_SIDE:
            return Undefined(f"a side is under {libvmaf.MIN_SIDE} pixels")
        found = libvmaf.scores(original, reconstruction, f"feature=name={FEATURE}")[FEATURE]
        return Undefined("no difference in 8-bit Y'CbCr: infinite") if found is None else float(found)


METRIC = PsnrHvs
