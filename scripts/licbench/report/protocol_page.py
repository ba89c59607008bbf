"""Table 5 under other protocols, allocated and as distances, as tables for the report's page of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.paper.fidelity import QUANTITIES
from licbench.paper.protocol import DB, MS_SSIM, PERCENT, PROTOCOL, PSNR
from licbench.report.tables import Column, View

FURTHER = ("protocol", "table5_allocated", "fidelity")
"""Tables besides the paper's that have a page, if the config wants any."""
NONE = "–"
ABOVE = "*"
"""After a value at a point above the target rate."""
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
    columns += [Column("", "ranking", "text"), Column("", "change places", "text"), Column("", "Kendall’s τ", "number")]
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
    value = NONE if pd.isna(line["value"]) else f"{line['value']:.{digits}f}{suffix}{above}"
    change = NONE if pd.isna(line["change"]) else f"{line['change']:+.{digits}f}"
    if float(change.replace(NONE, "1")) == 0:
        change = "0"
    return [value.replace("-", "−"), change.replace("-", "−")]


def _order(variant: str, line: Mapping[Any, Any]) -> list[str]:
    """The ranking, what changes places, and the correlation."""
    if variant == PROTOCOL:
        return [_text(line["ranking"]), NONE, NONE]
    tau = NONE if pd.isna(line["kendall_tau"]) else f"{line['kendall_tau']:g}".replace("-", "−")
    return [_text(line["ranking"]), _text(line["swapped"]) or "none", tau]


def _text(cell: Any) -> str:
    """A cell of text; an empty one is read as a missing value."""
    return "" if pd.isna(cell) else str(cell)


def left_out(audit: pd.DataFrame) -> list[str]:
    """Why values are missing, a line for each codec and variant."""
    missing = audit[audit["left_out"].map(_text) != ""]
    return [f"{line['codec']}, “{line['variant']}”: {line['left_out']}" for line in missing.to_dict("records")]


def fidelity_for_view(fidelity: pd.DataFrame) -> pd.DataFrame:
    """The distances under the names of the quantities, which ``tables.view`` pairs and rounds."""
    names = {f"{prefix}{name}_to_anchor": f"{prefix}{name}" for name in QUANTITIES for prefix in ("", "paper_")}
    return fidelity.rename(columns=names)


def views(audit: pd.DataFrame) -> dict[str, View]:
    """Both tables of the audit, by the names under which the page has them."""
    return {"protocol_psnr": audit_view(audit, PSNR), "protocol_ms_ssim": audit_view(audit, MS_SSIM)}
