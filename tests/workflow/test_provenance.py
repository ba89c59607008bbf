"""The commit in the provenance: recorded where there is one, explained where not, and no reason to run a job again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import NOTHING_TO_DO, Checkout, copy_project, save_pictures
from pictures import textured

from licbench.paper.reference import changed_makers

VERSIONS = "results/provenance/versions.json"
SETTINGS: dict[str, Any] = {
    "codecs": ["jpeg"],
    "dataset": "./photos",
    "settings": {"jpeg": {"modes": ["420-optimised"], "quality": [5]}},
}


@pytest.fixture
def project(tmp_path: Path) -> Checkout:
    project = copy_project(tmp_path / "checkout")
    save_pictures(project.root / "photos", {"one": textured(168, 176, seed=1)})
    return project


def git(project: Checkout, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    ended = subprocess.run(["git", *who, *arguments], cwd=project.root, capture_output=True, text=True, check=True)
    return ended.stdout.strip()


def committed(project: Checkout) -> str:
    git(project, "init", "--quiet")
    git(project, "add", *(path.name for path in project.root.iterdir() if path.name != "photos"))
    git(project, "commit", "--quiet", "--message", "first")
    return git(project, "rev-parse", "HEAD")


def recorded(project: Checkout, path: str = os.environ["PATH"], **environment: str) -> dict[str, Any]:
    """What the script writes about the code; started by itself."""
    rows, out = project.root / "rows.csv", project.root / "versions.json"
    rows.write_text("image\n")
    words = ["--config", "{}", "--weights", "workflow/resources/weights", "--rows", rows.name, "--out-config", "c.yaml"]
    subprocess.run(
        [sys.executable, "scripts/provenance.py", *words, "--out-versions", out.name],
        cwd=project.root, env=os.environ | {"PATH": path} | environment, check=True,
    )  # fmt: skip
    code: dict[str, Any] = json.loads(out.read_text())["code"]
    return code


def test_a_clean_checkout_names_its_commit_and_an_edited_one_says_so(project: Checkout, tmp_path: Path) -> None:
    commit = committed(project)
    clean = {"commit": commit, "changed": False, "reason": ""}
    # Neither photographs in the checkout nor a hook's variables count
    assert recorded(project) == clean == recorded(project, GIT_DIR=str(tmp_path / "nowhere"))
    added = project.root / "scripts" / "licbench" / "codecs" / "mine.py"
    added.touch()
    assert recorded(project) == clean | {"changed": True}
    added.unlink()
    with (project.root / "config.yaml").open("a") as config:
        config.write("# edited\n")
    assert recorded(project) == clean | {"changed": True}


def test_without_a_commit_the_record_says_why(project: Checkout, tmp_path: Path) -> None:
    none = {"commit": "", "changed": None}
    assert recorded(project, str(tmp_path)) == none | {"reason": "git cannot be started: No such file or directory"}
    unversioned = recorded(project)
    assert unversioned["commit"] == "" and unversioned["reason"].startswith("fatal: not a git repository")
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    assert recorded(project) == none | {"reason": "the project is a folder inside another repository"}
    shutil.rmtree(tmp_path / ".git")
    git(project, "init", "--quiet")
    assert recorded(project)["reason"].startswith("fatal: Needed a single revision")


def test_a_new_commit_reruns_nothing_and_is_not_compared(project: Checkout, tmp_path: Path) -> None:
    commit = committed(project)
    done = project.snakemake(VERSIONS, settings=SETTINGS)
    assert done.returncode == 0, done.output
    record = json.loads((project.root / VERSIONS).read_text())
    assert record["code"]["commit"] == commit
    git(project, "commit", "--quiet", "--allow-empty", "--message", "second")
    assert NOTHING_TO_DO in project.snakemake("-n", VERSIONS, settings=SETTINGS).output
    other = tmp_path / "versions.json"
    other.write_text(json.dumps(record | {"code": {"commit": "", "changed": None, "reason": "none"}}))
    assert changed_makers(project.root / VERSIONS, tmp_path) == [] == changed_makers(other, tmp_path)
