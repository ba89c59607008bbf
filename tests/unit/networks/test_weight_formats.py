"""Stored weights: what comes back is what the format promises."""

import numpy as np
import pytest

from licbench.errors import SettingsError
from licbench.networks.weight_formats import SCALE, restored, stored

WEIGHTS = {
    "project.weight": np.random.default_rng(1).normal(size=(6, 40)).astype(np.float32),
    "convs.0.weight": np.random.default_rng(2).normal(size=(4, 3, 5, 5)).astype(np.float32),
    "convs.0.bias": np.array([0.1, -2.0, 3.0], np.float32),
    "norms.1.num_batches_tracked": np.array(7),
}


@pytest.mark.parametrize(("form", "bound"), [("float32", 0.0), ("float16", 2.0**-11), ("int8", 0.5 / 127)])
def test_weights_come_back_within_half_a_level(form, bound):
    held = restored(stored(WEIGHTS, form))
    assert set(held) == set(WEIGHTS)
    for name, tensor in WEIGHTS.items():
        assert held[name].shape == tensor.shape
        if tensor.dtype.kind != "f":
            assert held[name].dtype == tensor.dtype and held[name] == tensor
            continue
        rows = np.abs(tensor).reshape(len(tensor), -1).max(axis=1).reshape(-1, *[1] * (tensor.ndim - 1))
        assert held[name].dtype == np.float32
        assert (np.abs(held[name] - tensor) <= bound * rows * (1 + 1e-5)).all()


def test_storing_what_was_stored_changes_nothing():
    for form in ("float16", "int8"):
        once = restored(stored(WEIGHTS, form))
        twice = restored(stored(once, form))
        assert all(np.array_equal(once[name], twice[name]) for name in WEIGHTS)


def test_an_unknown_format_is_refused():
    with pytest.raises(SettingsError, match="unknown storage 'int4'; choose from float32, float16, int8"):
        stored(WEIGHTS, "int4")


def test_eight_bits_take_a_quarter_and_rows_of_zeros_stay_zero():
    held = stored({"weight": np.zeros((5, 300), np.float32)}, "int8")
    assert held["weight"].dtype == np.int8 and held["weight" + SCALE].shape == (5,)
    assert not restored(held)["weight"].any()
