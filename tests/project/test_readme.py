"""README and docs are true: places, links, targets and answers exist, tables have the columns of the code."""

import re
import subprocess
import tomllib
from pathlib import Path

import pandas as pd
import PIL.Image
import pytest
import yaml

from licbench.paper.fidelity import fidelity
from licbench.paper.tables import TABLE5_COLUMNS

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "workflow" / "report" / "guide.md"
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), GUIDE]
TEXT = {str(page.relative_to(ROOT)): page.read_text() for page in PAGES}
README, CONTRIBUTING = TEXT["README.md"], TEXT["CONTRIBUTING.md"]
CODE = re.compile(r"^ *```.*?^ *```|`[^`]+`", re.MULTILINE | re.DOTALL)
PLACES = {
    place
    for text in TEXT.values()
    for place in re.findall(r"(?:scripts|workflow|tests|tools|envs|profiles|docs)/[\w/.]*\w", text)
}


def anchors(page: Path) -> set[str]:
    """The names that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def section(text: str, title: str) -> str:
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


@pytest.mark.parametrize("path", sorted(PLACES))
def test_every_place_they_name_exists(path):
    assert (ROOT / path).exists() or path.endswith("/NAME.py")


@pytest.mark.parametrize("name", TEXT)
def test_every_link_leads_somewhere(name):
    page = ROOT / name
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", TEXT[name]):
        to = page.parent / target if target else page
        assert to.exists(), target
        assert not anchor or anchor in anchors(to), f"{target}#{anchor}"


@pytest.mark.parametrize("name", TEXT)
def test_every_make_target_they_name_exists(name):
    targets = set(re.findall(r"^([\w-]+)(?:[\w -]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^|`)make (\w[\w-]*)", TEXT[name], re.MULTILINE)) <= targets | bench_targets()


def bench_targets():
    return set(re.findall(r"\bbench-\w+", (ROOT / "Makefile").read_text()))


def test_make_alone_describes_every_target():
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    targets = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)[0].split()
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    described = dict(re.findall(r"^make (\S+) +(\S.*)$", shown, re.MULTILINE))
    assert sorted(described) == sorted(targets)


def test_the_readme_is_short_and_has_one_small_picture():
    assert len(README.splitlines()) <= 150
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert (ROOT / picture).stat().st_size < 200_000
    with PIL.Image.open(ROOT / picture) as image:
        assert image.width <= 1200


def test_the_citation_names_the_version_and_the_paper():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert citation["version"] == project["version"]
    assert citation["license"] == project["license"] == "BSD-3-Clause"
    assert citation["preferred-citation"]["title"] in " ".join(README.replace("*", "").split())


@pytest.mark.parametrize(("name", "tables"), [("README.md", 1), ("docs/results.md", 2)])
def test_tables_have_the_columns_of_the_code(name, tables):
    headers = re.findall(r"^ *codec +psnr_db.*$", TEXT[name], re.MULTILINE)
    assert len(headers) == tables
    assert all(tuple(header.split()) == TABLE5_COLUMNS for header in headers)


@pytest.mark.parametrize(("dataset", "at"), [("kodak", 1), ("embedded", 0)])
def test_the_results_shown_are_the_reference(dataset, at):
    table = (ROOT / "workflow" / "resources" / "reference" / dataset / "table5.csv").read_text().splitlines()
    expected = [[as_number(cell) for cell in line.split(",")] for line in table[1:]]
    blocks = re.findall(r"^```\n *codec +psnr_db.*\n((?:.+\n)+?)```", TEXT["docs/results.md"], re.MULTILINE)
    shown = [[as_number(cell) for cell in line.split()] for line in blocks[at].splitlines()]
    assert shown == expected
    assert dataset != "kodak" or blocks[at] in README


@pytest.mark.parametrize("anchor", ["BPG", "JPEG"])
def test_the_distances_shown_are_those_of_the_reference(anchor):
    """Where the reference results are made again, the lines that this expects go into docs/results.md."""
    reference = ROOT / "workflow" / "resources" / "reference"
    embedded, kodak = (
        fidelity(pd.read_csv(reference / name / "table5.csv"), [anchor]).set_index("codec")
        for name in ("embedded", "kodak")
    )
    expected = []
    for codec in embedded.index:
        cells = [codec]
        for quantity, digits in (("psnr_db_to_anchor", 2), ("ms_ssim_to_anchor", 3)):
            ours = [embedded[quantity][codec], kodak[quantity][codec]]
            cells += [f"{value:+.{digits}f}" for value in (*ours, embedded[f"paper_{quantity}"][codec])]
        expected.append(f"| {' | '.join(cells)} |")
    part = section(TEXT["docs/results.md"], "Distances between codecs")
    shown = part.split(f"| less {anchor} |", 1)[1].splitlines()[2:]
    assert shown[: len(expected)] == expected
    assert not shown[len(expected)].strip()


def as_number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def test_each_of_ten_questions_is_answered_by_one_path():
    answers = re.findall(r"^\| (.+\?) \| (.+) \|$", section(CONTRIBUTING, "Ten questions"), re.MULTILINE)
    assert len(answers) == 10
    for question, answer in answers:
        (path,) = re.findall(r"`([\w/]+/[\w/{}.]+)`", answer)
        found = list(ROOT.glob(re.sub(r"\{\w+\}", "*", path)))
        assert found, question
        for symbol in re.findall(r"\(`(\w+)`\)", answer):
            assert re.search(rf"^def {symbol}\(", found[0].read_text(), re.MULTILINE), question


def test_every_room_is_described():
    described = set(re.findall(r"`(\w+)/?`", " ".join(re.findall(r"^\|(.+?)\|", CONTRIBUTING, re.MULTILINE))))
    rooms = {path.stem for path in (ROOT / "scripts" / "licbench").iterdir() if not path.name.startswith("__")}
    assert rooms <= described


def test_the_glossary_has_the_words_of_the_field_once_each():
    terms = re.findall(r"^\| ([\w ,-]+) \| \S.+\|$", TEXT["docs/glossary.md"], re.MULTILINE)[1:]
    assert len(terms) >= 20 and len(set(terms)) == len(terms)


@pytest.mark.parametrize("name", [*TEXT, "workflow/report/claims.md", "workflow/report/tables.md"])
def test_one_word_for_one_thing(name):
    """The glossary's words, not those that they replaced; identifiers in code spans may differ."""
    prose = CODE.sub("", re.sub(r"!\[|\]\([^)]*\)", "", (ROOT / name).read_text()))
    replaced = r"\b(pictures?|beside|stands?|told|mend(?:s|ed)?|so many|called off|borne|contenders?)\b"
    assert re.findall(replaced, prose) == []
