"""Running trained networks so that encoder and decoder compute the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn

from licbench.errors import ModelError
from licbench.models import Model
from licbench.storage import restored

Network = TypeVar("Network", bound=nn.Module)


_loaded: dict[tuple[bytes, str], Any] = {}


def network_of(build: Callable[[], Network], model: Model, prefix: str) -> Network:
    """The network of ``build`` with the model's tensors ``prefix.*``, in float32, ready for inference; built once.

    From the first call on torch computes on one thread: the order of additions, and with it the last bit of every
    pixel, must not depend on how many cores a machine has.

    Raises:
        ModelError: the tensors do not fit the network.
    """
    key = model.fingerprint, prefix
    if key not in _loaded:
        torch.set_num_threads(1)
        _loaded[key] = _filled(build(), model, prefix)
    network: Network = _loaded[key]
    return network


def _filled(network: Network, model: Model, prefix: str) -> Network:
    held = {
        name.removeprefix(f"{prefix}."): torch.from_numpy(tensor)
        for name, tensor in restored(model.tensors).items()
        if name.startswith(f"{prefix}.")
    }
    try:
        network.load_state_dict(held)
    except RuntimeError as error:
        problem = " ".join(str(error).split())[:160]
        raise ModelError(f"model {model.name} does not fit its network ({problem}); fetch or train it again") from error
    return network.eval().requires_grad_(False)
