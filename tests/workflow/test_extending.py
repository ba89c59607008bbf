"""What docs/extending.md promises, done as it says: a codec and a dataset of one's own go through everything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
import yaml
from checkout import NOTHING_TO_DO, ROOT, Checkout, copy_project, save_pictures
from pictures import photo

from licbench.measurement.rows import digest, read_rows

PAGE = (ROOT / "docs" / "extending.md").read_text()
EXAMPLE = ROOT / "docs" / "examples" / "package" / "licbench_palette" / "palette.py"
PICTURE = photo(168, 176)
ASKED: dict[str, Any] = {
    "dataset": "mine",
    "mirror": "photos",
    "rate_target_bpp": 1.0,
    "codecs": ["jpeg", "palette"],
    "settings": {
        "jpeg": {"modes": ["420-optimised"], "quality": [5, 30]},
        "palette": {"plain": [2, 16], "dithered": [2, 16]},
    },
    "report": {"images": 1},
}
POINTS = 2 + 4
pytestmark = pytest.mark.long


def blocks(section: str) -> list[Any]:
    """The YAML that a section of the page shows."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def joined(config: dict[str, Any], block: dict[str, Any]) -> dict[str, Any]:
    """The config with a block put in where its keys say."""
    return config | {
        key: joined(config[key], value) if isinstance(value, dict) and key in config else value
        for key, value in block.items()
    }


def add_codec(project: Checkout) -> None:
    """The file and the block, as the page shows them."""
    shutil.copy(EXAMPLE, project.root / "scripts" / "licbench" / "codecs")
    path = project.root / "config.yaml"
    (block,) = blocks("Add a codec")
    path.write_text(yaml.safe_dump(joined(yaml.safe_load(path.read_text()), block), sort_keys=False))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout with the example's codec and a dataset with a manifest, and all that one run makes with them."""
    project = copy_project(tmp_path_factory.mktemp("extending") / "project")
    add_codec(project)
    save_pictures(project.root / "photos" / "mine", {"cat": PICTURE})
    added = project.python("scripts/manifest.py", "photos/mine", "mine", "--title", "My photographs")
    assert added.returncode == 0, added.output
    # A run whose results are kept as the dataset's reference
    done = project.snakemake("all", "keep_reference", settings=ASKED)
    assert done.returncode == 0, done.output
    return project


@pytest.fixture(scope="module")
def rows(project: Checkout) -> pd.DataFrame:
    return read_rows(project.root / "results" / "points" / "mine.csv")


def test_every_point_has_its_row_and_its_file(project: Checkout, rows: pd.DataFrame) -> None:
    assert len(rows) == POINTS and set(rows["dataset"]) == {"mine"}
    own = rows[rows["codec"] == "palette"].set_index("point")
    assert list(own.index) == ["plain-002", "plain-016", "dithered-002", "dithered-016"]
    folder = project.root / "results" / "streams" / "points" / "mine" / "palette" / "cat"
    for point, row in own.iterrows():
        file = folder / f"{point}.palette"
        with PIL.Image.open(file) as image:  # by another program's reading of the format
            pixels = np.asarray(image.convert("RGB"))
        assert file.stat().st_size == row["bytes"] and digest(pixels) == row["pixels_sha256"]
    assert own["sse"].nunique() == len(own)


def test_table5_figure6_and_report_show_it_in_one_colour(project: Checkout) -> None:
    table = pd.read_csv(project.root / "results" / "table5.csv").set_index("codec")
    assert sorted(table.index) == ["JPEG", "Palette"] and table.loc["Palette", "setting"] == "plain-002"
    assert table.loc["Palette"].filter(like="paper_").isna().all()
    drawn = pd.read_csv(project.root / "results" / "figure6.csv")
    assert set(drawn.loc[drawn["codec"] == "palette", "curve"]) == {"plain", "dithered"}
    report = project.root / "results" / "report"
    data = (report / "assets" / "curves-data.js").read_text()
    found = re.search(r'"palette/plain":\{[^}]*"colour":"(#\w+)"', data)
    assert found is not None and '"palette/dithered":{' in data
    index = (report / "index.html").read_text()
    assert f'style="background: {found[1]}"></span>Palette' in index
    assert [record.name for record in (report / "images" / "cat").glob("*palette.webp")]


