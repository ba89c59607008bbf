"""Trained weights on disk: safetensors files beside their model cards, found by name or by fingerprint."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from licbench.errors import ModelError
from licbench.streams import FINGERPRINT_BYTES

SHIPPED = Path(__file__).parents[2] / "workflow" / "resources" / "weights"
"""The models that come with the project."""

Tensors = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True)
class Model:
    """Weights with their card; ``fingerprint`` is the head of the file's sha256 and travels in every stream."""

    name: str
    tensors: Tensors
    card: dict[str, Any]
    fingerprint: bytes


@cache
def fingerprint_of(path: Path) -> bytes:
    """The first bytes of the file's sha256."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()[:FINGERPRINT_BYTES]


class ModelStore:
    """A folder of ``{name}.safetensors`` and ``{name}.json`` (the card)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str) -> Model:
        """The model of that name.

        Raises:
            ModelError: the weights or the card are missing or damaged.
        """
        return _load(self.folder / f"{name}.safetensors")

    def find(self, fingerprint: bytes) -> Model:
        """The model whose file has this fingerprint.

        Raises:
            ModelError: no model in the folder has it.
        """
        for path in sorted(self.folder.glob("*.safetensors")):
            if fingerprint_of(path) == fingerprint:
                return _load(path)
        raise ModelError(
            f"no model in {self.folder} has fingerprint {fingerprint.hex()}; "
            "pass --weights with the folder that the stream was encoded with"
        )


@cache
def _load(path: Path) -> Model:
    card_path = path.with_suffix(".json")
    for needed in (path, card_path):
        if not needed.is_file():
            raise ModelError(f"{needed} is missing; run: snakemake --cores all results/models/{path.stem}.safetensors")
    try:
        tensors = load_tensors(path.read_bytes())
        card = json.loads(card_path.read_text())
    except (SafetensorError, ValueError) as error:
        raise ModelError(f"{path}: damaged weights or card ({error}); fetch or train the model again") from error
    return Model(path.stem, tensors, card, fingerprint_of(path))
