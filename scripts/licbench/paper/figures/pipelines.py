"""Figures 1 and 4: what the CAE and the super-resolution codec do, step by step.

The wording is the figures' own; the values are read from the codecs, and each step names the function that carries it
out: a test traces a real coding to see that these are called in the order drawn. Lengths are in inches.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from torch import nn

from licbench.codecs.cae import ROTATION_SCALE
from licbench.codecs.sr import BRANCHES, LANCZOS_FACTOR, Sr
from licbench.coding import bpg, mosaic, openjpeg
from licbench.images import colour, geometry
from licbench.metrics import distortion
from licbench.networks.cae import CAE
from licbench.networks.shapes import DOWNSCALE, LATENT_CHANNELS
from licbench.networks.srcnn import SRCNN
from licbench.paper.figures.diagrams import canvas, pale
from licbench.paper.figures.style import BLUE, GREEN, GREY, INK, ORANGE, SMALL, TWO_COLUMNS, styled

COLUMNS = ["step", "text", "kind", "function", "next"]
FILLS = {"data": "#ffffff", "step": BLUE, "network": GREEN, "coder": ORANGE, "choice": GREY}
"""What a box is -> its colour."""
STEP_HEIGHT = 0.4
FRAME_MARGIN = 0.07
EDGE = 0.1
HEADING = 0.16


class Step(NamedTuple):
    """One step: its place on the grid (rows count downwards), what it is, and the code behind it."""

    key: str
    text: str
    kind: str
    column: float
    row: float
    function: Callable[..., Any] | None = None


class Link(NamedTuple):
    """An arrow between two steps, by their keys, with a label."""

    start: str
    end: str
    text: str = ""


class Frame(NamedTuple):
    """A dashed frame around boxes, by their keys, with a heading."""

    heading: str
    steps: tuple[str, ...]


class Pipeline(NamedTuple):
    """A block diagram; ``step_width`` and ``row_height`` suit its number of columns and the words between its rows."""

    steps: Sequence[Step]
    links: Sequence[Link]
    frames: Sequence[Frame]
    step_width: float
    row_height: float


def figure1() -> Pipeline:
    """The CAE codec (section 2.1): the encoder from left to right, the decoder below it on the way back."""
    latent = f"H/{DOWNSCALE}×W/{DOWNSCALE}×{LATENT_CHANNELS}"
    chain = [
        Step("image", "RGB image\nH×W×3", "data", 0, 0),
        Step("to_ycbcr", "RGB to YCbCr,\nnormalise", "step", 1, 0, colour.rgb_to_ycbcr),
        Step("analysis", f"CAE encoder\n{latent}", "network", 2, 0, CAE),
        Step("rotate", "PCA\nrotation", "step", 3, 0),
        Step("quantise", "Quantiser,\ntile channels", "step", 4, 0, mosaic.tile_channels),
        Step("code", "JPEG 2000\nentropy coder", "coder", 5, 0, openjpeg.encode_mosaic),
        Step("decode", "JPEG 2000\nentropy decoder", "coder", 5, 1, openjpeg.decode_mosaic),
        Step("dequantise", "Untile channels,\ndequantiser", "step", 4, 1, mosaic.untile_channels),
        Step("rotate_back", "Inverse\nrotation", "step", 3, 1),
        Step("synthesis", "CAE decoder\nH×W×1", "network", 2, 1, CAE),
        Step("to_rgb", "Denormalise,\nYCbCr to RGB", "step", 1, 1, colour.ycbcr_to_rgb),
        Step("decoded", "Decoded\nH×W×3", "data", 0, 1),
    ]
    bits = ROTATION_SCALE.bit_length()
    links = [Link(start.key, end.key, "stream" * (start.key == "code")) for start, end in pairwise(chain)]
    links.append(Link("rotate", "rotate_back", f"matrix, if per\npicture: {bits} bit"))
    by_component = tuple(step.key for step in chain if step.column > 1)
    return Pipeline(chain, links, [Frame("for each of Y, Cb, Cr", by_component)], step_width=0.9, row_height=0.88)


def figure4() -> Pipeline:
    """The super-resolution codec (section 2.3): the flag chooses a way down, and the way up that belongs to it."""
    kernels = [str(layer.kernel_size[0]) for layer in SRCNN().children() if isinstance(layer, nn.Conv2d)]
    srcnn = f"SRCNN {'-'.join(kernels)}"
    threshold = Sr.point_schema["threshold_db"]["default"]
    steps = [
        Step("image", "RGB image\nH×W", "data", 0, 1),
        Step("trial", f"halve, then\n{srcnn}", "network", 1, 1, geometry.halve),
        Step("choice", f"Pre_PSNR\n< {threshold:g} dB?", "choice", 2, 1, distortion.psnr),
        *_branch("srcnn", 0, "½H×½W", Step("", f"bicubic,\n{srcnn}", "network", 6, 0, SRCNN)),
        *_branch(
            "lanczos",
            2,
            f"{LANCZOS_FACTOR:g}H×{LANCZOS_FACTOR:g}W",
            Step("", "Lanczos", "step", 6, 2, geometry.resize),
        ),
        Step("decoded", "Decoded\nH×W", "data", 7, 1),
    ]
    links = [Link("image", "trial"), Link("trial", "choice")]
    for branch, answer in zip(BRANCHES, ("no", "yes"), strict=True):
        keys = [f"{branch}_{step}" for step in ("down", "code", "decode", "up")]
        links += [Link("choice", keys[0], f"{answer}: flag {BRANCHES.index(branch)}")]
        links += [Link(start, end) for start, end in pairwise([*keys, "decoded"])]
    encoder = tuple(step.key for step in steps if 0 < step.column <= 4)
    decoder = tuple(step.key for step in steps if 4 < step.column <= 6)
    frames = [Frame("encoder", encoder), Frame("decoder; SRCNN on each of R, G, B", decoder)]
    return Pipeline(steps, links, frames, step_width=0.66, row_height=0.62)


def _branch(name: str, row: int, size: str, up: Step) -> list[Step]:
    return [
        Step(f"{name}_down", f"bicubic to\n{size}", "step", 3, row, geometry.resize),
        Step(f"{name}_code", "BPG\nencoder", "coder", 4, row, bpg.encode),
        Step(f"{name}_decode", "BPG\ndecoder", "coder", 5, row, bpg.decode),
        up._replace(key=f"{name}_up"),
    ]


def pipeline_data(pipeline: Pipeline) -> pd.DataFrame:
    """The diagram as a table: each step, the function or network behind it, and the steps that follow."""
    return pd.DataFrame(
        [
            {
                "step": step.key,
                "text": step.text.replace("\n", " "),
                "kind": step.kind,
                "function": f"{step.function.__module__}.{step.function.__qualname__}" if step.function else "",
                "next": " ".join(link.end for link in pipeline.links if link.start == step.key),
            }
            for step in pipeline.steps
        ],
        columns=COLUMNS,
    )


def draw_pipeline(pipeline: Pipeline) -> Figure:
    """Boxes on a grid, arrows between them, dashed frames around what belongs together."""
    rows = 1 + max(step.row for step in pipeline.steps)
    columns = 1 + max(step.column for step in pipeline.steps)
    height = STEP_HEIGHT + (rows - 1) * pipeline.row_height + 2 * FRAME_MARGIN + HEADING + 0.06
    column_width = (TWO_COLUMNS - pipeline.step_width - 2 * EDGE) / (columns - 1)
    left, top = EDGE + pipeline.step_width / 2, height - HEADING - FRAME_MARGIN - STEP_HEIGHT / 2 - 0.03
    places = {
        step.key: (left + column_width * step.column, top - pipeline.row_height * step.row) for step in pipeline.steps
    }
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, height))
        axes = canvas(figure)
        for frame in pipeline.frames:
            _draw_frame(axes, frame, [places[key] for key in frame.steps], pipeline.step_width)
        for link in pipeline.links:
            _draw_link(axes, link, places[link.start], places[link.end], pipeline.step_width)
        for step in pipeline.steps:
            _draw_step(axes, step, places[step.key], pipeline.step_width)
    return figure


def _draw_frame(axes: Axes, frame: Frame, centres: list[tuple[float, float]], step_width: float) -> None:
    xs, ys = zip(*centres, strict=True)
    left, right = min(xs) - step_width / 2 - FRAME_MARGIN, max(xs) + step_width / 2 + FRAME_MARGIN
    low, high = min(ys) - STEP_HEIGHT / 2 - FRAME_MARGIN, max(ys) + STEP_HEIGHT / 2 + FRAME_MARGIN
    style: dict[str, Any] = {"facecolor": "#f6f6f6", "edgecolor": "#888888", "linestyle": (0, (4, 3)), "linewidth": 0.6}
    axes.add_patch(FancyBboxPatch((left, low), right - left, high - low, boxstyle="square,pad=0", **style))
    axes.text((left + right) / 2, high + 0.03, frame.heading, ha="center", va="bottom", fontsize=SMALL, style="italic")


def _draw_step(axes: Axes, step: Step, centre: tuple[float, float], width: float) -> None:
    corner = centre[0] - width / 2, centre[1] - STEP_HEIGHT / 2
    shape = FancyBboxPatch(
        corner,
        width,
        STEP_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=pale(FILLS[step.kind], 0.3),
        edgecolor=INK,
        linewidth=0.6,
    )
    axes.add_patch(shape)
    axes.text(*centre, step.text, ha="center", va="center", fontsize=SMALL, linespacing=1.25)


def _draw_link(axes: Axes, link: Link, start: tuple[float, float], end: tuple[float, float], step_width: float) -> None:
    """Straight where the boxes share a row or a column; from above or below a box otherwise, with one corner."""
    (x, y), (to_x, to_y) = start, end
    across, down = step_width / 2, STEP_HEIGHT / 2
    right, upwards = (1 if to_x > x else -1), (1 if to_y > y else -1)
    if y == to_y:
        path = [(x + right * across, y), (to_x - right * across, y)]
    elif x == to_x:
        path = [(x, y + upwards * down), (x, to_y - upwards * down)]
    elif link.text:
        path = [(x, y + upwards * down), (x, to_y), (to_x - across, to_y)]
    else:
        path = [(x + across, y), (to_x, y), (to_x, to_y - upwards * down)]
    axes.plot(*zip(*path, strict=True), color=INK, linewidth=0.8, solid_joinstyle="miter")
    arrow = {"arrowstyle": "-|>", "linewidth": 0.8, "color": INK, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    axes.annotate("", xy=path[-1], xytext=path[-2], arrowprops=arrow)
    if link.text:
        middle = (path[0][1] + path[1][1]) / 2
        inside = x == to_x
        place = x + (0.05 if inside else -0.05), middle
        axes.text(*place, link.text, ha="left" if inside else "right", va="center", fontsize=SMALL)
