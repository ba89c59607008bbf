"""Packages as pip leaves them, without pip: their modules and the folder that describes them, on a path of a test."""

from __future__ import annotations

import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from licbench.codecs import registry
from licbench.datasets import catalogue
from licbench.plugins import plugins


def describe_package(site: Path, name: str, version: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    """The dist-info folder of a package: its name, its version and its entry points by group."""
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {target}" for name, target in points.items()))
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")


def install_folder(package: Path, site: Path) -> None:
    """What ``pip install --target SITE PACKAGE`` makes of a folder with pyproject.toml and packages beside it."""
    project = tomllib.loads((package / "pyproject.toml").read_text())
    for name in project["tool"]["setuptools"]["packages"]:
        shutil.copytree(package / name, site / name, ignore=shutil.ignore_patterns("__pycache__"))
    about = project["project"]
    describe_package(site, about["name"], about["version"], about["entry-points"])


@contextmanager
def importable(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process with the packages of a folder, and afterwards without them."""
    caches = (plugins, registry.codec_class, catalogue._defined, catalogue._definitions)
    with monkeypatch.context() as patched:
        patched.syspath_prepend(str(site))
        for cached in caches:
            cached.cache_clear()
        try:
            yield
        finally:
            for cached in caches:
                cached.cache_clear()
            for name, module in list(sys.modules.items()):
                if str(getattr(module, "__file__", None) or "").startswith(f"{site}/"):
                    del sys.modules[name]
