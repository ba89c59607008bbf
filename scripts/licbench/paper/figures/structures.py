"""Figures 2 and 3 as data: the layers of the networks, read from the modules themselves by tracing them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import pandas as pd
import torch
from torch import fx, nn

from licbench.networks.cae import CAE
from licbench.networks.gan import Discriminator, Encoder, Generator

COLUMNS = ["part", "layer", "operation", "kernel", "stride", "maps", "output", "feature", "then", "parameters"]
INPUT, CONVOLUTION, DECONVOLUTION, PROJECTION = "input", "convolution", "deconvolution", "projection"
OPERATIONS: dict[type[nn.Module], str] = {
    nn.Conv2d: CONVOLUTION,
    nn.ConvTranspose2d: DECONVOLUTION,
    nn.Linear: PROJECTION,
}
FOLLOWERS = {
    "PReLU": "PReLU",
    "BatchNorm2d": "BN",
    "relu": "ReLU",
    "leaky_relu": "LReLU",
    "tanh": "tanh",
}
"""What may follow a layer, by module class or function -> how the figures name it."""
NOTHING = {"Identity", "flatten", "squeeze"}
"""Calls that the figures need not show."""
SHAPE = "shape"
BLANK = {"kernel": "", "stride": None, "maps": None, "feature": "", "then": "", "parameters": 0}


class Part(NamedTuple):
    """One network of a figure: its layers are ``{prefix}{first}`` and on, a linear one is ``Project``.

    ``feature`` names the results, where the paper does: h0, h1, ... of Eq. (2).
    """

    title: str
    network: nn.Module
    prefix: str
    first: int
    feature: str = ""


def figure2_data(side: int = 128) -> pd.DataFrame:
    """The CAE's layers for one component of side x side pixels (the paper draws 128)."""
    cae = CAE()
    analysis = _traced(Part("Encoder", cae.analysis, "Conv", 1), (1, side, side))
    latent = _shape_of(analysis[-1]["output"])
    return _frame(analysis, _traced(Part("Decoder", cae.synthesis, "Deconv", 1), latent))


def figure3_data(code_size: int = 128, input_size: int = 128) -> pd.DataFrame:
    """The layers of the GAN codec's encoder, generator and discriminator, for tiles of input_size x input_size RGB."""
    tile = (3, input_size, input_size)
    return _frame(
        _traced(Part("Encoder", Encoder(code_size, input_size), "Conv", 0), tile),
        _traced(Part("Generator", Generator(code_size, input_size), "Deconv", 1), (code_size,)),
        _traced(Part("Discriminator", Discriminator(input_size), "Conv", 0, feature="h"), tile),
    )


def _frame(*parts: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame([layer for part in parts for layer in part], columns=COLUMNS)
    return frame.astype({"stride": "Int64", "maps": "Int64"})


def _traced(part: Part, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """The input and every layer of a network, in the order of computation, with what follows each.

    Args:
        part: the network; it is put into evaluation mode.
        shape: of one input, channels first.

    Raises:
        ValueError: the network computes something that the figures have no name for.
    """
    layers: list[dict[str, Any]] = [
        {**BLANK, "part": part.title, "layer": "Input", "operation": INPUT, "output": _written(shape)}
    ]
    for name, module, produced in _operations(part.network.eval(), shape):
        if module and type(module) in OPERATIONS:
            layers.append(_described(part, module, produced, before=layers))
        elif name in FOLLOWERS:
            layers[-1]["then"] = ", ".join(filter(None, [layers[-1]["then"], FOLLOWERS[name]]))
        elif name == "unflatten":
            layers[-1]["output"] = produced
        elif name not in NOTHING:
            raise ValueError(f"{part.title}: no name for {name}; add it to FOLLOWERS or NOTHING")
    return layers


def _described(part: Part, module: Any, produced: str, before: list[dict[str, Any]]) -> dict[str, Any]:
    """One layer with weights, named after those of its kind before it."""
    operation = OPERATIONS[type(module)]
    layer = {
        **BLANK,
        "part": part.title,
        "operation": operation,
        "output": produced,
        "feature": f"{part.feature}{len(before) - 1}" if part.feature else "",
        "parameters": sum(weights.numel() for weights in module.parameters()),
    }
    if operation == PROJECTION:
        return {**layer, "layer": "Project"}
    number = part.first + sum(bool(other["kernel"]) for other in before)
    kernel = "x".join(map(str, module.kernel_size))
    named = {"layer": f"{part.prefix}{number}", "kernel": kernel}
    return {**layer, **named, "stride": module.stride[0], "maps": module.out_channels}


class _Shapes(fx.Interpreter):
    """Computes a traced network and keeps the shape of each result, without its first axis, with its node.

    torch's own ``ShapeProp`` does that too, and loads a second of symbolic algebra for it.
    """

    def run_node(self, n: fx.Node) -> Any:
        result = super().run_node(n)
        if isinstance(result, torch.Tensor):
            n.meta[SHAPE] = tuple(result.shape[1:])
        return result


def _operations(network: nn.Module, shape: tuple[int, ...]) -> Iterator[tuple[str, nn.Module | None, str]]:
    """(name, module if it is one, shape of the result) for each call that the network makes."""
    graph = fx.symbolic_trace(network)
    _Shapes(graph).run(torch.zeros(1, *shape))
    for node in graph.graph.nodes:
        if node.op in {"placeholder", "output"}:
            continue
        module = graph.get_submodule(node.target) if node.op == "call_module" else None
        name = type(module).__name__ if module else getattr(node.target, "__name__", str(node.target))
        yield name, module, _written(node.meta[SHAPE])


def _written(shape: tuple[int, ...]) -> str:
    """(C, H, W) -> HxWxC, as the paper writes shapes; a vector's length as it is."""
    return "x".join(map(str, [*shape[1:], *shape[:1]]))


def _shape_of(written: str) -> tuple[int, ...]:
    *sides, channels = map(int, written.split("x"))
    return channels, *sides
