"""The claims of the paper as data: what is measured, under which protocol, and the rule that decides.

The rules were written before the results were seen. Where the paper's words name no margin, one is chosen here: half of
a published effect, half a decibel or 0.005 MS-SSIM for what is called comparable, five points of BD-rate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from licbench.errors import PointsError
from licbench.evaluation import curves
from licbench.paper.claims import statistics as stat
from licbench.paper.claims.bench import (
    ADAPTIVE,
    FIGURE5_MODEL,
    Bench,
    GanPoint,
    PublishedCurves,
    Ref,
    Source,
)
from licbench.paper.claims.figure5 import PSNR_DB as FIGURE5_PSNR_DB
from licbench.paper.claims.verdicts import FAILS, HOLDS, Rule
from licbench.paper.tables import THRESHOLD_DB

Paper = Mapping[str, pd.DataFrame]
"""The published values, by the name of their file in workflow/resources/paper."""
Published = Callable[[Paper], float]

CAE, GAN, SR, BPG = Ref("cae", "offline"), Ref("gan"), Ref("sr", ADAPTIVE), Ref("bpg", "420")
SRCNN = Ref("sr", "srcnn")
JPEG_MODES = ("444-standard", "420-standard", "420-optimised")
WAVELETS = ("9-7", "5-3")
CODE_SIZES = (64, 128, 256, 1024)

PERCENT, DB, SIMILARITY, TIMES, SHARE = "% of rate", "dB", "MS-SSIM", "times", "share"
POOLED = "one squared error over all images, MS-SSIM by image size (CLIC 2018)"
MEANS = "means over images of rate and PSNR"
COMPARABLE = 0.005
"""MS-SSIM that is no difference."""
POSITIVE, NEGATIVE = Rule(low=0.0), Rule(high=0.0)


class Measure(NamedTuple):
    """A quality: how it is read off a curve, its column in the published tables, its unit and name."""

    coordinates: curves.Coordinates
    column: str
    unit: str
    name: str


PSNR = Measure(curves.pooled_psnr, "psnr_db", DB, "PSNR")
MS_SSIM = Measure(curves.pooled_ms_ssim, "ms_ssim", SIMILARITY, "MS-SSIM")
MEASURES = (PSNR, MS_SSIM)


@dataclass(frozen=True)
class Claim:
    """One thing that the paper says, as a number that lies in a range if it is so.

    ``trained_if_holds`` and ``trained_if_fails`` name codecs whose models must have had the paper's training for the
    verdict to count, because too little training alone could have led to it, or have settled, as ``judging`` says;
    ``only_on`` names the one dataset that the published number is about.
    """

    claim: str
    source: str
    protocol: str
    unit: str
    published: Published
    statistic: Callable[[Bench], stat.OfDraw]
    rule: Rule
    trained_if_holds: Sequence[str] = ()
    trained_if_fails: Sequence[str] = ()
    only_on: str | None = None
    evidence: str = "results/points/{dataset}.csv"

    def trained_if(self, verdict: str) -> Sequence[str]:
        """The codecs whose models must have had the paper's training for this verdict, or have settled."""
        return {HOLDS: self.trained_if_holds, FAILS: self.trained_if_fails}[verdict]


def claims(bpp: float) -> list[Claim]:
    """Every claim, in the paper's order; codecs are compared at ``bpp`` where a claim is about one rate."""
    return [
        *_cae_against_jpeg(bpp),
        *_cae_against_jpeg2000(),
        *_rotation(),
        *_gan_similarity(bpp),
        *_gan_input_size(),
        *_gan_enlargement(),
        *_gan_bits(),
        *_adaptive_super_resolution(),
        *_super_resolution_near_bpg(bpp),
        *_super_resolution_best(bpp),
    ]


# Where published values come from


def _printed(key: str) -> Published:
    """A number in the paper's text."""
    return lambda paper: float(paper["text"].set_index("key")["value"][key])


