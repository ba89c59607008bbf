"""What a run survives: killed, short of disk, without rights, its images changed under it, twice at once.

python tools/faults.py                 every fault; 20 kills at random moments
python tools/faults.py --trials 3 disk kills

Kills hit Snakemake, one of its jobs, and a training in turn. Each fault is followed by the commands that the messages
name, and then the results must be byte for byte those of a run that nobody disturbed. Needs root for the full disk and
the read-only folder (mounts); without, these are skipped.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

sys.path.extend(str(Path(__file__).parents[1] / place) for place in ("scripts", "tests/support", "tests/workflow"))

from checkout import Checkout, copy_project, offline_environment, save_pictures
from pictures import textured
from test_training import STEPS, checkout_with_training_set, keep_every_step
from test_training import settings as training_settings

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
"""Room of the small disk: less than the images of a run take."""
UNLOCK, RERUN = "--unlock", "--rerun-incomplete"
TIMED = ("results/logs/", "results/benchmarks/", "results/checkpoints/")
"""What holds times; so do models' cards, under ``seconds``."""


def fresh(folder: Path) -> Checkout:
    """A project with two small images and nothing measured."""
    project = copy_project(folder)
    save_pictures(project.root / "photos", {name: textured(90, 110, seed) for seed, name in enumerate(("one", "two"))})
    return project


def training(folder: Path) -> Checkout:
    """A project that trains SRCNN on two small images, with a checkpoint after every step."""
    project = checkout_with_training_set(folder)
    keep_every_step(project)
    return project


