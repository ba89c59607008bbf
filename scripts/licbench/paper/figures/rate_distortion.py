"""Figure 6: quality against rate for every codec, measured and published."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from licbench.errors import PointsError
from licbench.evaluation.bootstrap import pooled_intervals
from licbench.evaluation.curve_names import FAMILY, QP, THRESHOLD
from licbench.evaluation.curve_rows import curves
from licbench.evaluation.pooling import POINT, pool
from licbench.metrics.rate import on_pareto_front
from licbench.paper.figures.style import (
    BLUE,
    BROWN,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    PURPLE,
    RED,
    SKY,
    TWO_COLUMNS,
    styled,
)

ON_FRONT = {"psnr_db": "on_pareto_front_psnr", "ms_ssim": "on_pareto_front_ms_ssim"}
"""A quality -> the column that says which points of a curve are on its Pareto front in that quality."""
COLUMNS = [
    *POINT,
    *(f"{quantity}{end}" for quantity in ("bpp", "psnr_db", "ms_ssim") for end in ("", "_low", "_high")),
    *ON_FRONT.values(),
]


Dashes = Literal["-", "--", ":", "-."]


class Style(NamedTuple):
    """A curve is identified by colour, marker and dashes."""

    label: str
    colour: str
    marker: str
    dashes: Dashes


STYLES: dict[tuple[str, str], Style] = {
    ("jpeg", "444-standard"): Style("JPEG 4:4:4", ORANGE, "s", ":"),
    ("jpeg", "420-standard"): Style("JPEG 4:2:0", ORANGE, "D", "--"),
    ("jpeg", "420-optimised"): Style("JPEG 4:2:0 optimised", ORANGE, "v", "-"),
    ("jpeg2000", "9-7"): Style("JPEG 2000, 9/7", SKY, "P", "-"),
    ("jpeg2000", "5-3"): Style("JPEG 2000, 5/3", SKY, ">", "--"),
    ("cae", "offline"): Style("CAE", GREEN, "o", "-"),
    ("cae", "per_image"): Style("CAE, PCA per image", GREEN, "h", "--"),
    ("cae", "none"): Style("CAE without PCA", GREEN, "p", ":"),
    ("gan", FAMILY): Style("GAN", RED, "^", "-"),
    ("sr", QP): Style("SR, moving QP", PURPLE, "X", "-"),
    ("sr", THRESHOLD): Style("SR, moving threshold", PURPLE, "<", ":"),
    ("bpg", "420"): Style("BPG 4:2:0", BLUE, "H", "-"),
    ("bpg", "444"): Style("BPG 4:4:4", BLUE, "d", "--"),
}
SPARE = [Style("", colour, marker, "-.") for marker in ("*", "8", "D", "s") for colour in (BROWN, GREY, PINK)]
"""For the curves of other codecs, in turn; after a dozen the looks repeat."""
LABELS = {
    ("avif", "420"): "AVIF 4:2:0",
    ("avif", "444"): "AVIF 4:4:4",
    ("jpegxl", "vardct"): "JPEG XL",
    ("vvc", "420"): "VVC (VVenC) 4:2:0",
    ("webp", "420"): "WebP 4:2:0",
}
"""Of curves that take a spare look."""
PUBLISHED = {
    "JPEG": ("jpeg", "444-standard"),
    "CAE": ("cae", "offline"),
    "GAN": ("gan", FAMILY),
    "SR": ("sr", THRESHOLD),
    "BPG": ("bpg", "420"),
}
"""The paper's name of a curve -> the curve of ours that is most like it."""

BEYOND = 1.06
"""The linear rate axis ends this much beyond the paper's last point, at 0.79 bpp."""
LOG_TICKS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BAND_ALPHA = 0.06
PALE: dict[str, Any] = {
    "marker": "o",
    "linestyle": "none",
    "alpha": 0.45,
    "markerfacecolor": "none",
    "markeredgewidth": 0.8,
    "markersize": 4.5,
}
"""How published points look."""
LONGEST_OF_FIVE = 26
"""Letters of a label up to which the page is wide enough for five columns of them."""
MARKERS = 8
"""Most markers on a curve; the line passes through every point."""


def figure6_data(rows: pd.DataFrame, qp: int, threshold_db: float, others: pd.DataFrame | None = None) -> pd.DataFrame:
    """Every point of Figure 6, pooled after the CLIC 2018 protocol, with its 95 % bootstrap band over images.

    Args:
        rows: see ``measurement.rows``; all rows of one dataset.
        qp: of super-resolution while its threshold moves.
        threshold_db: of super-resolution while its QP moves.
        others: points of published curves (``external_curves.points_of``), which have no bands.

    Returns:
        ``COLUMNS``, in the order of ``styles_of`` and rising rate. ``on_pareto_front_psnr`` marks the Pareto front of
        each curve in PSNR, ``on_pareto_front_ms_ssim`` likewise: the lines join these.

    Raises:
        PointsError: a point lacks an image.
    """
    drawn = curves(rows, qp, threshold_db)
    points = pool(drawn).merge(pooled_intervals(drawn), on=POINT)
    data = with_pareto_fronts(points if others is None else pd.concat([points, others], ignore_index=True))
    return data[COLUMNS].round(6)


