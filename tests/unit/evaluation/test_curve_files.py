"""Our curves in the formats of CompressAI and codec-compare, read back by their readers or by what these look at."""

import json
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pandas as pd
import pytest
from synthetic_rows import SIDES, synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation.curve_files import INDEX, write_curves
from licbench.evaluation.curve_rows import curves
from licbench.evaluation.curves import MEAN_PSNR, curve_of
from licbench.evaluation.external_curves import read_curves
from licbench.evaluation.pooling import RGB
from licbench.metrics.distortion import psnr

READER = (
    "import json, sys; from compressai.utils.plot.__main__ import parse_json_file;"
    "print(json.dumps({key: list(value) for key, value in parse_json_file(*sys.argv[1:]).items()}))"
)


def some_rows():
    rows = synthetic_rows()
    third = rows["sse"] // 3
    return curves(rows.assign(sse_rr=third, sse_gg=third, sse_bb=third, sse=3 * third), 35, 33.0)


@pytest.fixture(scope="module")
def rows():
    return some_rows()


@pytest.fixture(scope="module")
def folder(rows, tmp_path_factory):
    folder = tmp_path_factory.mktemp("curves")
    for kind in ("compressai", "codec_compare"):
        write_curves(rows, kind, folder / kind)
    return folder


def own(rows, codec, curve):
    return rows[(rows["codec"] == codec) & (rows["curve"] == curve)]


def test_there_is_a_file_for_each_curve(rows, folder):
    names = {f"{codec}-{curve}.json" for codec, curve in rows[["codec", "curve"]].itertuples(index=False)}
    assert {"jpeg-420-optimised.json", "gan-family.json", "sr-qp.json"} <= names
    assert {path.name for path in (folder / "compressai").iterdir()} == names
    assert {path.name for path in (folder / "codec_compare").iterdir()} == names | {INDEX}
    assert {name for (name,) in json.loads((folder / "codec_compare" / INDEX).read_text())} == names


def test_compressai_s_json_is_read_back_as_a_published_curve(rows, folder):
    for codec, curve in (("jpeg", "420-optimised"), ("gan", "family")):
        path = folder / "compressai" / f"{codec}-{curve}.json"
        words = {"name": "n", "source": "s", "protocol": "p", "average": "mean", "file": path}
        (read,) = read_curves([{**words, "format": "compressai_json"}])
        rates, qualities = MEAN_PSNR[RGB](curve_of(own(rows, codec, curve), codec), np.ones(len(SIDES)))
        for rate, quality in zip(read.rates, read.qualities["psnr_rgb"], strict=True):
            at = np.argmin(abs(rates - rate) + abs(qualities - quality))
            assert (rate, quality) == (pytest.approx(rates[at], abs=1e-6), pytest.approx(qualities[at], abs=1e-6))
        assert (np.diff(read.rates) > 0).all() and (np.diff(read.qualities["psnr_rgb"]) > 0).all()
        assert len(json.loads(path.read_text())["points"]) == len(read.rates)


def test_compressai_s_json_has_the_keys_of_its_files(folder):
    """As in the results of its repository: name, description, results; lists of equal length, floats only."""
    for path in (folder / "compressai").iterdir():
        content = json.loads(path.read_text())
        assert {"name", "description", "results"} <= set(content)
        assert set(content["results"]) == {"bpp", "psnr-rgb", "ms-ssim-rgb"}
        assert len({len(values) for values in content["results"].values()}) == 1
        assert all(type(value) is float for values in content["results"].values() for value in values)
        assert all(0 < value < 1 for value in content["results"]["ms-ssim-rgb"])


@pytest.mark.skipif(find_spec("compressai") is None, reason="compressai, whose reader is tried, is not installed")
@pytest.mark.parametrize(("metric", "key"), [("psnr", "psnr-rgb"), ("ms-ssim", "ms-ssim-rgb")])
def test_compressai_s_own_reader_reads_it(folder, metric, key):
    path = folder / "compressai" / "cae-offline.json"
    done = subprocess.run([sys.executable, "-c", READER, path, metric], capture_output=True, text=True, check=True)
    content = json.loads(path.read_text())
    expected = np.array(content["results"][key])
    assert json.loads(done.stdout)["ys"] == pytest.approx(-10 * np.log10(1 - expected) if "ssim" in key else expected)


def test_codec_compare_s_json_is_what_its_loader_takes(rows, folder):
    """Its rules: one key in each description, as many values as descriptions, names that it knows, at least a field."""
    known = {"original_name", "width", "height", "encoded_size", "bpp", "psnr", "msssim"}
    for path in (folder / "codec_compare").glob("*-*.json"):
        content = json.loads(path.read_text())
        names = {}
        for part in ("constant", "field"):
            described = content[f"{part}_descriptions"]
            assert all(len(one) == 1 and all(isinstance(text, str) for text in one.values()) for one in described)
            names[part] = [next(iter(one)) for one in described]
        assert len(content["constant_values"]) == len(names["constant"]) and {"codec", "version"} <= set(
            names["constant"]
        )
        assert set(names["field"]) == known | {"setting"}
        assert all(len(row) == len(names["field"]) for row in content["field_values"])
    content = json.loads((folder / "codec_compare" / "bpg-420.json").read_text())
    theirs = [dict(zip(names["field"], row, strict=True)) for row in content["field_values"]]
    ours = own(rows, "bpg", "420").to_dict("records")
    assert len(theirs) == len(ours)
    for found, row in zip(theirs, ours, strict=True):
        assert (found["original_name"], found["setting"], found["encoded_size"]) == (
            row["image"],
            row["point"],
            row["bytes"],
        )
        assert found["psnr"] == pytest.approx(psnr(row["sse"], 3 * row["width"] * row["height"]), abs=1e-4)
        assert found["bpp"] == pytest.approx(8 * row["bytes"] / (row["width"] * row["height"]), abs=1e-6)


def test_what_json_cannot_hold_is_left_out(tmp_path):
    rows = own(some_rows(), "bpg", "420").copy()
    lossless = rows["point"] == rows["point"].iloc[-1]
    rows.loc[lossless, [name for name in rows if name.startswith("sse")]] = 0
    rows.loc[rows["image"] == "beach", "ms_ssim"] = np.nan
    for kind in ("compressai", "codec_compare"):
        write_curves(rows, kind, tmp_path / kind)
    results = json.loads((tmp_path / "compressai" / "bpg-420.json").read_text())["results"]
    assert set(results) == {"bpp", "psnr-rgb"} and len(results["bpp"]) == 6
    batch = json.loads((tmp_path / "codec_compare" / "bpg-420.json").read_text())
    assert len(batch["field_values"]) == 6 * len(SIDES)
    assert "msssim" not in [next(iter(one)) for one in batch["field_descriptions"]]


def test_equal_rows_give_equal_files(rows, folder, tmp_path):
    write_curves(rows, "codec_compare", tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (folder / "codec_compare" / path.name).read_bytes()


def test_two_curves_never_share_a_file(rows, tmp_path):
    same = own(rows, "bpg", "420").assign(curve="4:2")
    with pytest.raises(PointsError, match=r"two curves of bpg would be written to bpg-4_2\.json; rename"):
        write_curves(pd.concat([same, same.assign(curve="4/2")]), "compressai", tmp_path)
    assert not list(tmp_path.iterdir())
