"""A small study, made for real: three entries on two images, decoded from streams, and its page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
from pictures import photo, textured

from licbench.images.files import write_png
from licbench.locations import TEMPLATES
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows
from licbench.study.design import PAIRS, Exclusion, Plan, Study, design, save_key
from licbench.study.matching import Rates, match_rates, pair_table
from licbench.study.page import write_page
from licbench.study.stimuli import save_stimuli

DATASET = "two"
PICTURES = {"first": photo(180, 220), "second": textured(200, 170), "third": photo(120, 100)}
CODECS = {
    "jpeg": {"modes": ["420-optimised", "444-standard"], "quality": [10, 20, 30, 40]},
    "jpeg2000": {"bpp": [0.8, 0.9, 1.0, 1.1, 1.2], "reversible_bpp": []},
}
ENTRIES = {
    "JPEG": {"codec": "jpeg", "curve": "420-optimised"},
    "JPEG 4:4:4": {"codec": "jpeg", "curve": "444-standard"},
    "JPEG 2000": {"codec": "jpeg2000"},
}
RATES = Rates(target=1.0, low=0.3, high=4.0, tolerance=0.4)
PLAN = Plan(
    method=PAIRS, anchor="JPEG", seed=7, side=160, minutes=20, seconds_per_trial=10, training=2, traps=2, repeats=2,
    exclusion=Exclusion(traps_missed=0, contradicted=0.8, median_seconds=0.0),
)  # fmt: skip


def measured(folder: Path) -> tuple[pd.DataFrame, dict[str, Path], Path]:
    """Rows, original images and the folder of the streams."""
    originals = {}
    for image, picture in PICTURES.items():
        originals[image] = folder / "data" / f"{image}.png"
        originals[image].parent.mkdir(parents=True, exist_ok=True)
        write_png(originals[image], picture)
        for codec, settings in CODECS.items():
            rows, streams = (folder / name / DATASET / codec / image for name in ("points", "streams"))
            places = {"weights": folder, "streams": streams, "rows": rows.with_suffix(".csv")}
            measure_images({image: originals[image]}, (DATASET, codec), settings, **places)
    return read_rows(*sorted((folder / "points").rglob("*.csv"))), originals, folder / "streams"


def designed(rows: pd.DataFrame, method: str = PAIRS, **changes: object) -> Study:
    """The study of these rows, with changes of its plan."""
    matched = match_rates(rows, ENTRIES, list(PICTURES), RATES)
    plan = replace(PLAN, method=method, **changes)  # type: ignore[arg-type]
    return design(DATASET, matched[:2], matched[2], pair_table(matched[:2], ENTRIES), plan)


def written(study: Study, rows: pd.DataFrame, originals: dict[str, Path], streams: Path, to: Path) -> Path:
    """The page of a study with its images and its key; returns the page."""
    sizes = save_stimuli(study, originals, rows, to / "images", streams=streams, weights=to)
    save_key(study, to / "key.json")
    write_page(study, sizes, "Ada <ada@example.org>", TEMPLATES / "study", to / "index.html")
    return to / "index.html"