def with_pareto_fronts(pooled: pd.DataFrame) -> pd.DataFrame:
    """Points (``pooling.pool``) by style (``styles_of``) and rising rate, with the columns ``ON_FRONT``."""
    order = list(styles_of(pooled))
    place = [order.index(key) for key in zip(pooled["codec"], pooled["curve"], strict=True)]
    data = pooled.assign(place=place, **dict.fromkeys(ON_FRONT.values(), False))
    data = data.sort_values(["place", "bpp", "psnr_db"], ascending=[True, True, False], ignore_index=True)
    for _, curve in data.groupby("place"):
        for quality, column in ON_FRONT.items():
            data.loc[curve.index, column] = on_pareto_front(curve["bpp"], curve[quality])
    return data.drop(columns="place")


def styles_of(points: pd.DataFrame) -> dict[tuple[str, str], Style]:
    """The style of each curve (codec, curve) among ``points``: that of ``STYLES``, then spare ones for the others."""
    present = list(dict.fromkeys(zip(points["codec"], points["curve"], strict=True)))
    known = {key: style for key, style in STYLES.items() if key in set(present)}
    others = sorted(set(present) - set(known))
    spare = zip(others, cycle(SPARE), strict=False)
    return known | {key: style._replace(label=LABELS.get(key, f"{key[0]}, {key[1]}")) for key, style in spare}


def draw_figure6(data: pd.DataFrame, published: pd.DataFrame, *, logarithmic: bool = False) -> Figure:
    """PSNR and MS-SSIM against rate, side by side; the paper's points as pale markers.

    Args:
        data: from ``figure6_data``.
        published: the paper's points, columns codec, bpp, psnr_db, ms_ssim.
        logarithmic: a logarithmic rate axis over the whole range, where the low rates have room, instead of the
            paper's linear one.

    Raises:
        PointsError: a published curve has no style.
    """
    styles = styles_of(data)
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, 3.45), layout="constrained")
        left, right = figure.subplots(1, 2)
        for axes, quantity, label in ((left, "psnr_db", "PSNR (dB), R, G and B"), (right, "ms_ssim", "MS-SSIM")):
            _scale_rate(axes, data, published, logarithmic)
            _draw_published(axes, published, quantity)
            for (codec, curve), points in data.groupby(["codec", "curve"], sort=False):
                _draw_curve(axes, points, quantity, styles[str(codec), str(curve)])
            _fit_quality(axes, data, published, quantity)
            axes.set(xlabel="Rate (bit/pixel)", ylabel=label)
        columns = 5 if max(len(style.label) for style in styles.values()) <= LONGEST_OF_FIVE else 3
        figure.legend(
            handles=_handles(styles), loc="outside lower center", ncols=columns, frameon=False, handlelength=2.6
        )
    return figure


def _scale_rate(axes: Axes, data: pd.DataFrame, published: pd.DataFrame, logarithmic: bool) -> None:
    if not logarithmic:
        axes.set_xlim(0, BEYOND * published["bpp"].max())
        return
    rates = pd.concat([data["bpp"], published["bpp"]])
    axes.set_xscale("log")
    axes.set_xlim(rates.min() * 0.8, rates.max() * 1.2)
    axes.xaxis.set_major_locator(FixedLocator(LOG_TICKS))
    axes.xaxis.set_major_formatter(FixedFormatter([f"{tick:g}" for tick in LOG_TICKS]))
    axes.xaxis.set_minor_locator(NullLocator())


def _draw_published(axes: Axes, published: pd.DataFrame, quantity: str) -> None:
    for name, points in published.groupby("codec", sort=False):
        if name not in PUBLISHED:
            raise PointsError(f"figure6: published codec {name!r} has no style; add it to PUBLISHED in the same file")
        style = STYLES[PUBLISHED[str(name)]]
        axes.plot(
            points["bpp"],
            points[quantity],
            color=style.colour,
            **PALE | {"marker": style.marker},
        )


def _draw_curve(axes: Axes, points: pd.DataFrame, quantity: str, style: Style) -> None:
    joined = points[points[ON_FRONT[quantity]] & np.isfinite(points[quantity])]
    low, high = (joined[f"{quantity}_{end}"].replace(np.inf, np.nan) for end in ("low", "high"))
    axes.fill_between(joined["bpp"], low, high, color=style.colour, alpha=BAND_ALPHA, linewidth=0)
    axes.plot(
        joined["bpp"],
        joined[quantity],
        color=style.colour,
        linestyle=style.dashes,
        marker=style.marker,
        markevery=max(1, -(-len(joined) // MARKERS)),
        markeredgewidth=0,
    )


def _fit_quality(axes: Axes, data: pd.DataFrame, published: pd.DataFrame, quantity: str) -> None:
    """The range of what the rate axis shows, measured and published, bands left out."""
    lowest, highest = axes.get_xlim()
    shown = pd.concat([data[data[ON_FRONT[quantity]]], published])
    values = shown.loc[shown["bpp"].between(lowest, highest), quantity].replace(np.inf, np.nan).dropna()
    margin = 0.04 * (values.max() - values.min())
    axes.set_ylim(values.min() - margin, values.max() + margin)


def _handles(styles: Mapping[tuple[str, str], Style]) -> list[Artist]:
    handles: list[Artist] = [
        Line2D([], [], color=style.colour, linestyle=style.dashes, marker=style.marker, label=style.label)
        for style in styles.values()
    ]
    published = Line2D([], [], color=INK, label="published (hollow)", **PALE)
    return [*handles, published, Patch(color=INK, alpha=3 * BAND_ALPHA, linewidth=0, label="95 % over images")]
