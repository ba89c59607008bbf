"""`pip install -e .`: one library, and the dependencies of envs/*.in."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD = """import sys
from setuptools import build_meta
print(build_meta.prepare_metadata_for_build_editable(sys.argv[1]))"""


@pytest.fixture(scope="module")
def info(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package's metadata, as pip asks the build backend for it; in a copy, as it leaves files."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("metadata")
    for name in ("scripts", "envs", "workflow"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__", "resources"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=source, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return out / done.stdout.splitlines()[-1]


def asked(name: str) -> set[str]:
    lines = (ROOT / "envs" / f"{name}.in").read_text().splitlines()
    return {normal(line) for line in lines if line and not line.startswith("#")}


def normal(requirement: str) -> str:
    name, bounds = re.match(r"([\w.-]+)(.*)", requirement.replace(" ", "")).groups()  # type: ignore[union-attr]
    return re.sub(r"[-_.]+", "-", name).lower() + ",".join(sorted(bounds.split(",")))


def test_dependencies_are_those_of_the_environments(info: Path) -> None:
    found = HeaderParser().parsestr((info / "METADATA").read_text()).get_all("Requires-Dist", [])
    assert {normal(line) for line in found if ";" not in line} == asked("run")
    for extra in ("dev", "modern", "metrics", "ffmpeg", "study"):
        assert {normal(line.partition(";")[0]) for line in found if f'extra == "{extra}"' in line} == asked(extra)


def test_the_library_alone_is_installed_with_its_licence(info: Path) -> None:
    assert (info / "top_level.txt").read_text().split() == ["licbench"]
    assert list(info.rglob("LICENSE"))
