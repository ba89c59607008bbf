"""A copy of the project for a test to run, edit and break, and Snakemake in it as a user starts it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import yaml
from warm_start import run_python

ROOT = Path(__file__).parents[2]
RUN_ONLY = Path(__file__).parent / "run_only"
PARTS = ("Snakefile", "config.yaml", "pyproject.toml", "envs", "profiles", "scripts", "workflow")
JOB = re.compile(r"^(?:local)?(?:rule|checkpoint) (\w+):\n((?: +.*\n)*)", re.MULTILINE)
NOTHING_TO_DO = "Nothing to be done"

TINY_SETTINGS: Mapping[str, Any] = {
    "codecs": ["jpeg", "jpeg2000"],
    "settings": {
        "jpeg": {"modes": ["420-optimised"], "quality": [5, 20]},
        "jpeg2000": {"bpp": [0.3, 1.0], "reversible_bpp": []},
    },
}
"""Two fast codecs with two points each."""

AS_A_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
"""What a command starts with so that rights bind it, also where the tests run as root."""


@dataclass(frozen=True)
class Job:
    """One job that Snakemake announced."""

    rule: str
    wildcards: Mapping[str, str]


@dataclass(frozen=True)
class Outcome:
    """What a command gave back; ``output`` is stdout and stderr as they came."""

    returncode: int
    output: str
    seconds: float

    @cached_property
    def jobs(self) -> list[Job]:
        """The jobs that Snakemake announced, planned or run."""
        return [Job(rule, _wildcards(block)) for rule, block in JOB.findall(self.output)]

    @property
    def counts(self) -> Counter[str]:
        return Counter(job.rule for job in self.jobs)

    def values(self, rule: str, wildcard: str) -> set[str]:
        """What a wildcard stands for in the jobs of a rule."""
        return {job.wildcards[wildcard] for job in self.jobs if job.rule == rule}


@dataclass
class Checkout:
    """The copied project; a user's working directory."""

    root: Path
    _settings: int = field(default=0, init=False)

    def run(
        self, *command: str | Path, at: Path | None = None, developer: bool = False, timeout: float = 300
    ) -> Outcome:
        """A command in the project's folder, or at another, in the environment of a user or of a ``developer``."""
        started = time.monotonic()
        words, folder = [str(word) for word in command], at or self.root
        if words[0] == sys.executable and words[1] != "-c" and not developer:
            ended = run_python(words[1:], folder, offline_environment(), timeout, merged=True)
        else:
            ended = subprocess.run(
                words,
                cwd=folder,
                env=offline_environment(developer),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
            )
        return Outcome(ended.returncode, ended.stdout, time.monotonic() - started)

    def python(self, *arguments: str | Path) -> Outcome:
        return self.run(sys.executable, *arguments)

    def snakemake(self, *arguments: str, settings: Mapping[str, Any] | None = None, timeout: float = 300) -> Outcome:
        """Snakemake with two cores, and with ``settings`` as a ``--configfile`` over config.yaml."""
        return self.run(*self.command(*arguments, settings=settings), timeout=timeout)

    def command(self, *arguments: str, settings: Mapping[str, Any] | None = None) -> list[str]:
        """The command line that ``snakemake`` runs."""
        words = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        if settings is not None:
            self._settings += 1
            path = self.root / f"settings-{self._settings}.yaml"
            path.write_text(yaml.safe_dump(dict(settings)))
            words += ["--configfile", path.name]
        return words

    def add_dataset(self, name: str, definition: Mapping[str, Any]) -> None:
        """One more block in datasets.yaml."""
        path = self.root / "workflow" / "resources" / "datasets.yaml"
        path.write_text(f"{path.read_text()}\n{yaml.safe_dump({name: dict(definition)})}")

    def files(self, folder: str = "results") -> list[str]:
        """Every file below a folder, hidden ones too, without Snakemake's own marks."""
        found = (path for path in (self.root / folder).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.root)) for path in found if path.name != ".snakemake_timestamp")


def copy_project(to: Path) -> Checkout:
    """The project without results and environment; with what Python compiled, so that no test waits for it again."""
    to.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ROOT / part).is_dir():
            shutil.copytree(ROOT / part, to / part, ignore=shutil.ignore_patterns(".*", "*.pyc.*"))
        else:
            shutil.copy2(ROOT / part, to / part)
    return Checkout(to)


def save_pictures(folder: Path, pictures: Mapping[str, np.ndarray]) -> list[Path]:
    """Write pictures as {name}.png."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}.png" for name in pictures]
    for path, picture in zip(paths, pictures.values(), strict=True):
        PIL.Image.fromarray(picture).save(path)
    return paths


def offline_environment(developer: bool = False) -> dict[str, str]:
    """This process's environment with a proxy that nobody answers: a download fails at once.

    This interpreter's programs come first. Unless for a ``developer``, nothing outside envs/run.lock can be imported.
    """
    nobody = "http://127.0.0.1:9"
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    proxies = {f"{scheme}_proxy": nobody for scheme in ("http", "https", "all")}
    kept = {
        name: value
        for name, value in os.environ.items()
        if not (name.lower().endswith("_proxy") or name.startswith(("SNAKEMAKE_", "PYTHON")))
    }
    if not developer:
        kept |= {"PYTHONPATH": str(RUN_ONLY), "NOT_IN_RUN_LOCK": ",".join(modules_outside_run_lock())}
    return {**kept, **proxies, "PATH": path}


@cache
def modules_outside_run_lock() -> list[str]:
    """Top-level modules of the packages here that are neither in envs/run.lock nor in every virtual environment.

    An editable install lists the bench itself, too.
    """
    names = [line.split("==")[0] for line in (ROOT / "envs" / "run.lock").read_text().splitlines()]
    held = {_normal(name) for name in [*names, "licbench", "pip", "setuptools"]}
    found = packages_distributions().items()
    return sorted(module for module, packages in found if held.isdisjoint(map(_normal, packages)))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Nobody may write in a folder for as long as the block lasts; root only where ``AS_A_USER`` starts the command."""
    places = [folder, *folder.rglob("*")]
    modes = {place: place.stat().st_mode for place in places if not place.is_symlink()}
    for place, mode in modes.items():
        place.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for place, mode in modes.items():
            place.chmod(mode)


def complaints(output: str) -> list[str]:
    """The lines with which our scripts gave up, each once."""
    return list(dict.fromkeys(line for line in output.splitlines() if line.startswith("error: ")))


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def _wildcards(block: str) -> dict[str, str]:
    found = re.search(r"^ +wildcards: (.*)$", block, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in found[1].split(", ")) if found else {}
