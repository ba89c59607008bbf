"""What a run survives: killed, short of disk, without rights, its pictures changed under it, twice at once.

python tests/faults.py                 every fault; 20 kills at random moments
python tests/faults.py --trials 3 disk kills

Each fault is followed by the commands that the messages name, and then the results must be byte for byte those of a
run that nobody disturbed. Needs root for the full disk and the read-only folder (mounts); without, these are skipped.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from checkout import Checkout, copy_project, offline_environment, save_pictures
from pictures import textured

TABLE = "results/table5.csv"
SETTINGS: dict[str, Any] = {
    "dataset": "./photos",
    "codecs": ["jpeg", "bpg"],
    "settings": {
        "jpeg": {"modes": ["420-optimised"], "quality": [5, 20]},
        "bpg": {"chroma": ["420"], "qp": [34, 42]},
    },
}
DISK_KIB = 100
"""Room of the small disk: less than the pictures of a run take."""
UNLOCK, RERUN = "--unlock", "--rerun-incomplete"


def fresh(folder: Path) -> Checkout:
    """A project with two small pictures and nothing measured."""
    project = copy_project(folder)
    save_pictures(project.root / "photos", {name: textured(90, 110, seed) for seed, name in enumerate(("one", "two"))})
    return project


def start(project: Checkout) -> subprocess.Popen[str]:
    """A run as a user starts it, in a process group of its own."""
    return subprocess.Popen(
        project.command(TABLE, settings=SETTINGS),
        cwd=project.root,
        env=offline_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def results(project: Checkout) -> dict[str, str]:
    """Hashes of what a run makes; logs and benchmarks hold times. The folder's path is part of the dataset's id."""
    found = [name for name in project.files() if not name.startswith(("results/logs/", "results/benchmarks/"))]
    return {name: hashlib.sha256((project.root / name).read_bytes()).hexdigest() for name in found}


def recovered(project: Checkout) -> tuple[str, list[str]]:
    """Run again, with what the messages ask for; the outcome, and the messages."""
    said: list[str] = []
    for _ in range(3):
        done = project.snakemake(TABLE, settings=SETTINGS, timeout=1800)
        if done.returncode == 0:
            return "recovered", said
        if UNLOCK in done.output:
            said.append(next(line.strip() for line in done.output.splitlines() if UNLOCK in line))
            project.snakemake(UNLOCK, settings=SETTINGS)
        elif RERUN in done.output:
            said.append(next(line.strip() for line in done.output.splitlines() if RERUN in line))
            project.snakemake(TABLE, RERUN, settings=SETTINGS)
        else:
            return "NOT RECOVERED: " + done.output[-600:], said
    return "NOT RECOVERED", said


def verdict(project: Checkout, expected: dict[str, str]) -> str:
    """``ok`` if the project recovers to the expected bytes."""
    outcome, said = recovered(project)
    if outcome != "recovered":
        return outcome
    found = results(project)
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    return f"OTHER BYTES: {wrong[:4]}" if wrong else f"ok{' after ' + UNLOCK if said else ''}"


def jobs_of(run: subprocess.Popen[str]) -> list[psutil.Process]:
    """The scripts that a run has started."""
    try:
        below = psutil.Process(run.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []
    found = []
    for process in below:
        try:
            if any(word.startswith("scripts/") for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_for_orphans(processes: list[psutil.Process]) -> None:
    """Jobs outlive a killed Snakemake, and end by themselves."""
    psutil.wait_procs(processes, timeout=300)


def kill_snakemake(project: Checkout, moment: float) -> str:
    run = start(project)
    time.sleep(moment)
    jobs = jobs_of(run)
    run.send_signal(signal.SIGKILL)
    run.wait()
    wait_for_orphans(jobs)
    return f"snakemake killed after {moment:.1f} s, {len(jobs)} jobs left behind"


def kill_job(project: Checkout, moment: float) -> str:
    run = start(project)
    until, jobs = time.monotonic() + moment, []
    while run.poll() is None and (time.monotonic() < until or not jobs):
        jobs = jobs_of(run)
        time.sleep(0.01)
    for job in jobs[:1]:
        job.kill()
    output, _ = run.communicate(timeout=1800)
    named = "rule" in output and run.returncode == 1
    return f"job killed: {'the run fails and names it' if named else f'exit status {run.returncode}'}"


def trials(folder: Path, expected: dict[str, str], count: int, length: float) -> Iterator[tuple[str, str]]:
    """Every second trial kills Snakemake, the others one job."""
    rng = random.Random(2018)
    for trial in range(count):
        # The same folder each time: its path is in the dataset's id.
        shutil.rmtree(folder, ignore_errors=True)
        project = fresh(folder)
        kill = (kill_snakemake, kill_job)[trial % 2]
        what = kill(project, rng.uniform(0.3 * length, length))
        yield what, verdict(project, expected)


@contextmanager
def mounted(*options: str) -> Iterator[None]:
    target = options[-1]
    subprocess.run(["mount", *options], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", target], check=True)


def disk_full(project: Checkout, expected: dict[str, str]) -> tuple[str, str]:
    """results/ on a disk that fills up; afterwards its content is on a larger one."""
    room = project.root / "results"
    room.mkdir()
    with mounted("-t", "tmpfs", "-o", f"size={DISK_KIB}k", "tmpfs", str(room)):
        full = project.snakemake(TABLE, settings=SETTINGS, timeout=1800)
        shutil.copytree(room, project.root / "kept", symlinks=True)
    room.rmdir()
    (project.root / "kept").rename(room)
    said = next((line for line in full.output.splitlines() if "No space left" in line), "NO WORD OF THE DISK")
    return f"exit status {full.returncode}; {said.strip()[:160]}", verdict(project, expected)


def read_only(project: Checkout, expected: dict[str, str]) -> tuple[str, str]:
    room = project.root / "results"
    room.mkdir()
    with mounted("-t", "tmpfs", "-o", "ro", "tmpfs", str(room)):
        refused = project.snakemake(TABLE, settings=SETTINGS, timeout=1800)
    said = next((line for line in refused.output.splitlines() if "Read-only" in line), "NO WORD OF THE FOLDER")
    return f"exit status {refused.returncode}; {said.strip()[:160]}", verdict(project, expected)


def replaced_picture(project: Checkout, expected: dict[str, str]) -> tuple[str, str]:
    """Another picture under the same name while the first is measured; afterwards the old one again."""
    path = project.root / "photos" / "one.png"
    before = path.read_bytes()
    run = start(project)
    while run.poll() is None and not any("scripts/measure.py" in job.cmdline() for job in jobs_of(run)):
        time.sleep(0.01)
    save_pictures(path.parent, {"one": textured(90, 110, 77)})
    run.communicate(timeout=1800)
    planned = project.snakemake("-n", TABLE, settings=SETTINGS)
    noticed = "one" in planned.values("fetch_image", "image") or planned.counts["measure_image"] > 0
    path.write_bytes(before)
    return f"the next run {'measures it again' if noticed else 'DOES NOT NOTICE'}", verdict(project, expected)


def two_runs(project: Checkout, expected: dict[str, str]) -> tuple[str, str]:
    first = start(project)
    while first.poll() is None and not any((project.root / ".snakemake" / "locks").glob("*")):
        time.sleep(0.01)
    second = project.snakemake(TABLE, settings=SETTINGS)
    first.communicate(timeout=1800)
    locked = second.returncode == 1 and "Directory cannot be locked" in second.output
    said = "is refused: Directory cannot be locked" if locked else f"ENDS WITH {second.returncode}"
    return f"the second {said}; the first ends with {first.returncode}", verdict(project, expected)


FAULTS: dict[str, Callable[[Checkout, dict[str, str]], tuple[str, str]]] = {
    "disk": disk_full,
    "read-only": read_only,
    "replaced": replaced_picture,
    "two-runs": two_runs,
}
MOUNTS = ("disk", "read-only")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", choices=[*FAULTS, "kills", []], help="which (default: all)")
    parser.add_argument("--trials", type=int, default=20, help="kills")
    options = parser.parse_args()
    chosen = options.faults or [*FAULTS, "kills"]
    failures = 0

    def report(name: str, what: str, end: str) -> None:
        nonlocal failures
        failures += not end.startswith("ok")
        print(f"| {name} | {what} | {end} |", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "project"
        project, started = fresh(place), time.monotonic()
        undisturbed = project.snakemake(TABLE, settings=SETTINGS, timeout=1800)
        assert undisturbed.returncode == 0, undisturbed.output
        length, expected = time.monotonic() - started, results(project)
        print(f"| fault | what happened | afterwards (undisturbed: {len(expected)} files) |\n|---|---|---|", flush=True)
        for name in (name for name in FAULTS if name in chosen):
            if name in MOUNTS and os.geteuid() != 0:
                print(f"| {name} | skipped: mounting takes root | |")
                continue
            shutil.rmtree(place)
            report(name, *FAULTS[name](fresh(place), expected))
        if "kills" in chosen:
            for what, end in trials(place, expected, options.trials, length):
                report("kill", what, end)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
