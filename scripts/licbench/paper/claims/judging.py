"""Claims measured and judged, one line each.

A verdict that too little training could explain counts if the models had the paper's training, or if the quantity has
settled: were each doubling of the training that is left up to the paper's to move it by as much as the last one did, in
either direction, the verdict would be the same. What the last one did is measured, with models of half the training.
"""

from __future__ import annotations

from math import isnan, nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.paper.claims import future
from licbench.paper.claims.bench import Bench
from licbench.paper.claims.register import Claim, Paper, claims
from licbench.paper.claims.verdicts import FAILS, HOLDS, MOST_UNDEFINED, OPEN, interval_of

COLUMNS = [
    "claim", "unit", "source", "protocol", "published", "measured", "low", "high", "verdict", "reason",
    "verdict_of_these_models", "rule", "evidence",
]  # fmt: skip
DIGITS = 4
"""Significant digits of a measured value."""


class Verdict(NamedTuple):
    """A verdict, why it is none or what limits it, and what the rule says where only training keeps it open."""

    verdict: str
    reason: str = ""
    of_these_models: str = ""


class Estimate(NamedTuple):
    """A quantity as measured, and its interval over the images."""

    measured: float
    low: float
    high: float


def judge_all(bench: Bench, paper: Paper) -> pd.DataFrame:
    """Every claim of ``register``, and those of ``future`` where the rows allow, judged by its rule; ``COLUMNS``.

    ``low`` and ``high`` are the 95 % bootstrap interval over images. ``reason`` says why a claim is not decidable
    here: a curve that is not measured or does not reach, an interval on both sides of the rule's limit, models with
    less than the paper's training, other images than those a value is about. With a verdict it names the models
    that were undertrained nevertheless. ``verdict_of_these_models`` is what the rule says of the measured models where
    nothing but their training keeps a claim open, and empty elsewhere.
    """
    lines = [judge(claim, bench, paper) for claim in [*claims(bench.target_bpp), *future.claims_of(bench)]]
    return pd.DataFrame(lines, columns=COLUMNS)


def judge(claim: Claim, bench: Bench, paper: Paper) -> dict[str, Any]:
    """The line of one claim."""
    published = claim.published(paper)
    measured, interval, problem = nan, (nan, nan), ""
    try:
        quantity = claim.statistic(bench)
        measured = quantity(np.ones(bench.images))
        interval = interval_of(quantity, bench.images)
    except PointsError as error:
        problem = str(error)
    found = Verdict(OPEN, problem) if problem else _verdict(claim, bench, published, Estimate(measured, *interval))
    dataset = ", ".join(bench.datasets)
    return {
        "claim": claim.claim,
        "unit": claim.unit,
        "source": claim.source,
        "protocol": f"{claim.protocol}; here {dataset}, {bench.images} images",
        "published": _rounded(published),
        "measured": _rounded(measured),
        "low": _rounded(interval[0]),
        "high": _rounded(interval[1]),
        "verdict": found.verdict,
        "reason": found.reason,
        "verdict_of_these_models": found.of_these_models,
        "rule": _rule_text(claim, published),
        "evidence": claim.evidence.format(dataset=dataset),
    }


def _verdict(claim: Claim, bench: Bench, published: float, found: Estimate) -> Verdict:
    if bench.images < 2:
        return Verdict(OPEN, "one image gives no interval")
    if isnan(found.low):
        return Verdict(OPEN, f"undefined in more than {MOST_UNDEFINED:.0%} of the resamples")
    verdict = claim.rule.verdict((found.low, found.high), published)
    if verdict == OPEN:
        return Verdict(OPEN, "the interval reaches both sides of the limit")
    if claim.only_on is not None and bench.datasets != [claim.only_on]:
        return Verdict(OPEN, f"the number is about {claim.only_on}")
    if bench.undertrained(claim.trained_if(verdict)):
        return _of_undertrained(claim, bench, published, found, verdict)
    short = bench.undertrained({*claim.trained_if_holds, *claim.trained_if_fails})
    return Verdict(verdict, f"although {', '.join(short)}" if short else "")


def _of_undertrained(claim: Claim, bench: Bench, published: float, found: Estimate, verdict: str) -> Verdict:
    """The verdict where it would need the paper's training, if the quantity has settled."""
    needed = claim.trained_if(verdict)
    by_rule = f"{verdict} by the rule, but {', '.join(bench.undertrained(needed))}"
    half_trained = bench.half_trained(needed)
    if half_trained is None:
        return Verdict(OPEN, by_rule, verdict)
    try:
        half = claim.statistic(half_trained)(np.ones(bench.images))
    except PointsError as error:
        return Verdict(OPEN, f"{by_rule}, and of half of that: {error}", verdict)
    left = bench.doublings_left(needed)
    drift = abs(found.measured - half) * left
    settled = claim.rule.verdict((found.low - drift, found.high + drift), published) == verdict
    pace = f"half of that gives {_rounded(half):g}, and {left:.1f} doublings more at that pace"
    if not settled:
        return Verdict(OPEN, f"{by_rule}: {pace} could lead elsewhere", verdict)
    return Verdict(verdict, f"although {', '.join(bench.undertrained(needed))}: {pace} would not lead elsewhere")


def _rule_text(claim: Claim, published: float) -> str:
    parts = [f"{claim.rule.text(published)}; {OPEN}: neither"]
    if claim.only_on:
        parts.append(f"decided on {claim.only_on} alone")
    for verdict, codecs in ((HOLDS, claim.trained_if_holds), (FAILS, claim.trained_if_fails)):
        if codecs:
            parts.append(f"{verdict!r} counts only if {' and '.join(codecs)} had the paper's training or settled")
    return "; ".join(parts)


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
