"""BD-rates against anchors: as the package computes them, with intervals, and with a reason where there is none."""

import bjontegaard
import numpy as np
import pandas as pd
import pytest
from interval_coverage import simulate
from synthetic_rows import SIDES, row, synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation.bd_rates import AVERAGES, COLUMNS, IMAGES, OVER_QUALITY, RESAMPLES, compare, read_table
from licbench.evaluation.bootstrap import percentile_interval, resamples
from licbench.evaluation.curve_rows import curves
from licbench.evaluation.curves import MEAN_PSNR, curve_of, pooled_ms_ssim_db, pooled_psnr
from licbench.evaluation.external_curves import MEAN, POOLED, PUBLISHED, ExternalCurve
from licbench.evaluation.pooling import RGB
from licbench.evaluation.scores import with_scores
from licbench.files import write_csv
from licbench.metrics.rate import bd_rate, pareto_front

ANCHOR, TEST = ("jpeg", "420-optimised"), ("gan", "family")
NAMES = ["codec", "curve", "anchor_codec", "anchor_curve"]


def uneven_rows(codecs=("jpeg", "gan", "bpg")):
    """Rows whose images differ by more than a shift, with errors in all channels."""
    rows = synthetic_rows()
    rows = rows[rows["codec"].isin(codecs)].reset_index(drop=True)
    random = np.random.default_rng(7)
    third = (rows["sse"] * np.exp(random.normal(0, 0.15, len(rows)))).astype("int64") // 3
    return rows.assign(sse_rr=third, sse_gg=third, sse_bb=third, sse=3 * third)


@pytest.fixture(scope="module")
def rows():
    return curves(uneven_rows(), 35, 33.0)


@pytest.fixture(scope="module")
def compared(rows):
    return compare(rows, [ANCHOR, ("bpg", "420"), ("jpeg2000", "9-7")])


def line_of(table, metric, average, test=TEST, anchor=ANCHOR):
    own = table[(table[NAMES] == [*test, *anchor]).all(axis=1)]
    (line,) = own[(own["metric"] == metric) & (own["average"] == average)].to_dict("records")
    return line


def own_points(rows, key):
    return rows[(rows["codec"] == key[0]) & (rows["curve"] == key[1])]


@pytest.mark.parametrize(
    ("metric", "average", "read"),
    [
        ("psnr_rgb", POOLED, pooled_psnr),
        ("psnr_rgb", MEAN, MEAN_PSNR[RGB]),
        ("psnr_611", MEAN, MEAN_PSNR["6:1:1"]),
        ("ms_ssim_db", POOLED, pooled_ms_ssim_db),
    ],
)
def test_a_curve_is_compared_as_the_package_does(rows, compared, metric, average, read):
    whole = np.ones(len(SIDES))
    theirs, ours = (read(curve_of(own_points(rows, key), key[0]), whole) for key in (ANCHOR, TEST))
    line = line_of(compared[0], metric, average)
    fronts = *pareto_front(*theirs), *pareto_front(*ours)
    for column, kind in (("bd_rate", "pchip"), ("bd_rate_akima", "akima"), ("bd_rate_cubic", "cubic")):
        expected = bjontegaard.bd_rate(*fronts, method=kind, require_matching_points=False, min_overlap=0)
        assert line[column] == pytest.approx(expected, abs=6e-4), kind
    assert line["quality_low"] == pytest.approx(max(fronts[1][0], fronts[3][0]), abs=6e-4)
    assert line["quality_high"] == pytest.approx(min(fronts[1][-1], fronts[3][-1]), abs=6e-4)
    within = (fronts[3] >= line["quality_low"] - 1e-3) & (fronts[3] <= line["quality_high"] + 1e-3)
    assert line["points"] == within.sum() and line["images"] == len(SIDES) and line["reason"] == ""


