"""Table 5 under other protocols, on rows whose answers are known."""

import json
import math

import pandas as pd
import pytest
from synthetic_rows import row

from licbench.codecs.registry import codec_class
from licbench.errors import PointsError
from licbench.measurement.rows import COLUMNS as ROW_COLUMNS
from licbench.metrics.distortion import mse_y, psnr_of_mse
from licbench.paper.protocol import (
    COLUMNS,
    MS_SSIM,
    PROTOCOL,
    audit_protocol,
    in_decibels,
    kendall_tau,
    largest_effect,
    ranking,
    swapped,
)

TABLE5 = {
    "JPEG": {"codec": "jpeg", "curve": "420-optimised"},
    "GAN": {"codec": "gan"},
    "BPG": {"codec": "bpg", "curve": "420"},
}
PIXELS = 200 * 200
TARGET = 0.5
SETTINGS = {
    "jpeg": {"mode": "420-optimised", "quality": 5},
    "gan": {"model": "gan_128", "scale": 1, "bits": 8, "rotated": True},
    "bpg": {"chroma": "420", "qp": 40},
}


def coded(codec, curve, image, bpp, psnr_db, *, ms_ssim=0.9, green=1.0):
    """A row of an image of 200 x 200; ``green`` is the share of its squared error that is in G, which is most of Y."""
    sse = round(3 * PIXELS * 255**2 / 10 ** (psnr_db / 10))
    moments = {"sse": sse, "sse_gg": round(green * sse), "sse_bb": sse - round(green * sse)}
    values = {"bytes": round(bpp * PIXELS / 8), "ms_ssim": ms_ssim, "settings": json.dumps(SETTINGS[codec])}
    return row(image, codec, curve, f"{curve}-{bpp}", **values, **moments)


def curve(codec, name, psnr_db, gain=4.0, **columns):
    """Four points of two images that are as far apart as two images are."""
    return [
        coded(codec, name, image, bpp, psnr_db + shift + gain * math.log2(bpp / TARGET), **columns)
        for image, shift in (("a", -2.0), ("b", 2.0))
        for bpp in (0.125, 0.25, 0.5, 1.0)
    ]


def rows_with(**changes):
    made = {
        "jpeg": curve("jpeg", "420-optimised", 24.0, ms_ssim=0.80, green=0.5),
        "other": curve("jpeg", "444-standard", 21.0, ms_ssim=0.75, green=0.5),
        "gan": curve("gan", "gan", 25.0, ms_ssim=0.95, green=1.0),
        "bpg": curve("bpg", "420", 28.0, ms_ssim=0.92, green=0.5),
    }
    return pd.DataFrame([line for part in (made | changes).values() for line in part], columns=list(ROW_COLUMNS))


ROWS = rows_with()


@pytest.fixture(scope="module")
def audit():
    return audit_protocol(ROWS, TABLE5, TARGET)


def of(audit, variant, number="PSNR"):
    return audit[(audit["variant"] == variant) & (audit["number"] == number)].set_index("codec")


def test_the_protocol_is_table_5(audit):
    assert tuple(audit.columns) == COLUMNS
    found = of(audit, PROTOCOL)
    pooled = {name: psnr_of_mse(sum(255**2 / 10 ** ((db + s) / 10) for s in (-2, 2)) / 2) for name, db in
              (("JPEG", 24), ("GAN", 25), ("BPG", 28))}  # fmt: skip
    assert found["value"].to_dict() == pytest.approx(pooled, abs=1e-3)
    assert (found["change"] == 0).all() and set(found["ranking"]) == {"BPG > GAN > JPEG"}
    assert found["setting"].to_dict() == {"JPEG": "420-optimised-0.5", "GAN": "gan-0.5", "BPG": "420-0.5"}
    assert found["rank"].to_dict() == {"BPG": 1, "GAN": 2, "JPEG": 3} and set(found["kendall_tau"]) == {1}


def test_a_mean_is_never_under_the_pooled_value(audit):
    found = of(audit, "PSNR as the mean over images")
    assert found["value"].to_dict() == pytest.approx({"JPEG": 24, "GAN": 25, "BPG": 28}, abs=1e-3)
    assert (found["change"] > 0.4).all() and set(found["swapped_pairs"]) == {0}


