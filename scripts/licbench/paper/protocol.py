"""Table 5 under other protocols, one thing changed at a time: how far each number and the ranking move."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from math import inf, isfinite, isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from licbench.codecs.registry import codec_class
from licbench.errors import PointsError
from licbench.evaluation.curves import MeasuredCurve, curve_of, finite, pooled_psnr, quality_at_rate
from licbench.evaluation.pooling import LUMA, RGB, YCBCR_611, Floats, best_within, rows_of
from licbench.measurement.rows import settings_of
from licbench.metrics.rate import bd_rate

COLUMNS = (
    "number", "variant", "codec", "unit", "in_protocol", "value", "change", "rank_in_protocol", "rank", "setting",
    "meets_target_rate", "ranking", "swapped", "swapped_pairs", "kendall_tau", "left_out",
)  # fmt: skip
PROTOCOL = "the paper's protocol"
ANCHORS = ("JPEG", "BPG")
"""The paper's names of the codecs that others are compared with."""
PSNR, MS_SSIM = "PSNR", "MS-SSIM"
"""The two numbers of Table 5 that rank the codecs; each variant belongs to one."""
DB, SIMILARITY, PERCENT = "dB", "", "% of rate"
DIGITS = {DB: 3, SIMILARITY: 4, PERCENT: 2}
BETTER = " > "

Entries = Mapping[str, Mapping[str, Any]]
Read = Callable[[MeasuredCurve], Floats]
"""One value for each point of a curve, over the whole dataset."""


class Reading(NamedTuple):
    """What a variant says of a codec, the operating point that it says it of, if it is one, and its rate.

    ``within``: whether that point is at or under the target rate; it is the cheapest where none is.
    """

    value: float
    setting: str = ""
    within: bool | None = None


Measure = Callable[[MeasuredCurve, float], Reading]
"""From a codec's curve and the target rate."""
RowsOf = Callable[[pd.DataFrame, str, Mapping[str, Any]], pd.DataFrame]
"""The rows behind an entry of Table 5, from all rows, its name and its block."""


def _rows_of_entry(rows: pd.DataFrame, name: str, entry: Mapping[str, Any]) -> pd.DataFrame:
    return rows_of(rows, entry)


@dataclass(frozen=True, eq=False)
class Variant:
    """A protocol: which rows an entry has, and what is read off its curve.

    ``in_protocol`` is the paper's number in the variant's unit, given that number; None where the unit has no such
    value. ``best`` is 1 where more is better, -1 where less is. ``of`` names the only entry that ``rows_of`` changes.
    """

    name: str
    number: str
    unit: str
    measure: Measure
    rows_of: RowsOf = _rows_of_entry
    in_protocol: Callable[[float], float] | None = float
    best: int = 1
    of: str | None = None

    def rows_of_entry(self, name: str) -> RowsOf:
        """Where the rows of the entry come from."""
        return self.rows_of if self.of in (None, name) else _rows_of_entry


Readings = Mapping[str, Reading | PointsError]
"""What a variant says of each entry, or why it says nothing."""


class _Table5:
    """The rows behind Table 5, and the curves made of them, each once."""

    def __init__(self, rows: pd.DataFrame, entries: Entries, target_bpp: float) -> None:
        self.rows, self.entries, self._target_bpp = rows, entries, target_bpp
        self._curves: dict[tuple[RowsOf, str], MeasuredCurve] = {}

    def curve(self, own: RowsOf, name: str) -> MeasuredCurve:
        """The curve of an entry, of the rows that ``own`` finds for it."""
        if (own, name) not in self._curves:
            self._curves[own, name] = curve_of(own(self.rows, name, self.entries[name]), name)
        return self._curves[own, name]

    def readings(self, variant: Variant) -> Readings:
        """What the variant says of each entry."""
        found: dict[str, Reading | PointsError] = {}
        for name in self.entries:
            try:
                reading = variant.measure(self.curve(variant.rows_of_entry(name), name), self._target_bpp)
                found[name] = PointsError("undefined") if isnan(reading.value) else reading
            except PointsError as error:
                found[name] = error
        return found


