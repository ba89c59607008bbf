"""The scores of a study drawn: each entry's score, and how it fares against the anchor."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from licbench.paper.figures.style import BLUE, INK, TWO_COLUMNS, styled
from licbench.study.design import PAIRS, Plan

SCORE = {PAIRS: "Bradley-Terry score (log odds)"}
AGAINST = {PAIRS: "Share of choices won against {anchor}"}


def draw_scores(scores: pd.DataFrame, plan: Plan) -> Figure:
    """Scores with 95 % intervals, best on top; without responses the drawing says so.

    Args:
        scores: from ``scoring.evaluate``.
        plan: of the study.
    """
    with styled():
        figure = Figure(figsize=(TWO_COLUMNS, 1.2 + 0.28 * max(3, len(scores))), layout="constrained")
        left, right = figure.subplots(1, 2)
        labels = (
            SCORE.get(plan.method, "Mean opinion score"),
            AGAINST.get(plan.method, "Difference of the mean opinion score from {anchor}'s").format(anchor=plan.anchor),
        )
        order = scores.sort_values("score", ignore_index=True)
        for axes, name, label in ((left, "score", labels[0]), (right, "against", labels[1])):
            axes.set(xlabel=label)
            if scores.empty:
                axes.text(0.5, 0.5, "no responses", ha="center", va="center", transform=axes.transAxes, color=INK)
                axes.set(xticks=[], yticks=[])
            else:
                _draw(axes, order, "score" if name == "score" else "against_anchor", name)
        if len(scores):
            right.axvline(0.5 if plan.method == PAIRS else 0, color=INK, linewidth=0.7, linestyle=":")
            count = int(scores["observers"].iloc[0])
            figure.suptitle(
                f"{count} observer{'s' if count != 1 else ''}, {scores['left_out'].iloc[0]} left out", fontsize=7.5
            )
    return figure


def _draw(axes: Axes, order: pd.DataFrame, column: str, ends: str) -> None:
    known = order[np.isfinite(order[column].astype(np.float64))]
    low, high = (known[f"{ends}_{end}"].fillna(known[column]) for end in ("low", "high"))
    # A percentile interval need not hold the estimate itself
    errors = [(known[column] - low).clip(lower=0), (high - known[column]).clip(lower=0)]
    axes.errorbar(known[column], known.index, xerr=errors, fmt="o", color=BLUE, capsize=2, linestyle="none")
    axes.set(yticks=range(len(order)), yticklabels=order["entry"], ylim=(-0.6, len(order) - 0.4))
