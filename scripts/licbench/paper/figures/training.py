"""A training drawn: the curves of its snapshots, and how they near what the paper printed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from licbench.evaluation.forecasts import line_through, paths_of
from licbench.paper.figures.style import BLUE, INK, ORANGE, SMALL, TWO_COLUMNS, styled

HEIGHT = 2.5
LABELS = {"psnr_db": "PSNR (dB), R, G and B", "ms_ssim": "MS-SSIM", "bpp": "Rate (bit/pixel)"}
QUALITIES = {"rgb": "RGB PSNR", "y": "luma PSNR", "611": "6:1:1 PSNR", "ms_ssim": "MS-SSIM"}
BEYOND = 64
"""The line goes on for at most so many times the steps of the training."""
PALEST = 0.25


def draw_training_curve(curve: pd.DataFrame, forecasts: pd.DataFrame) -> Figure:
    """PSNR against rate of each snapshot, and each quantity that has a goal against the steps.

    Args:
        curve: from ``training_curves.measure_snapshots``, of one model.
        forecasts: its ``forecasts.forecast``.
    """
    quantities = list(dict.fromkeys(forecasts["quantity"]))
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, HEIGHT), layout="constrained")
        first, *others = figure.subplots(1, 1 + len(quantities), squeeze=False)[0]
        _draw_snapshots(first, curve)
        for axes, quantity in zip(others, quantities, strict=True):
            _draw_path(axes, curve, forecasts[forecasts["quantity"] == quantity])
    return figure


def _draw_snapshots(axes: Axes, curve: pd.DataFrame) -> None:
    """The later, the darker."""
    steps = sorted(curve["step"].unique())
    for step, strength in zip(steps, np.linspace(PALEST, 1, len(steps)), strict=True):
        points = curve[curve["step"] == step].sort_values("bpp")
        label = f"{step:,} steps"
        axes.plot(points["bpp"], points["psnr_db"], color=BLUE, alpha=strength, marker="o", label=label)
    axes.set(xlabel=LABELS["bpp"], ylabel=LABELS["psnr_db"])
    axes.legend(frameon=False, handlelength=1.2)


def _draw_path(axes: Axes, curve: pd.DataFrame, lines: pd.DataFrame) -> None:
    """The snapshots of every point, the line through the last ones, and the goal."""
    quantity = str(lines["quantity"].iloc[0])
    paths = paths_of(curve, quantity)
    for line in lines.to_dict("records"):
        path = paths[str(line["point"])]
        axes.plot(path.index, path, color=BLUE, marker="o", linestyle="-")
        _draw_line(axes, path, line)
    goal = float(lines["goal"].iloc[0])
    axes.axhline(goal, color=INK, linewidth=0.7, linestyle=":")
    place: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(f"the paper: {goal:g}", (0, goal), (3, 2), fontsize=SMALL, **place)
    axes.margins(y=0.1)
    axes.set(xscale="log", xlabel="Steps", ylabel=_label(quantity))


def _draw_line(axes: Axes, path: pd.Series[float], line: dict[Any, Any]) -> None:
    slope, at_start = line_through(path)
    end = min(float(line["steps_to_goal"]), BEYOND * float(path.index[-1]))
    steps = np.geomspace(float(path.index[-1]), max(end, float(path.index[-1])), 2)
    axes.plot(steps, at_start + slope * np.log2(steps), color=ORANGE, linestyle="--", linewidth=0.9)


def _label(quantity: str) -> str:
    for name, label in QUALITIES.items():
        anchor = quantity.removeprefix("bd_rate_").removesuffix(f"_{name}")
        if quantity == f"bd_rate_{anchor}_{name}":
            return f"BD-rate (%), {label},\nagainst {anchor}"
    return LABELS.get(quantity, quantity)
