"""How weights are stored: whole, in half precision, or as 8-bit integers with a scale for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from licbench.errors import SettingsError

Tensors = dict[str, np.ndarray[Any, Any]]

FORMATS = ("float32", "float16", "int8")
SCALE = ".scale"
LEVELS = 127


def stored(tensors: Mapping[str, np.ndarray[Any, Any]], form: str) -> Tensors:
    """What to write for float32 ``tensors``; tensors of fewer than two dimensions stay at half precision or better.

    Raises:
        SettingsError: ``form`` is none of ``FORMATS``.
    """
    if form not in FORMATS:
        raise SettingsError(f"unknown storage {form!r}; choose from {', '.join(FORMATS)}")
    held: Tensors = {}
    for name, tensor in tensors.items():
        if tensor.dtype.kind != "f" or form == "float32":
            held[name] = tensor
        elif form == "int8" and tensor.ndim > 1:
            rows = np.abs(tensor).reshape(len(tensor), -1).max(axis=1).astype(np.float32)
            scale = np.where(rows > 0, rows / LEVELS, np.float32(1)).astype(np.float32)
            held[name] = np.rint(tensor / _broadcast(scale, tensor)).astype(np.int8)
            held[name + SCALE] = scale
        else:
            held[name] = tensor.astype(np.float16)
    return held


def restored(held: Mapping[str, np.ndarray[Any, Any]]) -> Tensors:
    """float32 tensors from what ``stored`` made; integers without a scale stay as they are."""
    tensors: Tensors = {}
    for name, tensor in held.items():
        if name + SCALE in held:
            tensors[name] = tensor.astype(np.float32) * _broadcast(held[name + SCALE], tensor)
        elif not name.endswith(SCALE):
            tensors[name] = tensor.astype(np.float32) if tensor.dtype.kind == "f" else tensor
    return tensors


def _broadcast(scale: np.ndarray[Any, Any], tensor: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return scale.reshape(-1, *[1] * (tensor.ndim - 1))
