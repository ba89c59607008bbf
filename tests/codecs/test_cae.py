"""What is particular to the CAE: its first map in a wavelet basis."""

from __future__ import annotations

import numpy as np
import skimage.data

from licbench.codecs import cae
from licbench.codecs.base import OperatingPoint
from licbench.codecs.cae import Cae, to_coefficients, to_latent
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore

POINT = OperatingPoint("p", "offline", {"model": "cae_096", "step": 1.0, "rotation": "offline"})


def test_the_first_map_alone_goes_through_the_wavelet_and_back():
    latent = np.random.default_rng(0).normal(size=(32, 9, 14))
    coefficients = to_coefficients(latent)
    assert (coefficients[1:] == latent[1:]).all() and not np.allclose(coefficients[0], latent[0])
    assert np.allclose(to_latent(coefficients), latent, atol=1e-9)
    assert np.allclose(to_latent(np.rint(coefficients).astype(np.int32))[0], latent[0], atol=2), "not cut to integers"


def test_local_means_cost_less_for_the_wavelet(monkeypatch):
    image, codec = skimage.data.astronaut()[:256, :256], Cae(ModelStore(SHIPPED))
    ours = len(codec.encode(image, POINT))
    monkeypatch.setattr(cae, "to_coefficients", lambda latent: latent)
    assert ours < 0.98 * len(codec.encode(image, POINT))
