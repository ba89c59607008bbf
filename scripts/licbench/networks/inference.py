"""Running trained networks so that encoder and decoder compute the same values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from licbench.errors import ModelError
from licbench.networks.store import Model
from licbench.networks.weight_formats import restored

Network = TypeVar("Network", bound=nn.Module)


_loaded: dict[tuple[bytes, str, torch.dtype], Any] = {}


def network_of(build: Callable[[], Network], model: Model, prefix: str, dtype: torch.dtype = torch.float32) -> Network:
    """The network of ``build`` with the model's tensors ``prefix.*``, ready for inference; built once.

    After each call torch computes on one thread, whatever the environment or other code asked for: the order of
    additions, and with it the last bit of every pixel, must not depend on how many cores a machine has.

    Raises:
        ModelError: the tensors do not fit the network.
    """
    key = model.fingerprint, prefix, dtype
    torch.set_num_threads(1)
    if key not in _loaded:
        with torch.device("meta"):  # initial values would take a second, and are not kept
            network = build()
        _loaded[key] = fill(network, model, prefix).eval().requires_grad_(False).to(dtype)
    loaded: Network = _loaded[key]
    return loaded


def fill(network: Network, model: Model, prefix: str) -> Network:
    """``network`` with the model's tensors ``prefix.*`` as its weights.

    Raises:
        ModelError: the tensors do not fit the network, or are not finite.
    """
    held = {
        name.removeprefix(f"{prefix}."): torch.from_numpy(tensor)
        for name, tensor in restored(model.tensors).items()
        if name.startswith(f"{prefix}.")
    }
    if not all(bool(tensor.isfinite().all()) for tensor in held.values()):
        raise ModelError(f"model {model.name} holds weights that are NaN or infinite; fetch or train it again")
    try:
        network.load_state_dict(held, assign=next(network.parameters()).is_meta)
    except RuntimeError as error:
        problem = " ".join(str(error).split())[:160]
        raise ModelError(f"model {model.name} does not fit its network ({problem}); fetch or train it again") from error
    return network


def in_strips(
    network: Callable[[Tensor], Tensor], features: Tensor, rows: int, overlap: int, cropped: int = 0
) -> Tensor:
    """``network(features)``, computed on strips of rows so that the memory does not grow with the height.

    Args:
        network: (1, C, h, W) -> (1, C', r * (h - 2 * cropped), W'), with the same ratio r for every h.
        features: (1, C, H, W).
        rows: of ``features`` in a strip, without its overlap; a multiple of the network's stride.
        overlap: rows above and below that the network's receptive field reaches; a multiple of the stride.
        cropped: rows at the top and at the bottom for which a network without padding returns nothing.

    Returns:
        The results of the strips, one under the other: the bits that the whole image gives, unless a strip is so small
        (some 20,000 values) that torch computes it by other kernels.
    """
    height = features.shape[-2]
    whole: Tensor | None = None
    for top in range(cropped, height - cropped, rows):
        bottom = min(top + rows, height - cropped)
        start, stop = max(0, top - overlap), min(height, bottom + overlap)
        made = network(features[..., start:stop, :])
        ratio = Fraction(made.shape[-2], stop - start - 2 * cropped)
        if whole is None:  # one block: results kept strip by strip would break up what the allocator has to give
            whole = made.new_empty((*made.shape[:-2], int((height - 2 * cropped) * ratio), made.shape[-1]))
        first, last = int((top - start - cropped) * ratio), int((bottom - start - cropped) * ratio)
        whole[..., int((top - cropped) * ratio) : int((bottom - cropped) * ratio), :] = made[..., first:last, :]
    assert whole is not None
    return whole


def squared_error_in_strips(
    network: Callable[[Tensor], Tensor], features: Tensor, target: Tensor, rows: int, overlap: int
) -> tuple[float, Tensor]:
    """The sum of squared errors of ``network(features)``, and its gradient by the features.

    Args:
        network: (1, C, h, W) -> (1, 1, r * h, W').
        features: (1, C, H, W).
        target: (r * H, W').
        rows: of ``features`` in a strip, without its overlap, so that the memory does not grow with the height.
        overlap: rows above and below that the network's receptive field reaches.

    Returns:
        the sum, and the gradient, (1, C, H, W).
    """
    height, total, gradient = features.shape[-2], 0.0, torch.zeros_like(features)
    ratio = target.shape[0] // height
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        start, stop = max(0, top - overlap), min(height, bottom + overlap)
        strip = features[..., start:stop, :].clone().requires_grad_(True)
        made = network(strip)[0, 0, (top - start) * ratio : (bottom - start) * ratio]
        error = (made - target[top * ratio : bottom * ratio]).square().sum()
        (by_strip,) = torch.autograd.grad(error, strip)
        gradient[..., start:stop, :] += by_strip
        total += float(error.detach())
    return total, gradient
