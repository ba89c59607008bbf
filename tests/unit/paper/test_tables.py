"""Tables 1 to 4 and model cards, against numbers worked out by hand."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
import yaml

from licbench.config import paper_budget
from licbench.errors import ModelError
from licbench.paper.tables import TABLES, gan_settings, table1, table2, table3, table4
from licbench.paper.training_budget import Cards, read_cards

ROOT = Path(__file__).parents[3]
PAPER = {name: pd.read_csv(ROOT / "workflow" / "resources" / "paper" / f"{name}.csv") for name in TABLES}
BUDGET = {"gan": 1000, "srcnn": 1000}


def card(network, crops=1000, **recipe):
    return {"network": network, "steps": crops // 10, "recipe": {"batch": 10, **recipe}}


CARDS = Cards(
    {
        "srcnn": card("srcnn", 990),
        "gan_64": card("gan", 1000, code_size=64, input_size=128),
        "gan_256": card("gan", 500, code_size=256, input_size=128),
        "wide": card("gan", 2000, code_size=1024, input_size=128),
        "wide_64": card("gan", 1000, code_size=1024, input_size=64),
        "again": card("gan", 1000, code_size=64, input_size=128),
    },
    BUDGET,
)


def row(codec, point, settings, image="a", **changes):
    """An image of 100 x 100, at 0.8 bpp and an MSE of 1, unless told otherwise."""
    usual = {"width": 100, "height": 100, "bytes": 1000, "sse": 30_000, "ms_ssim": 0.9, "branch": None}
    ids = {"image": image, "codec": codec, "curve": point, "point": point, "settings": json.dumps(settings)}
    return {**ids, **usual, "pre_psnr_db": math.nan, **changes}


def gan(model, scale=1, bits=8, rotated=False, **changes):
    settings = {"model": model, "scale": scale, "bits": bits, "rotated": rotated}
    return row("gan", f"{model}-s{scale}-b{bits}-{rotated}", settings, **changes)


def sr(branch, qp, image, pre_psnr_db, **changes):
    settings = {"model": "srcnn", "qp": qp, "branch": branch}
    return row("sr", f"{branch}-qp{qp}", settings, image, branch=branch, pre_psnr_db=pre_psnr_db, **changes)


def decibels(mse):
    return round(10 * math.log10(255**2 / mse), 3)


SR_ROWS = [
    sr("srcnn", 32, "a", 33.0, bytes=100, sse=30_000, ms_ssim=0.9),
    sr("srcnn", 32, "b", 32.9, bytes=300, sse=90_000, ms_ssim=0.7),
    sr("lanczos", 32, "a", 33.0, bytes=1, sse=1),
    sr("lanczos", 32, "b", 32.9, bytes=1, sse=1),
    sr("srcnn", 35, "a", 33.0, bytes=80, sse=60_000, ms_ssim=0.8),
    sr("srcnn", 35, "b", 32.9, bytes=1, sse=1),
    sr("lanczos", 35, "a", 33.0, bytes=1, sse=1),
    sr("lanczos", 35, "b", 32.9, bytes=220, sse=180_000, ms_ssim=0.6),
]


def test_table1_by_hand():
    table = table1(pd.DataFrame([*SR_ROWS, gan("gan_64")]), PAPER["table1"], CARDS)
    assert list(table) == [
        "case", "qp", "adaptive", "share_srcnn", "psnr_db", "ms_ssim", "bpp",
        "paper_psnr_db", "paper_ms_ssim", "paper_bpp", "setting", "undertrained",
    ]  # fmt: skip
    plain, adaptive = table.to_dict("records")
    # 400 bytes for 20,000 pixels; 120,000 over 60,000 samples
    assert plain == {
        "case": "qp=32, Non-adaptive", "qp": 32, "adaptive": "no", "share_srcnn": 1.0,
        "psnr_db": decibels(2), "ms_ssim": 0.8, "bpp": 0.16,
        "paper_psnr_db": 29.418, "paper_ms_ssim": 0.949, "paper_bpp": 0.151,
        "setting": "srcnn-qp32", "undertrained": True,
    }  # fmt: skip
    # a reaches 33 dB and takes SRCNN, b does not: 300 bytes, 240,000 over 60,000 samples
    assert (adaptive["share_srcnn"], adaptive["bpp"], adaptive["ms_ssim"]) == (0.5, 0.12, 0.7)
    assert (adaptive["psnr_db"], adaptive["setting"]) == (decibels(4), "adaptive-33-qp35")


def test_a_line_without_its_point_says_so():
    at_32 = pd.DataFrame([line for line in SR_ROWS if "32" in line["point"]])
    plain, adaptive = table1(at_32, PAPER["table1"], CARDS).to_dict("records")
    assert plain["setting"] == "srcnn-qp32"
    assert adaptive["setting"] == "not measured" and adaptive["paper_bpp"] == 0.156
    for name in ("psnr_db", "ms_ssim", "bpp", "share_srcnn", "undertrained"):
        assert pd.isna(adaptive[name]), name


@pytest.mark.parametrize("name", TABLES)
def test_tables_of_other_rows_hold_the_published_values_alone(name):
    jpeg = pd.DataFrame([row("jpeg", "q5", {"quality": 5})])
    table, paper = TABLES[name](jpeg, PAPER[name], CARDS), PAPER[name]
    assert len(table) == len(paper) and (table["setting"] == "not measured").all()
    keys = [key for key in paper if key not in ("psnr_db", "ms_ssim", "bpp")]
    assert list(table)[: len(keys)] == keys and table[keys].equals(paper[keys])
    for quantity in ("psnr_db", "ms_ssim", "bpp"):
        assert table[f"paper_{quantity}"].equals(paper[quantity].rename(f"paper_{quantity}"))
        assert table[quantity].isna().all()
    assert table["undertrained"].isna().all()


def test_table2_is_of_input_sizes_at_scale_one_with_plain_codes():
    rows = [
        gan("wide_64", bytes=500, sse=60_000),
        gan("wide", bytes=250, sse=90_000),
        gan("wide", scale=2, bytes=7, sse=7),
        gan("wide", bits=7, bytes=7, sse=7),
        gan("wide", rotated=True, bytes=7, sse=7),
        gan("gan_64", bytes=7, sse=7),
    ]
    table = table2(pd.DataFrame(rows), PAPER["table2"], CARDS)
    assert list(table["input_size"]) == [64, 128, 256] and (table["code_size"] == 1024).all()
    assert list(table["setting"]) == ["wide_64-s1-b8-False", "wide-s1-b8-False", "not measured"]
    assert list(table["psnr_db"][:2]) == [decibels(2), decibels(3)] and list(table["bpp"][:2]) == [0.4, 0.2]
    assert list(table["undertrained"][:2]) == [False, False]


def test_table3_is_of_code_sizes_and_scales():
    rows = [
        gan("gan_64", scale=4, image="a", bytes=100, sse=30_000, ms_ssim=0.9),
        gan("gan_64", scale=4, image="b", bytes=300, sse=90_000, ms_ssim=0.5),
        gan("gan_64", scale=3, bytes=7, sse=7),
        gan("gan_256", scale=2),
        gan("wide", scale=2),
    ]
    table = table3(pd.DataFrame(rows), PAPER["table3"], CARDS)
    found = table[table["setting"] != "not measured"]
    assert list(zip(found["code_size"], found["interpolation"], strict=True)) == [(64, 4), (256, 2), (1024, 2)]
    # Two images pooled: 400 bytes for 20,000 pixels
    first = found.iloc[0]
    assert (first["bpp"], first["psnr_db"], first["ms_ssim"], first["paper_bpp"]) == (0.16, decibels(2), 0.7, 0.329)
    assert list(found["undertrained"]) == [False, True, False]


def test_table4_is_of_bit_depths_at_256_and_scale_four():
    rows = [gan("gan_256", 4, bits, bytes=100 * bits, sse=30_000) for bits in (5, 6, 8)]
    rows += [gan("gan_256", 4, 7, rotated=True), gan("gan_256", 2, 7), gan("gan_64", 4, 7)]
    table = table4(pd.DataFrame(rows), PAPER["table4"], CARDS)
    assert list(table["quantization_bits"]) == [8, 7, 6, 5]
    assert list(table["bpp"].fillna(-1)) == [0.64, -1, 0.48, 0.4]
    assert list(table["setting"] == "not measured") == [False, True, False, False]


def test_the_model_measured_first_stands_for_its_size():
    rows = pd.DataFrame([gan("again", bytes=100), gan("gan_64", bytes=900)])
    assert list(gan_settings(rows, CARDS)["model"]) == ["again"]
    assert table3(rows, PAPER["table3"], CARDS)["setting"][0] == "again-s1-b8-False"


def test_a_model_without_card_is_refused():
    with pytest.raises(ModelError, match=r"no card for model stray; name its stray\.json"):
        table3(pd.DataFrame([gan("stray")]), PAPER["table3"], CARDS)


# Cards


def test_cards_are_read_and_set_against_the_budget(tmp_path):
    (tmp_path / "deep.json").write_text(json.dumps(card("gan", 640)))
    cards = read_cards([tmp_path / "deep.json"], {"gan": 1280})
    assert cards.share_of_budget("deep") == 0.5 and cards.undertrained(["deep"])
    assert not cards.undertrained([])


def test_a_network_that_is_not_the_paper_s_falls_short_of_nothing():
    own = {"network": "restorer", "steps": 3, "recipe": {"batch": 2}, "lineage": []}
    cards = Cards({"restorer": own}, {"gan": 1280})
    assert cards.share_of_budget("restorer") == math.inf and not cards.undertrained(["restorer"])


def test_the_paper_s_budget_is_that_of_its_recipe():
    budget = paper_budget(yaml.safe_load((ROOT / "config.yaml").read_text()))
    # Section 3.1: 8e5 iterations of 16; Dong et al.: 8e8 backpropagations
    assert budget["cae"] == 800_000 * 16 and budget["srcnn"] == 800_000_000 and set(budget) == {"cae", "gan", "srcnn"}


def test_damaged_cards_are_refused_in_one_line(tmp_path):
    (tmp_path / "torn.json").write_text('{"steps": 4')
    (tmp_path / "poor.json").write_text('{"steps": 4}')
    for file, message in (("none", "no model card"), ("torn", "no model card"), ("poor", "lacks network, recipe")):
        with pytest.raises(ModelError, match=message) as refused:
            read_cards([tmp_path / f"{file}.json"], {"gan": 1280})
        assert "\n" not in str(refused.value) and str(refused.value).endswith("train the model again")
