"""What the paper expects: judged where its codecs are measured, and else not there at all; and the oracle's bound."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from synthetic_rows import RATES, SIDES, coded, row, synthetic_rows

from licbench.errors import PointsError
from licbench.evaluation import curves
from licbench.measurement.rows import COLUMNS
from licbench.paper.claims import future
from licbench.paper.claims import statistics as stat
from licbench.paper.claims.bench import Bench, Ref
from licbench.paper.claims.judging import judge
from licbench.paper.claims.register import claims
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.paper.oracle import ALL, chosen, oracle
from licbench.paper.training_budget import Cards
from licbench.report.claims_page import claims_page

ROWS = synthetic_rows()
ROWS["sse_rr"] = ROWS["sse"]
ROWS.loc[ROWS["codec"] == "gan", "settings"] = json.dumps({"model": "m", "scale": 1, "bits": 8, "rotated": True})
CARDS = Cards(
    {
        "m": {"network": "gan", "steps": 1, "recipe": {"batch": 1, "code_size": 128, "input_size": 128}},
        "srcnn": {"network": "srcnn", "steps": 1, "recipe": {"batch": 1}},
    },
    {"gan": 1, "srcnn": 1, "cae": 1},
)
PAPER = {"text": pd.DataFrame()}
TEMPLATE = "$dataset $images $count $holds $fails $open\n$verdicts\n$rules"


def cheaper(codec: str, like: tuple[str, str], factor: float) -> pd.DataFrame:
    """Rows of a codec that needs ``factor`` times the rate of another's curve."""
    own = ROWS[(ROWS["codec"] == like[0]) & (ROWS["curve"] == like[1])]
    return own.assign(codec=codec, curve="x", bytes=(own["bytes"] * factor).round().astype(int))


def bench(*further: pd.DataFrame) -> Bench:
    return Bench(pd.concat([ROWS, *further], ignore_index=True), CARDS, 0.15)


def judged(found: Bench) -> dict[str, str]:
    lines = [judge(claim, found, PAPER) for claim in future.claims_of(found)]
    return {line["claim"].removeprefix("Future work: "): line["verdict"] for line in lines}


def test_without_the_codecs_there_are_no_expectations() -> None:
    assert future.claims_of(bench()) == []
    names = [claim.claim for claim in claims(0.15)]
    assert not any(name.startswith(future.HEADING) for name in names)
    assert all(claim.claim.startswith(f"{future.HEADING}: ") for claim in future.future_claims())


def test_verdicts_follow_the_rate_that_is_saved() -> None:
    verdicts = judged(bench(cheaper("gan_switch", ("gan", "gan_128-b8-pca"), 0.95)))
    assert len(verdicts) == 7
    switching = "switching GANs by tile gains over the best fixed code size"
    assert verdicts[f"{switching}: rate at equal PSNR"] == HOLDS
    assert verdicts[f"{switching}: at least 8 % of the rate at equal PSNR"] == FAILS
    assert verdicts["better super-resolution filters outperform BPG: rate at equal PSNR"] == OPEN
    assert (
        judged(bench(cheaper("sr_restored", ("bpg", "420"), 1.1)))[
            "better super-resolution filters outperform BPG: rate at equal PSNR"
        ]
        == FAILS
    )


def test_a_combination_is_judged_by_its_nearest_member() -> None:
    against = stat.rate_difference_to_nearest(Ref("best_of"), future.MEMBERS, curves.pooled_psnr)
    once = np.ones(len(SIDES))
    alone = [
        stat.rate_difference(Ref("best_of"), Ref(*member), curves.pooled_psnr)
        for member in (("bpg", "420"), ("cae", "offline"))
    ]
    found = bench(cheaper("best_of", ("bpg", "420"), 0.9))
    nearest, bpg, cae = against(found)(once), *(each(found)(once) for each in alone)
    assert nearest == pytest.approx(bpg) == pytest.approx(-10, abs=0.2) and cae < nearest
    far = cheaper("best_of", ("bpg", "420"), 0.9).assign(sse=1, sse_rr=1, sse_gg=0, sse_bb=0)
    with pytest.raises(PointsError):
        against(bench(far))(once)


def test_the_page_gives_expectations_a_heading_of_their_own() -> None:
    found = bench(cheaper("gan_switch", ("gan", "gan_128-b8-pca"), 0.8))
    lines = pd.DataFrame([judge(claim, found, PAPER) for claim in future.claims_of(found)])
    page = claims_page(
        TEMPLATE, pd.concat([lines, lines.assign(claim="CAE beats JPEG")], ignore_index=True), "synthetic", 4
    )
    paper, own = page.split("## Future work")
    assert "CAE beats JPEG" in paper and "switching GANs" not in paper and "switching GANs" in own
    assert "## Future work" not in claims_page(TEMPLATE, lines.assign(claim="CAE beats JPEG"), "synthetic", 4)


# The oracle


def test_the_oracle_takes_the_row_of_least_cost() -> None:
    taken = chosen(ROWS, ["bpg", "cae"])
    for (image, point), own in taken.groupby(["image", "point"]):
        held = ROWS[(ROWS["image"] == image) & ROWS["codec"].isin(["bpg", "cae"])]
        costs = held["sse"] + float(point) * 8 * held["bytes"]
        assert len(own) == 1 and (own["sse"] + float(point) * 8 * own["bytes"]).iloc[0] == costs.min()


def test_choosing_among_more_never_costs_more() -> None:
    table = oracle(ROWS, ["bpg", "cae"], ("bpg", "420")).set_index("choice")
    assert list(table.index) == ["bpg", "cae", ALL]
    # Of one codec whose curves are parallel, equal slopes gain over equal settings
    assert table.loc["bpg", "bd_rate_psnr"] < 0 and table.loc[ALL, "bd_rate_psnr"] <= table.loc["bpg", "bd_rate_psnr"]
    assert table.loc["cae", "bd_rate_psnr"] > 0 and table.loc["bpg", "low"] < table.loc["bpg", "high"]


def test_two_codecs_for_two_kinds_of_images_are_worth_their_better_halves() -> None:
    lines = []
    for at, (image, (width, height)) in enumerate(SIDES.items()):
        for codec, gain in (("bpg", 0), ("mine", 2 if at % 2 else -2)):
            for rate in RATES:
                held = coded(rate, 33 + gain + 3.3 * np.log2(rate), width, height)
                lines.append(row(image, codec, "420", f"p{rate}", **held) | {"sse_rr": held["sse"]})
    rows = pd.DataFrame(lines, columns=list(COLUMNS))
    taken = chosen(rows, ["bpg", "mine"])
    assert set(taken.loc[taken["made_by"] == "mine", "image"]) == {"castle", "portrait"}
    table = oracle(rows, ["bpg", "mine"], ("bpg", "420")).set_index("choice")
    assert table.loc[ALL, "bd_rate_psnr"] < min(table.loc["bpg", "bd_rate_psnr"], table.loc["mine", "bd_rate_psnr"])


def test_codecs_that_are_not_measured_are_named() -> None:
    with pytest.raises(PointsError, match="no rows of webp"):
        oracle(ROWS, ["bpg", "webp"], ("bpg", "420"))
