"""Adaptive super-resolution with more than one SRCNN."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from pictures import photo
from safetensors.numpy import load_file, save_file

from licbench.codecs.base import OperatingPoint
from licbench.codecs.sr import Sr
from licbench.files import sha256_of
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore


def test_each_model_has_its_own_pre_psnr(tmp_path: Path) -> None:
    """One codec object, one image, two models: a value kept for the first must not be given for the second."""
    tensors = load_file(SHIPPED / "srcnn.safetensors")
    dark = {name: tensor - 0.1 if name == "srcnn.reconstruct.bias" else tensor for name, tensor in tensors.items()}
    for name, held in (("own", tensors), ("dark", dark)):
        save_file({key: np.ascontiguousarray(tensor) for key, tensor in held.items()}, tmp_path / f"{name}.safetensors")
        card = {"network": "srcnn", "recipe": {}, "sha256": sha256_of(tmp_path / f"{name}.safetensors")}
        (tmp_path / f"{name}.json").write_text(json.dumps(card))
    image, store = photo(60, 50), ModelStore(tmp_path)
    points = [OperatingPoint(name, name, {"model": name, "qp": 35, "branch": "srcnn"}) for name in ("own", "dark")]
    shared = Sr(store)
    together = [shared.annotate(image, point)["pre_psnr_db"] for point in points]
    alone = [Sr(store).annotate(image, point)["pre_psnr_db"] for point in points]
    assert together == alone and alone[0] != alone[1]