def test_luma_weighs_green_most_and_swaps_what_errs_there(audit):
    """The GAN's errors are all in G here, the others' half in B, which luma hardly counts."""
    found = of(audit, "PSNR of luma (Y)")
    line = next(line for line in rows_with().to_dict("records") if line["codec"] == "gan")
    assert psnr_of_mse(mse_y(line, PIXELS)) < 255
    assert set(found["ranking"]) == {"BPG > JPEG > GAN"} and set(found["swapped"]) == {"GAN and JPEG"}
    assert set(found["swapped_pairs"]) == {1} and set(found["kendall_tau"]) == {round(1 / 3, 3)}
    assert found["rank"]["GAN"] == 3 and found["rank_in_protocol"]["GAN"] == 2


def test_without_headers_a_dearer_point_is_affordable():
    """193 bytes of JPEG's markers are 0.0386 bit/pixel here."""
    dear = [coded("jpeg", "420-optimised", image, 0.53, 26.0) for image in "ab"]
    found = of(audit_protocol(rows_with(dear=dear), TABLE5, TARGET), "headers not counted")
    assert found["setting"]["JPEG"] == "420-optimised-0.53" and found["change"]["JPEG"] > 1
    assert found["change"]["BPG"] == found["change"]["GAN"] == 0


def test_a_codec_that_does_not_say_is_left_out_and_the_others_are_ranked(monkeypatch):
    monkeypatch.setattr(codec_class("gan"), "header_bytes", lambda *_: None)
    found = of(audit_protocol(ROWS, TABLE5, TARGET), "headers not counted")
    assert "codec gan does not say how long its header is" in found["left_out"]["GAN"]
    assert math.isnan(found["value"]["GAN"]) and math.isnan(found["rank"]["GAN"])
    assert set(found["ranking"]) == {"BPG > JPEG"} and found["rank_in_protocol"]["JPEG"] == 2


def test_a_header_longer_than_a_stream_is_refused(monkeypatch):
    monkeypatch.setattr(codec_class("bpg"), "header_bytes", lambda *_: 10**6)
    found = of(audit_protocol(ROWS, TABLE5, TARGET), "headers not counted")
    assert "longer than its stream; correct its header_bytes" in found["left_out"]["BPG"]


def test_another_curve_of_one_codec_changes_that_codec_alone(audit):
    found = of(audit, "JPEG is 444-standard, not 420-optimised")
    assert found["change"].to_dict() == pytest.approx({"JPEG": -3, "GAN": 0, "BPG": 0}, abs=2e-3)
    assert not any("BPG is" in variant for variant in audit["variant"])


def test_a_curve_without_a_point_under_the_target_shows_its_cheapest_and_is_no_largest_effect():
    dear = [line for line in curve("jpeg", "444-standard", 10.0) if line["bytes"] > 0.6 * PIXELS / 8]
    audit = audit_protocol(rows_with(other=dear), TABLE5, TARGET)
    found = of(audit, "JPEG is 444-standard, not 420-optimised")
    assert found["setting"]["JPEG"] == "444-standard-1.0" and found["change"]["JPEG"] < -5
    assert found["meets_target_rate"].to_dict() == {"JPEG": False, "GAN": True, "BPG": True}
    assert "444-standard" not in largest_effect(audit)
    assert of(audit, "interpolated at the target rate")["meets_target_rate"].isna().all()


def test_interpolation_takes_away_the_spacing_of_the_sweep():
    sparse = [line for line in curve("bpg", "420", 28.0) if line["bytes"] != round(0.5 * PIXELS / 8)]
    audit = audit_protocol(rows_with(bpg=sparse), TABLE5, TARGET)
    found = of(audit, "interpolated at the target rate")
    assert found["change"].to_dict() == pytest.approx({"JPEG": 0, "GAN": 0, "BPG": 4}, abs=2e-3)
    assert of(audit, PROTOCOL)["setting"]["BPG"] == "420-0.25" and (found["setting"] == "").all()


def test_bd_rate_of_curves_a_constant_distance_apart(audit):
    """4 dB a doubling: 1 dB above JPEG saves 1 - 2**(-1/4), and 4 dB above it half."""
    found = of(audit, "BD-rate against JPEG")
    expected = {"JPEG": 0, "GAN": 100 * (2 ** (-1 / 4) - 1), "BPG": -50}
    assert found["value"].to_dict() == pytest.approx(expected, abs=0.05)
    assert set(found["ranking"]) == {"BPG > GAN > JPEG"} and found["change"].isna().all()
    assert of(audit, "BD-rate against BPG")["value"]["JPEG"] == pytest.approx(100, abs=0.1)


