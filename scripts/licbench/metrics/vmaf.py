"""VMAF (Netflix) of a single image, by libvmaf's default model: luma alone, seen as on a 1080p screen."""

from __future__ import annotations

from licbench.metrics import libvmaf
from licbench.metrics.base import Image, Metric, Undefined

MODEL = "vmaf_v0.6.1"


class Vmaf(Metric):
    """VMAF by model vmaf_v0.6.1, 0 to 100. A still image has no motion, so that equal images get 97.4, not 100."""

    id = "vmaf"
    title = "VMAF"
    higher_is_better = True
    bounds = (0.0, 100.0)
    requires = libvmaf.REQUIRES

    def version(self) -> str:
        return f"vmaf 1, {MODEL}, {libvmaf.versions()}"

    def score(self, original: Image, reconstruction: Image) -> float | Undefined:
        if min(original.shape[:2]) < libvmaf.MIN_SIDE:
            return Undefined(f"a side is under {libvmaf.MIN_SIDE} pixels")
        return float(libvmaf.scores(original, reconstruction, f"model=version={MODEL}")["vmaf"])


METRIC = Vmaf
