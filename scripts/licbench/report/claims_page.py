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
        template: Markdown with the placeholders $dataset, $images, $count, $holds, $fails, $open, $training, $verdicts,
            $rules.
        judged: from ``claims.judging.judge_all``.
        dataset: what the rows were measured on.
        images: number of images in it.
    """
    counts = judged["verdict"].value_counts()
    shown = judged.assign(interval=[_interval(line) for line in judged[["low", "high"]].to_dict("records")])
    columns = ["claim", "unit", "published", "measured", "interval", "verdict", "verdict_of_these_models", "reason"]
    values: dict[str, Any] = {
        "dataset": dataset,
        "images": image_count(images),
        "count": len(judged),
        "holds": counts.get(HOLDS, 0),
        "fails": counts.get(FAILS, 0),
        "open": counts.get(OPEN, 0),
        "training": _of_these_models(judged),
        "verdicts": _tables(shown[columns]),
        "rules": "\n".join(_rule(line) for line in judged.to_dict("records")),
    }
    return render(template, values)


def _of_these_models(judged: pd.DataFrame) -> str:
    """What the rules say of the measured models where only their training keeps claims open, in a sentence."""
    found = judged["verdict_of_these_models"].value_counts()
    holds, fails = int(found.get(HOLDS, 0)), int(found.get(FAILS, 0))
    if not holds + fails:
        return "No statement is open for want of training alone."
    verb = "is" if holds + fails == 1 else "are"
    return (
        f"{holds + fails} of those {verb} open only because the models are undertrained: of the models as they are, "
        f"the rules would say {HOLDS!r} of {holds} and {FAILS!r} of {fails} (`verdict_of_these_models`)."
    )


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
