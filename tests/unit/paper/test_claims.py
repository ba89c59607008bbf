"""The paper's claims: statistics and verdicts worked out by hand, and every claim on rows that may not allow it."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from string import Template

import numpy as np
import pandas as pd
import pytest
from checkout import offline_environment
from synthetic_rows import synthetic_rows
from warm_start import run_python

from licbench.errors import PointsError, SettingsError
from licbench.evaluation import curves
from licbench.evaluation.curves import curve_of
from licbench.evaluation.pooling import LUMA, RGB, YCBCR_611
from licbench.measurement.rows import COLUMNS as ROW_COLUMNS
from licbench.metrics.distortion import CB_OF_RGB, CR_OF_RGB
from licbench.paper.claims import statistics as stat
from licbench.paper.claims import verdicts
from licbench.paper.claims.bench import ADAPTIVE, Bench, GanPoint, PublishedCurves, Ref
from licbench.paper.claims.judging import COLUMNS, judge, judge_all
from licbench.paper.claims.register import Claim, claims
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN, Rule, interval_of
from licbench.paper.training_budget import Cards
from licbench.report.claims_page import claims_page
from licbench.report.markdown import markdown, tables_page

ROOT = Path(__file__).parents[3]
PAPER = {path.stem: pd.read_csv(path) for path in (ROOT / "workflow" / "resources" / "paper").glob("*.csv")}
ONE, TWO = np.ones(1), np.ones(2)
CARDS = Cards(
    {
        "short": {"network": "gan", "steps": 1, "recipe": {"batch": 10, "code_size": 128, "input_size": 128}},
        "long": {"network": "gan", "steps": 100, "recipe": {"batch": 10, "code_size": 256, "input_size": 128}},
        "srcnn": {"network": "srcnn", "steps": 100, "recipe": {"batch": 10}},
    },
    {"gan": 1000, "srcnn": 1000},
)


def decibels(mse):
    return 10 * math.log10(255**2 / mse)


def row(codec, curve, point, image="a", **columns):
    """An image of 100 x 100 whose red is wrong by one everywhere, in 1000 bytes, unless told otherwise."""
    blank = dict.fromkeys(ROW_COLUMNS, 0) | {"settings": "{}", "branch": None, "pre_psnr_db": math.nan}
    usual = {"dataset": "d", "width": 100, "height": 100, "bytes": 1000, "sse_rr": 10_000, "ms_ssim": 0.9}
    ids = {"codec": codec, "curve": curve, "point": point, "image": image}
    return blank | usual | ids | columns


def bench(*rows, bpp=0.15):
    return Bench(pd.DataFrame(list(rows)), CARDS, bpp)


def grey(mse):
    """Errors of an image of 100 x 100 that is off by the same in R, G and B."""
    return dict.fromkeys(("sse_rr", "sse_gg", "sse_bb", "sse_rg", "sse_rb", "sse_gb"), round(mse * 10_000))


def line(codec, curve, *points, image="a", **columns):
    """Rows of a curve from (bpp, PSNR in dB, MS-SSIM)."""
    return [
        row(codec, curve, f"p{at}", image, bytes=round(bpp * 1250), ms_ssim=ms_ssim, **columns)
        | grey(255**2 / 10 ** (psnr / 10))
        for at, (bpp, psnr, ms_ssim) in enumerate(points)
    ]


# Curves


def test_a_curve_is_pooled_as_the_tables_are_and_averaged_as_kodak_is():
    rows = [
        row("jpeg", "c", "p", "a", bytes=1000, ms_ssim=0.9) | grey(1),
        row("jpeg", "c", "p", "b", width=300, bytes=1500, ms_ssim=0.5) | grey(12),
    ]
    curve = curve_of(pd.DataFrame(rows), "jpeg c")
    assert curve.rates(TWO) == pytest.approx([8 * 2500 / 40_000])
    # 12 * 10,000 over 30,000 pixels is an MSE of 4
    assert curve.psnr(TWO) == pytest.approx([decibels((10_000 + 120_000) / 40_000)])
    assert curve.ms_ssim(TWO) == pytest.approx([(0.9 + 3 * 0.5) / 4])
    assert curve.mean_rates(TWO) == pytest.approx([(0.8 + 0.4) / 2])
    assert curve.mean_psnr(TWO) == pytest.approx([(decibels(1) + decibels(4)) / 2])
    # Only the first image, twice
    assert curve.rates(np.array([2.0, 0.0])) == pytest.approx([0.8])
    assert curve.psnr(np.array([2.0, 0.0])) == pytest.approx([decibels(1)])


def test_colour_spaces_of_an_error_in_red():
    curve = curve_of(pd.DataFrame([row("jpeg", "c", "p")]), "jpeg c")
    chroma = CB_OF_RGB[0] ** 2 + CR_OF_RGB[0] ** 2
    assert curve.psnr(ONE, RGB) == pytest.approx([decibels(1 / 3)])
    assert curve.psnr(ONE, LUMA) == pytest.approx([decibels(0.299**2)])
    assert curve.psnr(ONE, YCBCR_611) == pytest.approx([decibels((6 * 0.299**2 + chroma) / 8)])


def test_small_pictures_weigh_nothing_in_ms_ssim():
    rows = [row("jpeg", "c", "p", "a", ms_ssim=math.nan), row("jpeg", "c", "p", "b", ms_ssim=0.7)]
    curve = curve_of(pd.DataFrame(rows), "jpeg c")
    assert curve.ms_ssim(TWO) == pytest.approx([0.7])
    with pytest.raises(PointsError, match="no image is large enough"):
        curve.ms_ssim(np.array([2.0, 0.0]))


def test_incomplete_curves_are_refused():
    with pytest.raises(PointsError, match="jpeg c is not measured"):
        curve_of(pd.DataFrame([row("jpeg", "c", "p")])[:0], "jpeg c")
    with pytest.raises(PointsError, match="an image twice"):
        curve_of(pd.DataFrame([row("jpeg", "c", "p"), row("jpeg", "c", "p")]), "jpeg c")
    with pytest.raises(PointsError, match="lacks some of the images"):
        curve_of(pd.DataFrame([row("jpeg", "c", "p"), row("jpeg", "c", "q", "b")]), "jpeg c")


# Statistics

STEEP = [(0.1, 20.0, 0.80), (0.2, 26.0, 0.86), (0.4, 32.0, 0.92)]
HALF_RATE = [(bpp / 2, psnr, ms_ssim) for bpp, psnr, ms_ssim in STEEP]


def test_half_the_rate_is_minus_fifty_percent():
    both = bench(*line("jpeg", "x", *STEEP), *line("cae", "offline", *HALF_RATE))
    cae, jpeg = Ref("cae", "offline"), Ref("jpeg", "x")
    for axes in (curves.pooled_psnr, curves.pooled_ms_ssim_db, *curves.MEAN_PSNR.values()):
        assert stat.rate_difference(cae, jpeg, axes)(both)(ONE) == pytest.approx(-50, abs=0.5)
        assert stat.rate_difference(jpeg, cae, axes)(both)(ONE) == pytest.approx(100, abs=2)


def test_differences_at_a_rate_are_read_between_the_points():
    found = bench(*line("jpeg", "x", *STEEP), *line("cae", "offline", *HALF_RATE), *line("bpg", "420", (0.1, 21, 0.5)))
    cae, jpeg = Ref("cae", "offline"), Ref("jpeg", "x")
    # A doubling of the rate is 6 dB and 0.06; half way in the log of the rate lies sqrt(2)
    bpp = 0.1 * math.sqrt(2)
    assert stat.difference_at_rate(cae, [jpeg], curves.pooled_psnr, bpp)(found)(ONE) == pytest.approx(6, abs=0.02)
    assert stat.difference_at_rate(cae, [jpeg], curves.pooled_ms_ssim, bpp)(found)(ONE) == pytest.approx(0.06, abs=1e-3)
    # The best of the others counts
    assert stat.difference_at_rate(jpeg, [jpeg, cae], curves.pooled_psnr, bpp)(found)(ONE) == pytest.approx(
        -6, abs=0.02
    )
    with pytest.raises(PointsError, match=r"jpeg x spans 0\.10\d to 0\.4\d* bit/pixel, not 0\.05"):
        stat.difference_at_rate(jpeg, [cae], curves.pooled_psnr, 0.05)(found)(ONE)
    with pytest.raises(PointsError, match="fewer than two points"):
        stat.difference_at_rate(Ref("bpg", "420"), [jpeg], curves.pooled_psnr, bpp)(found)(ONE)


def test_a_rival_that_is_worse_at_a_higher_rate_is_worse():
    dear = [(0.3, 19.0, 0.7), (0.6, 25.0, 0.8)]
    found = bench(*line("jpeg", "x", *dear), *line("cae", "offline", *HALF_RATE))
    cae, jpeg = Ref("cae", "offline"), Ref("jpeg", "x")
    assert stat.difference_at_rate(cae, [jpeg], curves.pooled_psnr, 0.1)(found)(ONE) == pytest.approx(7, abs=0.02)
    better = bench(
        *line("jpeg", "x", *[(bpp, psnr + 10, 0.9) for bpp, psnr, _ in dear]), *line("cae", "offline", *HALF_RATE)
    )
    with pytest.raises(PointsError, match=r"jpeg x spans 0\.3"):
        stat.difference_at_rate(cae, [jpeg], curves.pooled_psnr, 0.1)(better)(ONE)
    with pytest.raises(PointsError, match="cae offline spans"):
        stat.difference_at_rate(cae, [jpeg], curves.pooled_psnr, 0.3)(found)(ONE)


def test_similarity_is_compared_at_equal_psnr():
    gan = [(0.1, 20.0, 0.90), (0.4, 26.0, 0.96)]
    found = bench(*line("jpeg", "x", *STEEP), *line("gan", None, *gan, settings=gan_point("short", 1)))
    # At 0.2 bit/pixel the GAN has 23 dB and 0.93; JPEG has 0.83 where it has 23 dB
    difference = stat.similarity_at_equal_psnr(Ref("gan"), Ref("jpeg", "x"), 0.2)(found)(ONE)
    assert difference == pytest.approx(0.10, abs=1e-3)


def gan_point(model, scale, bits=8, rotated=False):
    return json.dumps({"model": model, "scale": scale, "bits": bits, "rotated": rotated})


def test_steps_of_the_gan_are_averaged_over_what_is_measured():
    def measured(model, scale, size, mse):
        point = f"{model}-{scale}"
        return row("gan", "c", point, bytes=size, settings=gan_point(model, scale)) | grey(mse)

    found = bench(
        measured("short", 1, 100, 400), measured("short", 2, 300, 200), measured("long", 1, 200, 100),
        measured("long", 2, 1000, 25),
    )  # fmt: skip
    pairs = [(GanPoint(128, size, 1, 8), GanPoint(128, size, 2, 8)) for size in (64, 128, 256)]
    # 3.01 and 6.02 dB; 3 and 5 times the rate; N = 64 is not there
    assert stat.gan_steps(pairs, curves.pooled_psnr)(found)(ONE) == pytest.approx(15 * math.log10(2))
    assert stat.gan_rate_factor(pairs)(found)(ONE) == pytest.approx(4)
    best = stat.gan_difference(pairs[2][1], [pairs[1][0], pairs[1][1]], curves.pooled_psnr)
    assert best(found)(ONE) == pytest.approx(10 * math.log10(8))
    with pytest.raises(PointsError, match=r"GAN N=64, input 128, scale 1, 8 bit, plain is not measured; .*ablations"):
        stat.gan_steps(pairs[:1], curves.pooled_psnr)(found)


def test_ablations_are_found_by_name_and_stay_out_of_a_codec_s_own_curve():
    sweep = pd.DataFrame(line("cae", "offline", (0.1, 30.0, 0.9), (0.2, 33.0, 0.95)))
    beside = pd.DataFrame(line("cae", "none", (0.12, 30.0, 0.9), (0.24, 33.0, 0.95)))
    found = Bench(sweep, CARDS, 0.15, beside)
    assert list(found.curve(Ref("cae")).rates(ONE)) == list(found.curve(Ref("cae", "offline")).rates(ONE))
    saving = stat.rate_difference(Ref("cae", "offline"), Ref("cae", "none"), curves.pooled_psnr)
    assert saving(found)(ONE) == pytest.approx(-100 / 6, abs=0.1)
    with pytest.raises(PointsError, match="cae none"):
        Bench(sweep, CARDS, 0.15).curve(Ref("cae", "none"))


def figure5(psnr_db=39.2, model="long"):
    lines = pd.DataFrame({"rotation": ["none", "offline", "per_image"], "bpp": [2.0, 1.5, 1.4]})
    return lines.assign(psnr_db=psnr_db, model=model, training_crops=1600)


def with_half_training(offline_bpp, psnr_db=39.2):
    half = figure5(psnr_db, "short").assign(bpp=[2.0, offline_bpp, 1.4], training_crops=800)
    return pd.concat([figure5(model="short"), half])


def test_the_saving_of_pca_is_figure_5_s_where_that_reaches_the_paper_s_quality():
    rows = pd.DataFrame([row("jpeg", "c", "p", image) for image in "ab"])
    saving = stat.rate_difference_in_figure5("offline", "none")
    assert saving(Bench(rows, CARDS, 0.15, figure5=figure5()))(ONE) == pytest.approx(-25)
    for other in (39.19, 42.0):
        with pytest.raises(PointsError, match=rf"of long at {other:.2f} dB, not 39\.2; set figure5"):
            saving(Bench(rows, CARDS, 0.15, figure5=figure5(other)))
    with pytest.raises(PointsError, match="Figure 5 is not measured; add cae"):
        saving(Bench(rows, CARDS, 0.15))


SHORT = "short saw 1 % of the paper's training"


@pytest.mark.parametrize(
    ("drawn", "verdict", "reason"),
    [
        (figure5(model="long"), HOLDS, ""),
        (figure5(model="short"), OPEN, f"holds by the rule, but {SHORT}"),
        # From -26 % to -25 %: at that pace 6.6 doublings more would lead to -18.4 %, and the limit is -12.43 %
        (
            with_half_training(1.48),
            HOLDS,
            f"although {SHORT}: half of that gives -26, and 6.6 doublings more at that pace would not lead elsewhere",
        ),
        # From -23 %: the saving grows, but what a doubling does counts in either direction
        (
            with_half_training(1.54),
            OPEN,
            f"holds by the rule, but {SHORT}: half of that gives -23, and 6.6 doublings more at that pace could lead "
            "elsewhere",
        ),
        (
            with_half_training(1.48, psnr_db=33.0),
            OPEN,
            f"holds by the rule, but {SHORT}, and of half of that: Figure 5 is drawn of short at 33.00 dB, not 39.2; "
            "set figure5 in the config",
        ),
    ],
)
def test_the_claim_about_figure_5_hangs_on_its_model_s_training_until_it_has_settled(drawn, verdict, reason):
    rows = pd.DataFrame([row("jpeg", "c", "p", image) for image in "ab"]).assign(dataset="kodak")
    told = judge_all(Bench(rows, CARDS, 0.15, figure5=drawn), PAPER).set_index("claim")
    line = told.loc["PCA of the maps (offline) saves rate: at 39.2 dB"]
    assert (line["measured"], line["low"], line["high"]) == (-25, -25, -25)
    assert line["published"] == pytest.approx(-24.43, abs=0.01) and line["reason"] == reason
    assert line["verdict"] == verdict and line["verdict_of_these_models"] == (HOLDS if "by the rule" in reason else "")
    assert "'holds' counts only if the CAE of Figure 5 had the paper's training or settled" in line["rule"]
    assert line["evidence"] == "results/figure5.csv"


def super_resolution():
    """Two images, both branches at QP 32 and 35; only a reaches 33 dB."""
    return [
        row(
            "sr", branch, f"{branch}-qp{qp}", image, branch=branch, pre_psnr_db=pre,
            settings=json.dumps({"model": "srcnn", "qp": qp, "branch": branch}),
        ) | grey({"srcnn": 40, "lanczos": 10}[branch])
        for branch in ("srcnn", "lanczos") for qp in (32, 35) for image, pre in (("a", 33.0), ("b", 32.0))
    ]  # fmt: skip


def test_adaptive_super_resolution_by_hand():
    found = bench(*super_resolution())
    # a keeps SRCNN and its 40; b takes Lanczos and its 10
    gain = stat.adaptive_gain(35, 32, curves.pooled_psnr)(found)
    assert gain(TWO) == pytest.approx(decibels(25) - decibels(40))
    assert gain(np.array([2.0, 0.0])) == pytest.approx(0)
    share = stat.srcnn_share(33.0)(found)
    assert (share(TWO), share(np.array([2.0, 0.0])), share(np.array([0.0, 2.0]))) == (0.5, 1.0, 0.0)
    adaptive = found.curve(Ref("sr", ADAPTIVE))
    assert adaptive.psnr(TWO) == pytest.approx([decibels(25)] * 2)
    with pytest.raises(PointsError, match="sr at QP 40 is not measured"):
        found.sr(40, adaptive=True)


def test_the_published_figure_is_read_the_same_way():
    printed = PublishedCurves(PAPER["figure6"])
    difference = stat.rate_difference(Ref("cae", "offline"), Ref("jpeg", "420-optimised"), curves.pooled_psnr)
    assert -60 < difference(printed)(ONE) < -40
    with pytest.raises(PointsError, match="published jpeg spans"):
        stat.difference_at_rate(Ref("jpeg"), [Ref("cae")], curves.pooled_psnr, 0.15)(printed)(ONE)
    with pytest.raises(PointsError, match="no curve of jpeg2000"):
        printed.curve(Ref("jpeg2000", "9-7"))
    with pytest.raises(PointsError, match="in RGB only"):
        printed.curve(Ref("cae")).psnr(ONE, LUMA)


# Verdicts


@pytest.mark.parametrize(
    ("rule", "interval", "verdict"),
    [
        (Rule(low=0), (0.0, 1.0), HOLDS),
        (Rule(low=0), (-1.0, -0.1), FAILS),
        (Rule(low=0), (-0.1, 1.0), OPEN),
        (Rule(high=5, of_published=True), (-20.0, -9.0), HOLDS),
        (Rule(high=5, of_published=True), (-8.0, -1.0), FAILS),
        (Rule(high=5, of_published=True), (-20.0, -8.0), OPEN),
        (Rule(-1, 1), (-0.5, 1.0), HOLDS),
        (Rule(-1, 1), (1.5, 2.0), FAILS),
        (Rule(-1, 1), (-3.0, -1.5), FAILS),
        (Rule(-1, 1), (-3.0, 3.0), OPEN),
    ],
)
def test_a_verdict_needs_the_whole_interval_on_one_side(rule, interval, verdict):
    assert rule.verdict(interval, -13.7) == verdict


def test_rules_in_words():
    assert Rule(low=0).text(3.0) == "holds: whole interval at or above 0; does not hold: whole interval below"
    assert "at or below -8.7" in Rule(high=5, of_published=True).text(-13.7)
    assert "from 1.5 to 2.9" in Rule(-0.7, 0.7, True).text(2.2)


def test_intervals_over_pictures():
    assert interval_of(lambda draw: 7.0, 5) == (7.0, 7.0)
    assert all(math.isnan(end) for end in interval_of(lambda draw: 7.0, 1))
    # The share of an image out of two: 0 and 1 each in a quarter of the draws
    assert interval_of(lambda draw: draw[0] / 2, 2) == (0.0, 1.0)

    def undefined_without_the_first(draw):
        if not draw[0]:
            raise PointsError("undefined; use more")
        return 1.0

    # A given one of two images is missing from a quarter of the draws
    assert all(math.isnan(end) for end in interval_of(undefined_without_the_first, 2))
    # The mean of 0..99 out of 100 has a standard error of 2.9
    low, high = interval_of(lambda draw: float(draw @ np.arange(100) / 100), 100)
    assert 35 < low < 45 and 54 < high < 64
    assert interval_of(lambda draw: draw[0], 9) == interval_of(lambda draw: draw[0], 9)


def claim_of(value, rule, **more):
    return Claim("c", "s", "p", "dB", lambda _: 2.0, lambda _: lambda draw: value, rule, **more)


def test_judging_by_rule_training_and_dataset():
    two = bench(*(row("gan", "c", "p", image, settings=gan_point("short", 1)) for image in "ab"))

    def judged(value, rule, **more):
        told = judge(claim_of(value, rule, **more), two, {})
        return told["verdict"], told["reason"], told["verdict_of_these_models"]

    assert judged(1.0, Rule(low=0)) == (HOLDS, "", "")
    assert judged(-1.0, Rule(low=0)) == (FAILS, "", "")
    note = "although short saw 1 % of the paper's training"
    assert judged(-1.0, Rule(low=0), trained_if_holds=["gan"]) == (FAILS, note, "")
    untrained = "does not hold by the rule, but short saw 1 % of the paper's training"
    assert judged(-1.0, Rule(low=0), trained_if_fails=["gan"]) == (OPEN, untrained, FAILS)
    untrained = "holds by the rule, but short saw 1 % of the paper's training"
    assert judged(1.0, Rule(low=0), trained_if_holds=["gan"]) == (OPEN, untrained, HOLDS)
    assert judged(-1.0, Rule(low=0), trained_if_fails=["sr"]) == (FAILS, "", "")
    assert judged(1.0, Rule(low=0), only_on="kodak") == (OPEN, "the number is about kodak", "")
    open_anyway = judged(1.0, Rule(low=0), only_on="kodak", trained_if_holds=["gan"])
    assert open_anyway == (OPEN, "the number is about kodak", ""), "not its training alone"
    assert judged(1.0, Rule(low=0), only_on="d") == (HOLDS, "", "")


@pytest.mark.parametrize(
    ("of_half", "verdict"),
    # 6.6 doublings as large as the last one: 1.0 stays above 0 where that was 0.1, and where it was 0.2 does not
    [(0.9, HOLDS), (1.1, HOLDS), (0.8, OPEN), (1.2, OPEN)],
)
def test_a_quantity_has_settled_where_the_doublings_left_could_not_overturn_the_verdict(of_half, verdict):
    point = gan_point("short", 1)
    rows = pd.DataFrame([row("gan", "c", "p", image, settings=point, bytes=100) for image in "ab"])
    half = rows.assign(bytes=round(100 * of_half))
    claim = replace(
        claim_of(0.0, Rule(low=0), trained_if_holds=["gan"]),
        statistic=lambda found: lambda draw: float(found.rows["bytes"].mean() / 100),
    )
    told = judge(claim, Bench(rows, CARDS, 0.15, half_trained=half), {})
    assert told["verdict"] == verdict and told["verdict_of_these_models"] == (HOLDS if verdict == OPEN else "")
    assert f"half of that gives {of_half:g}, and 6.6 doublings more at that pace" in told["reason"]
    with_another = replace(claim, trained_if_holds=["gan", "cae"])
    assert judge(with_another, Bench(rows, CARDS, 0.15, half_trained=half), {})["verdict"] == OPEN


def test_a_judged_line_tells_all_that_led_to_it():
    two = bench(row("jpeg", "c", "p", "a"), row("jpeg", "c", "p", "b"))
    told = judge(claim_of(1.23456, Rule(-1, 1, True), only_on="kodak", trained_if_fails=["cae"]), two, {})
    assert list(told) == COLUMNS
    assert (told["published"], told["measured"], told["low"], told["high"]) == (2.0, 1.235, 1.235, 1.235)
    assert told["protocol"] == "p; here d, 2 images" and told["evidence"] == "results/points/d.csv"
    assert told["rule"] == (
        "holds: whole interval from 1 to 3; does not hold: whole interval outside; not decidable here: neither; "
        "decided on kodak alone; 'does not hold' counts only if cae had the paper's training or settled"
    )


def test_one_picture_is_no_sample():
    told = judge(claim_of(1.0, Rule(low=0)), bench(row("jpeg", "c", "p")), {})
    assert (told["verdict"], told["reason"], told["measured"]) == (OPEN, "one image gives no interval", 1.0)
    assert math.isnan(told["low"])


# All claims


@pytest.fixture(scope="module")
def judged():
    rows = synthetic_rows()
    third = rows["sse"] // 3
    rows = rows.assign(sse_rr=third, sse_gg=third, sse_bb=rows["sse"] - 2 * third)
    gan = rows["codec"] == "gan"
    points = {point: at for at, point in enumerate(rows.loc[gan, "point"].unique())}
    rows.loc[gan, "settings"] = [gan_point("short", points[point]) for point in rows.loc[gan, "point"]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(verdicts, "RESAMPLES", 20)
        return judge_all(Bench(rows, CARDS, 0.15), PAPER)


def test_rows_of_one_codec_decide_nothing_and_say_why():
    told = judge_all(bench(*line("jpeg", "420-optimised", *STEEP)), PAPER)
    assert len(told) == len(claims(0.15)) and (told["verdict"] == OPEN).all()
    assert told["reason"].str.fullmatch(r".+ is not measured; .+").all()
    assert told["measured"].isna().all() and not told["published"].isna().all()


def test_every_claim_is_named_once_and_has_source_rule_and_evidence(judged):
    assert list(judged) == COLUMNS and not judged["claim"].duplicated().any()
    for column in ("source", "protocol", "rule", "evidence", "unit"):
        assert judged[column].str.len().min() > 1, column
    assert set(judged["verdict"]) <= {HOLDS, FAILS, OPEN}
    assert (judged.loc[judged["verdict"] == OPEN, "reason"] != "").all()
    assert judged.loc[judged["verdict"] != OPEN, "reason"].str.fullmatch("|although .+").all()
    of_training = judged["reason"].str.contains(" by the rule, but ")
    assert of_training.any() and ((judged["verdict_of_these_models"] != "") == of_training).all()
    assert set(judged.loc[of_training, "verdict_of_these_models"]) <= {HOLDS, FAILS}
    decided = judged[judged["verdict"] != OPEN]
    assert (decided["low"] <= decided["high"]).all() and not decided["measured"].isna().any()


def test_what_was_asked_for_is_there(judged):
    found = "\n".join(judged["claim"])
    for mode in ("444-standard", "420-standard", "420-optimised"):
        for quantity in ("PSNR at 0.15 bit/pixel", "MS-SSIM at 0.15 bit/pixel", "rate at equal PSNR"):
            assert f"CAE beats JPEG {mode}: {quantity}" in found
    for wavelet in ("9-7", "5-3"):
        for space in ("RGB", "Y", "6:1:1"):
            assert f"JPEG 2000 (wavelet {wavelet}), PSNR over {space}" in found


def test_published_values_come_from_the_paper_s_tables(judged):
    published = judged.set_index("claim")["published"]
    expected = {
        "CAE beats JPEG 420-optimised: PSNR at 0.15 bit/pixel": 26.48 - 25.82,
        "PCA of the maps (offline) saves rate: at 39.2 dB": 100 * (0.99 / 1.31 - 1),
        "GAN: 128 is the best of the input sizes 64, 128 and 256: PSNR": 23.95 - 22.73,
        "GAN: 5 bits in place of 8 destroy the picture: MS-SSIM (N = 256, enlarged by 4)": 0.952 - 0.784,
        "SR: choosing by Pre_PSNR beats SRCNN throughout: PSNR at QP 35 against QP 32": 30.002 - 29.418,
        "SR is comparable to BPG: PSNR at 0.15 bit/pixel": 30.0 - 30.85,
        "SR is the best of CAE, GAN and SR: MS-SSIM at 0.15 bit/pixel": 0.947 - 0.915,
    }
    for claim, value in expected.items():
        assert published[claim] == pytest.approx(value, rel=1e-3), claim


def test_synthetic_rows_are_judged_as_they_were_made(judged):
    verdict = judged.set_index("claim")["verdict"]
    # 34.3 against 34.0 dB at 1 bit/pixel, with a gentler slope
    assert verdict["CAE beats JPEG 420-optimised: PSNR at 0.15 bit/pixel"] == HOLDS
    assert verdict["CAE beats JPEG 420-optimised: rate at equal PSNR"] == HOLDS
    measured = judged.set_index("claim")["measured"]
    assert measured["PCA of the maps (offline) saves rate: BD-rate"] == pytest.approx(
        100 * (2 ** (-0.7 / 3.6) - 1), 1e-2
    )
    reason = judged.set_index("claim")["reason"]
    assert "is about kodak" in reason["CAE saves 13.7 % of the rate of JPEG 2000 (wavelet 9-7), PSNR over Y"]


# Pages


def test_markdown_leaves_missing_cells_empty():
    text = markdown(pd.DataFrame({"a": [1, 2], "b": [0.15, math.nan], "c": ["x|y", None], "d": [True, False]}))
    header, _, first, second = text.splitlines()
    assert [cell.strip() for cell in header.strip("|").split("|")] == ["a", "b", "c", "d"]
    assert [cell.strip() for cell in first.strip("|").split(" | ")] == ["1", "0.15", "x\\|y", "True"]
    assert [cell.strip() for cell in second.strip("|").split("|")] == ["2", "", "", "False"]


def test_the_page_of_claims_counts_and_lists(judged):
    template = (ROOT / "workflow" / "report" / "claims.md").read_text()
    page = claims_page(template, judged, "embedded", 6)
    counts = [(judged["verdict"] == verdict).sum() for verdict in (HOLDS, FAILS, OPEN)]
    counted = f"Of {len(judged)} statements, {counts[0]} hold on these images, {counts[1]} do not, and {counts[2]} are"
    assert "judged on embedded (6 images)" in page and counted in page
    for line in judged["claim"]:
        assert page.count(line) == 2, line
    assert "$" not in page


def test_the_page_of_tables_holds_all_five():
    template = (ROOT / "workflow" / "report" / "tables.md").read_text()
    names = [f"table{number}" for number in range(1, 6)]
    assert set(Template(template).get_identifiers()) == {"dataset", "images", "contest", *names}
    tables = {name: PAPER[name] for name in names} | {"contest": PAPER["clic2018_leaderboard"]}
    tables["table1"] = tables["table1"].assign(dataset="embedded")
    rows = pd.DataFrame({"dataset": "embedded", "image": ["a", "b", "a"]})
    page = tables_page(template, tables, rows)
    assert (
        "measured on embedded (2 images)" in page
        and page.count("embedded") == 3
        and "23.95" in page
        and "4657080" in page
        and "$" not in page
    )
    with pytest.raises(SettingsError, match="uses 'table6', which has no value"):
        tables_page(f"{template} $table6", tables, rows)
    tables["table1"] = tables["table1"].assign(dataset="kodak")
    with pytest.raises(PointsError, match="table1 belongs to kodak, not to embedded; delete it and run again"):
        tables_page(template, tables, rows)


def test_the_page_of_tables_says_which_were_left_out():
    template = (ROOT / "workflow" / "report" / "tables.md").read_text()
    rows = pd.DataFrame({"dataset": "embedded", "image": ["a"]})
    page = tables_page(template, {f"table{number}": PAPER[f"table{number}"] for number in range(1, 5)}, rows)
    assert page.count("\nLeft out: none of its codecs was measured.\n") == 2


# The command lines


def test_the_scripts_make_files_and_refuse_in_one_line(tmp_path):
    paper = ROOT / "workflow" / "resources" / "paper"
    rows, budget = tmp_path / "rows.csv", json.dumps({"cae": 100, "gan": 100, "srcnn": 100})
    synthetic_rows().query("codec == 'jpeg'").to_csv(rows, index=False)

    def run(script, *arguments):
        words = [str(word) for word in (ROOT / "scripts" / f"{script}.py", *arguments)]
        return run_python(words, tmp_path, offline_environment())

    tables = [tmp_path / f"table{number}.csv" for number in range(1, 5)]
    for table in tables:
        done = run("tables1to4", table.stem, rows, "--paper", paper / table.name, "--budget", budget, "--out", table)
        assert done.returncode == 0, done.stderr
        assert len(pd.read_csv(table)) == len(PAPER[table.stem])
        assert set(pd.read_csv(table)["dataset"]) == set(pd.read_csv(rows)["dataset"])
    page = tmp_path / "tables.md"
    template = ROOT / "workflow" / "report" / "tables.md"
    contest = tmp_path / "contest.csv"
    shutil.copy(paper / "clic2018_leaderboard.csv", contest)
    tables += [paper / "table5.csv", contest]
    done = run("tables_page", *tables, "--template", template, "--rows", rows, "--out", page)
    assert done.returncode == 0 and "## Table 4" in page.read_text(), done.stderr
    judging = ["--paper", *paper.glob("*.csv"), "--budget", budget, "--target-bpp", 0.15]
    judging += ["--template", template.with_name("claims.md"), "--csv", tmp_path / "c.csv", "--page", tmp_path / "c.md"]
    done = run("claims", rows, *judging)
    assert done.returncode == 0 and len(pd.read_csv(tmp_path / "c.csv")) == len(claims(0.15)), done.stderr
    refused = run("claims", rows, *judging, "--cards", tmp_path / "none.json")
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and "none.json: no model card" in refused.stderr
