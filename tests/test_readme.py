"""The README says what is so: its graph is the workflow's, its rooms and scripts exist, its tables have the columns."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from licbench.tables import TABLE5_COLUMNS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_graph_is_the_workflows():
    shown = re.search(r"```mermaid\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    command = [sys.executable, "-m", "snakemake", "--config", "weights=trained", "--rulegraph", "mermaid-js"]
    drawn = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert edges(shown[1]) == edges(drawn) != set()


def edges(graph: str) -> set[tuple[str, str]]:
    """Arrows between rules, by their names; colours and numbering may differ."""
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)", graph, re.MULTILINE))
    return {(names[a], names[b]) for a, b in re.findall(r"^\s*(id\d+) --> (id\d+)", graph, re.MULTILINE)}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"(?:scripts|workflow|tests|envs|profiles)/[\w/.]*\w", README))))
def test_every_place_it_names_exists(path):
    assert (ROOT / path).exists() or path.endswith("codecs/mine.py")


def test_every_make_target_it_names_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make (\w+)", README, re.MULTILINE)) <= targets


def test_tables_have_the_columns_of_the_code():
    headers = re.findall(r"^ *codec +psnr_db.*$", README, re.MULTILINE)
    assert len(headers) == 2
    assert all(tuple(header.split()) == TABLE5_COLUMNS for header in headers)
