"""The tables for reading: measured and published values in adjacent columns, rounded, with words for column names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

HERE = "here"
PRINTED = {"paper_": "paper", "official_": "official"}
"""Prefix of a published column -> its label."""


class Quantity(NamedTuple):
    """A measured column: its name and how many digits after the point are shown."""

    label: str
    digits: int


QUANTITIES = {
    "psnr_db": Quantity("PSNR (dB)", 2),
    "ms_ssim": Quantity("MS-SSIM", 3),
    "bpp": Quantity("bit/pixel", 3),
    "bytes": Quantity("bytes", 0),
}
WORDS = {
    "qp": "QP",
    "share_srcnn": "share of SRCNN",
    "undertrained": "below the paper's training",
    "meets_target_rate": "within the rate",
}
"""Labels of columns; the others are shown with spaces for underscores."""
FLAGS = frozenset({"undertrained", "meets_target_rate"})


class Column(NamedTuple):
    """One column: label of its group (empty without one), its own label, and the kind of its cells."""

    group: str
    label: str
    kind: str


class View(NamedTuple):
    """A table to render: ``groups`` are (word, number of columns) from left to right."""

    columns: list[Column]
    rows: list[list[str]]

    @property
    def groups(self) -> list[tuple[str, int]]:
        found: list[tuple[str, int]] = []
        for column in self.columns:
            if column.group and found and found[-1][0] == column.group:
                found[-1] = (column.group, found[-1][1] + 1)
            else:
                found.append((column.group, 1))
        return found


def view(table: pd.DataFrame) -> View:
    """A table with each published column next to the measured one; missing values are shown as a dash.

    Columns that identify the line come first, then the quantities, then the rest.
    """
    names = [str(name) for name in table.columns]
    measured = [name for name in QUANTITIES if name in names]
    prefix = next((mark for mark in PRINTED if any(name.startswith(mark) for name in names)), "")
    pairs = [name for quantity in measured for name in (quantity, f"{prefix}{quantity}") if prefix and name in names]
    quantities = pairs or measured
    first = names.index(measured[0]) if measured else 0
    lead = [name for name in names[:first] if name not in quantities]
    order = [*lead, *quantities, *(name for name in names if name not in {*lead, *quantities})]
    columns = [_column(name, prefix, names, table[name]) for name in order]
    lines = table.astype(object).to_dict("records")
    return View(columns, [[cell(name, line) for name in order] for line in lines])


def cell(name: str, line: Mapping[Any, Any]) -> str:
    """One value as text: rounded to its quantity's digits, yes or no for a flag, a dash if missing."""
    value = line[name]
    if value is None or pd.isna(value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    quantity = QUANTITIES.get(next((name.removeprefix(mark) for mark in PRINTED if name.startswith(mark)), name))
    if quantity is not None:
        return f"{float(value):,.{quantity.digits}f}".replace(",", "\u202f")
    return f"{value:g}" if isinstance(value, float) else str(value)


def _column(name: str, prefix: str, names: list[str], values: pd.Series[Any]) -> Column:
    quantity = name.removeprefix(prefix) if prefix else name
    if quantity not in QUANTITIES:
        # A flag that no line has is read as a column of NaN
        text = name in FLAGS or not pd.api.types.is_numeric_dtype(values)
        return Column("", WORDS.get(name, name.replace("_", " ")), "text" if text else "number")
    label = QUANTITIES[quantity].label
    if name != quantity:
        return Column(label, PRINTED[prefix], "published")
    return Column(label, HERE, "measured") if prefix and f"{prefix}{name}" in names else Column("", label, "measured")