def test_curves_that_share_no_quality_are_left_out_with_the_reason():
    audit = audit_protocol(rows_with(gan=curve("gan", "gan", 60.0)), TABLE5, TARGET)
    found = of(audit, "BD-rate against JPEG")
    assert "without common quality" in found["left_out"]["GAN"] and found["left_out"]["BPG"] == ""


def test_ms_ssim_ranks_otherwise_and_in_decibels_alike(audit):
    assert set(of(audit, "ranked by MS-SSIM")["ranking"]) == {"GAN > BPG > JPEG"}
    found = of(audit, "MS-SSIM in dB before averaging", MS_SSIM)
    assert found["value"].to_dict() == pytest.approx({"JPEG": 6.99, "GAN": 13.01, "BPG": 10.969}, abs=1e-3)
    assert (found["change"].abs() < 1e-9).all() and set(found["unit"]) == {"dB"}


def test_means_of_ms_ssim_weigh_images_alike():
    lines = [line | {"width": 400} if line["image"] == "b" else line for line in rows_with().to_dict("records")]
    rows = pd.DataFrame(lines, columns=list(ROW_COLUMNS))
    rows.loc[rows["image"] == "b", "ms_ssim"] = 0.6
    audit = audit_protocol(rows, TABLE5, TARGET)
    found = of(audit, "MS-SSIM as the mean over images", MS_SSIM)
    assert found["in_protocol"]["GAN"] == round((0.95 + 2 * 0.6) / 3, 4)
    assert found["value"]["GAN"] == 0.775
    decibels = of(audit, "MS-SSIM in dB before averaging", MS_SSIM)["value"]["GAN"]
    assert decibels == pytest.approx((in_decibels(0.95) + 2 * in_decibels(0.6)) / 3, abs=1e-3)


def test_images_too_small_for_ms_ssim_are_left_out_of_it():
    audit = audit_protocol(ROWS.assign(ms_ssim=math.nan), TABLE5, TARGET)
    found = of(audit, "ranked by MS-SSIM")
    assert found["left_out"].str.contains("no image is large enough for MS-SSIM").all()
    assert (of(audit, PROTOCOL)["left_out"] == "").all()


def test_the_largest_effects_are_named(audit, tmp_path):
    audit.to_csv(tmp_path / "protocol.csv", index=False)
    said = largest_effect(audit)
    assert said == largest_effect(pd.read_csv(tmp_path / "protocol.csv"))
    changes = audit[(audit["unit"] == "dB") & (audit["number"] == "PSNR")]
    most = changes.loc[changes["change"].abs().idxmax()]
    assert f"{most['codec']}’s: by {most['change']:+.2f} dB under “{most['variant']}”" in said
    assert "GAN and JPEG change places, which leaves BPG > JPEG > GAN" in said


def test_nothing_to_say_of_a_single_codec():
    only = {"BPG": TABLE5["BPG"]}
    audit = audit_protocol(ROWS, only, TARGET)
    assert set(audit["swapped_pairs"]) == {0} and audit["kendall_tau"].isna().all()
    assert "changes the ranking" in largest_effect(audit)


def test_rankings_and_correlation():
    before, after = {"a": 3.0, "b": 2.0, "c": 1.0}, {"a": 1.0, "b": 2.0, "c": 3.0}
    assert ranking(before) == ["a", "b", "c"] and swapped(before, after) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert (kendall_tau(before, before), kendall_tau(before, after)) == (1, -1)
    assert swapped(before, dict.fromkeys("abc", 1.0)) == [] and kendall_tau(before, dict.fromkeys("abc", 1.0)) == 0
    infinite = {"a": math.inf, "b": math.inf, "c": 1.0}
    assert kendall_tau(infinite, infinite) == pytest.approx(2 / 3) and swapped(infinite, before) == []


def test_no_entry_and_an_entry_without_points_are_refused():
    with pytest.raises(PointsError, match="add a row for yours under table5"):
        audit_protocol(ROWS, {}, TARGET)
    with pytest.raises(PointsError, match="no measured point fits SR; correct its block"):
        audit_protocol(ROWS, {"SR": {"codec": "sr"}}, TARGET)
