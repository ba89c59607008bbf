"""Running trained networks so that encoder and decoder compute the same numbers."""

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
        raise ModelError(f"model {model.name} holds weights that are no numbers; fetch or train it again")
    try:
        network.load_state_dict(held, assign=next(network.parameters()).is_meta)
    except RuntimeError as error:
        problem = " ".join(str(error).split())[:160]
        raise ModelError(f"model {model.name} does not fit its network ({problem}); fetch or train it again") from error
    return network


def in_strips(network: Callable[[Tensor], Tensor], maps: Tensor, rows: int, context: int, lost: int = 0) -> Tensor:
    """What ``network`` makes of ``maps``, computed on strips of rows so that the memory does not grow with the height.

    Args:
        network: (1, C, h, W) -> (1, C', r * (h - 2 * lost), W'), with the same ratio r for every h.
        maps: (1, C, H, W).
        rows: of ``maps`` in a strip, without its context; a multiple of the network's stride.
        context: rows above and below a row that its result depends on; a multiple of the stride.
        lost: rows that the network takes from the top and from the bottom.

    Returns:
        The results of the strips, one under the other. They equal the whole picture's to the last bit, unless a strip
        holds so few positions (some 20,000 numbers) that torch computes it by other kernels.
    """
    height = maps.shape[-2]
    whole: Tensor | None = None
    for top in range(lost, height - lost, rows):
        bottom = min(top + rows, height - lost)
        start, stop = max(0, top - context), min(height, bottom + context)
        made = network(maps[..., start:stop, :])
        ratio = Fraction(made.shape[-2], stop - start - 2 * lost)
        if whole is None:  # one block: results kept strip by strip would break up what the allocator has to give
            whole = made.new_empty((*made.shape[:-2], int((height - 2 * lost) * ratio), made.shape[-1]))
        first, last = int((top - start - lost) * ratio), int((bottom - start - lost) * ratio)
        whole[..., int((top - lost) * ratio) : int((bottom - lost) * ratio), :] = made[..., first:last, :]
    assert whole is not None
    return whole
