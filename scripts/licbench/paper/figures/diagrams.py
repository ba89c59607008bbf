"""Networks as rows of blocks (Figs. 2 and 3), drawn from the traced structure; lengths are in inches."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import matplotlib.colors as mcolors
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Polygon

from licbench.paper.figures.style import BLUE, GREY, INK, ORANGE, SKY, SMALL, TWO_COLUMNS, styled

Layer = Mapping[Any, Any]
"""A line of the structure, by column."""

ROW = 1.55
"""Height of one network's row."""
LEGEND = 0.3
"""Height of the strip under the rows."""
LINE = 0.105
"""Height of a line of small type."""
SLANT = 0.55
"""Direction in which a block's depth runs: up for each inch to the right."""


class Look(NamedTuple):
    """The fill of what an operation makes, and its name in the legend."""

    label: str
    fill: str


LOOKS: dict[str, Look] = {
    "input": Look("input", "#ffffff"),
    "convolution": Look("convolution", SKY),
    "convolution, stride 2": Look("convolution, stride 2", BLUE),
    "deconvolution, stride 2": Look("transposed convolution, stride 2", ORANGE),
    "projection": Look("fully connected", GREY),
}


def canvas(figure: Figure) -> Axes:
    """Axes over the whole figure, without frame, measured in inches from the lower left."""
    width, height = figure.get_size_inches()
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(0, height))
    axes.set_axis_off()
    return axes


def draw_structure(structure: pd.DataFrame) -> Figure:
    """One row a network: its input, then what each layer makes, taller for more pixels and deeper for more channels.

    Args:
        structure: see ``structures.COLUMNS``.
    """
    parts = [part.to_dict("records") for _, part in structure.groupby("part", sort=False)]
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, ROW * len(parts) + LEGEND))
        axes = canvas(figure)
        for row, layers in enumerate(reversed(parts)):
            _draw_part(axes, layers, bottom=LEGEND + ROW * row)
        used = {_kind(layer) for layers in parts for layer in layers}
        handles = [
            Patch(facecolor=pale(look.fill), edgecolor=INK, linewidth=0.5, label=look.label)
            for kind, look in LOOKS.items()
            if kind in used
        ]
        axes.legend(handles=handles, loc="lower center", ncols=len(handles), frameon=False, borderaxespad=0.3)
    return figure


def pale(colour: str, share: float = 0.5) -> tuple[float, float, float]:
    """The colour mixed with white, so that type on it stays legible."""
    red, green, blue = (1 - share * (1 - channel) for channel in mcolors.to_rgb(colour))
    return red, green, blue


def _kind(layer: Layer) -> str:
    stride = layer["stride"]
    return f"{layer['operation']}, stride {stride}" if not pd.isna(stride) and stride > 1 else str(layer["operation"])


def _draw_part(axes: Axes, layers: list[Layer], bottom: float) -> None:
    slot = (TWO_COLUMNS - 0.1) / len(layers)
    axes.text(0.08, bottom + ROW - 0.06, layers[0]["part"], weight="bold", va="top", fontsize=8)
    middle, edge = bottom + 0.75, 0.0
    for at, layer in enumerate(layers):
        left, right = _draw_block(axes, layer, slot * (at + 0.5), middle)
        made = ": ".join(filter(None, [layer["feature"], _times(layer["output"])]))
        axes.text(slot * (at + 0.5), bottom + 0.15, made, ha="center", va="center", fontsize=SMALL)
        if at:
            _draw_arrow(axes, layer, edge + 0.02, left - 0.02, middle)
        edge = right


def _height(layer: Layer) -> float:
    """Of a block, from its height in pixels, or from the length of a vector."""
    return 0.13 * math.log2(int(layer["output"].split("x")[0])) + 0.02


def _draw_block(axes: Axes, layer: Layer, centre: float, middle: float) -> tuple[float, float]:
    """A box seen from the front left; returns its left and right end."""
    *sides, maps = map(int, layer["output"].split("x"))
    front, depth = (0.09, 0.035 * math.log2(maps) + 0.01) if sides else (0.07, 0.03)
    height = _height(layer)
    left, low = centre - (front + depth) / 2, middle - (height + depth * SLANT) / 2
    right, high, rise = left + front, low + height, depth * SLANT
    fill = LOOKS[_kind(layer)].fill
    faces = (
        ([(left, low), (right, low), (right, high), (left, high)], 0.5),
        ([(left, high), (right, high), (right + depth, high + rise), (left + depth, high + rise)], 0.25),
        ([(right, low), (right + depth, low + rise), (right + depth, high + rise), (right, high)], 0.75),
    )
    for corners, share in faces:
        axes.add_patch(Polygon(corners, facecolor=pale(fill, share), edgecolor=INK, linewidth=0.5, joinstyle="round"))
    return left, right + depth


def _draw_arrow(axes: Axes, layer: Layer, start: float, end: float, middle: float) -> None:
    """The layer between two blocks: its name and kernel above the arrow, what follows it below."""
    style = {"arrowstyle": "-|>", "linewidth": 0.8, "color": INK, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    axes.annotate("", xy=(end, middle), xytext=(start, middle), arrowprops=style)
    x = (start + end) / 2
    lines = [_times(layer["kernel"])] if layer["kernel"] else []
    for rise, (line, weight) in enumerate([*((line, "normal") for line in lines), (layer["layer"], "bold")]):
        axes.text(x, middle + 0.05 + LINE * rise, line, ha="center", va="bottom", fontsize=SMALL, weight=weight)
    for fall, line in enumerate(filter(None, layer["then"].split(", "))):
        axes.text(x, middle - 0.05 - LINE * fall, line, ha="center", va="top", fontsize=SMALL, style="italic")


def _times(shape: str) -> str:
    return shape.replace("x", "×")
