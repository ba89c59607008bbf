"""BD-rate against decode time: what a codec saves, and what its decoder takes for it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from licbench.paper.figures.rate_distortion import SPARE, STYLES, Style
from licbench.paper.figures.style import INK, TWO_COLUMNS, styled


def draw_complexity(table: pd.DataFrame) -> Figure:
    """A scatter of BD-rate against seconds of decoding a megapixel: the least of the repeats, a line to their median.

    Args:
        table: from ``evaluation.complexity.complexity_table``; lines without a BD-rate are named under the axis.
    """
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS * 2 / 3, 3.4), layout="constrained")
        axes = figure.subplots()
        shown = table[table["bd_rate_percent"].notna()]
        for at, line in enumerate(shown.to_dict("records")):
            least, middle = (line[f"decode_{kind}_s"] / line["megapixels"] for kind in ("min", "median"))
            style = _style(line["codec"], line["curve"], at)
            look: dict[str, Any] = {
                "color": style.colour,
                "marker": style.marker,
                "markersize": 5,
                "markevery": [0],
                "linewidth": 0.8,
            }
            label = f"{line['codec']}, {line['point']}"
            axes.plot([least, middle], [line["bd_rate_percent"]] * 2, label=label, **look)
        axes.axhline(0, color=INK, linewidth=0.6, linestyle=":", zorder=0)
        absent = table.loc[table["bd_rate_percent"].isna(), "codec"].unique()
        note = f"\nwithout BD-rate: {', '.join(absent)}" if len(absent) else ""
        axes.set(
            xscale="log", xlabel=f"Decoding (s/megapixel), one thread{note}", ylabel="BD-rate against BPG 4:2:0 (%)"
        )
        axes.margins(x=0.1, y=0.1)
        if len(shown):
            figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def _style(codec: str, curve: str, at: int) -> Style:
    """That of the curve in Figure 6, of the codec's first curve, or one that no curve there has."""
    own = [style for (name, _), style in STYLES.items() if name == codec]
    return STYLES.get((codec, curve)) or next(iter(own), SPARE[at % len(SPARE)])
