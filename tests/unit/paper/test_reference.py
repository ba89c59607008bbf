"""Reference results: what counts as the same, what is said of the rest, and whether they are those of this version."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
import yaml

from licbench.errors import PointsError, SettingsError
from licbench.locations import REFERENCE
from licbench.paper.claims.future import future_claims
from licbench.paper.reference import TOLERANCES, agree, changed_keys, changed_makers, compare, keep

ROOT = Path(__file__).parents[3]
TABLE5 = "codec,psnr_db,ms_ssim,bpp,setting\nJPEG,24.547,0.8418,0.1334,q05\nGAN,25.882,,0.1452,gan-s3\n"
CLAIMS = "claim,unit,measured,verdict\nthe order holds,dB,1.234,holds\n"
CONFIG = {"dataset": "set", "mirror": "", "settings": {"jpeg": {"quality": [5, 20]}}, "training": {"threads": 2}}
VERSIONS = {"packages": {"numpy": "2.0", "av": "18.1"}, "sha256": {"w/gan.safetensors": "00", "rows.csv": "11"}}
KEPT = sorted(REFERENCE.glob("*/config.yaml"))


class Run:
    """A run's tables, config and versions, and the reference results of its dataset, which at first are the same."""

    def __init__(self, folder: Path) -> None:
        self.tables = [folder / "results" / "table5.csv", folder / "results" / "claims.csv"]
        self.config, self.versions = folder / "results" / "config.yaml", folder / "results" / "versions.json"
        self.reference = folder / "reference" / "set"
        self.config.parent.mkdir()
        for table, text in zip(self.tables, (TABLE5, CLAIMS), strict=True):
            table.write_text(text)
        self.configure({})
        self.versions.write_text(json.dumps(VERSIONS))
        keep(self.tables, self.config, self.versions, self.reference)

    def configure(self, change: dict[str, object]) -> None:
        self.config.write_text(yaml.safe_dump(CONFIG | change))

    def edit(self, old: str, new: str, table: int = 0) -> None:
        text = self.tables[table].read_text()
        assert old in text
        self.tables[table].write_text(text.replace(old, new))

    def compare(self) -> tuple[int, list[str]]:
        return compare(self.tables, self.config, self.reference)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def test_the_same_run_is_reproduced(run: Run) -> None:
    assert run.compare() == (2 * 5 + 2, [])


@pytest.mark.parametrize(
    ("old", "new", "difference"),
    [
        ("24.547", "24.549", "row 1 (JPEG), column psnr_db: expected 24.547, got 24.549"),
        ("0.8418", "0.8438", "row 1 (JPEG), column ms_ssim: expected 0.8418, got 0.8438"),
        ("0.1452", "0.1453", "row 2 (GAN), column bpp: expected 0.1452, got 0.1453"),
        ("gan-s3", "gan-s2", "row 2 (GAN), column setting: expected gan-s3, got gan-s2"),
        ("25.882,,", "25.882,0.9,", "row 2 (GAN), column ms_ssim: expected nothing, got 0.9"),
        ("24.547", "nan", "row 1 (JPEG), column psnr_db: expected 24.547, got nan"),
    ],
)
def test_one_changed_cell_is_named(run: Run, old: str, new: str, difference: str) -> None:
    run.edit(old, new)
    assert run.compare()[1] == [f"table5.csv, {difference}"]


def test_other_rows_and_columns_are_told(run: Run) -> None:
    run.edit("GAN,25.882,,0.1452,gan-s3\n", "")
    run.edit("verdict", "judgement", table=1)
    with pytest.raises(PointsError, match=r"claims\.csv lacks the columns verdict"):
        run.compare()
    run.edit("judgement", "verdict", table=1)
    assert run.compare()[1] == ["table5.csv: expected 2 rows, got 1"]
    run.edit("psnr_db", "snr_db")
    assert run.compare()[1] == [
        "table5.csv: expected columns codec, psnr_db, ms_ssim, bpp, setting, "
        "got codec, snr_db, ms_ssim, bpp, setting"
    ]  # fmt: skip


def test_of_the_claims_the_verdicts_count(run: Run) -> None:
    run.edit("1.234", "1.235", table=1)
    assert run.compare()[1] == []
    run.edit(",holds", ",does not hold", table=1)
    assert run.compare()[1] == [
        "claims.csv, row 1 (the order holds), column verdict: expected holds, got does not hold"
    ]


@pytest.mark.parametrize("column", TOLERANCES)
def test_a_unit_of_the_last_digit_is_tolerated_and_no_more(column: str) -> None:
    last = TOLERANCES[column]
    digits = len(f"{last:g}") - 2
    for step in range(1000):
        value = 0.8 + step * last
        assert agree(column, f"{value:.{digits}f}", f"{value + last:.{digits}f}")
        assert not agree(column, f"{value:.{digits}f}", f"{value + 2 * last:.{digits}f}")


def test_numbers_of_other_columns_are_exact() -> None:
    assert not agree("bpp", "0.15", "0.1500001")
    assert not agree("paper_psnr_db", "30.85", "30.851")


def test_a_dataset_without_reference_results(run: Run) -> None:
    with pytest.raises(
        PointsError, match=r"other has no reference results \(there are: set\).*snakemake keep_reference$"
    ):
        compare(run.tables, run.config, run.reference.with_name("other"))