def test_claims_are_judged_as_without_it(project: Checkout) -> None:
    claims = pd.read_csv(project.root / "results" / "claims.csv")
    assert len(claims) > 10 and not claims.astype(str).apply(
        lambda column: column.str.contains("palette", case=False)
    ).any(axis=None)


def test_its_files_are_encoded_and_decoded_by_hand(project: Checkout, rows: pd.DataFrame) -> None:
    out = project.root / "out"
    out.mkdir()
    stream, image = out / "cat.palette", out / "cat.png"
    made = project.python("scripts/encode.py", "palette", "photos/mine/cat.png", stream, "--colours", "16")
    assert made.returncode == 0, made.output
    row = rows[rows["point"] == "plain-016"].iloc[0]
    assert digest(stream.read_bytes()) == row["stream_sha256"]
    assert project.python("scripts/decode.py", stream, image).returncode == 0
    assert digest(np.asarray(PIL.Image.open(image))) == row["pixels_sha256"]


def test_the_run_is_verified_and_reproduced(project: Checkout) -> None:
    verified = project.snakemake("verify", settings=ASKED)
    assert verified.returncode == 0, verified.output
    assert f"{POINTS} rows agree with their files and decode to what was scored" in verified.output
    assert "REPRODUCED" in verified.output


def test_the_contract_s_tests_hold_for_the_example(project: Checkout) -> None:
    for part in ("tests", "tools"):
        shutil.copytree(ROOT / part, project.root / part, ignore=shutil.ignore_patterns("__pycache__"))
    tests = [f"tests/codecs/test_{name}.py" for name in ("codec_contract", "properties")]
    held = project.run(
        "env", "LICBENCH_CODECS=palette", "python", "-m", "pytest", "-vv", *tests, "-k", "palette", developer=True
    )
    assert held.returncode == 0, held.output
    passed = set(re.findall(r"::(\w+)\[[^\n]*palette[^\n]*\] PASSED", held.output))
    assert len(passed) >= 15 and {"test_more_bits_never_hurt", "test_the_best_point_resembles_the_picture"} <= passed
    fuzz = ["python", "-m", "fuzz", "--inputs", "300", "palette"]
    fuzzed = project.run(*fuzz, at=project.root / "tools", developer=True)
    assert fuzzed.returncode == 0, fuzzed.output


def test_a_codec_that_is_taken_out_reruns_nothing_of_the_others(project: Checkout) -> None:
    """Its file goes too; its block and its rows of Table 5 and the contest stay."""
    for codec in ("bpg", "jpeg2000"):
        (project.root / "scripts" / "licbench" / "codecs" / f"{codec}.py").unlink()
    planned = project.snakemake("-n", "results/table5.csv", "results/contest.csv", settings=ASKED)
    assert planned.returncode == 0 and NOTHING_TO_DO in planned.output, planned.output
    refused = project.snakemake("-n", settings={**ASKED, "codecs": ["jpeg", "bpg"]})
    assert refused.returncode == 1 and "unknown codec 'bpg' in codecs; choose from " in refused.output


def test_a_network_of_one_s_own_is_trained_by_its_module(project: Checkout, tmp_path: Path) -> None:
    own = copy_project(tmp_path / "project")
    module = own.root / "scripts" / "licbench" / "training" / "hyperprior.py"
    shutil.copy(module.with_name("srcnn.py"), module)
    path = own.root / "config.yaml"
    (block,) = blocks("Add a model, a recipe or a network")
    path.write_text(yaml.safe_dump(joined(yaml.safe_load(path.read_text()), block), sort_keys=False))
    planned = own.snakemake("-n", "-p", "results/models/mine.json", "--config", "weights=trained")
    assert planned.returncode == 0 and planned.values("train_model", "model") == {"mine"}, planned.output
    assert '"network": "hyperprior"' in planned.output and '"entropy": "full"' in planned.output
    assert "scripts/licbench/training/hyperprior.py" in planned.output
