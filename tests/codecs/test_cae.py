"""What is particular to the CAE: its first map in a wavelet basis."""

from __future__ import annotations

import numpy as np
import skimage.data

from licbench.codecs import cae
from licbench.codecs.base import OperatingPoint
from licbench.codecs.cae import Cae, to_coefficients, to_latent
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore


def test_the_first_map_alone_goes_through_the_wavelet_and_back():
    latent = np.random.default_rng(0).normal(size=(32, 9, 14))
    coefficients = to_coefficients(latent)
    assert (coefficients[1:] == latent[1:]).all() and not np.allclose(coefficients[0], latent[0])
    assert np.allclose(to_latent(coefficients), latent, atol=1e-9)
    assert np.allclose(to_latent(np.rint(coefficients).astype(np.int32))[0], latent[0], atol=2), "not cut to integers"


def test_with_the_wavelet_fewer_bytes_bring_less_error(monkeypatch):
    """At one step the sizes alone say little: without it the local means are rounded to multiples of a coarse step."""
    image, codec = skimage.data.astronaut()[:256, :256], Cae(ModelStore(SHIPPED))

    def size_and_error(step: float) -> tuple[int, float]:
        point = OperatingPoint("p", "offline", {"model": "cae_096", "step": step, "rotation": "offline"})
        stream = codec.encode(image, point)
        return len(stream), float(np.square(codec.decode(stream).astype(float) - image).mean())

    size, error = size_and_error(1.2)
    monkeypatch.setattr(cae, "to_coefficients", lambda latent: latent)
    monkeypatch.setattr(cae, "to_latent", lambda levels: levels.astype(np.float64))
    size_without, error_without = size_and_error(1.0)
    assert size < 0.9 * size_without and error < error_without
