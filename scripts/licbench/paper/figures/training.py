"""A training drawn: the curves of its snapshots, and their values over the steps, with the published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from licbench.errors import PointsError
from licbench.paper.figures.style import BLUE, INK, SMALL, TWO_COLUMNS, styled

HEIGHT = 2.5
LABELS = {"psnr_db": "PSNR (dB), R, G and B", "ms_ssim": "MS-SSIM", "bpp": "Rate (bit/pixel)"}
QUALITIES = {"rgb": "RGB PSNR", "y": "luma PSNR", "611": "6:1:1 PSNR", "ms_ssim": "MS-SSIM"}
PALEST = 0.25


def draw_training_curve(curve: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """PSNR against rate of each snapshot, and each quantity that was published against the steps.

    Args:
        curve: from ``training_curves.measure_snapshots``, of one model.
        published: the published values for its network, columns quantity and value. A quantity that is finite at no
            snapshot (the PSNR of lossless points) gets no panel.

    Raises:
        PointsError: a published quantity is no column of the curve.
    """
    panels = {line["quantity"]: float(line["value"]) for line in published.to_dict("records")}
    paths = {str(quantity): paths_of(curve, str(quantity)) for quantity in panels}
    drawn = [quantity for quantity, found in paths.items() if found]
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, HEIGHT), layout="constrained")
        first, *others = figure.subplots(1, 1 + len(drawn), squeeze=False)[0]
        _draw_snapshots(first, curve)
        for axes, quantity in zip(others, drawn, strict=True):
            _draw_paths(axes, paths[quantity], quantity, panels[quantity])
    return figure


def paths_of(curve: pd.DataFrame, quantity: str) -> list[pd.Series[float]]:
    """The finite values of a quantity over the steps (the index): one path a point, and a single one of a BD-rate.

    Raises:
        PointsError: the curve has no such column.
    """
    if quantity not in curve:
        there = ", ".join(map(str, curve.select_dtypes("number").columns))
        raise PointsError(f"no {quantity} in the training curve; choose from {there}")
    points = (
        [curve.drop_duplicates("step")]
        if quantity.startswith("bd_rate")
        else [lines for _, lines in curve.groupby("point", sort=False)]
    )
    paths = [lines.set_index("step")[quantity].sort_index() for lines in points]
    return [finite for path in paths if len(finite := path[np.isfinite(path.to_numpy(float))])]


def _draw_snapshots(axes: Axes, curve: pd.DataFrame) -> None:
    """The later, the darker; the legend names the first and the last."""
    steps = sorted(curve["step"].unique())
    for step, strength in zip(steps, np.linspace(PALEST, 1, len(steps)), strict=True):
        points = curve[curve["step"] == step].sort_values("bpp")
        label = f"{step:,} steps" if step in {steps[0], steps[-1]} else None
        axes.plot(points["bpp"], points["psnr_db"], color=BLUE, alpha=strength, marker="o", label=label)
    axes.set(xlabel=LABELS["bpp"], ylabel=LABELS["psnr_db"])
    axes.legend(frameon=False, handlelength=1.2, loc="lower right")


def _draw_paths(axes: Axes, paths: list[pd.Series[float]], quantity: str, published: float) -> None:
    """A line for each point over the steps, and the published value."""
    for path in paths:
        axes.plot(path.index, path, color=BLUE, marker="o", linestyle="-")
    axes.axhline(published, color=INK, linewidth=0.7, linestyle=":")
    place: Any = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points"}
    axes.annotate(f"the paper: {published:g}", (0, published), (3, 2), fontsize=SMALL, **place)
    axes.margins(y=0.1)
    axes.set(xscale="log", xlabel="Steps", ylabel=_label(quantity))


def _label(quantity: str) -> str:
    for name, label in QUALITIES.items():
        anchor = quantity.removeprefix("bd_rate_").removesuffix(f"_{name}")
        if quantity == f"bd_rate_{anchor}_{name}":
            return f"BD-rate (%), {label},\nagainst {anchor}"
    return LABELS.get(quantity, quantity)
