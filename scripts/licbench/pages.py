"""Results for people: Markdown pages out of a template and the CSV tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import Template
from typing import Any

import pandas as pd

from licbench.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.errors import SettingsError


def tables_page(template: str, tables: Mapping[str, pd.DataFrame], dataset: str) -> str:
    """The page of the paper's tables.

    Args:
        template: Markdown with $dataset and, for each table, its name as a placeholder ($table1, ...).
        tables: by name.
        dataset: what the rows were measured on.

    Raises:
        SettingsError: the template names a table that is not there.
    """
    return _filled(template, {name: markdown(table) for name, table in tables.items()} | {"dataset": dataset})


def claims_page(template: str, judged: pd.DataFrame, dataset: str) -> str:
    """The page of the claims: how many hold, the verdicts, and how each was judged.

    Args:
        template: Markdown with the placeholders $dataset, $count, $holds, $fails, $open, $verdicts and $rules.
        judged: from ``claims.judging.judge_all``.
        dataset: what the rows were measured on.
    """
    counts = judged["verdict"].value_counts()
    told = judged.assign(interval=[_interval(line) for line in judged[["low", "high"]].to_dict("records")])
    columns = ["claim", "unit", "published", "measured", "interval", "verdict", "reason"]
    holes: dict[str, Any] = {
        "dataset": dataset,
        "count": len(judged),
        "holds": counts.get(HOLDS, 0),
        "fails": counts.get(FAILS, 0),
        "open": counts.get(OPEN, 0),
        "verdicts": markdown(told[columns]),
        "rules": markdown(judged[["claim", "unit", "source", "protocol", "rule", "evidence"]]),
    }
    return _filled(template, holes)


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table; what is missing stays empty, numbers stand as in the CSV file."""
    return str(table.map(_cell).to_markdown(index=False, disable_numparse=True))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return (f"{value:.10g}" if isinstance(value, float) else str(value)).replace("|", "\\|")


def _interval(ends: Mapping[Any, float]) -> str:
    return "" if math.isnan(ends["low"]) else f"{ends['low']:.4g} to {ends['high']:.4g}"


def _filled(template: str, holes: Mapping[str, Any]) -> str:
    try:
        return Template(template).substitute(holes)
    except (KeyError, ValueError) as error:
        raise SettingsError(f"a template of workflow/report asks for {error}, which is not there; mend it") from error