def _drawn(statistic: Callable[[Source], stat.OfDraw]) -> Published:
    """The same statistic of the published Figure 6; NaN where its curves do not reach."""

    def value(paper: Paper) -> float:
        try:
            return statistic(PublishedCurves(paper["figure6"]))(np.ones(1))
        except PointsError:
            return nan

    return value


def _tabled(column: str, codec: str, *others: str) -> Published:
    """Table 5: a codec less the best of others."""

    def value(paper: Paper) -> float:
        cells = paper["table5"].set_index("codec")[column]
        return float(cells.loc[codec] - cells.loc[list(others)].max())

    return value


def _between(table: str, key: str, first: Any, others: Sequence[Any], column: str) -> Published:
    """The line of a table whose ``key`` is ``first``, less the best of those where it is one of ``others``."""

    def value(paper: Paper) -> float:
        cells = paper[table].set_index(key)[column]
        return float(cells.loc[first] - cells.loc[list(others)].max())

    return value


# The claims


def _cae_against_jpeg(bpp: float) -> list[Claim]:
    found = []
    for mode in JPEG_MODES:
        jpeg, what = Ref("jpeg", mode), f"CAE beats JPEG {mode}"
        for coordinates, column, unit, name in MEASURES:
            found.append(
                Claim(
                    claim=f"{what}: {name} at {bpp:g} bit/pixel",
                    source="abstract, Table 5",
                    protocol=f"{POOLED}; between measured points, linear in the log of the rate; "
                    "a JPEG whose cheapest point needs more rate is taken there, which favours it",
                    unit=unit,
                    published=_tabled(column, "CAE", "JPEG"),
                    statistic=stat.difference_at_rate(CAE, [jpeg], coordinates, bpp),
                    rule=POSITIVE,
                    trained_if_fails=["cae"],
                )
            )
        for coordinates, name in ((curves.pooled_psnr, PSNR.name), (curves.pooled_ms_ssim_db, MS_SSIM.name)):
            difference = stat.rate_difference(CAE, jpeg, coordinates)
            found.append(
                Claim(
                    claim=f"{what}: rate at equal {name}",
                    source="abstract, Figure 6",
                    protocol=f"{POOLED}; BD-rate by PCHIP over the common quality",
                    unit=PERCENT,
                    published=_drawn(difference),
                    statistic=difference,
                    rule=NEGATIVE,
                    trained_if_fails=["cae"],
                )
            )
    return found


def _cae_against_jpeg2000() -> list[Claim]:
    return [
        Claim(
            claim=f"CAE saves 13.7 % of the rate of JPEG 2000 (wavelet {wavelet}), PSNR over {space}",
            source="quoted from its reference [12]",
            protocol=f"Kodak; {MEANS}; BD-rate by PCHIP over the common quality; colour space and wavelet not stated",
            unit=PERCENT,
            published=_printed("cae_bd_rate_jpeg2000"),
            statistic=stat.rate_difference(CAE, Ref("jpeg2000", wavelet), coordinates),
            rule=Rule(high=5.0, of_published=True),
            trained_if_fails=["cae"],
            only_on="kodak",
        )
        for wavelet in WAVELETS
        for space, coordinates in curves.MEAN_PSNR.items()
    ]