def test_the_mean_over_images_is_of_each_one_s_bd_rate(rows, compared):
    values = []
    for image in SIDES:
        theirs, ours = (
            pooled_psnr(curve_of(own[own["image"] == image], key[0]), np.ones(1))
            for key in (ANCHOR, TEST)
            for own in [own_points(rows, key)]
        )
        values.append(bd_rate(*theirs, *ours))
    line = line_of(compared[0], "psnr_rgb", IMAGES)
    assert line["bd_rate"] == pytest.approx(np.mean(values), abs=6e-4) and np.std(values) > 1
    drawn = resamples(4, RESAMPLES) @ np.array(values) / 4
    expected = percentile_interval(drawn, 4)
    assert (line["bd_rate_low"], line["bd_rate_high"]) == pytest.approx(expected, abs=6e-4)


def test_the_interval_of_a_curve_is_of_resampled_datasets(rows, compared):
    theirs, ours = (curve_of(own_points(rows, key), key[0]) for key in (ANCHOR, TEST))
    different, which = np.unique(resamples(4, RESAMPLES), axis=0, return_inverse=True)
    values = np.array([bd_rate(*pooled_psnr(theirs, draw), *pooled_psnr(ours, draw)) for draw in different])
    line = line_of(compared[0], "psnr_rgb", POOLED)
    expected = percentile_interval(values[which], 4)
    assert (line["bd_rate_low"], line["bd_rate_high"]) == pytest.approx(expected, abs=6e-4)
    assert line["bd_rate_low"] < line["bd_rate"] < line["bd_rate_high"]


def test_every_curve_meets_every_anchor_that_is_measured(compared):
    table, over_quality = compared
    assert tuple(table.columns) == COLUMNS and tuple(over_quality.columns) == OVER_QUALITY
    anchors = set(table[["anchor_codec", "anchor_curve"]].itertuples(index=False, name=None))
    assert anchors == {ANCHOR, ("bpg", "420")}
    # Six curves against two anchors, four metrics, three averages
    assert len(table) == 5 * 2 * 4 * 3
    assert not table.duplicated([*NAMES, "metric", "average"]).any()


def test_the_relative_rate_has_the_bd_rate_as_its_mean(compared):
    table, over_quality = compared
    for (*names, metric, average), own in over_quality.groupby([*NAMES, "metric", "average"]):
        mean = np.trapezoid(np.log(1 + own["rate_difference"] / 100), own["quality"])
        mean = 100 * np.expm1(mean / (own["quality"].iloc[-1] - own["quality"].iloc[0]))
        line = line_of(table, metric, average, tuple(names[:2]), tuple(names[2:]))
        assert mean == pytest.approx(line["bd_rate"], abs=0.4)


def test_kinds_that_disagree_are_flagged(compared):
    table = compared[0]
    kinds = table[["bd_rate", "bd_rate_akima", "bd_rate_cubic"]]
    spread = kinds.max(axis=1) - kinds.min(axis=1)
    assert (table["kinds_disagree"] == (spread > 1)).all() and set(table["kinds_disagree"]) == {True, False}


def hand_made(factor=1.0, lowest=20.0, points=6, images=("a", "b"), codec="test"):
    """A curve whose rate is a factor of 2**(quality / 6 - 6) bits per pixel, at ``points`` qualities 2 dB apart."""
    rows = []
    for image in images:
        for number in range(points):
            quality = lowest + 2 * number
            third = round(40_000 * 255**2 / 10 ** (quality / 10))
            size = round(factor * 2 ** (quality / 6 - 6) * 1_000_000)
            moments = {"sse_rr": third, "sse_gg": third, "sse_bb": third, "sse": 3 * third, "ms_ssim": 0.9}
            rows.append(row(image, codec, "c", f"{codec}{number}", bytes=size, **moments))
    return pd.DataFrame(rows)


def only(found, average=POOLED, metric="psnr_rgb"):
    return line_of(found[0], metric, average, ("test", "c"), ("anchor", "c"))


def against(test, anchor=None):
    anchor = hand_made(codec="anchor") if anchor is None else anchor
    return compare(pd.concat([anchor, test], ignore_index=True), [("anchor", "c")])


