"""The profiles for clusters, on a real Slurm: the same bytes as a local run, also when a job is killed.

Skipped where sinfo does not answer. Where the nodes are other machines, pytest needs --basetemp on a file system that
they see.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from checkout import TINY_SETTINGS, Checkout, Outcome, copy_project, offline_environment


def why_not() -> str:
    """Why there is no Slurm to test with; empty if there is."""
    if shutil.which("sinfo") is None:
        return "no Slurm here: sinfo is not installed"
    asked = subprocess.run(["sinfo", "--noheader"], capture_output=True, text=True, timeout=60, check=False)
    said = (asked.stderr.strip() or "no partition").splitlines()[-1]
    return "" if asked.returncode == 0 and asked.stdout.strip() else f"Slurm does not answer: {said}"


pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

TABLE = "results/table5.csv"
SETTINGS = {**TINY_SETTINGS, "dataset": "./photos"}
QUICK = ("--slurm-init-seconds-before-status-checks", "3", "--latency-wait", "15")
LONGEST_S = 1800
"""Queue and all; a run that takes longer is interrupted, and the test fails."""
SUBMITTED = re.compile(r"with SLURM jobid (\d+)|external jobid '(\d+)'")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a local run leaves."""
    project = copy_project(tmp_path_factory.mktemp("slurm") / "local")
    add_photos(project)
    done = project.snakemake(TABLE, settings=SETTINGS)
    assert done.returncode == 0, done.output
    return measured(project)


@pytest.mark.parametrize(("profile", "options"), [("slurm", QUICK), ("generic", ("--latency-wait", "15"))])
def test_jobs_of_a_cluster_give_the_same_bytes(
    tmp_path: Path, expected: dict[str, bytes], profile: str, options: Sequence[str]
) -> None:
    project = copy_project(tmp_path / "project")
    add_photos(project)
    done = submit(project, profile, options)
    assert done.returncode == 0, done.output
    assert SUBMITTED.search(done.output)
    # Downloads and tables run here, encodes do not
    assert re.search(r"^localrule make_table5:", done.output, re.MULTILINE)
    assert not re.search(r"^localrule measure_image:", done.output, re.MULTILINE)
    assert measured(project) == expected


def test_a_cancelled_job_is_sent_again(tmp_path: Path, expected: dict[str, bytes]) -> None:
    project = copy_project(tmp_path / "project")
    add_photos(project)
    done = submit(project, "slurm", QUICK, cancel_first=True)
    assert done.returncode == 0, done.output
    assert "Trying to restart job" in done.output
    assert len(set(SUBMITTED.findall(done.output))) == 2
    assert measured(project) == expected


def add_photos(project: Checkout) -> None:
    import PIL.Image
    from pictures import textured

    (project.root / "photos").mkdir()
    PIL.Image.fromarray(textured(40, 50)).save(project.root / "photos" / "one.png")


def submit(project: Checkout, profile: str, options: Sequence[str], cancel_first: bool = False) -> Outcome:
    """Run Table 5 with a profile; optionally cancel the first job as soon as it is submitted."""
    words = project.command(TABLE, "--workflow-profile", f"profiles/{profile}", *options, settings=SETTINGS)
    words = [word for number, word in enumerate(words) if "--cores" not in words[max(0, number - 1) : number + 1]]
    started, lines = time.monotonic(), list[str]()
    with subprocess.Popen(
        words, cwd=project.root, env=offline_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        # An interrupt cancels what was submitted, too
        limit = threading.Timer(LONGEST_S, process.send_signal, [signal.SIGINT])
        limit.start()
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            job = SUBMITTED.search(line)
            if job and cancel_first:
                subprocess.run(["scancel", job[1]], check=True)
                cancel_first = False
        limit.cancel()
    return Outcome(process.returncode, "".join(lines), time.monotonic() - started)


def measured(project: Checkout) -> dict[str, bytes]:
    """Images, rows, streams and the table."""
    parts = {"data", "points", "streams", "table5.csv"}
    names = [name for name in project.files() if name.split("/")[1] in parts]
    # The dataset's id holds a hash of its folder
    return {re.sub(r"folder-photos-\w+", "photos", name): content(project.root / name) for name in names}


def content(path: Path) -> bytes:
    return re.sub(rb"folder-photos-\w+", b"photos", path.read_bytes())
