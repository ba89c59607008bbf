"""The threshold scan drawn: how many images take SRCNN, and what moving the threshold or the QP buys."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from licbench.evaluation.curve_names import QP, THRESHOLD
from licbench.paper.figures.style import BLUE, INK, ORANGE, SMALL, TWO_COLUMNS, styled

LOOKS = {THRESHOLD: (ORANGE, "o", "-"), QP: (BLUE, "s", "--")}
"""Each sweep's colour, marker and dashes."""
PUBLISHED_MARKERS = {"no": "^", "yes": "*"}
"""Table 1's rows, by their column adaptive."""


def draw_threshold_scan(scan: pd.DataFrame, published: pd.DataFrame) -> Figure:
    """Share of images on SRCNN against the threshold; PSNR and MS-SSIM against rate for both sweeps.

    Args:
        scan: from ``threshold_scan.threshold_scan``.
        published: Table 1, columns qp, adaptive, psnr_db, ms_ssim, bpp.
    """
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, 2.65), layout="constrained")
        share, psnr, ms_ssim = figure.subplots(1, 3)
        _draw_share(share, scan)
        for axes, quantity, label in ((psnr, "psnr_db", "PSNR (dB), R, G and B"), (ms_ssim, "ms_ssim", "MS-SSIM")):
            _draw_sweeps(axes, scan, published, quantity)
            axes.set(xlabel="Rate (bit/pixel)", ylabel=label)
        handles, labels = psnr.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, handlelength=2.6)
    return figure


def _draw_share(axes: Axes, scan: pd.DataFrame) -> None:
    moving = scan[(scan["sweep"] == THRESHOLD) & np.isfinite(scan["threshold_db"])]
    fixed = float(scan.loc[scan["sweep"] == QP, "threshold_db"].iloc[0])
    colour = LOOKS[THRESHOLD][0]
    # A threshold keeps every image that reaches it, so the share holds up to and including each step.
    steps = [*moving["threshold_db"], fixed]
    low, high = min(steps) - 1, max(steps) + 1
    # Of images that SRCNN gives back without a loss, no threshold takes any away
    last = float(scan.loc[(scan["sweep"] == THRESHOLD) & np.isinf(scan["threshold_db"]), "share_srcnn"].iloc[0])
    x, y = [low, *moving["threshold_db"], high], [1.0, *moving["share_srcnn"], last]
    axes.step(x, y, where="pre", color=colour)
    axes.axvline(fixed, color=INK, linewidth=0.7, linestyle=":")
    axes.annotate(f"{fixed:g} dB", (fixed, 1.0), (3, -1), textcoords="offset points", fontsize=SMALL, va="top")
    axes.set(xlim=(low, high), ylim=(-0.03, 1.03), xlabel="Threshold on Pre_PSNR (dB)", ylabel="Images on SRCNN")
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))


def _draw_sweeps(axes: Axes, scan: pd.DataFrame, published: pd.DataFrame, quantity: str) -> None:
    for sweep, (colour, marker, dashes) in LOOKS.items():
        points = scan[scan["sweep"] == sweep]
        held = (
            f"QP {points['qp'].iloc[0]}" if sweep == THRESHOLD else f"threshold {points['threshold_db'].iloc[0]:g} dB"
        )
        moving = "threshold" if sweep == THRESHOLD else "QP"
        axes.plot(
            points["bpp"],
            points[quantity],
            color=colour,
            marker=marker,
            linestyle=dashes,
            markeredgewidth=0,
            markevery=max(1, len(points) // 10),
            label=f"moving {moving}, {held}",
        )
    for line in published.to_dict("records"):
        kind = "adaptive" if line["adaptive"] == "yes" else "SRCNN throughout"
        axes.plot(
            line["bpp"],
            line[quantity],
            color=INK,
            marker=PUBLISHED_MARKERS[line["adaptive"]],
            linestyle="none",
            markerfacecolor="none",
            markeredgewidth=0.8,
            markersize=5,
            alpha=0.5,
            label=f"published, {kind}, QP {line['qp']}",
        )
