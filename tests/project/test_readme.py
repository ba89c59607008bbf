"""README and docs say what is so: the graph is the workflow's, rooms, scripts and links exist, tables have columns."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from licbench.paper.tables import TABLE5_COLUMNS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "workflow" / "report" / "guide.md"]
PLACES = {
    place
    for page in PAGES
    for place in re.findall(r"(?:scripts|workflow|tests|envs|profiles|docs)/[\w/.]*\w", page.read_text())
}


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


@pytest.mark.parametrize("path", sorted(PLACES))
def test_every_place_they_name_exists(path):
    assert (ROOT / path).exists() or path.endswith("/NAME.py")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_make_target_they_name_exists(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make (\w+)", page.read_text(), re.MULTILINE)) <= targets


def test_the_citation_names_the_version_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["version"] == project["version"]
    assert citation["preferred-citation"]["title"] in " ".join(README.replace("*", "").split())


def test_tables_have_the_columns_of_the_code():
    headers = re.findall(r"^ *codec +psnr_db.*$", README, re.MULTILINE)
    assert len(headers) == 2
    assert all(tuple(header.split()) == TABLE5_COLUMNS for header in headers)