def audit_protocol(rows: pd.DataFrame, entries: Entries, target_bpp: float) -> pd.DataFrame:
    """Each row of Table 5 under each variant of the protocol, from the rows alone.

    Args:
        rows: all rows of one dataset, see ``measurement.rows``.
        entries: row name -> codec, and a curve, a point or a threshold where only these count (config: table5).
        target_bpp: the target rate, in bits per pixel.

    Returns:
        One line for each variant and entry, columns ``COLUMNS``. ``in_protocol`` is the paper's protocol in the
        variant's unit and ``change`` the distance from it; ``rank`` counts from 1 among the codecs that the variant
        can rank, ``rank_in_protocol`` the same codecs under the paper's protocol. ``swapped_pairs`` of them are in the
        other order (named in ``swapped``), which makes ``kendall_tau``: 1 for the same ranking, -1 for the reverse.
        ``meets_target_rate`` is False where every point is above the target rate and the cheapest is shown, and empty
        where no point is chosen. ``left_out`` says why there is no value.

    Raises:
        PointsError: there is no entry, or one has no measured point.
    """
    if not entries:
        raise PointsError("protocol: none of Table 5's codecs was measured; add a row for yours under table5")
    for name, entry in entries.items():
        if rows_of(rows, entry).empty:
            raise PointsError(f"protocol: no measured point fits {name}; correct its block under table5 in the config")
    table5 = _Table5(rows, entries, target_bpp)
    variants = [*_psnr_variants(table5), *_ms_ssim_variants()]
    readings = {variant: table5.readings(variant) for variant in variants}
    base = {variant.number: readings[variant] for variant in variants if variant.name == PROTOCOL}
    lines = [line for variant in variants for line in _lines(variant, readings[variant], base[variant.number])]
    return pd.DataFrame(lines, columns=list(COLUMNS))


# What is read off a curve


def _ones(curve: MeasuredCurve) -> Floats:
    return np.ones(curve.images)


def _rate(curve: MeasuredCurve) -> Floats:
    return curve.rates(_ones(curve))


def _mean_rate(curve: MeasuredCurve) -> Floats:
    return curve.mean_rates(_ones(curve))


def _psnr(curve: MeasuredCurve, space: str = RGB) -> Floats:
    return curve.psnr(_ones(curve), space)


def _mean_psnr(curve: MeasuredCurve) -> Floats:
    return curve.mean_psnr(_ones(curve))


def _ms_ssim(curve: MeasuredCurve) -> Floats:
    return curve.ms_ssim(_ones(curve))


def _image_ms_ssim(curve: MeasuredCurve) -> tuple[Floats, Floats]:
    """MS-SSIM of each point and image that has one, and those images' weights, both (points, images)."""
    scored = curve.sums.scored
    has = (scored > 0).all(axis=0)
    if not has.any():
        raise PointsError("no image is large enough for MS-SSIM; measure larger ones")
    return curve.sums.similarity[:, has] / scored[:, has], scored[:, has]


def _mean_ms_ssim(curve: MeasuredCurve) -> Floats:
    mean: Floats = _image_ms_ssim(curve)[0].mean(axis=1)
    return mean


def _ms_ssim_db(curve: MeasuredCurve) -> Floats:
    """The images' MS-SSIM in dB, weighted by size as the protocol weighs MS-SSIM itself."""
    values, weights = _image_ms_ssim(curve)
    with np.errstate(divide="ignore"):
        return np.average(-10 * np.log10(1 - values), axis=1, weights=weights)


def in_decibels(similarity: float) -> float:
    """MS-SSIM as -10 log10(1 - MS-SSIM), which spreads what is close to 1; infinite for 1."""
    return inf if similarity == 1 else float(-10 * np.log10(1 - similarity))


# How a point is chosen


def _at_best_point(shown: Read, chosen_by: Read = _psnr, rate: Read = _rate) -> Measure:
    """The value at the point of highest quality at or under the target; the cheapest point where none is."""

    def measure(curve: MeasuredCurve, target_bpp: float) -> Reading:
        names = curve.sums.points["point"].to_numpy()
        points = pd.DataFrame({"point": names, "bpp": rate(curve), "psnr_db": chosen_by(curve)})
        chosen, within = best_within(points.assign(at=range(len(points))), target_bpp)
        return Reading(float(shown(curve)[int(chosen["at"])]), str(chosen["point"]), within)

    return measure


def _interpolated(curve: MeasuredCurve, target_bpp: float) -> Reading:
    return Reading(quality_at_rate(curve, _ones(curve), pooled_psnr, target_bpp))


