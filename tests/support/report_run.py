"""A small run for the report: two codecs on two images, measured for real, and the report written from it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
from pictures import photo, textured
from synthetic_rows import synthetic_rows

from licbench.evaluation.bd_rates import compare, read_table
from licbench.images.files import write_png
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows, with_dataset
from licbench.paper.allocated import table5_allocated
from licbench.paper.claims.judging import COLUMNS as CLAIM_COLUMNS
from licbench.paper.claims.verdicts import FAILS, HOLDS, OPEN
from licbench.paper.fidelity import fidelity
from licbench.paper.protocol import audit_protocol
from licbench.paper.tables import contest, table5
from licbench.report.operating import operating_rows
from licbench.report.reconstructions import save_reconstructions
from licbench.report.site import BDRATE, ReportInputs, write_report

ROOT = Path(__file__).parents[2]
TEMPLATES = ROOT / "workflow" / "report"
PAPER = ROOT / "workflow" / "resources" / "paper"
DATASET = "two"
CODECS = {
    "jpeg": {"modes": ["420-optimised"], "quality": [5, 20, 60]},
    "jpeg2000": {"bpp": [0.3, 1.0], "reversible_bpp": []},
}
CONTENDERS = {"JPEG": {"codec": "jpeg", "curve": "420-optimised"}, "JPEG 2000": {"codec": "jpeg2000"}}
SETTINGS = {
    "dataset": DATASET,
    "rate_target_bpp": 0.5,
    "threshold_scan": {"qp": 35, "threshold_db": 33.0},
    "table5": CONTENDERS,
    "published_curves": [],
    "without_bdrate": "",
}
PICTURES = {"first": photo(180, 220), "second#2": textured(200, 170)}
LOG = "step,loss,psnr_valid\n10,9.0,\n20,7.5,25.5\n30,7.0,\n40,6.5,26.25\n"
CARD = {
    "name": "tiny",
    "network": "cae",
    "steps": 40,
    "seconds": 6,
    "device": "cpu, x86_64",
    "recipe": {"batch": 2, "scale": [1.0, 4.0]},
    "final_losses": {"loss": 6.5},
}
RULES = "flowchart TB\n\tid0[all]\n\tid1[report]\n\tid2[measure_image]\n\tid1 --> id0\n\tid2 --> id1\n\tid2 --> id0\n"
VERSIONS = {
    "code": {"commit": "c0ffee" * 6 + "c0de", "changed": True, "reason": ""},
    "python": "3.11.7",
    "machine": "Linux",
    "packages": {"numpy": "2.4.6"},
    "sha256": {"rows.csv": "0" * 64},
}


def measured(folder: Path) -> Path:
    """Rows, streams and tables below {folder}/results, as the workflow leaves them; returns that folder."""
    results = folder / "results"
    for image, picture in PICTURES.items():
        original = results / "data" / DATASET / f"{image}.png"
        original.parent.mkdir(parents=True, exist_ok=True)
        write_png(original, picture)
        for codec, settings in CODECS.items():
            rows = results / "points" / DATASET / codec / f"{image}.csv"
            streams = results / "streams" / "points" / DATASET / codec / image
            places = {"weights": folder, "streams": streams, "rows": rows}
            measure_images({image: original}, (DATASET, codec), settings, **places)
    rows = read_rows(*sorted((results / "points" / DATASET).glob("*/*.csv")))
    rows.to_csv(results / "points" / f"{DATASET}.csv", index=False)
    _write_tables(results, rows)
    _write_records(results)
    return results


def run_of(results: Path) -> ReportInputs:
    """The run in that folder, its reconstructions decoded first."""
    rows = read_rows(results / "points" / f"{DATASET}.csv")
    made = [path for path in sorted(results.glob("*.csv")) if path.stem not in BDRATE and "_points" not in path.stem]
    tables = {path.stem: pd.read_csv(path) for path in made}
    folders = []
    for image in PICTURES:
        own = operating_rows(rows[rows["image"] == image], CONTENDERS, tables["table5"])
        folders.append(results / "reconstructions" / DATASET / image)
        places = {"streams": results / "streams" / "points", "weights": results}
        save_reconstructions(results / "data" / DATASET / f"{image}.png", own, folders[-1], **places, side=200)
    return ReportInputs(
        settings=SETTINGS,
        tables=tables,
        rows=rows,
        published=pd.read_csv(PAPER / "figure6.csv"),
        cards=[results / "models" / "tiny.json"],
        reconstructions=folders,
        figures=[results / "figure6.png"],
        names={image: f"{image} in fact.png" for image in PICTURES},
        bdrate=(read_table(results / "bdrate.csv"), read_table(results / "bdrate_over_quality.csv")),
        results=results,
    )


def reported(folder: Path) -> Path:
    """The report of a small run; returns the folder of its pages."""
    results = measured(folder)
    write_report(run_of(results), TEMPLATES, results / "report")
    return results / "report"


def _write_tables(results: Path, rows: pd.DataFrame) -> None:
    for number in range(1, 5):
        paper = pd.read_csv(PAPER / f"table{number}.csv").rename(
            columns={name: f"paper_{name}" for name in ("psnr_db", "ms_ssim", "bpp")}
        )
        blank = dict.fromkeys(["psnr_db", "ms_ssim", "bpp", "undertrained"]) | {"setting": "not measured"}
        paper.assign(**blank).to_csv(results / f"table{number}.csv", index=False)
    target = SETTINGS["rate_target_bpp"]
    table5(rows, pd.read_csv(PAPER / "table5.csv"), CONTENDERS, target).to_csv(results / "table5.csv", index=False)
    board = pd.read_csv(PAPER / "clic2018_leaderboard.csv")
    contest(rows, board, {"JPEG": CONTENDERS["JPEG"]}, target).to_csv(results / "contest.csv", index=False)
    write_further_tables(results, rows)
    claims = [_claim(HOLDS, 1.5, f"results/points/{DATASET}.csv"), _claim(FAILS, -2.0, "results/table2.csv")]
    anchors = [("jpeg", "420-optimised"), ("bpg", "420")]
    for name, table in zip(BDRATE, compare(curves_with_moments(), anchors), strict=True):
        with_dataset(table, rows).to_csv(results / f"{name}.csv", index=False)
    pd.DataFrame([*claims, _claim(OPEN, None, "results/table1.csv")]).to_csv(results / "claims.csv", index=False)


def write_further_tables(results: Path, rows: pd.DataFrame) -> None:
    """Those of the page that the config may ask for."""
    target = SETTINGS["rate_target_bpp"]
    audit_protocol(rows, CONTENDERS, target).to_csv(results / "protocol.csv", index=False)
    table, points = table5_allocated(rows, CONTENDERS, target)
    table.to_csv(results / "table5_allocated.csv", index=False)
    points.to_csv(results / "table5_allocated_points.csv", index=False)
    fidelity(pd.read_csv(results / "table5.csv")).to_csv(results / "fidelity.csv", index=False)


def curves_with_moments() -> pd.DataFrame:
    """Rows of two codecs with more points than are measured here, their errors spread evenly over R, G and B."""
    rows = synthetic_rows().query("codec in ('jpeg', 'bpg')")
    return rows.assign(sse_rr=rows["sse"] // 3, sse_gg=rows["sse"] // 3, sse_bb=rows["sse"] - 2 * (rows["sse"] // 3))


def _claim(verdict: str, measured: float | None, evidence: str) -> dict[str, object]:
    blank = dict.fromkeys(CLAIM_COLUMNS, "words") | {
        "published": 0.5, "reason": None, "verdict_of_these_models": FAILS if verdict == OPEN else None,
    }  # fmt: skip
    ends = {"low": None if measured is None else measured - 1, "high": None if measured is None else measured + 1}
    return blank | ends | {"claim": f"A claim that {verdict}", "measured": measured, "verdict": verdict} | {
        "unit": "dB", "evidence": evidence,
    }  # fmt: skip


def _write_records(results: Path) -> None:
    texts = {
        "models/tiny.json": json.dumps(CARD),
        "models/tiny.csv": LOG,
        "provenance/config.yaml": "dataset: two\n",
        "provenance/versions.json": json.dumps(VERSIONS),
        "provenance/rulegraph.mmd": RULES,
        f"benchmarks/measure_image/{DATASET}/jpeg/first.tsv": "s\th:m:s\tmax_rss\n2.0\t0:00:02\t100.0\n",
        f"benchmarks/measure_image/{DATASET}/jpeg/second#2.tsv": "s\tmax_rss\n9\t-\n4.0\t120.0\n",
    }
    for name, text in texts.items():
        (results / name).parent.mkdir(parents=True, exist_ok=True)
        (results / name).write_text(text)
    write_png(results / "figure6.png", textured(60, 90))
