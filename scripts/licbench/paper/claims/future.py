"""What the paper expects of future work, judged like its claims where a run measures the codecs that were built for it.

The rules were written before any of these codecs was measured on an evaluation set (docs/future.md). A run without
these codecs has none of these lines.
"""

from __future__ import annotations

from math import nan

from licbench.evaluation import curves
from licbench.paper.claims import statistics as stat
from licbench.paper.claims.bench import Bench, Ref
from licbench.paper.claims.register import BPG, CAE, GAN, MS_SSIM, NEGATIVE, PERCENT, POOLED, PSNR, SR, Claim
from licbench.paper.claims.verdicts import Rule

SWITCHED, COMBINED, RESTORED = Ref("gan_switch"), Ref("best_of"), Ref("sr_restored")
CODECS = (SWITCHED.codec, COMBINED.codec, RESTORED.codec)
MEMBERS = (CAE, GAN, SR, BPG)
"""The paper's methods, and the codec that it compares them with."""
HEADING = "Future work"
SAVING = 8.0
"""Percent of rate that the switch is to save in PSNR, more than a better choice of fixed settings could explain."""
EQUAL_QUALITY = ((curves.pooled_psnr, PSNR.name), (curves.pooled_ms_ssim_db, MS_SSIM.name))


def claims_of(bench: Bench) -> list[Claim]:
    """The expectations, if the rows hold any of the codecs that they are about."""
    return future_claims() if set(bench.rows["codec"]) & set(CODECS) else []


def future_claims() -> list[Claim]:
    """Every expectation, in the paper's order."""
    return [*_switching(), *_combination(), *_filters()]


def _switching() -> list[Claim]:
    what = "switching GANs by tile gains over the best fixed code size"
    cases = [(f"rate at equal {name}", read, NEGATIVE) for read, name in EQUAL_QUALITY]
    cases.append((f"at least {SAVING:g} % of the rate at equal PSNR", curves.pooled_psnr, Rule(high=-SAVING)))
    return [
        _expectation(
            f"{what}: {case}",
            "the anchor is the Pareto front of all fixed points",
            stat.rate_difference(SWITCHED, GAN, read),
            rule,
        )
        for case, read, rule in cases
    ]


def _combination() -> list[Claim]:
    protocol = "against each of CAE, GAN, SR and BPG; the member that comes nearest counts"
    return [
        _expectation(
            f"combining the methods gains over the best of them: rate at equal {name}",
            protocol,
            stat.rate_difference_to_nearest(COMBINED, MEMBERS, read),
            NEGATIVE,
        )
        for read, name in EQUAL_QUALITY
    ]


def _filters() -> list[Claim]:
    return [
        _expectation(
            f"better super-resolution filters outperform BPG: rate at equal {name}",
            "the anchor is BPG 4:2:0",
            stat.rate_difference(RESTORED, BPG, read),
            NEGATIVE,
        )
        for read, name in EQUAL_QUALITY
    ]


def _expectation(what: str, protocol: str, statistic: stat.Statistic, rule: Rule) -> Claim:
    return Claim(
        claim=f"{HEADING}: {what}",
        source="section 4, what the paper expects",
        protocol=f"{POOLED}; BD-rate by PCHIP over the common quality; {protocol}",
        unit=PERCENT,
        published=lambda _: nan,
        statistic=statistic,
        rule=rule,
    )
