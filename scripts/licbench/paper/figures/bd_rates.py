"""How much more or less rate each curve needs than an anchor, over quality: what a BD-rate is the mean of."""

from __future__ import annotations

import textwrap

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from licbench.evaluation.external_curves import MS_SSIM, PUBLISHED
from licbench.paper.figures.rate_distortion import Style, styles_of
from licbench.paper.figures.style import INK, TWO_COLUMNS, styled

METRICS = {"psnr_rgb": "PSNR (dB), R, G and B", MS_SSIM: "MS-SSIM (dB)"}
"""Metrics that are drawn -> the axis."""
TICKS = (-90, -75, -50, -25, 0, 50, 100, 200, 400, 900)
"""Percent, on an axis of the logarithm of the ratio: half and twice the rate are equally far from equal rates."""
ROW_HEIGHT, LEGEND_HEIGHT = 2.1, 0.9
"""Inches."""
LINE = 30
"""Letters in a line of an axis' label."""


def draw_bd_rates(over_quality: pd.DataFrame) -> Figure:
    """Relative rate over quality: a row for each anchor, a column for PSNR and for MS-SSIM.

    Args:
        over_quality: ``evaluation.bd_rates.OVER_QUALITY``; of the pooled curves, or of what is published of an anchor
            or curve. May be empty: then the figure says so.
    """
    drawn = _one_average(over_quality[over_quality["metric"].isin(METRICS)])
    anchors = list(dict.fromkeys(zip(drawn["anchor_codec"], drawn["anchor_curve"], strict=True)))
    with styled():
        height = ROW_HEIGHT * max(1, len(anchors)) + LEGEND_HEIGHT
        figure = Figure(figsize=(TWO_COLUMNS, height), layout="constrained")
        if not anchors:
            figure.text(0.5, 0.5, "No two curves have a common range of quality.", ha="center", color=INK)
            return figure
        everyone = pd.concat([drawn[["codec", "curve"]], pd.DataFrame(anchors, columns=["codec", "curve"])])
        styles = styles_of(everyone)
        for line, anchor in zip(figure.subplots(len(anchors), 2, squeeze=False), anchors, strict=True):
            own = drawn[(drawn["anchor_codec"] == anchor[0]) & (drawn["anchor_curve"] == anchor[1])]
            for axes, metric in zip(line, METRICS, strict=True):
                _draw(axes, own[own["metric"] == metric], styles)
                label = textwrap.fill(f"Rate against {styles[anchor].label} (%)", LINE)
                axes.set(xlabel=METRICS[metric], ylabel=label)
        shown = [style for key, style in styles.items() if key in set(zip(drawn["codec"], drawn["curve"], strict=True))]
        handles = [
            Line2D([], [], color=one.colour, linestyle=one.dashes, marker=one.marker, label=one.label) for one in shown
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False, handlelength=2.6)
    return figure


def _one_average(over_quality: pd.DataFrame) -> pd.DataFrame:
    """Pooled where both curves are ours; with a published one there is a single average."""
    published = (over_quality["codec"] == PUBLISHED) | (over_quality["anchor_codec"] == PUBLISHED)
    return over_quality[published | (over_quality["average"] == "pooled")]


def _draw(axes: Axes, own: pd.DataFrame, styles: dict[tuple[str, str], Style]) -> None:
    if own.empty:
        axes.text(0.5, 0.5, "no common range, or not published", ha="center", transform=axes.transAxes, color=INK)
        axes.set(xticks=[], yticks=[])
        return
    axes.set_yscale("log")
    ratios = 1 + own["rate_difference"] / 100
    for (codec, curve), points in own.groupby(["codec", "curve"], sort=False):
        style = styles[str(codec), str(curve)]
        axes.plot(
            points["quality"],
            ratios[points.index],
            color=style.colour,
            linestyle=style.dashes,
            marker=style.marker,
            markevery=(len(points) // 8, max(1, len(points) // 4)),
            markeredgewidth=0,
        )
    axes.axhline(1, color=INK, linewidth=0.8)
    low, high = (end([1.0, *ratios]) for end in (min, max))
    axes.set_ylim(low / 1.15, high * 1.15)
    axes.yaxis.set_major_locator(FixedLocator([1 + tick / 100 for tick in TICKS]))
    axes.yaxis.set_major_formatter(FixedFormatter([f"{tick:+d}" if tick else "0" for tick in TICKS]))
    axes.yaxis.set_minor_locator(NullLocator())
