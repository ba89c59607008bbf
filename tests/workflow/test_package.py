"""The package that docs/extending.md shows, as installed: its codec is one like the project's own."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from checkout import ROOT, Checkout, Outcome, save_pictures
from packages import importable, install_folder
from pictures import photo

from licbench.codecs import registry
from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.dependencies import closure
from licbench.images.files import read_rgb
from licbench.locations import SHIPPED
from licbench.measurement import contract
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows
from licbench.networks.store import ModelStore

PACKAGE = ROOT / "docs" / "examples" / "package"
PICTURE = photo(40, 30)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Where the package is installed."""
    install_folder(PACKAGE, tmp_path / "site")
    return tmp_path / "site"


def with_package(site: Path, *command: str | Path) -> Outcome:
    path = os.pathsep.join([str(site), str(ROOT / "tests" / "support" / "run_only")])
    return Checkout(site.parent).run("env", f"PYTHONPATH={path}", *command)


def test_encode_and_decode_know_it(site: Path) -> None:
    save_pictures(site.parent, {"cat": PICTURE})
    helped = with_package(site, sys.executable, ROOT / "scripts" / "encode.py", "--help")
    assert helped.returncode == 0 and re.search(r"^ +palette +PNG with a palette", helped.output, re.MULTILINE)
    stream = site.parent / "cat.palette"
    made = with_package(
        site, sys.executable, ROOT / "scripts" / "encode.py", "palette", "cat.png", stream, "--colours", "8"
    )
    assert made.returncode == 0, made.output
    read = with_package(site, sys.executable, ROOT / "scripts" / "decode.py", stream, "out.png")
    assert read.returncode == 0, read.output
    assert len(np.unique(read_rgb(site.parent / "out.png").reshape(-1, 3), axis=0)) == 8


def test_its_rows_name_the_package(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_pictures(tmp_path, {"cat": PICTURE})
    with importable(site, monkeypatch):
        places = {"weights": SHIPPED, "streams": tmp_path / "streams" / "cat", "rows": tmp_path / "rows.csv"}
        block = {"plain": [2, 16], "dithered": []}
        measure_images({"cat": tmp_path / "cat.png"}, ("set", "palette"), block, **places)
        version = contract.version(codec_class("palette")(ModelStore(SHIPPED)))
    rows = read_rows(tmp_path / "rows.csv")
    assert list(rows["point"]) == ["plain-002", "plain-016"] and set(rows["codec_version"]) == {version}
    assert version.endswith(", licbench-palette 1.0")


def test_an_edit_of_the_package_measures_anew(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with importable(site, monkeypatch):
        found = closure(ROOT, ("scripts/measure.py", *registry.sources("palette")))
    own = {str(site / "licbench_palette" / name) for name in ("__init__.py", "palette.py")}
    assert own <= set(found) and "scripts/licbench/images/limits.py" in found
    assert not [file for file in found if file.startswith("/") and file not in own]


def test_the_workflow_plans_with_it(site: Path) -> None:
    save_pictures(site.parent / "photos", {"cat": PICTURE})
    (site.parent / "mine.yaml").write_text(
        "{dataset: ./photos, codecs: [palette], settings: {palette: {plain: [2], dithered: []}},"
        " table5: {Palette: {codec: palette}}}"
    )
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--configfile", "mine.yaml"]
    planned = with_package(site, *command, "-n", "results/table5.csv")
    assert planned.returncode == 0, planned.output
    assert planned.values("measure_image", "codec") == {"palette"} and str(site / "licbench_palette") in planned.output


def test_its_samples_are_right(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Against the reading of PNG that images go through."""
    with importable(site, monkeypatch):
        codec = codec_class("palette")(ModelStore(SHIPPED))
        stream = codec.encode(PICTURE, OperatingPoint("x", "x", {"colours": 16, "dither": True}))
        (site.parent / "stream.png").write_bytes(stream)
        assert np.array_equal(codec.decode(stream), read_rgb(site.parent / "stream.png"))
