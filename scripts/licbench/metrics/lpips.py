"""LPIPS (Zhang et al. 2018), or any learned distance, by a network that the user gives: the bench has no weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from licbench.errors import ContractError, SettingsError
from licbench.files import sha256_of
from licbench.metrics.base import LOG, Image, Metric, Undefined

MIN_SIDE = 64
"""Under this the pooling of the usual backbones (AlexNet, VGG) leaves nothing."""
HALF_PEAK = 127.5


class Lpips(Metric):
    """The distance that a TorchScript file computes: 0 for equal images; lower is better."""

    id = "lpips"
    title = "LPIPS"
    higher_is_better = False
    bounds = (0.0, math.inf)
    domain = LOG
    requires = "torch"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["weights"],
        "properties": {
            "weights": {
                "description": "path of a TorchScript file: original and reconstruction, each float32 (1, 3, height, "
                "width) in [-1, 1], to one number; a relative path starts at the working directory",
                "type": "string",
                "minLength": 1,
            }
        },
    }

    def version(self) -> str:
        return f"lpips 1, sha256 {_checksum(self._path)[:16]}, torch {version('torch')}"

    def score(self, original: Image, reconstruction: Image) -> float | Undefined:
        import torch  # noqa: PLC0415  takes seconds; listing the metrics should not

        if min(original.shape[:2]) < MIN_SIDE:
            return Undefined(f"a side is under {MIN_SIDE} pixels")
        network = _network(self._path)
        torch.set_num_threads(1)
        pair = [torch.from_numpy(_planes(image)) for image in (original, reconstruction)]
        try:
            with torch.inference_mode():
                distance = network(*pair)
        except RuntimeError as error:
            reason = " ".join(str(error).split())[-160:]
            raise ContractError(f"{self._path} does not take two images ({reason}); see docs/metrics.md") from error
        if not isinstance(distance, torch.Tensor) or distance.numel() != 1:
            raise ContractError(f"{self._path} gives something else than one number; see docs/metrics.md")
        return float(distance)

    @classmethod
    def memory_mb(cls, megapixels: float) -> float:
        return 1000 + 3000 * megapixels

    @property
    def _path(self) -> Path:
        """The file.

        Raises:
            SettingsError: it is missing.
        """
        path = Path(self.settings["weights"])
        if not path.is_file():
            raise SettingsError(f"{path}: no such file; give its path as metric_settings.lpips.weights")
        return path


def _planes(image: Image) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Samples in [-1, 1], shape (1, 3, height, width)."""
    return np.ascontiguousarray(np.moveaxis(image, -1, 0)[None]).astype(np.float32) / HALF_PEAK - 1


_checksum = cache(sha256_of)


@cache
def _network(path: Path) -> Any:
    import torch  # noqa: PLC0415

    try:
        return torch.jit.load(str(path), map_location="cpu").eval()
    except RuntimeError as error:
        raise SettingsError(f"{path} is no TorchScript file; save it by torch.jit.save") from error


METRIC = Lpips
