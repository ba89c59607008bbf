"""Record what results were made with: the config in force, the commit, package versions, hashes of models and rows."""

import argparse
import json
import os
import platform
import subprocess
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import yaml

from licbench.cli import run
from licbench.files import sha256_of, write_text
from licbench.locations import PROJECT, known_as

CODE = ("Snakefile", "config.yaml", "pyproject.toml", "envs", "profiles", "scripts", "workflow")
"""Parts of the project that decide results."""


def main() -> None:
    """Parse the command line and write both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, type=json.loads, help="the config in force, as JSON")
    parser.add_argument("--weights", required=True, type=Path, help="folder of the models in use")
    parser.add_argument("--rows", required=True, nargs="+", type=Path, help="the dataset's rows")
    parser.add_argument("--out-config", required=True, type=Path)
    parser.add_argument("--out-versions", required=True, type=Path)
    options = parser.parse_args()
    files = [*options.rows, *sorted(options.weights.glob("*.safetensors"))]
    record = {
        "code": state_of_code(PROJECT),
        "python": platform.python_version(),
        "machine": platform.platform(),
        "packages": {package.name: package.version for package in sorted(distributions(), key=lambda item: item.name)},
        "sha256": {known_as(path): sha256_of(path) for path in files},
    }
    write_text(options.out_config, yaml.safe_dump(options.config, sort_keys=False))
    write_text(options.out_versions, json.dumps(record, indent=2) + "\n")


def state_of_code(project: Path) -> dict[str, Any]:
    """The git commit of the project's folder, and whether what decides results differs from it.

    Returns:
        ``commit``; ``changed``: True where a file of ``CODE`` was edited, removed or added since; ``reason``: why there
        is no commit, with ``commit`` empty and ``changed`` None, else empty.
    """
    try:
        if Path(_git(project, "rev-parse", "--show-toplevel")).resolve() != project.resolve():
            raise _NoCommitError("the project is a folder inside another repository")
        commit = _git(project, "rev-parse", "--verify", "HEAD")
        changed = bool(_git(project, "status", "--porcelain", "--", *CODE))
    except _NoCommitError as error:
        return {"commit": "", "changed": None, "reason": str(error)}
    return {"commit": commit, "changed": changed, "reason": ""}


class _NoCommitError(Exception):
    """Git names no commit; the message says why."""


def _git(project: Path, *arguments: str) -> str:
    # A hook's GIT_DIR names another repository; without optional locks a shared checkout may be read-only
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment = kept | {"GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C"}
    try:
        ended = subprocess.run(
            ["git", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise _NoCommitError(f"git cannot be started: {error.strerror}") from error
    if ended.returncode != 0:
        raise _NoCommitError((ended.stderr.strip().splitlines() or ["git failed"])[0])
    return ended.stdout.strip()


if __name__ == "__main__":
    run(main)
