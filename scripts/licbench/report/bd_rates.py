"""BD-rates for the report: the table in groups that the page chooses from, and the relative rate over quality."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from licbench.evaluation.bd_rates import IMAGES, PSNR
from licbench.evaluation.external_curves import MEAN, MS_SSIM, POOLED
from licbench.paper.figures.rate_distortion import styles_of
from licbench.report.curves import curve_key, plot_style

GROUP = ["anchor_codec", "anchor_curve", "metric", "average"]
METRICS = dict(zip((*PSNR, MS_SSIM), ("PSNR, RGB", "PSNR, Y", "PSNR, Y:Cb:Cr 6:1:1", "MS-SSIM in dB"), strict=True))
"""Metric -> its name on the page; a further metric has its own."""
AVERAGES = {POOLED: "pooled curve", MEAN: "curve of means", IMAGES: "mean of the images' BD-rates"}
DASH = "–"


def bdrate_data(table: pd.DataFrame, over_quality: pd.DataFrame) -> dict[str, Any]:
    """What the page shows, ready for JSON.

    Args:
        table: as in results/bdrate.csv.
        over_quality: as in results/bdrate_over_quality.csv.

    Returns:
        ``anchors``, ``metrics`` and ``averages``: key -> label, of the menus; ``groups``: of each combination that is
        in the table its key, label and lines; ``styles`` by curve; ``over_quality``: key of a group -> curve ->
        qualities and percent.
    """
    ends = [table[["codec", "curve"]], table[["anchor_codec", "anchor_curve"]].set_axis(["codec", "curve"], axis=1)]
    styles = {curve_key(*key): plot_style(key[0], style) for key, style in styles_of(pd.concat(ends)).items()}
    labels = {key: style["label"] for key, style in styles.items()}
    groups = []
    for (codec, curve, metric, average), own in table.groupby(GROUP, sort=False):
        anchor, metric_label = curve_key(str(codec), str(curve)), METRICS.get(str(metric), str(metric))
        label = f"against {labels[anchor]}, {metric_label}, {AVERAGES[str(average)]}"
        lines = [_line(line, labels) for line in own.to_dict("records")]
        groups.append({"key": _group_key(anchor, metric, average), "label": label, "lines": lines})
    anchors = dict.fromkeys(curve_key(*key) for key in zip(table["anchor_codec"], table["anchor_curve"], strict=True))
    present = {average for average in AVERAGES if average in set(table["average"])}
    return {
        "anchors": {key: labels[key] for key in anchors},
        "metrics": {metric: METRICS.get(metric, metric) for metric in dict.fromkeys(table["metric"])},
        "averages": {average: label for average, label in AVERAGES.items() if average in present},
        "styles": styles,
        "groups": groups,
        "over_quality": _over_quality(over_quality),
    }


def _group_key(anchor: str, metric: Any, average: Any) -> str:
    return f"{anchor}|{metric}|{average}"


def _line(line: Mapping[Any, Any], labels: Mapping[str, str]) -> dict[str, Any]:
    """The cells of a line with what they are sorted by; an empty cell is sorted last."""
    undefined = pd.isna(line["bd_rate"])
    percent = {name: _signed(line[name]) for name in ("bd_rate", "bd_rate_akima", "bd_rate_cubic")}
    no_interval = pd.isna(line["bd_rate_low"])
    return {
        "curve": labels[curve_key(line["codec"], line["curve"])],
        **percent,
        "sort": {name: None if pd.isna(line[name]) else line[name] for name in percent},
        "interval": DASH if no_interval else f"{_signed(line['bd_rate_low'])} to {_signed(line['bd_rate_high'])}",
        "disagree": not undefined and bool(line["kinds_disagree"]),
        "range": DASH if undefined else f"{line['quality_low']:.2f} to {line['quality_high']:.2f}",
        "points": DASH if undefined else f"{int(line['points'])} and {int(line['anchor_points'])}",
        "reason": "" if pd.isna(line["reason"]) else line["reason"],
    }


def _signed(percent: float) -> str:
    """One digit after the point, with a sign that is not a hyphen."""
    return DASH if pd.isna(percent) else f"{percent:+.1f}".replace("-", "−")


def _over_quality(data: pd.DataFrame) -> dict[str, dict[str, list[list[float]]]]:
    found: dict[str, dict[str, list[list[float]]]] = {}
    for (codec, curve, metric, average), own in data.groupby(GROUP, sort=False):
        found[_group_key(curve_key(str(codec), str(curve)), metric, average)] = {
            curve_key(str(test), str(of_test)): [
                points[name].round(2).tolist() for name in ("quality", "rate_difference")
            ]
            for (test, of_test), points in own.groupby(["codec", "curve"], sort=False)
        }
    return found