@pytest.mark.parametrize("average", [POOLED, MEAN, IMAGES])
def test_a_constant_factor_of_the_rate_is_found_exactly(average):
    line = only(against(hand_made(0.8, lowest=21.0)), average)
    for column in ("bd_rate", "bd_rate_low", "bd_rate_high", "bd_rate_akima", "bd_rate_cubic"):
        assert line[column] == pytest.approx(-20, abs=0.01)
    assert (line["quality_low"], line["quality_high"]) == (pytest.approx(21, abs=0.01), pytest.approx(30, abs=0.01))
    assert (line["points"], line["anchor_points"], line["kinds_disagree"]) == (5, 5, False)


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        ({"points": 3}, "test c has 3 of the 4 points that a front needs"),
        ({"lowest": 40.0}, r"no common range of quality, 40.00 to 50.00 against 20.00 to 30.00"),
        ({"lowest": 29.0}, "test c has 1 of the 2 points that the common range needs"),
    ],
)
def test_without_a_common_range_or_points_there_is_a_reason_and_no_number(test, reason):
    found = against(hand_made(**test))
    line = only(found)
    assert line["reason"] == reason
    empty = [name for name in COLUMNS if name.startswith(("bd_rate", "quality")) or name.endswith("points")]
    assert all(pd.isna(line[name]) for name in [*empty, "kinds_disagree"]) and line["images"] == 2
    assert only(found, IMAGES)["reason"] == f"image a and 1 more of 2 images: {reason}"
    assert not (found[1]["metric"] == "psnr_rgb").any()


def test_one_image_has_no_interval():
    found = compare(
        pd.concat([hand_made(codec="anchor", images=["a"]), hand_made(0.8, images=["a"])]), [("anchor", "c")]
    )
    for average in (POOLED, MEAN, IMAGES):
        line = only(found, average)
        assert line["bd_rate"] == pytest.approx(-20, abs=0.01) and np.isnan(line["bd_rate_low"])
        assert line["reason"] == "no interval: one image"


def test_a_quality_that_does_not_move_has_no_bd_rate():
    assert (
        only(against(hand_made(0.8)), metric="ms_ssim_db")["reason"]
        == "test c has 1 of the 4 points that a front needs"
    )


def test_lossless_points_are_left_out():
    test = hand_made(0.8)
    test.loc[test["point"] == "test5", [name for name in test if name.startswith("sse")]] = 0
    for average in (POOLED, MEAN, IMAGES):
        line = only(against(test), average)
        assert line["bd_rate"] == pytest.approx(-20, abs=0.01) and line["points"] == 5


def test_images_too_small_for_ms_ssim_are_a_reason():
    test, anchor = hand_made(0.8), hand_made(codec="anchor")
    for rows in (test, anchor):
        rows["ms_ssim"] = np.nan
    assert only(against(test, anchor), metric="ms_ssim_db")["reason"].startswith("test c has 0 of the 4 points")


def test_a_curve_of_other_images_is_refused():
    with pytest.raises(PointsError, match="test c lacks some of the images; delete results/points and run again"):
        against(hand_made(images=["a"]))


def external(average=MEAN, **qualities):
    rates = 2 ** (np.arange(20.0, 32.0, 2.0) / 6 - 6) * 200
    own = qualities or {"psnr_rgb": np.arange(20.0, 32.0, 2.0)}
    return ExternalCurve("Theirs", "a paper", "24 images", average, rates, own)


def test_a_published_curve_is_anchor_and_tested_without_interval():
    table, over_quality = compare(hand_made(0.8), [("test", "c")], [external()])
    assert list(table["average"]) == [MEAN, MEAN] and list(table["metric"]) == ["psnr_rgb"] * 2
    for line, test, expected in zip(
        table.to_dict("records"), ((PUBLISHED, "Theirs"), ("test", "c")), (25, -20), strict=True
    ):
        assert (line["codec"], line["curve"]) == test and line["bd_rate"] == pytest.approx(expected, abs=0.02)
        assert np.isnan(line["bd_rate_low"]) and pd.isna(line["images"])
        assert line["reason"] == "no interval: published without images"
        assert line["source"] == "Theirs: a paper; 24 images"
    assert set(over_quality["average"]) == {MEAN}


