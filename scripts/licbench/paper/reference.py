"""Results compared with the reference results of the repository, cell by cell."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import pandas as pd
import yaml

from licbench.errors import PointsError, SettingsError
from licbench.files import write_csv, write_text
from licbench.measurement.rows import DATASET
from licbench.paper.claims import future

TOLERANCES = {"psnr_db": 0.001, "ms_ssim": 0.0001}
"""By column, one unit of the last digit: elsewhere a sum may round the other way. All other cells are exact."""
KEPT = {"claims.csv": ["claim", "verdict"]}
"""The columns kept of a table whose other columns the verdict sums up; of other tables, all."""
RELATED = ("weights", "rate_target_bpp", "codecs", "settings", "ablations", "table5", "contest", "figure5")
"""Keys of the config on which the tables depend; the folder names the dataset."""

CONTENDERS = {"table5", "contest"}
"""Keys of the config, and tables, whose rows name a codec; the first column of the table names the row."""


def compare(tables: Sequence[Path], config: Path, reference: Path) -> tuple[int, list[str]]:
    """Set tables, made with ``config``, against those in ``reference``: how many cells, and a line for each difference.

    Codecs that the reference results do not hold are left out, with their rows.

    Raises:
        PointsError: the dataset has no reference results, or they lack a table.
        SettingsError: the config is not the one that the reference results were made with.
    """
    if not (reference / "config.yaml").is_file():
        known = ", ".join(sorted(path.parent.name for path in reference.parent.glob("*/config.yaml"))) or "none"
        raise PointsError(
            f"dataset {reference.name} has no reference results (there are: {known}); compare one that has, "
            "or keep those of a run that you trust: snakemake keep_reference"
        )
    changed = changed_keys(reference / "config.yaml", config)
    if changed:
        raise SettingsError(
            f"the reference results belong to the default config, yours differs in {', '.join(changed)}; "
            "verify without that change, or keep those of a run that you trust: snakemake keep_reference"
        )
    further = _rows_of_further_codecs(reference / "config.yaml", config)
    if not set(future.CODECS) & _codecs_of(_related(reference / "config.yaml")):
        further["claims"] = {claim.claim for claim in future.future_claims()}
    pairs = [
        (table.name, _kept(reference / table.name), _kept(table, further.get(table.stem, set()))) for table in tables
    ]
    differences = [line for name, expected, got in pairs for line in _differences(name, expected, got)]
    return sum(expected.size for _, expected, _ in pairs), differences


def keep(tables: Sequence[Path], config: Path, versions: Path, reference: Path) -> None:
    """Make the tables of a run, with its config and versions, the reference results in that folder.

    Raises:
        PointsError: the folder cannot be written to.
    """
    try:
        reference.mkdir(parents=True, exist_ok=True)
        # Asks the file system too, which may be read-only for everyone
        with TemporaryFile(dir=reference):
            pass
    except OSError as error:
        reason = f"{error.strerror}; keep them in a copy of the project that is yours to change"
        raise PointsError(f"{reference} takes no reference results: {reason}") from error
    for table in tables:
        write_csv(reference / table.name, _kept(table))
    made_with = json.loads(versions.read_text())
    kept = {key: made_with[key] for key in ("packages", "sha256")}
    write_text(reference / versions.name, json.dumps(kept, indent=2) + "\n")
    write_text(reference / "config.yaml", yaml.safe_dump(_related(config), sort_keys=False))


def changed_keys(expected: Path, got: Path) -> list[str]:
    """Dotted names of the keys in which two configs differ, as far as results of the first one's codecs depend on them.

    A further codec in ``got``, with its blocks and its rows, changes nothing of the others.
    """
    reference = _related(expected)
    return list(_changed(reference, _among(_codecs_of(reference), _related(got))))


def changed_makers(versions: Path, reference: Path) -> list[str]:
    """Packages and models other than those the reference results were made with, a line each."""
    expected, got = (json.loads(path.read_text()) for path in (reference / "versions.json", versions))
    packages = [
        f"{name} is {found} here, the reference results were made with {expected['packages'][name]}"
        for name, found in got["packages"].items()
        if expected["packages"].get(name, found) != found
    ]
    models = [
        f"{file} is another model than the reference results were made with"
        for file, found in got["sha256"].items()
        if file.endswith(".safetensors") and expected["sha256"].get(file) != found
    ]
    return packages + models


def agree(column: str, expected: str, got: str) -> bool:
    """Whether two cells of a column are equal, or numbers within the column's tolerance."""
    if expected == got or column not in TOLERANCES:
        return expected == got
    try:
        distance, tolerance = abs(float(expected) - float(got)), TOLERANCES[column]
    except ValueError:
        return False
    # In binary, 24.547 and 24.548 are a little more than 0.001 apart
    return distance < tolerance or math.isclose(distance, tolerance, rel_tol=1e-6)


