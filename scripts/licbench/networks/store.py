"""Trained weights on disk: safetensors files with their model cards, found by name or by fingerprint."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as load_tensors

from licbench.errors import ModelError
from licbench.files import sha256_of
from licbench.networks.shapes import INPUT_SIZES

Tensors = dict[str, np.ndarray[Any, Any]]

FINGERPRINT_BYTES = 4
"""Leading bytes of a model's sha256 that each stream carries."""

CARD: dict[str, Any] = {
    "type": "object",
    "required": ["network", "recipe", "sha256"],
    "properties": {"recipe": {"type": "object"}},
    "if": {"properties": {"network": {"const": "gan"}}},
    "then": {
        "properties": {
            "recipe": {
                "required": ["input_size", "code_size"],
                "properties": {
                    "input_size": {"enum": list(INPUT_SIZES)},
                    "code_size": {"type": "integer", "minimum": 1, "maximum": 2**16},
                },
            }
        }
    },
}
"""What a codec reads of a card, as JSON schema."""


@dataclass(frozen=True, eq=False)
class Model:
    """Weights with their card; ``fingerprint`` is the head of the file's sha256, which every stream carries.

    Compared by identity, so that it can be the key of a cache.
    """

    name: str
    tensors: Tensors
    card: dict[str, Any]
    fingerprint: bytes

    def tensor(self, name: str, *shape: int) -> np.ndarray[Any, Any]:
        """The tensor of this name, checked to have this shape and finite values.

        Raises:
            ModelError: there is none.
        """
        held = self.tensors.get(name)
        if held is None or held.shape != shape or not np.isfinite(held).all():
            raise ModelError(f"model {self.name} has no sound {name} of shape {shape}; fetch or train it again")
        return held


@cache
def fingerprint_of(path: Path) -> bytes:
    """The first bytes of the file's sha256."""
    return bytes.fromhex(_sha256(path))[:FINGERPRINT_BYTES]


_sha256 = cache(sha256_of)
"""Once for each file: every codec asks for it at every operating point."""


class ModelStore:
    """A folder of ``{name}.safetensors`` and ``{name}.json`` (the card)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, name: str, network: str) -> Model:
        """The model of that name, which must be a ``network`` (cae, gan, srcnn, restorer).

        Raises:
            ModelError: the weights or the card are missing, damaged or of another network.
        """
        return _checked(_load(self.folder / f"{name}.safetensors"), network)

    def find(self, fingerprint: bytes, network: str) -> Model:
        """The model whose file has this fingerprint, which must be a ``network``.

        Raises:
            ModelError: no model in the folder has it, or it is damaged or of another network.
        """
        for path in sorted(self.folder.glob("*.safetensors")):
            if fingerprint_of(path) == fingerprint:
                return _checked(_load(path), network)
        raise ModelError(
            f"no model in {self.folder} has fingerprint {fingerprint.hex()}; "
            "pass --weights with the folder that the stream was encoded with"
        )


def _checked(model: Model, network: str) -> Model:
    held = model.card.get("network")
    if held != network:
        named = " ".join(str(held).split())[:40]  # the card may say anything
        raise ModelError(f"model {model.name} is a {named} network where {network} is needed; name another model")
    return model


@cache
def _load(path: Path) -> Model:
    card_path = path.with_suffix(".json")
    for needed in (path, card_path):
        if not needed.is_file():
            raise ModelError(f"{needed} is missing; run: snakemake --cores all results/models/{path.stem}.safetensors")
    try:
        card = json.loads(card_path.read_text())
        jsonschema.validate(card, CARD, jsonschema.Draft202012Validator)
    except (ValueError, RecursionError, jsonschema.ValidationError) as error:
        reason = str(error).partition("\n")[0][:160]
        raise ModelError(f"{card_path}: damaged card ({reason}); fetch or train the model again") from error
    if card["sha256"] != _sha256(path):
        raise ModelError(f"{path}: its sha256 is not the one on its card; fetch or train the model again")
    try:
        tensors = load_tensors(path.read_bytes())
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{path}: damaged weights ({error}); fetch or train the model again") from error
    return Model(path.stem, tensors, card, fingerprint_of(path))