def test_a_published_curve_is_compared_in_what_was_published_alone():
    table, _ = compare(hand_made(0.8), [], [external(POOLED, psnr_y=np.arange(20.0, 32.0, 2.0))])
    assert set(table["metric"]) == {"psnr_y"} and set(table["average"]) == {POOLED}


def scored(tmp_path, values):
    rows = pd.concat([hand_made(codec="anchor"), hand_made(0.8)], ignore_index=True)
    scores = rows[["dataset", "codec", "image", "point"]].assign(value=values(rows))
    scores["reason"] = scores["value"].isna().map({True: "too small", False: ""})
    write_csv(tmp_path / "near.csv", scores)
    return rows, tmp_path / "near.csv"


def quality_of(rows):
    return rows["point"].str[-1].astype(float)


def test_a_further_metric_is_compared_like_the_others(tmp_path):
    rows, file = scored(tmp_path, lambda rows: 1 - 0.1 * quality_of(rows))
    joined = with_scores(rows, [file], {"near": {"rising": False, "decibels": False}})
    line = only(compare(joined, [("anchor", "c")], scores=["near"]), metric="near")
    assert line["bd_rate"] == pytest.approx(-20, abs=0.01) and line["points"] == 6
    # Without the sign the front is its cheapest point
    wrong = with_scores(rows, [file], {"near": {"rising": True, "decibels": False}})
    assert "1 of the 4" in only(compare(wrong, [("anchor", "c")], scores=["near"]), metric="near")["reason"]


def test_a_point_without_a_score_is_left_out_of_its_metric(tmp_path):
    rows, file = scored(
        tmp_path, lambda rows: quality_of(rows).where((rows["point"] != "test0") | (rows["image"] != "a"))
    )
    joined = with_scores(rows, [file], {"near": {"rising": True, "decibels": False}})
    found = compare(joined, [("anchor", "c")], scores=["near"])
    assert only(found, metric="near")["points"] == 5 and only(found)["points"] == 6


def test_scores_that_do_not_fit_the_rows_are_named(tmp_path):
    rows, file = scored(tmp_path, quality_of)
    reading = {"near": {"rising": True, "decibels": False}}
    with pytest.raises(PointsError, match="nothing says whether a higher score is better; name near in --readings"):
        with_scores(rows, [file], {})
    more = pd.concat([rows, hand_made(codec="other")], ignore_index=True)
    with pytest.raises(PointsError, match=r"near\.csv: no score of other/a/other0; delete it and run again"):
        with_scores(more, [file], reading)
    scores = pd.read_csv(file)
    for broken, reason in ((pd.concat([scores, scores]), "scored twice"), (scores.drop(columns="reason"), "columns")):
        write_csv(file, broken)
        with pytest.raises(PointsError, match=f"{reason}.*; delete it and run again"):
            with_scores(rows, [file], reading)


def test_tables_survive_their_files(compared, tmp_path):
    for table in compared:
        write_csv(tmp_path / "t.csv", table)
        again = read_table(tmp_path / "t.csv")
        write_csv(tmp_path / "again.csv", again)
        assert list(again["anchor_curve"]) == list(table["anchor_curve"]) and "420" in set(again["anchor_curve"])


def test_few_images_have_wider_intervals():
    """As wide as Student's: of a mean whose resamples are normal, the ends are t * sd / sqrt(n)."""
    random = np.random.default_rng(1)
    for images, t in ((2, 12.706), (6, 2.5706), (24, 2.0687)):
        drawn = random.normal(0, np.sqrt((images - 1) / images), 2_000_000)
        low, high = percentile_interval(drawn, images)
        if images == 2:
            assert low == drawn.min() and high == drawn.max()
        else:
            assert (low, high) == (pytest.approx(-t, rel=0.01), pytest.approx(t, rel=0.01))


def test_intervals_contain_the_truth_as_often_as_they_say():
    """Of 60 datasets of 6 images; plain percentiles contain it in 83 to 85 % (tools/interval_coverage.py)."""
    found = simulate(6, 60, seed=3)["coverage"].xs("as given", level="interval")
    assert set(found.index.get_level_values("average")) == set(AVERAGES)
    assert found.min() >= 0.88
