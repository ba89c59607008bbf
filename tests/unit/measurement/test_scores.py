"""Scores are of the stored streams, and of nothing else."""

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import photo

from licbench.errors import ContractError, PointsError, SettingsError
from licbench.files import write_csv
from licbench.images.files import read_rgb, write_png
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows
from licbench.measurement.scores import COLUMNS, collect_scores, read_scores, write_scores
from licbench.measurement.scoring import score, score_rows
from licbench.metrics.base import Metric, Undefined

SCRIPTS = Path(__file__).parents[3] / "scripts"
SETTINGS = {"modes": ["420-optimised"], "quality": [10, 60]}
SIDES = {"large": (40, 50), "small": (20, 24)}


class Error(Metric):
    """Mean absolute error; undefined for small images."""

    id, title, higher_is_better, bounds = "error", "MAE", False, (0.0, 255.0)

    def version(self):
        return "error 1"

    def score(self, original, reconstruction):
        if min(original.shape[:2]) < 32:
            return Undefined("a side is under 32 pixels")
        return float(np.abs(original.astype(float) - reconstruction).mean())


class Answer(Error):
    """Whatever a test wants."""

    def score(self, original, reconstruction):
        if isinstance(self.settings["answer"], Exception):
            raise self.settings["answer"]
        return self.settings["answer"]


@pytest.fixture
def run(tmp_path):
    """A measured run: its folder, with rows, streams and originals as the workflow puts them."""
    for image, sides in SIDES.items():
        write_png(tmp_path / "data" / f"{image}.png", photo(*sides))
        places = {"streams": tmp_path / "streams/set/jpeg" / image, "rows": tmp_path / "points/jpeg" / f"{image}.csv"}
        measure_images(
            {image: tmp_path / "data" / f"{image}.png"}, ("set", "jpeg"), SETTINGS, weights=tmp_path, **places
        )
    write_csv(tmp_path / "points.csv", read_rows(*sorted((tmp_path / "points/jpeg").glob("*.csv"))))
    return tmp_path


def scored(run, metric, rows=None):
    rows = read_rows(run / "points.csv") if rows is None else rows
    originals = {image: run / "data" / f"{image}.png" for image in SIDES}
    return list(
        score_rows(rows.to_dict("records"), metric, originals, streams=run / "streams", weights=run / "no models")
    )


def test_each_stream_is_decoded_and_scored(run):
    found = scored(run, Error({}))
    assert [(one.image, one.point) for one in found] == [
        (image, f"420-optimised-q{quality}") for image in SIDES for quality in (10, 60)
    ]
    from PIL import Image

    original = read_rgb(run / "data/large.png").astype(float)
    for one in found[:2]:
        decoded = np.asarray(Image.open(run / "streams/set/jpeg/large" / f"{one.point}.jpg"))
        assert one.value == pytest.approx(np.abs(original - decoded).mean(), abs=1e-6) and one.reason == ""
    assert [(one.value, one.reason) for one in found[2:]] == [(None, "a side is under 32 pixels")] * 2


def test_a_stream_that_is_not_the_row_s_is_not_scored(run):
    rows = read_rows(run / "points.csv")
    with pytest.raises(PointsError, match="decodes to another image than was scored"):
        scored(run, Error({}), rows.assign(pixels_sha256="0" * 16))
    (run / "streams/set/jpeg/large/420-optimised-q10.jpg").write_bytes(b"other")
    with pytest.raises(PointsError, match=r"q10\.jpg is not the file that was measured"):
        scored(run, Error({}))


@pytest.mark.parametrize("answer", [math.nan, math.inf, -1.0, 256.0, "3", None, True, Undefined("")])
def test_a_metric_that_breaks_its_contract_is_named(answer):
    with pytest.raises(ContractError, match="metric error gives"):
        score(Answer({"answer": answer}), photo(8, 8), photo(8, 8))


def test_a_missing_package_says_what_to_install(monkeypatch):
    metric = Answer({"answer": ImportError("No module named 'x'", name="x")})
    monkeypatch.setattr("licbench.metrics.registry.metric_class", lambda _: type("Kind", (), {"requires": "x==1"}))
    with pytest.raises(SettingsError, match="metric error needs x, which is missing; run: pip install x==1"):
        score(metric, photo(8, 8), photo(8, 8))


def collected(run):
    for image in SIDES:
        rows = read_rows(run / "points.csv")
        write_scores(scored(run, Error({}), rows[rows["image"] == image]), run / "scores/jpeg" / f"{image}.csv")
    return run / "scores"


def test_batches_are_collected_in_the_order_of_the_rows(run):
    folder = collected(run)
    table = collect_scores(folder, run / "points.csv")
    assert tuple(table.columns) == COLUMNS == ("dataset", "codec", "image", "point", "value", "reason")
    assert table["image"].tolist() == ["large", "large", "small", "small"]
    assert table["value"].isna().tolist() == [False, False, True, True]
    assert table["reason"].tolist() == ["", "", *["a side is under 32 pixels"] * 2]
    write_csv(run / "all.csv", table)
    assert read_scores(run / "all.csv").equals(table)


def test_a_missing_score_and_a_damaged_file_are_named(run):
    file = collected(run) / "jpeg/large.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join(lines[:-1]) + "\n")
    with pytest.raises(PointsError, match="set/jpeg/large/420-optimised-q60 has no score, or two"):
        collect_scores(run / "scores", run / "points.csv")
    file.write_text("\n".join([*lines, lines[-1]]) + "\n")
    with pytest.raises(PointsError, match="has no score, or two"):
        collect_scores(run / "scores", run / "points.csv")
    file.write_text("\n".join([lines[0], "set,jpeg,large,420-optimised-q10,,"]) + "\n")
    with pytest.raises(PointsError, match="each line needs a score or the reason why not"):
        read_scores(file)


def test_the_script_writes_scores_and_gives_up_in_one_line(run):
    pytest.importorskip("ssimulacra2", reason="needs the extra in envs/metrics.lock")

    def script(weights):
        return subprocess.run(
            [sys.executable, SCRIPTS / "score.py", "ssimulacra2", run / "points/jpeg/large.csv", "--originals",
             run / "data/large.png", "--streams", weights, "--weights", run, "--out", run / "out.csv"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    failed = script(run / "nowhere")
    assert failed.returncode == 1 and failed.stderr.startswith("error: ") and len(failed.stderr.splitlines()) == 1
    assert not (run / "out.csv").exists()
    assert script(run / "streams").returncode == 0
    assert (read_scores(run / "out.csv")["value"] < 100).all()
