"""The environments: conda files name what the scripts of their rules import, in the versions of the pip locks."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from licbench.dependencies import closure
from licbench.training.registry import network_ids

ROOT = Path(__file__).parents[2]
ENVS = sorted((ROOT / "envs").glob("*.yaml"))
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow" / "rules").glob("*.smk")))
BLOCK = re.compile(r"^ *(?:rule|checkpoint|use rule (\w+) as) (\w+)(?: with)?:\n((?: +.*\n|\n)*)", re.MULTILINE)

PYTHON, NOT_PINNED = "3.11", {"pip"}
NOT_PYTHON = {"python", "pip", "openjpeg"}
ON_PYPI = {"pytorch": "torch", "pytorch-cpu": "torch", "matplotlib-base": "matplotlib"}
"""Packages that conda-forge calls otherwise."""
PACKAGE_OF = {
    "PIL": "pillow",
    "yaml": "pyyaml",
    "skimage": "scikit-image",
    "markdown_it": "markdown-it-py",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "pytorch_optimizer": "pytorch-optimizer",
}
"""Modules that are not called as their package."""
EXTRAS = ("modern", "metrics", "ffmpeg", "study")
"""What is outside the default run needs these besides run.lock."""
BY_NAME = {
    "scripts/licbench/codecs/registry.py": "scripts/licbench/codecs/*.py",
    "scripts/licbench/training/run.py": "scripts/licbench/training/*.py",
    "scripts/score.py": "scripts/licbench/metrics/*.py",
}
"""What a module imports by a computed name."""


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str = "run") -> dict[str, str]:
    lines = (ROOT / "envs" / f"{name}.lock").read_text().splitlines()
    return {normal(package): version for package, version in (line.split("==") for line in lines)}


def content(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text())
    return loaded


def pins(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Packages from conda-forge and from pip, with their versions; an empty one where there is none."""
    dependencies = content(path)["dependencies"]
    conda = [entry for entry in dependencies if isinstance(entry, str)]
    pip = [entry for block in dependencies if isinstance(block, dict) for entry in block["pip"]]
    split = [dict(entry.partition(mark)[::2] for entry in entries) for entries, mark in ((conda, "="), (pip, "=="))]
    return split[0], split[1]


def provided(path: Path) -> dict[str, str]:
    """What an environment holds, by the names of PyPI."""
    conda, pip = pins(path)
    named = {normal(ON_PYPI.get(name, name)): version for name, version in conda.items() if name not in NOT_PYTHON}
    return named | {normal(name): version for name, version in pip.items()}


def rules() -> dict[str, tuple[str, set[str]]]:
    """Each rule's environment and the scripts that it runs; what ``use rule`` leaves out comes from its parent."""
    found: dict[str, tuple[str, set[str]]] = {}
    for parent, name, body in BLOCK.findall(RULES):
        env, scripts = re.search(r"envs/(\w+\.yaml)", body), set(re.findall(r"scripts/\w+\.py", body))
        inherited = found.get(parent, ("", set[str]()))
        found[name] = (env[1] if env else inherited[0], scripts or inherited[1])
    return {name: (env, scripts) for name, (env, scripts) in found.items() if scripts}


def by_name(module: str) -> list[Path]:
    """What a module may import by a computed name; of the trainings those that are one."""
    found = ROOT.glob(BY_NAME.get(module, " "))
    return [path for path in found if path.parent.name != "training" or path.stem in network_ids()]


def imported(script: str) -> set[str]:
    """Packages that a script may import, also inside functions and by a computed name."""
    files = closure(ROOT, (script,))
    named = [str(path.relative_to(ROOT)) for module in files for path in by_name(module)]
    modules: set[str] = set()
    for file in closure(ROOT, (script, *named)):
        for node in ast.walk(ast.parse((ROOT / file).read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.split(".")[0])
    return {PACKAGE_OF.get(module, module) for module in modules - sys.stdlib_module_names - {"licbench"}}


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_conda_files_take_conda_forge_alone_and_exact_versions(path: Path) -> None:
    assert set(content(path)) == {"channels", "dependencies"}
    assert content(path)["channels"] == ["conda-forge", "nodefaults"]
    conda, pip = pins(path)
    assert conda["python"] == PYTHON
    assert [name for name, version in {**conda, **pip}.items() if not version and name not in NOT_PINNED] == []
    assert bool(pip) == ("pip" in conda)


@pytest.mark.parametrize("path", ENVS, ids=lambda path: path.stem)
def test_conda_and_pip_give_the_same_versions(path: Path) -> None:
    lock = locked() | {name: version for extra in EXTRAS for name, version in locked(extra).items()}
    assert {name: lock.get(name) for name in provided(path)} == provided(path)


def test_openjpeg_is_the_one_in_pillow() -> None:
    from PIL import features

    assert pins(ROOT / "envs" / "codecs.yaml")[0]["openjpeg"] == features.version("jpg_2000")


@pytest.mark.parametrize("name", sorted(rules()))
def test_a_rule_s_environment_holds_what_its_scripts_import(name: str) -> None:
    env, scripts = rules()[name]
    needed = {package for script in scripts for package in imported(script)}
    if "scripts/fetch.py" in scripts:
        definitions = yaml.safe_load((ROOT / "workflow" / "resources" / "datasets.yaml").read_text())
        needed |= {PACKAGE_OF[block["package"]] for block in definitions.values() if "package" in block}
    optional = {package for extra in EXTRAS for package in locked(extra)}
    assert needed - set(provided(ROOT / "envs" / env)) - optional == set()


def test_imports_by_a_computed_name_are_seen() -> None:
    assert {"av", "glymur", "constriction", "torch", "pillow"} <= imported("scripts/measure.py")
    assert {"torch", "tqdm"} <= imported("scripts/train.py")
    assert {"ssimulacra2", "imageio-ffmpeg"} <= imported("scripts/score.py")
    assert not {"torch", "av"} & imported("scripts/table5.py")


@pytest.mark.parametrize("name", ["run", "dev", *EXTRAS])
def test_what_is_asked_for_is_locked(name: str) -> None:
    lines = (ROOT / "envs" / f"{name}.in").read_text().splitlines()
    asked = {normal(re.split(r"[<>=]", line)[0]) for line in lines if line and not line.startswith("#")}
    assert asked <= locked(name).keys()
    assert not locked("run").keys() & locked("dev").keys()


@pytest.mark.parametrize("extra", EXTRAS)
def test_extras_are_tested_in_their_locked_versions_and_not_needed_to_run(extra: str) -> None:
    assert locked(extra).items() <= locked("dev").items()
    assert not locked(extra).keys() & locked("run").keys()
