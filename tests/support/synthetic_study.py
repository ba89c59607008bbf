"""A study without images: entries at one rate on some images, for what needs no page."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from synthetic_rows import coded, row

from licbench.study.design import PAIRS, Exclusion, Plan, Study, design
from licbench.study.matching import Rates, match_rates, pair_table

CODECS = ("jpeg", "jpeg2000", "bpg", "cae", "gan")
ENTRIES = {name.upper(): {"codec": name} for name in CODECS}
PLAN = Plan(
    method=PAIRS, anchor="BPG", seed=3, side=600, minutes=20, seconds_per_trial=10, training=3, traps=4, repeats=8,
    exclusion=Exclusion(traps_missed=1, contradicted=0.8, median_seconds=1.0),
)  # fmt: skip


def synthetic_study(method: str = PAIRS, images: int = 8, codecs: tuple[str, ...] = CODECS, **changes: object) -> Study:
    """Each codec at 0.15 bpp, each a decibel better than the one before."""
    names = [f"image{number}" for number in range(images + 1)]
    lines = [
        row(image, codec, "c", f"{codec}-1", width=400, height=400, pixels_sha256=f"{image}{codec}")
        | coded(0.15, 25 + at, 400, 400)
        for image in names
        for at, codec in enumerate(codecs)
    ]
    rows = pd.DataFrame(lines).assign(sse_rr=lambda table: table["sse"])
    entries = {codec.upper(): {"codec": codec} for codec in codecs}
    matched = match_rates(rows, entries, names, Rates(0.15, 0.1, 0.2, 0.05))
    plan = replace(PLAN, method=method, **changes)  # type: ignore[arg-type]
    return design("synthetic", matched[:-1], matched[-1], pair_table(matched[:-1], entries), plan)
