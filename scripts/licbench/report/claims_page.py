"""The claims as a page: verdicts first, then how each claim was judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.paper.claims.future import HEADING
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.report.markdown import image_count, markdown, render


def claims_page(template: str, judged: pd.DataFrame, dataset: str, images: int) -> str:
    """The page of the claims: counts, verdicts, and how each claim was judged.

    Args:
        template: Markdown with the placeholders $dataset, $images, $count, $holds, $fails, $open, $verdicts, $rules.
        judged: from ``claims.judging.judge_all``.
        dataset: what the rows were measured on.
        images: number of images in it.
    """
    counts = judged["verdict"].value_counts()
    shown = judged.assign(interval=[_interval(line) for line in judged[["low", "high"]].to_dict("records")])
    columns = ["claim", "unit", "published", "measured", "interval", "verdict", "reason"]
    values: dict[str, Any] = {
        "dataset": dataset,
        "images": image_count(images),
        "count": len(judged),
        "holds": counts.get(HOLDS, 0),
        "fails": counts.get(FAILS, 0),
        "open": counts.get(OPEN, 0),
        "verdicts": _tables(shown[columns]),
        "rules": "\n".join(_rule(line) for line in judged.to_dict("records")),
    }
    return render(template, values)


def _tables(shown: pd.DataFrame) -> str:
    """The verdicts on the paper's claims, and under a heading of their own those on what it expects."""
    expected = shown["claim"].str.startswith(f"{HEADING}: ")
    text = markdown(shown[~expected])
    if expected.any():
        own = shown[expected].assign(claim=shown["claim"].str.removeprefix(f"{HEADING}: "))
        text += f"\n\n## {HEADING}\n\n{markdown(own)}"
    return text


def _rule(line: Mapping[Any, Any]) -> str:
    details = "; ".join(f"{name}: {line[name]}" for name in ("source", "protocol", "rule", "evidence"))
    return f"- **{line['claim']}** ({line['unit']}). {details}"


def _interval(ends: Mapping[Any, float]) -> str:
    return "" if math.isnan(ends["low"]) else f"{ends['low']:.4g} to {ends['high']:.4g}"
