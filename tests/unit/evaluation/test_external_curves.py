"""Published curves from the files that they are given in."""

import json

import numpy as np
import pytest

from licbench.errors import PointsError
from licbench.evaluation.external_curves import PUBLISHED, points_of, read_curves

COMPRESSAI = {
    "name": "theirs",
    "description": "Inference (ans)",
    "results": {
        "psnr-rgb": [28.5, 30.0],
        "ms-ssim-rgb": [0.9, 0.99],
        "bpp": [0.125, 0.25],
        "encoding_time": [5.3, 5.3],
        "mse": [1.0, 2.0],
    },
}
COOLCHIC = (
    "lmbda\tseq_name\tn_pixels\tloss\tpsnr_db\trate_bpp\n"
    "0.0001\tkodim01\t1000\t0.2\t40.0\t2.0\n0.02\tkodim01\t1000\t5.2\t20.0\t0.25\n"
    "0.0001\tkodim02\t3000\t0.1\t30.0\t1.0\n0.02\tkodim02\t3000\t2.0\t24.0\t0.05\n"
)


def entry(path, kind, **changes):
    words = {"name": "Theirs", "dataset": "kodak", "source": "a repository", "protocol": "24 images", "average": "mean"}
    return {**words, "file": str(path), "format": kind, **changes}


@pytest.fixture
def read(tmp_path):
    def one(text, kind, **changes):
        path = tmp_path / "curve"
        path.write_text(text)
        (curve,) = read_curves([entry(path, kind, **changes)])
        return curve

    return one


def test_compressai_s_results(read):
    for content in (COMPRESSAI, COMPRESSAI["results"]):
        curve = read(json.dumps(content), "compressai_json")
        assert curve.key == (PUBLISHED, "Theirs") and curve.average == "mean"
        assert curve.rates.tolist() == [0.125, 0.25] and set(curve.qualities) == {"psnr_rgb", "ms_ssim_db"}
        assert curve.qualities["psnr_rgb"].tolist() == [28.5, 30.0]
        assert curve.qualities["ms_ssim_db"] == pytest.approx([10, 20])


def test_a_plain_psnr_is_what_the_config_says(read):
    first = {"results": {"psnr": [28.5], "bpp": [0.1]}}
    assert set(read(json.dumps(first), "compressai_json").qualities) == {"psnr_rgb"}
    assert set(read(json.dumps(first), "compressai_json", metric="psnr_y").qualities) == {"psnr_y"}


def test_a_table_of_points(read):
    text = "codec,variant,bpp,psnr_db,ms_ssim\nbpg,a,0.1,28,0.9\nbpg,b,0.2,30,\nbpg,b,0.4,33,0.99\n"
    curve = read(text, "csv", where={"variant": "b"})
    assert curve.rates.tolist() == [0.2, 0.4] and curve.qualities["psnr_rgb"].tolist() == [30, 33]
    assert np.isnan(curve.qualities["ms_ssim_db"][0]) and curve.qualities["ms_ssim_db"][1] == pytest.approx(20)


@pytest.mark.parametrize("first", [False, True])
def test_cool_chic_s_results_are_averaged(read, first):
    text = COOLCHIC.replace("lmbda", "lambda").replace("seq_name", "seq") if first else COOLCHIC
    curve = read(text, "coolchic_tsv")
    assert curve.rates.tolist() == [1.5, 0.15] and curve.qualities["psnr_rgb"].tolist() == [35, 22]
    pooled = read(text, "coolchic_tsv", average="pooled")
    assert pooled.rates == pytest.approx([1.25, 0.1])
    error = [(10**-4 + 3 * 10**-3) / 4, (10**-2 + 3 * 10**-2.4) / 4]
    assert pooled.qualities["psnr_rgb"] == pytest.approx(-10 * np.log10(error))


@pytest.mark.parametrize(
    ("text", "kind", "reason"),
    [
        ("{", "compressai_json", r"is no compressai_json file \(.*\); correct published_curves"),
        ("[1]", "compressai_json", "is no compressai_json file"),
        ('{"results": {"psnr": [1]}}', "compressai_json", "is no compressai_json file"),
        ('{"results": {"bpp": [0.1], "mse": [1]}}', "compressai_json", "has none of the qualities psnr_rgb, psnr_y"),
        (
            '{"results": {"bpp": [0.1, 0.2], "psnr": [30]}}',
            "compressai_json",
            "more or fewer than rates; correct the file",
        ),
        ('{"results": {"bpp": [0.1], "ms-ssim": [18.2]}}', "compressai_json", "not below 1, as in decibels"),
        ('{"results": {"bpp": [0.0], "psnr": [30]}}', "compressai_json", "without a positive rate"),
        ("bpp,psnr\n", "csv", r"is no csv file \(no rows\)"),
        ("bpp,psnr\n0.1,high\n", "csv", "is no csv file .*high"),
        ("bpp,psnr\n0.1,inf\n", "csv", "infinite"),
        ("rate,psnr\n0.1,30\n", "csv", "is no csv file"),
        (COOLCHIC.replace("0.02\tkodim02", "0.02\tkodim01"), "coolchic_tsv", "not of the same images, each once"),
        (COOLCHIC.replace("psnr_db", "psnr"), "coolchic_tsv", "is no coolchic_tsv file"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_curve(read, text, kind, reason):
    with pytest.raises(PointsError, match=f"published curve Theirs: .*{reason}"):
        read(text, kind)


def test_a_missing_file_or_an_unknown_column_of_where_is_named(read, tmp_path):
    with pytest.raises(PointsError, match=r"published curve Theirs: .*nowhere is no csv file"):
        read_curves([entry(tmp_path / "nowhere", "csv")])
    with pytest.raises(PointsError, match="variant"):
        read("bpp,psnr\n0.1,30\n", "csv", where={"variant": "b"})


def test_points_for_the_figures_name_their_average(read):
    curve = read(json.dumps(COMPRESSAI), "compressai_json")
    points = points_of([curve])
    assert set(points["codec"]) == {PUBLISHED} and set(points["curve"]) == {"Theirs (mean)"}
    assert points["psnr_db"].tolist() == [28.5, 30.0] and points["ms_ssim"].tolist() == pytest.approx([0.9, 0.99])
    luma = read('{"results": {"psnr": [28.5], "bpp": [0.1]}}', "compressai_json", metric="psnr_y")
    assert points_of([luma]) is None and points_of([]) is None
