"""Run times and versions, read from Snakemake's benchmark files and from the provenance record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from licbench.errors import PointsError


class Times(NamedTuple):
    """The jobs of one rule for one codec; times in seconds, memory in MB."""

    rule: str
    codec: str
    jobs: int
    total_s: float
    mean_s: float
    longest_s: float
    memory_mb: float


def run_times(benchmarks: Path, dataset: str) -> list[Times]:
    """Run times from the benchmark files ({rule}/{dataset}/{codec}/{batch}.tsv); empty where the dataset has none.

    Raises:
        PointsError: a file is no benchmark file of Snakemake.
    """
    found = []
    for folder in sorted(benchmarks.glob(f"*/{dataset}/*/")):
        files = sorted(folder.glob("*.tsv"))
        if files:
            table = pd.concat([_read(file) for file in files])
            seconds, memory = table["s"], table["max_rss"].max()
            rule, codec = folder.parents[1].name, folder.name
            found.append(Times(rule, codec, len(files), seconds.sum(), seconds.mean(), seconds.max(), memory))
    return found


def _read(path: Path) -> pd.DataFrame:
    try:
        # The last line is the newest; cells that Snakemake could not measure hold a dash or NA
        table = pd.read_csv(path, sep="\t", na_values=["-"]).tail(1)
        return table[["s", "max_rss"]].astype(float)
    except (ValueError, KeyError) as error:
        raise PointsError(f"{path}: no benchmark of Snakemake ({error}); delete it") from error


def versions(path: Path) -> dict[str, Any]:
    """The record of ``provenance.py``: code, python, machine, packages, sha256."""
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def code_version(record: Mapping[str, Any]) -> str:
    """The commit of a record of ``versions``, in a sentence; or why there is none."""
    code = record["code"]
    if not code["commit"]:
        return f"No commit is recorded: {code['reason']}."
    return f"Code of commit {code['commit']}, {'with uncommitted changes' if code['changed'] else 'without changes'}."


def codec_versions(rows: pd.DataFrame) -> list[dict[str, str]]:
    """Each codec's version with the libraries that decide its bytes, as its rows name them."""
    return rows[["codec", "codec_version"]].drop_duplicates().astype(str).to_dict("records")  # type: ignore[return-value]