def _rotation() -> list[Claim]:
    def saving(paper: Paper) -> float:
        rates = paper["figure5"].set_index("rotation")["bpp"]
        return float(100 * (rates["offline"] / rates["none"] - 1))

    half = Rule(high=12.0, of_published=True)
    saves_rate = partial(Claim, source="Figure 5", unit=PERCENT, published=saving, rule=half)
    found = []
    for rotation in ("offline", "per_image"):
        of_curves = stat.rate_difference(Ref("cae", rotation), Ref("cae", "none"), curves.pooled_psnr)
        found += [
            saves_rate(
                claim=f"PCA of the maps ({rotation}) saves rate: at {FIGURE5_PSNR_DB:g} dB",
                protocol="the figure's image and model; one image, so no interval",
                statistic=stat.rate_difference_in_figure5(rotation, "none"),
                trained_if_holds=[FIGURE5_MODEL],
                trained_if_fails=[FIGURE5_MODEL],
                only_on="kodak",
                evidence="results/figure5.csv",
            ),
            saves_rate(
                claim=f"PCA of the maps ({rotation}) saves rate: BD-rate",
                protocol=f"{POOLED}; the models of the ladder; the paper shows one image",
                statistic=of_curves,
                trained_if_holds=["cae"],
                trained_if_fails=["cae"],
            ),
        ]
    return found


def _gan_similarity(bpp: float) -> list[Claim]:
    found = []
    for other, name in ((Ref("jpeg", "420-optimised"), "JPEG"), (CAE, "CAE"), (BPG, "BPG")):
        difference = stat.similarity_at_equal_psnr(GAN, other, bpp)
        found.append(
            Claim(
                claim=f"GAN has the higher MS-SSIM at the PSNR that it reaches at {bpp:g} bit/pixel: against {name}",
                source="abstract, Figure 6",
                protocol=f"{POOLED}; between measured points, linear in the log of the rate",
                unit=SIMILARITY,
                published=_drawn(difference),
                statistic=difference,
                rule=Rule(low=COMPARABLE),
                trained_if_holds=["cae"] if other is CAE else [],
                trained_if_fails=["gan"],
            )
        )
    return found


def _gan_input_size() -> list[Claim]:
    best, others = GanPoint(128, 1024, 1, 8), [GanPoint(side, 1024, 1, 8) for side in (64, 256)]
    return [
        Claim(
            claim=f"GAN: 128 is the best of the input sizes 64, 128 and 256: {name}",
            source="section 3.2, Table 2",
            protocol=f"{POOLED}; N = 1024; each at its own rate, as in the paper",
            unit=unit,
            published=_between("table2", "input_size", 128, [64, 256], column),
            statistic=stat.gan_difference(best, others, coordinates),
            rule=POSITIVE,
            trained_if_holds=["gan"],
            trained_if_fails=["gan"],
            evidence="results/table2.csv",
        )
        for coordinates, column, unit, name in MEASURES
    ]


def _gan_enlargement() -> list[Claim]:
    pairs = [(GanPoint(128, size, 1, 8), GanPoint(128, size, 2, 8)) for size in CODE_SIZES]
    cases = (
        ("gains PSNR", DB, "psnr", stat.gan_steps(pairs, curves.pooled_psnr), Rule(-0.7, 0.7, True)),
        ("gains MS-SSIM", SIMILARITY, "ms_ssim", stat.gan_steps(pairs, curves.pooled_ms_ssim), Rule(-0.05, 0.05, True)),
        ("costs nearly four times the rate", TIMES, "rate", stat.gan_rate_factor(pairs), Rule(-1.0, 0.2, True)),
    )
    keys = {
        "psnr": "gan_gain_of_2w_psnr",
        "ms_ssim": "gan_gain_of_2w_ms_ssim",
        "rate": "gan_rate_factor_of_2w",
    }
    return [
        Claim(
            claim=f"GAN: coding the picture at twice its width and height {what}",
            source="section 3.2, Table 3",
            protocol=f"{POOLED}; mean over the measured N of 64, 128, 256 and 1024",
            unit=unit,
            published=_printed(keys[quantity]),
            statistic=statistic,
            rule=rule,
            trained_if_fails=["gan"],
            evidence="results/table3.csv",
        )
        for what, unit, quantity, statistic, rule in cases
    ]


