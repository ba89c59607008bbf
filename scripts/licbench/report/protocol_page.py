"""Table 5 under other protocols, allocated and as distances, as tables for the report's page of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.paper.fidelity import QUANTITIES
from licbench.paper.protocol import DB, MS_SSIM, PERCENT, PROTOCOL, PSNR
from licbench.report.tables import QUANTITIES as QUANTITIES_SHOWN
from licbench.report.tables import Column, View

FURTHER = ("protocol", "table5_allocated", "fidelity")
"""Tables besides the paper's that have a page, if the config wants any."""
NONE = "–"
SAME = "the same"
ABOVE = "*"
"""After a value at a point above the target rate."""
ALLOCATED = ("psnr_db", "ms_ssim", "bpp")
DIGITS = {DB: 2, PERCENT: 1}
SIMILARITY_DIGITS = 4


def audit_view(audit: pd.DataFrame, number: str) -> View:
    """The variants of one of the two numbers, a line each: every codec's value and change, and the ranking.

    Args:
        audit: from ``protocol.audit_protocol``, or as read from its file.
        number: ``protocol.PSNR`` or ``protocol.MS_SSIM``.
    """
    own = audit[audit["number"] == number]
    codecs = list(dict.fromkeys(own["codec"]))
    columns = [Column("", "variant", "text")]
    for codec in codecs:
        columns += [Column(codec, "value", "measured"), Column(codec, "change", "number")]
    columns += [Column("", "ranking", "text"), Column("", "change places", "text"), Column("", "τ", "number")]
    rows = []
    for variant, lines in own.groupby("variant", sort=False):
        by_codec = {line["codec"]: line for line in lines.to_dict("records")}
        cells = [str(variant)]
        for codec in codecs:
            cells += _cells(by_codec[codec])
        rows.append([*cells, *_order(str(variant), next(iter(by_codec.values())))])
    return View(columns, rows)


def _cells(line: Mapping[Any, Any]) -> list[str]:
    """Value and change of one codec."""
    unit = "" if pd.isna(line["unit"]) else line["unit"]
    digits = DIGITS.get(unit, SIMILARITY_DIGITS)
    suffix = "\u202f%" if unit == PERCENT else ""
    flag = line["meets_target_rate"]
    above = ABOVE if pd.notna(flag) and not flag else ""
    value = _number(line["value"], digits)
    change = "0" if round(line["change"], digits) == 0 else _number(line["change"], digits, sign="+")
    return [value if value == NONE else f"{value}{suffix}{above}", change]


def _order(variant: str, line: Mapping[Any, Any]) -> list[str]:
    """The ranking where it is another, what changes places, and the correlation."""
    if variant == PROTOCOL:
        return [_text(line["ranking"]), NONE, NONE]
    tau = NONE if pd.isna(line["kendall_tau"]) else f"{line['kendall_tau']:g}".replace("-", "−")
    return [_text(line["ranking"]) if line["swapped_pairs"] else SAME, _text(line["swapped"]) or NONE, tau]


def _text(cell: Any) -> str:
    """A cell of text; an empty one is read as a missing value."""
    return "" if pd.isna(cell) else str(cell)


def left_out(audit: pd.DataFrame) -> list[str]:
    """Why values are missing, a line for each codec and variant."""
    missing = audit[audit["left_out"].map(_text) != ""]
    return [f"{line['codec']}, “{line['variant']}”: {line['left_out']}" for line in missing.to_dict("records")]


def allocated_view(table: pd.DataFrame) -> View:
    """Table 5 with a point for each image next to its best fixed point.

    Args:
        table: from ``allocated.table5_allocated``, or as read from its file.
    """
    columns = [Column("", "codec", "text")]
    for group, kind in (("a point for each image", "measured"), ("fixed point", "number")):
        columns += [Column(group, QUANTITIES_SHOWN[name].label, kind) for name in ALLOCATED]
    columns += [Column("gain (dB)", label, "number") for label in ("over it", "at equal rate")]
    columns.append(Column("", "bound (dB)", "number"))
    rows = []
    for line in table.to_dict("records"):
        cells = [_text(line["codec"])]
        for prefix in ("", "fixed_"):
            cells += [_number(line[f"{prefix}{name}"], QUANTITIES_SHOWN[name].digits) for name in ALLOCATED]
        cells[3] += "" if line["meets_target_rate"] else ABOVE
        gains = [_number(line[name], 2, sign="+") for name in ("gain_db", "gain_at_equal_rate_db")]
        rows.append([*cells, *gains, _number(line["bound_psnr_db"], 2)])
    return View(columns, rows)


def _number(value: float, digits: int, sign: str = "") -> str:
    if pd.isna(value):
        return NONE
    # What rounds to nothing has no sign
    shown = value if round(value, digits) else abs(value)
    return f"{shown:{sign}.{digits}f}".replace("-", "−")


def fidelity_for_view(fidelity: pd.DataFrame) -> pd.DataFrame:
    """The distances under the names of the quantities, which ``tables.view`` pairs and rounds."""
    names = {f"{prefix}{name}_to_anchor": f"{prefix}{name}" for name in QUANTITIES for prefix in ("", "paper_")}
    return fidelity.rename(columns=names)


def views(audit: pd.DataFrame) -> dict[str, View]:
    """Both tables of the audit, by the names under which the page has them."""
    return {"protocol_psnr": audit_view(audit, PSNR), "protocol_ms_ssim": audit_view(audit, MS_SSIM)}
