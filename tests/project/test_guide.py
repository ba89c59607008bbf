"""The results guide explains every column that the code writes."""

import re
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest

from licbench.evaluation import bd_rates, complexity, threshold_scan, training_curves
from licbench.evaluation.srcnn import Enlargement
from licbench.locations import SHIPPED
from licbench.measurement import rows, scores
from licbench.paper import allocated, fidelity, oracle, protocol, tables
from licbench.paper.claims import judging
from licbench.paper.figures import pipelines, rate_distortion, structures

GUIDE = (Path(__file__).parents[2] / "workflow" / "report" / "guide.md").read_text()
SECTIONS = dict(re.findall(r"^## (\w+)[^\n]*\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
TABLES_1_TO_4 = (
    *tables.TABLE1_KEYS, *tables.TABLE2_KEYS, *tables.TABLE3_KEYS, *tables.TABLE4_KEYS,
    *(f"{prefix}{name}" for name in tables.MEASURED for prefix in ("", "paper_")),
    "setting", "undertrained", "share_srcnn",
)  # fmt: skip
FIGURE5 = ("rotation", "model", "step", "width", "height", "bytes", "bpp", "psnr_db", "psnr_y_db", "training_crops")
LOGS = {name for path in SHIPPED.glob("*.csv") for name in pd.read_csv(path, nrows=0).columns}
ENLARGEMENTS = ("picture", *(field.name for field in fields(Enlargement)), "gain_db")
WRITTEN = {
    "Rows": rows.COLUMNS,
    "Metrics": scores.COLUMNS,
    "Complexity": complexity.COLUMNS,
    "Tables": {rows.DATASET, *tables.TABLE5_COLUMNS, *tables.CONTEST_COLUMNS, *TABLES_1_TO_4},
    "Audit": {
        rows.DATASET,
        *protocol.COLUMNS,
        *allocated.COLUMNS,
        *allocated.POINT_COLUMNS,
        *fidelity.COLUMNS,
    },
    "Scan": {rows.DATASET, *threshold_scan.COLUMNS},
    "Comparison": {rows.DATASET, *bd_rates.COLUMNS, *bd_rates.OVER_QUALITY},
    "Figures": {rows.DATASET, "image", *pipelines.COLUMNS, *structures.COLUMNS, *rate_distortion.COLUMNS, *FIGURE5},
    "Oracle": {rows.DATASET, *oracle.COLUMNS},
    "Claims": {rows.DATASET, *judging.COLUMNS},
    "Training": {*LOGS, *ENLARGEMENTS, *training_curves.COLUMNS},
}


@pytest.mark.parametrize("section", WRITTEN)
def test_every_column_is_explained(section):
    first_cells = " ".join(re.findall(r"^\|(.+)\|[^|]+\|$", SECTIONS[section], re.MULTILINE))
    explained = set(re.findall(r"`(\w+)`", first_cells))
    ends = {name for name in WRITTEN[section] if name.endswith(("_low", "_high"))}
    assert set(WRITTEN[section]) - ends <= explained
    assert explained - set(WRITTEN[section]) <= {"_low", "_high"}
