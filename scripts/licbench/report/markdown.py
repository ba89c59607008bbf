"""Markdown pages rendered from a template and the CSV tables."""

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
"""Shown in place of a table that the config could not fill."""


def tables_page(template: str, tables: Mapping[str, pd.DataFrame], rows: pd.DataFrame) -> str:
    """The page of the paper's tables.

    Args:
        template: Markdown with $dataset, $images and, for each table, its name as a placeholder ($table1, ...).
        tables: by name; those of ``TABLES`` that are missing were left out.
        rows: the rows behind the tables.

    Raises:
        SettingsError: the template uses a placeholder that has no value.
        PointsError: a table belongs to another dataset.
    """
    (dataset,) = set(rows[DATASET])
    shown = {name: markdown(without_dataset(table, name, dataset)) for name, table in tables.items()}
    about = {"dataset": dataset, "images": image_count(rows["image"].nunique())}
    return render(template, {**dict.fromkeys(TABLES, LEFT_OUT), **shown, **about})


def image_count(count: int) -> str:
    """The number of images with its noun: "1 image", "24 images"."""
    return f"{count} image{'s' if count != 1 else ''}"


def markdown(table: pd.DataFrame) -> str:
    """A Markdown table; missing values are empty, numbers are written as in the CSV file."""
    return str(table.map(_cell).to_markdown(index=False, disable_numparse=True))


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return (f"{value:.10g}" if isinstance(value, float) else str(value)).replace("|", "\\|")


def render(template: str, values: Mapping[str, Any]) -> str:
    """The template with its placeholders replaced.

    Raises:
        SettingsError: a placeholder has no value.
    """
    try:
        return Template(template).substitute(values)
    except (KeyError, ValueError) as error:
        raise SettingsError(
            f"workflow/report: a template uses {error}, which has no value; correct the template"
        ) from error