def _bd_rate_against(anchor: MeasuredCurve, curve: MeasuredCurve, target_bpp: float) -> Reading:
    # A curve against itself is 0 by definition; PCHIP would say so but for rounding
    if curve.name == anchor.name:
        return Reading(0.0)
    draw = _ones(curve)
    return Reading(bd_rate(*finite(anchor, draw, pooled_psnr), *finite(curve, draw, pooled_psnr)))


def _without_headers(rows: pd.DataFrame, name: str, entry: Mapping[str, Any]) -> pd.DataFrame:
    own = rows_of(rows, entry)
    kind = codec_class(entry["codec"])
    headers = [
        kind.header_bytes(settings_of(line), line["width"], line["height"])
        for line in own[["settings", "width", "height"]].to_dict("records")
    ]
    if any(header is None for header in headers):
        raise PointsError(f"codec {kind.id} does not say how long its header is; give it a header_bytes")
    shorter = own["bytes"] - pd.Series(headers, index=own.index, dtype=np.int64)
    if (shorter < 0).any():
        raise PointsError(f"codec {kind.id} says that a header is longer than its stream; correct its header_bytes")
    return own.assign(bytes=shorter)


def _with_curve(curve: str, rows: pd.DataFrame, name: str, entry: Mapping[str, Any]) -> pd.DataFrame:
    return rows_of(rows, {**entry, "curve": curve})


# The variants


def _psnr_variants(table5: _Table5) -> Iterator[Variant]:
    entries = table5.entries
    in_db = partial(Variant, number=PSNR, unit=DB)
    yield in_db(PROTOCOL, measure=_at_best_point(_psnr))
    yield in_db("PSNR as the mean over images", measure=_at_best_point(_mean_psnr, _mean_psnr))
    for space, name in ((LUMA, "PSNR of luma (Y)"), (YCBCR_611, "PSNR of Y, Cb and Cr weighted 6:1:1")):
        read = partial(_psnr, space=space)
        yield in_db(name, measure=_at_best_point(read, read))
    yield in_db("rate as the mean over images", measure=_at_best_point(_psnr, rate=_mean_rate))
    yield in_db("headers not counted", measure=_at_best_point(_psnr), rows_of=_without_headers)
    for name, curve in _other_curves(table5.rows, entries):
        other = f"{name} is {curve}, not {entries[name]['curve']}"
        yield in_db(other, measure=_at_best_point(_psnr), rows_of=partial(_with_curve, curve), of=name)
    yield in_db("interpolated at the target rate", measure=_interpolated)
    for anchor in [name for name in ANCHORS if name in entries]:
        against = partial(_bd_rate_against, table5.curve(_rows_of_entry, anchor))
        yield Variant(f"BD-rate against {anchor}", PSNR, PERCENT, against, in_protocol=None, best=-1)
    yield Variant("ranked by MS-SSIM", PSNR, SIMILARITY, _at_best_point(_ms_ssim), in_protocol=None)


def _ms_ssim_variants() -> Iterator[Variant]:
    similarity = partial(Variant, number=MS_SSIM, unit=SIMILARITY)
    yield similarity(PROTOCOL, measure=_at_best_point(_ms_ssim))
    yield similarity("MS-SSIM as the mean over images", measure=_at_best_point(_mean_ms_ssim))
    yield similarity("point chosen by MS-SSIM", measure=_at_best_point(_ms_ssim, _ms_ssim))
    yield Variant("MS-SSIM in dB before averaging", MS_SSIM, DB, _at_best_point(_ms_ssim_db), in_protocol=in_decibels)


def _other_curves(rows: pd.DataFrame, entries: Entries) -> Iterator[tuple[str, str]]:
    """The entries that name one of several curves of their codec, with each of the others."""
    for name, entry in entries.items():
        if "curve" in entry:
            measured = dict.fromkeys(rows.loc[rows["codec"] == entry["codec"], "curve"])
            yield from ((name, str(curve)) for curve in measured if curve != entry["curve"])


# Readings and rankings


def _lines(variant: Variant, readings: Readings, base: Readings) -> Iterator[dict[str, Any]]:
    ours = {name: variant.best * found.value for name, found in readings.items() if isinstance(found, Reading)}
    theirs = {name: found.value for name, found in base.items() if isinstance(found, Reading) and name in ours}
    ranked = {name: value for name, value in ours.items() if name in theirs}
    pairs = swapped(theirs, ranked)
    about = {
        "number": variant.number,
        "variant": variant.name,
        "unit": variant.unit,
        "ranking": BETTER.join(ranking(ranked)),
        "swapped": ", ".join(f"{better} and {worse}" for better, worse in pairs),
        "swapped_pairs": len(pairs),
        "kendall_tau": round(kendall_tau(theirs, ranked), 3),
    }
    for name, found in readings.items():
        before, printed = nan, base[name]
        if variant.in_protocol is not None and isinstance(printed, Reading):
            before = variant.in_protocol(printed.value)
        yield {**about, "codec": name, **_numbers(variant.unit, before, found), **_ranks(name, theirs, ranked)}


