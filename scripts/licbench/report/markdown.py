"""Results for people: Markdown pages out of a template and the CSV tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from string import Template
from typing import Any

import pandas as pd

from licbench.errors import SettingsError
from licbench.measurement.rows import DATASET, without_dataset

TABLES = ("table1", "table2", "table3", "table4", "table5", "contest")
LEFT_OUT = "Left out: none of its codecs was measured."
"""What stands in place of a table that the config could not fill."""


def tables_page(template: str, tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> str:
    """The page of the paper's tables.

    Args:
        template: Markdown with $dataset, $pictures and, for each table, its name as a placeholder ($table1, ...).
        tables: by name; those of ``TABLES`` that are not there were left out.
        rows: what the tables were made of.

    Raises:
        SettingsError: the template names a table that is not there.
        PointsError: a table belongs to another dataset.
    """
    (dataset,) = set(rows[DATASET])
    shown = {name: markdown(without_dataset(table, name, dataset)) for name, table in tables.items()}
    about = {"dataset": dataset, "pictures": counted(rows["image"].nunique())}
    return filled(template, {**dict.fromkeys(TABLES, LEFT_OUT), **shown, **about})


def counted(pictures: int) -> str:
    """How many pictures, in words."""
    return f"{pictures} picture{'s' if pictures != 1 else ''}"


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table; what is missing stays empty, numbers stand as in the CSV file."""
    return str(table.map(_cell).to_markdown(index=False, disable_numparse=True))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return (f"{value:.10g}" if isinstance(value, float) else str(value)).replace("|", "\\|")


def filled(template: str, holes: Mapping[str, Any]) -> str:
    """The template with its placeholders replaced.

    Raises:
        SettingsError: a placeholder has no value.
    """
    try:
        return Template(template).substitute(holes)
    except (KeyError, ValueError) as error:
        raise SettingsError(f"a template of workflow/report asks for {error}, which is not there; mend it") from error