def test_another_config_is_told_before_any_cell(run: Run) -> None:
    run.edit("24.547", "20.000")
    run.configure({"settings": {"jpeg": {"quality": [5]}}, "codecs": ["jpeg"]})
    with pytest.raises(SettingsError, match=r"belong to the default config, yours differs in .*; verify without that"):
        run.compare()
    assert set(changed_keys(run.reference / "config.yaml", run.config)) == {"settings.jpeg.quality", "codecs"}


def test_where_files_lie_and_how_models_would_be_trained_does_not_count(run: Run) -> None:
    run.configure({"mirror": "elsewhere", "training": {"threads": 8}})
    assert run.compare()[1] == []
    assert "mirror" not in (run.reference / "config.yaml").read_text()


def test_a_further_codec_with_its_rows_changes_nothing(run: Run) -> None:
    rows = {"JPEG": {"codec": "jpeg"}, "GAN": {"codec": "gan"}}
    known = {"codecs": ["jpeg", "gan"], "settings": {"jpeg": {"quality": [5]}, "gan": {}}, "table5": rows}
    run.configure(known)
    keep(run.tables, run.config, run.versions, run.reference)
    settings = {**known["settings"], "mine": {"step": 1}}
    mine = {"codecs": ["mine", "jpeg", "gan"], "settings": settings, "table5": {"Mine": {"codec": "mine"}, **rows}}
    run.configure({**known, **mine})
    run.edit("JPEG,", "Mine,30,0.9,0.14,s1\nJPEG,")
    assert run.compare() == (2 * 5 + 2, [])
    run.edit("24.547", "24.549")
    assert run.compare()[1] == ["table5.csv, row 1 (JPEG), column psnr_db: expected 24.547, got 24.549"]
    # A row that names a known codec is a difference, as is a codec that is gone
    run.configure({**known, "table5": {"Mine": {"codec": "gan"}, **rows}})
    assert changed_keys(run.reference / "config.yaml", run.config) == ["table5.Mine"]
    run.configure({**known, "codecs": ["jpeg"]})
    assert changed_keys(run.reference / "config.yaml", run.config) == ["codecs"]


def test_expectations_of_further_codecs_are_left_out(run: Run) -> None:
    """Lines of claims.csv that only a run with the codecs of the future work has."""
    expected = future_claims()[0].claim
    run.edit("the order holds", f"{expected},%,1,holds\nthe order holds", table=1)
    assert run.compare() == (2 * 5 + 2, [])
    run.edit("1.234,holds", "1.234,does not hold", table=1)
    assert len(run.compare()[1]) == 1
    # Where the reference results have such a codec, its lines count
    run.configure({"codecs": ["jpeg", "gan_switch"]})
    keep(run.tables, run.config, run.versions, run.reference)
    run.edit(f"{expected},%,1,holds", f"{expected},%,1,does not hold", table=1)
    assert len(run.compare()[1]) == 1


def test_a_table_that_was_not_kept(run: Run) -> None:
    (run.reference / "table5.csv").unlink()
    with pytest.raises(PointsError, match=r"table5\.csv is not there; .*snakemake keep_reference$"):
        run.compare()


def test_other_packages_and_models_are_named(run: Run) -> None:
    assert changed_makers(run.versions, run.reference) == []
    sha256 = {"w/gan.safetensors": "ff", "rows.csv": "22"}
    run.versions.write_text(json.dumps({"packages": VERSIONS["packages"] | {"av": "19"}, "sha256": sha256}))
    assert changed_makers(run.versions, run.reference) == [
        "av is 19 here, the reference results were made with 18.1",
        "w/gan.safetensors is another model than the reference results were made with",
    ]


def test_the_default_dataset_is_kept() -> None:
    assert yaml.safe_load((ROOT / "config.yaml").read_text())["dataset"] in {path.parent.name for path in KEPT}


@pytest.mark.parametrize("config", KEPT, ids=lambda path: path.parent.name)
def test_reference_results_belong_to_this_version(config: Path) -> None:
    """Failing here means: a setting or a model changed; make the reference results again (make reference)."""
    assert changed_keys(config, ROOT / "config.yaml") == []
    made_with = json.loads((config.parent / "versions.json").read_text())["sha256"]
    shipped = {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (ROOT / "workflow" / "resources" / "weights").glob("*.safetensors")
    }
    # Weights of one's own may lie beside them
    assert {item for item in made_with.items() if item[0].endswith(".safetensors")} <= shipped.items()


def test_the_dataset_is_kept_by_the_folder_alone(tmp_path):
    table = pd.DataFrame({"dataset": ["kodak"], "codec": ["JPEG"], "bpp": [0.14]})
    run, reference = tmp_path / "table5.csv", tmp_path / "reference" / "kodak"
    table.to_csv(run, index=False)
    (tmp_path / "config.yaml").write_text("codecs: [jpeg]\n")
    (tmp_path / "versions.json").write_text('{"packages": {}, "sha256": {}}')
    keep([run], tmp_path / "config.yaml", tmp_path / "versions.json", reference)
    assert (reference / "table5.csv").read_text().splitlines()[0] == "codec,bpp"
    assert compare([run], tmp_path / "config.yaml", reference) == (2, [])
