"""The targets verify and reference: the last word of a run, and what it says of a damaged one."""

from __future__ import annotations

from pathlib import Path

import pytest
from checkout import TINY_SETTINGS, Checkout, Outcome, complaints, copy_project, save_pictures
from pictures import textured

SETTINGS = {**TINY_SETTINGS, "dataset": "./photos"}
LOG = "results/logs/verify.log"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Everything measured and kept as reference results."""
    project = copy_project(tmp_path_factory.mktemp("verify") / "project")
    save_pictures(project.root / "photos", {"a": textured(170, 180, seed=1)})
    kept = project.snakemake("keep_reference", settings=SETTINGS)
    assert kept.returncode == 0, kept.output
    return project


def verify(project: Checkout) -> Outcome:
    return project.snakemake("verify", settings=SETTINGS)


def test_a_run_is_reproduced_and_the_word_is_last(project: Checkout) -> None:
    done = verify(project)
    assert done.returncode == 0, done.output
    assert done.counts == {"verify": 1}
    lines = (project.root / LOG).read_text().splitlines()
    assert lines[-1] == "REPRODUCED"
    assert lines[-2].endswith("tables agree with the reference results of " + dataset(project))
    assert any(line.endswith("decode to what was scored") for line in lines)


def test_the_rule_graph_is_drawn_the_same_every_time(project: Checkout) -> None:
    graph = "results/provenance/rulegraph.mmd"
    drawn = set()
    for _ in range(2):
        done = project.snakemake(graph, "--forcerun", "record_rule_graph", settings=SETTINGS)
        assert done.returncode == 0, done.output
        drawn.add((project.root / graph).read_text())
    assert len(drawn) == 1


def test_a_flipped_digit_is_found(project: Checkout) -> None:
    table = project.root / "results" / "table5.csv"
    text = table.read_text()
    header, first = text.splitlines()
    cells = first.split(",")
    bpp = header.split(",").index("bpp")
    flipped = cells[bpp][:-1] + str((int(cells[bpp][-1]) + 1) % 10)
    table.write_text(f"{header}\n{','.join([*cells[:bpp], flipped, *cells[bpp + 1 :]])}\n")
    try:
        done = verify(project)
        assert done.returncode == 1
        assert f"table5.csv, row 1 (JPEG), column bpp: expected {cells[bpp]}, got {flipped}" in done.output
        assert len(complaints(done.output)) == 1
        assert complaints(done.output)[0].startswith("error: not reproduced: 1 of ")
        assert "REPRODUCED" not in done.output
    finally:
        table.write_text(text)


def test_a_damaged_stream_is_found_and_the_tables_are_compared_all_the_same(project: Checkout) -> None:
    stream = next((project.root / "results" / "streams" / "points").rglob("*.jpg"))
    content = stream.read_bytes()
    stream.write_bytes(content[:-3] + b"abc")
    try:
        done = verify(project)
        assert done.returncode == 1
        (complaint,) = complaints(done.output)
        assert complaint.startswith("error: not reproduced: 1 of 4 streams fail (")
        assert stream.name in complaint and "is not the file that was measured" in complaint
        assert "tables agree with the reference results" in done.output
        assert "REPRODUCED" not in done.output
    finally:
        stream.write_bytes(content)


def test_another_sweep_has_other_reference_results(project: Checkout) -> None:
    settings = {"jpeg": {"modes": ["420-optimised"], "quality": [5]}, "jpeg2000": SETTINGS["settings"]["jpeg2000"]}
    done = project.snakemake("verify", settings=SETTINGS | {"settings": settings})
    assert done.returncode == 1
    (complaint,) = complaints(done.output)
    assert "belong to the default config, yours differs in settings.jpeg.quality;" in complaint


def test_a_dataset_without_reference_results(project: Checkout) -> None:
    save_pictures(project.root / "others", {"b": textured(30, 40, seed=2)})
    done = project.snakemake("verify", settings=SETTINGS | {"dataset": "./others"})
    assert done.returncode == 1
    (complaint,) = complaints(done.output)
    assert "has no reference results (there are: " in complaint and complaint.endswith("snakemake keep_reference")


def dataset(project: Checkout) -> str:
    (rows,) = (path for path in (project.root / "results" / "points").glob("*.csv") if "photos" in Path(path).name)
    return rows.stem
