"""The claims for people: verdicts first, then how each was judged."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.report.markdown import counted, filled, markdown


def claims_page(template: str, judged: pd.DataFrame, dataset: str, pictures: int) -> str:
    """The page of the claims: how many hold, the verdicts, and how each was judged.

    Args:
        template: Markdown with the placeholders $dataset, $pictures, $count, $holds, $fails, $open, $verdicts, $rules.
        judged: from ``claims.judging.judge_all``.
        dataset: what the rows were measured on.
        pictures: how many pictures that are.
    """
    counts = judged["verdict"].value_counts()
    told = judged.assign(interval=[_interval(line) for line in judged[["low", "high"]].to_dict("records")])
    columns = ["claim", "unit", "published", "measured", "interval", "verdict", "reason"]
    holes: dict[str, Any] = {
        "dataset": dataset,
        "pictures": counted(pictures),
        "count": len(judged),
        "holds": counts.get(HOLDS, 0),
        "fails": counts.get(FAILS, 0),
        "open": counts.get(OPEN, 0),
        "verdicts": markdown(told[columns]),
        "rules": "\n".join(_rule(line) for line in judged.to_dict("records")),
    }
    return filled(template, holes)


def _rule(line: Mapping[Any, Any]) -> str:
    told = "; ".join(f"{name}: {line[name]}" for name in ("source", "protocol", "rule", "evidence"))
    return f"- **{line['claim']}** ({line['unit']}). {told}"


def _interval(ends: Mapping[Any, float]) -> str:
    return "" if math.isnan(ends["low"]) else f"{ends['low']:.4g} to {ends['high']:.4g}"
