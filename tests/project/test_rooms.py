"""The staircase of rooms: a module imports from rooms below its own, never from one above."""

import ast
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "scripts" / "licbench"
FOUNDATIONS = ("errors", "files", "yaml_files", "locations", "schemas", "dependencies", "plugins", "cli")
ROOMS = (
    "images", "networks", "metrics", "datasets", "coding", "codecs", "measurement", "evaluation", "training", "paper",
    "report", "study",
)  # fmt: skip
ON_TOP = ("config", "planning")
"""The checked config knows codecs and datasets, the plan of a run the config; scripts and rules alone know both."""
STAIRS = {name: step for step, name in enumerate((*FOUNDATIONS, *ROOMS, *ON_TOP))}
MODULES = sorted(LIBRARY.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(LIBRARY).parts[0].removesuffix(".py")


def rooms_imported(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "licbench":
            _, _, inside = node.module.partition(".")
            found |= {inside.partition(".")[0]} if inside else {alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("licbench.")}
    return found


def test_every_room_has_its_step():
    assert {room_of(path) for path in MODULES} - {"__init__"} == set(STAIRS)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_go_down_the_stairs(path):
    room = room_of(path)
    above = {name for name in rooms_imported(path.read_text()) if STAIRS[name] > STAIRS.get(room, -1)}
    assert not above, f"{room} imports from {', '.join(sorted(above))}, which stands above it; move what both need down"


def test_an_import_against_the_stairs_is_seen():
    assert rooms_imported("from licbench.paper.claims import register\nimport licbench.report.site") == {
        "paper",
        "report",
    }
    assert rooms_imported("from licbench import config, files") == {"config", "files"}