def _gan_bits() -> list[Claim]:
    table4 = GanPoint(128, 256, 4, 8)
    shipped = GanPoint(128, 128, 1, 8, rotated=True)
    cases = (("N = 256, enlarged by 4", table4, "results/table4.csv"), ("N = 128, rotated", shipped, None))
    losses = ((PSNR, 1.4), (MS_SSIM, 0.08))
    return [
        Claim(
            claim=f"GAN: 5 bits in place of 8 destroy the picture: {name} ({where})",
            source="section 3.2, Table 4",
            protocol=f"{POOLED}; loss from 8 to 5 bits; the paper's is N = 256, enlarged by 4, no rotation",
            unit=unit,
            published=_between("table4", "quantization_bits", 8, [5], column),
            statistic=stat.gan_difference(point, [point._replace(bits=5)], coordinates),
            rule=Rule(low=-half, of_published=True),
            trained_if_fails=["gan"],
            evidence=evidence or Claim.evidence,
        )
        for where, point, evidence in cases
        for (coordinates, column, unit, name), half in losses
    ]


def _adaptive_super_resolution() -> list[Claim]:
    beats = "SR: choosing by Pre_PSNR beats SRCNN throughout"
    return [
        *(
            Claim(
                claim=f"{beats}: {name} at QP 35 against QP 32",
                source="section 2.3, Table 1",
                protocol=f"{POOLED}; each at its own rate, as in the paper",
                unit=unit,
                published=_between("table1", "adaptive", "yes", ["no"], column),
                statistic=stat.adaptive_gain(35, 32, coordinates),
                rule=POSITIVE,
                trained_if_holds=["sr"],
                evidence="results/table1.csv",
            )
            for coordinates, column, unit, name in MEASURES
        ),
        Claim(
            claim=f"{beats}: rate at equal PSNR",
            source="section 2.3",
            protocol=f"{POOLED}; BD-rate by PCHIP over the common quality; QP moves",
            unit=PERCENT,
            published=lambda _: nan,
            statistic=stat.rate_difference(SR, SRCNN, curves.pooled_psnr),
            rule=NEGATIVE,
            trained_if_holds=["sr"],
        ),
        Claim(
            claim=f"SR: about 30 % of the pictures take SRCNN at {THRESHOLD_DB:g} dB",
            source="section 2.3",
            protocol="share of the CLIC 2018 validation images",
            unit=SHARE,
            published=_printed("sr_share_srcnn"),
            statistic=stat.srcnn_share(THRESHOLD_DB),
            rule=Rule(-0.1, 0.1, True),
            trained_if_fails=["sr"],
            only_on="clic2018_valid",
            evidence="results/table1.csv",
        ),
    ]


def _super_resolution_near_bpg(bpp: float) -> list[Claim]:
    return [
        Claim(
            claim=f"SR is comparable to BPG: {name} at {bpp:g} bit/pixel",
            source="abstract, Table 5",
            protocol=f"{POOLED}; between measured points, linear in the log of the rate",
            unit=unit,
            published=_tabled(column, "SR", "BPG"),
            statistic=stat.difference_at_rate(SR, [BPG], coordinates, bpp),
            rule=Rule(low=-margin),
            trained_if_fails=["sr"],
        )
        for (coordinates, column, unit, name), margin in ((PSNR, 0.5), (MS_SSIM, COMPARABLE))
    ]


def _super_resolution_best(bpp: float) -> list[Claim]:
    return [
        Claim(
            claim=f"SR is the best of CAE, GAN and SR: {name} at {bpp:g} bit/pixel",
            source="abstract, Table 5",
            protocol=f"{POOLED}; between measured points, linear in the log of the rate",
            unit=unit,
            published=_tabled(column, "SR", "CAE", "GAN"),
            statistic=stat.difference_at_rate(SR, [CAE, GAN], coordinates, bpp),
            rule=POSITIVE,
            trained_if_holds=["cae", "gan"],
            trained_if_fails=["sr"],
        )
        for coordinates, column, unit, name in MEASURES
    ]