def _related(config: Path) -> dict[str, Any]:
    return {key: value for key, value in yaml.safe_load(config.read_text()).items() if key in RELATED}


def _codecs_of(config: Mapping[str, Any]) -> set[str]:
    return {*config.get("codecs", ()), *config.get("settings", ())}


def _among(codecs: set[str], config: Mapping[str, Any]) -> dict[str, Any]:
    """The config without what belongs to other codecs."""
    kept = dict(config)
    if "codecs" in kept:
        kept["codecs"] = [codec for codec in kept["codecs"] if codec in codecs]
    for part in {"settings", "ablations"} & set(kept):
        kept[part] = {codec: block for codec, block in kept[part].items() if codec in codecs}
    for table in CONTENDERS & set(kept):
        kept[table] = {name: row for name, row in kept[table].items() if row["codec"] in codecs}
    return kept


def _rows_of_further_codecs(expected: Path, got: Path) -> dict[str, set[str]]:
    """By table, the names of the rows of codecs that the reference results do not hold."""
    config = _related(got)
    kept = _among(_codecs_of(_related(expected)), config)
    return {table: set(config[table]) - set(kept[table]) for table in CONTENDERS & set(config)}


def _changed(expected: Any, got: Any, name: str = "") -> Iterator[str]:
    if not (isinstance(expected, Mapping) and isinstance(got, Mapping)):
        if expected != got:
            yield name
        return
    for key in dict.fromkeys([*expected, *got]):
        yield from _changed(expected.get(key), got.get(key), f"{name}.{key}" if name else str(key))


def _kept(path: Path, further: Collection[str] = ()) -> pd.DataFrame:
    """A table as written, every cell as text, without the columns that are not kept and the ``further`` rows."""
    if not path.is_file():
        raise PointsError(f"{path} is not there; make it with: snakemake, or keep it with: snakemake keep_reference")
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    # The folder names the dataset
    columns = KEPT.get(path.name, [column for column in table.columns if column != DATASET])
    absent = [column for column in columns if column not in table]
    if absent:
        raise PointsError(f"{path} lacks the columns {', '.join(absent)}; delete it and run again")
    return table.loc[~table[columns[0]].isin(further), columns]


def _differences(name: str, expected: pd.DataFrame, got: pd.DataFrame) -> Iterator[str]:
    if list(expected.columns) != list(got.columns):
        yield f"{name}: expected columns {', '.join(expected.columns)}, got {', '.join(got.columns)}"
        return
    if len(expected) != len(got):
        yield f"{name}: expected {len(expected)} rows, got {len(got)}"
        return
    for row in range(len(expected)):
        for column in expected.columns:
            left, right = str(expected[column].iloc[row]), str(got[column].iloc[row])
            if not agree(column, left, right):
                place = f"{name}, row {row + 1} ({expected.iat[row, 0]!s}), column {column}"
                yield f"{place}: expected {left or 'nothing'}, got {right or 'nothing'}"