def _numbers(unit: str, before: float, found: Reading | PointsError) -> dict[str, Any]:
    value = found.value if isinstance(found, Reading) else nan
    change = value - before if isfinite(value) and isfinite(before) else nan
    numbers = {"in_protocol": before, "value": value, "change": change}
    rounded = {name: round(number, DIGITS[unit]) for name, number in numbers.items()}
    if isinstance(found, Reading):
        return {**rounded, "setting": found.setting, "meets_target_rate": found.within, "left_out": ""}
    return {**rounded, "setting": "", "meets_target_rate": None, "left_out": str(found)}


def _ranks(name: str, theirs: Mapping[str, float], ours: Mapping[str, float]) -> dict[str, int | None]:
    if name not in ours:
        return {"rank_in_protocol": None, "rank": None}
    return {"rank_in_protocol": 1 + ranking(theirs).index(name), "rank": 1 + ranking(ours).index(name)}


def ranking(values: Mapping[str, float]) -> list[str]:
    """The names from the highest value to the lowest; equal ones in the order given."""
    return sorted(values, key=lambda name: -values[name])


def swapped(before: Mapping[str, float], after: Mapping[str, float]) -> list[tuple[str, str]]:
    """The pairs that two sets of values of the same names order differently: (the better one before, the other)."""
    return [
        (first, second) if before[first] > before[second] else (second, first)
        for first, second in combinations(before, 2)
        if _order(before, first, second) * _order(after, first, second) < 0
    ]


def kendall_tau(before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Kendall's rank correlation (tau-a) of two sets of values of the same names; NaN for fewer than two."""
    signs = [_order(before, first, second) * _order(after, first, second) for first, second in combinations(before, 2)]
    return float(np.mean(signs)) if signs else nan


def _order(values: Mapping[str, float], first: str, second: str) -> int:
    """1, 0 or -1: more, as much or less; infinite values count."""
    return (values[first] > values[second]) - (values[first] < values[second])


def largest_effect(audit: pd.DataFrame) -> str:
    """What moves most, in words: a PSNR, the distance between two codecs, and the ranking.

    A value above the target rate is no result of its variant, so it does not count among the changes.

    Args:
        audit: from ``audit_protocol``, or as read from its file.
    """
    others = audit[audit["variant"] != PROTOCOL]
    in_db = others[(others["unit"] == DB) & (others["number"] == PSNR) & others["change"].notna()]
    in_db = in_db[[flag is None or pd.isna(flag) or bool(flag) for flag in in_db["meets_target_rate"]]]
    return " ".join([*_largest_changes(in_db), _largest_reordering(others.drop_duplicates(["number", "variant"]))])


def _largest_changes(in_db: pd.DataFrame) -> Iterator[str]:
    if in_db.empty:
        return
    line = in_db.loc[[in_db["change"].abs().idxmax()]].to_dict("records")[0]
    yield f"The PSNR that moves most is {line['codec']}’s: by {line['change']:+.2f} dB under “{line['variant']}”."
    distances = [
        (one["change"] - other["change"], str(variant), one["codec"], other["codec"])
        for variant, own in in_db.groupby("variant", sort=False)
        for one, other in combinations(own.to_dict("records"), 2)
    ]
    if distances:
        moved, variant, one, other = max(distances, key=lambda distance: abs(distance[0]))
        yield f"The distance between two codecs moves most under “{variant}”: {one} to {other}, by {abs(moved):.2f} dB."


def _largest_reordering(variants: pd.DataFrame) -> str:
    moved = variants[variants["swapped_pairs"] > 0]
    if moved.empty:
        return f"None of the {len(variants)} variants changes the ranking."
    line = moved.loc[[moved["swapped_pairs"].idxmax()]].to_dict("records")[0]
    return (
        f"{len(moved)} of the {len(variants)} variants change the ranking; “{line['variant']}” ({line['number']}) does "
        f"most: {line['swapped']} change places, which leaves {line['ranking']}."
    )