def start(project: Checkout, settings: Mapping[str, Any] = SETTINGS) -> subprocess.Popen[str]:
    """A run as a user starts it, in a process group of its own."""
    return subprocess.Popen(
        project.command(TABLE, settings=settings),
        cwd=project.root,
        env=offline_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def results(project: Checkout) -> dict[str, str]:
    """Hashes of what a run makes. The folder's path is part of the dataset's id."""
    found = [name for name in project.files() if not name.startswith(TIMED)]
    return {name: hashlib.sha256(_without_times(project.root / name)).hexdigest() for name in found}


def _without_times(path: Path) -> bytes:
    if path.suffix != ".json":
        return path.read_bytes()
    card = json.loads(path.read_text())
    return json.dumps({key: value for key, value in card.items() if key != "seconds"}).encode()


def recovered(project: Checkout, settings: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Run again, with what the messages ask for; the outcome, and the messages."""
    said: list[str] = []
    for _ in range(3):
        done = project.snakemake(TABLE, settings=settings, timeout=1800)
        if done.returncode == 0:
            return "recovered", said
        if UNLOCK in done.output:
            said.append(next(line.strip() for line in done.output.splitlines() if UNLOCK in line))
            project.snakemake(UNLOCK, settings=settings)
        elif RERUN in done.output:
            said.append(next(line.strip() for line in done.output.splitlines() if RERUN in line))
            project.snakemake(TABLE, RERUN, settings=settings)
        else:
            return "NOT RECOVERED: " + done.output[-600:], said
    return "NOT RECOVERED", said


def verdict(project: Checkout, expected: dict[str, str], settings: Mapping[str, Any] = SETTINGS) -> str:
    """``ok`` if the project recovers to the expected bytes."""
    outcome, said = recovered(project, settings)
    if outcome != "recovered":
        return outcome
    found = results(project)
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    return f"OTHER BYTES: {wrong[:4]}" if wrong else f"ok{' after ' + UNLOCK if said else ''}"


def jobs_of(run: subprocess.Popen[str], script: str = "scripts/") -> list[psutil.Process]:
    """The scripts that a run has started and that still work."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(run.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                if any(word.startswith(script) for word in process.cmdline()):
                    found.append(process)
    return found


@dataclass(frozen=True)
class Scene:
    """A run to disturb: its project and settings, and the script whose jobs are waited for."""

    project: Callable[[Path], Checkout]
    settings: Mapping[str, Any]
    script: str


@dataclass
class Usual:
    """A scene that nobody disturbs: what it makes, and when the jobs of its script were first and last seen."""

    made: dict[str, str]
    jobs: dict[psutil.Process, tuple[float, float]]

    @property
    def longest(self) -> float:
        return max(last - first for first, last in self.jobs.values())


def undisturbed(scene: Scene, folder: Path) -> Usual:
    shutil.rmtree(folder, ignore_errors=True)
    project, jobs = scene.project(folder), {}
    run = start(project, scene.settings)
    while run.poll() is None:
        now = time.monotonic()
        jobs.update({job: (jobs.get(job, (now,))[0], now) for job in jobs_of(run, scene.script)})
        time.sleep(0.01)
    assert run.returncode == 0, run.communicate()
    return Usual(results(project), jobs)


def at_job(run: subprocess.Popen[str], script: str, number: int, delay: float) -> list[psutil.Process]:
    """The jobs of a script that run some time after ``number`` have started, or else the next ones."""
    seen: set[psutil.Process] = set()
    while run.poll() is None and len(seen) < number:
        seen.update(jobs_of(run, script))
        time.sleep(0.01)
    time.sleep(delay)
    while run.poll() is None:
        if jobs := jobs_of(run, script):
            return jobs
        time.sleep(0.01)
    return []


def kill_snakemake(run: subprocess.Popen[str], jobs: list[psutil.Process]) -> str:
    """Its jobs outlive it, and end by themselves."""
    run.send_signal(signal.SIGKILL)
    run.communicate()
    psutil.wait_procs(jobs, timeout=300)
    return f"{len(jobs)} jobs left behind"


def kill_job(run: subprocess.Popen[str], jobs: list[psutil.Process]) -> str:
    with suppress(psutil.NoSuchProcess):
        jobs[-1].kill()
    output, _ = run.communicate(timeout=1800)
    named = "rule" in output and run.returncode == 1
    return "the run fails and names it" if named else f"EXIT STATUS {run.returncode}"


MEASURING = Scene(fresh, SETTINGS, "scripts/")
TRAINING = Scene(training, training_settings(STEPS), "scripts/train.py")
KILLS = (("snakemake", kill_snakemake, MEASURING), ("a job", kill_job, MEASURING), ("training", kill_job, TRAINING))


def trials(folder: Path, count: int) -> Iterator[tuple[str, str]]:
    """Kills of each kind in turn, at a random moment of a random job."""
    rng, usual = random.Random(2018), {}
    for trial in range(count):
        victim, kill, scene = KILLS[trial % len(KILLS)]
        if scene.script not in usual:
            usual[scene.script] = undisturbed(scene, folder)
        expected, jobs = usual[scene.script], []
        while not jobs:
            # The same folder each time: its path is in the dataset's id.
            shutil.rmtree(folder, ignore_errors=True)
            project = scene.project(folder)
            run = start(project, scene.settings)
            number, delay = rng.randint(1, len(expected.jobs)), rng.uniform(0, expected.longest)
            jobs = at_job(run, scene.script, number, delay)
            what = kill(run, jobs) if jobs else ""
        moment = f"{victim} killed {delay:.1f} s after the start of job {number}"
        yield f"{moment}; {what}", verdict(project, expected.made, scene.settings)


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
    """Another image under the same name while the first is measured; afterwards the old one again."""
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
    """A second run while the first is stopped with the folder locked, so that it cannot end before."""
    first = start(project)
    while first.poll() is None and not jobs_of(first):
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)
    second = project.snakemake(TABLE, settings=SETTINGS)
    first.send_signal(signal.SIGCONT)
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
        expected = undisturbed(MEASURING, place).made
        print(f"| fault | what happened | afterwards (undisturbed: {len(expected)} files) |\n|---|---|---|", flush=True)
        for name in (name for name in FAULTS if name in chosen):
            if name in MOUNTS and os.geteuid() != 0:
                print(f"| {name} | skipped: mounting takes root | |")
                continue
            shutil.rmtree(place)
            report(name, *FAULTS[name](fresh(place), expected))
        if "kills" in chosen:
            for what, end in trials(place, options.trials):
                report("kill", what, end)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
