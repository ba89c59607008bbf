"""Every command of README, docs, presets and profiles, tried as a user has it: with what envs/run.lock names alone.

A command that no entry of ``WAYS`` fits fails: nothing is shown that was not tried.
"""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest
import yaml
from checkout import NOTHING_TO_DO, ROOT, Checkout, Outcome, copy_project, modules_outside_run_lock, save_pictures
from pictures import textured

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")), ROOT / "workflow" / "report" / "guide.md"]
COMMENTED = sorted([*(ROOT / "workflow" / "presets").glob("*.yaml"), *(ROOT / "profiles").glob("*/config.yaml")])
PROGRAM = r"(?:[A-Z_]+=\S+ )?(?:snakemake|make|python[\d.]*|pip|source)"
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(rf"`({PROGRAM}\s[^`]+)`")
OUTPUT = re.compile(r"^ *codec +psnr_db")
"""The first line of a block that shows what a command prints."""

TINY = {
    "codecs": ["jpeg"],
    "report": {"images": 1, "side": 256, "further": []},
    "complexity": {"repeats": 2, "images": 1, "seed": 1, "points": {}, "report": False},
    "settings": {"jpeg": {"modes": ["420-optimised", "444-standard"], "quality": [5, 20]}},
}
STUDY = {
    "entries": {"few": {"codec": "jpeg", "curve": "420-optimised"}, "many": {"codec": "jpeg"}},
    "anchor": "few",
}
"""Of the study, as the codecs of its own entries do not run."""

MARKS = (".run", ".dev")
"""What make leaves in an environment that is complete."""

RUN, PLAN, PLAN_MADE, HELP = "run as it stands", "run with -n", "what make would run, with -n", "a developer's: --help"
WAYS: dict[str, str] = {
    r"snakemake( --dry-run| -n)?|snakemake --rulegraph mermaid-js": RUN,
    r"snakemake --cores 8( results/table5.csv)?( --config dataset=./photos)?": RUN,
    r"snakemake --cores 8 results/complexity.csv": RUN,
    # Its package is not in envs/run.lock
    r"snakemake --cores 8 --config 'metrics=.*'": PLAN,
    r"python scripts/show_table.py results/table5.csv": RUN,
    r"snakemake --report report.html": RUN,
    r"snakemake (verify|keep_reference)": RUN,
    r"snakemake --snakefile /path/to/checkout/Snakefile --directory elsewhere --cores 8 results/table5.csv": RUN,
    r"snakemake .* --configfile mine.yaml|python scripts/(en|de)code\.py --config mine.yaml .*": (
        "a program as a codec; test_command.py does it"
    ),
    r"python scripts/(encode|decode|train)\.py .*": RUN,
    r"make (table5|verify|reference|pack)": RUN,
    r"snakemake --cores 8 results/protocol.csv results/table5_allocated.csv results/fidelity.csv": RUN,
    r"python scripts/manifest\.py .*": "adds a dataset to the project; test_extending.py does it",
    r"snakemake results/bdrate.csv": RUN,
    r"snakemake results/(curves/kodak/\w+|bdrate.csv) --config dataset=kodak": PLAN,
    r"snakemake --cores 2 --configfile workflow/presets/modern\.yaml.*": "needs modern.lock; test_modern.py plans it",
    # Downloads, trains, needs a batch system, or measures for long
    r"snakemake --cores \w+ .*(dataset=kodak|presets/\w+\.yaml|super_resolution.csv|(training_curves|models)/.*)": PLAN,
    r"snakemake --cores 8 --config (dataset=kodak mirror=/shared/mirror|weights=trained)": PLAN,
    r"snakemake (--cores 8 )?results/study/(index.html|scores.csv .*)": PLAN,
    r"snakemake --touch .*": "changes the dates of results; test_reruns.py does it",
    r"snakemake --sdm conda": "needs conda",
    r"snakemake --workflow-profile profiles/\w+ results/table5.csv": PLAN,
    r"make (all|paper|(verify|mirror) CONFIG=.*|mirror)": PLAN_MADE,
    r"make (choices|ladder|stages|trials|channels|future|restoration)": PLAN_MADE,
    r"make (help|test(-all)?|lint|fuzz|faults|determinism|bench.*)": "for developers; test_readme.py knows the target",
    r"make table5 PYTHON=\S+|PIP_EXTRA_INDEX_URL=ADDRESS make table5": "builds an environment",
    r"python -m fuzz.*|python tools/(faults|determinism|interval_coverage|restoration|study_simulation)\.py.*": HELP,
    r"source .venv/bin/activate": "the shell of the user",
    r"(python -m )?pip (download|install) .*|python3\.11 -m venv .*": "fetches packages",
    r"tar --extract .*|python licbench-pack/check.py": "an unpacked pack; test_pack.py does it",
    r"cai/bin/python .*": "in an environment of its own",
    r"python -m compressai\..*": "a program of another project",
    r"LICBENCH_EXAMPLES=200 python -m pytest .*": "test_properties.py reads it",
    r"LICBENCH_CODECS=palette python -m pytest .*": "a codec of one's own; test_extending.py does it",
    r"cd tools && python -m fuzz palette": "the same, by the fuzz harness",
}
"""What a command looks like, whole, and how it is tried; or why it is not."""


def shown() -> list[str]:
    """Every command, once, in the order of the pages."""
    found: list[str] = []
    for page in PAGES:
        text = page.read_text()
        blocks = [block for language, block in FENCE.findall(text) if not language and not OUTPUT.match(block)]
        lines = [line for block in blocks for line in block.splitlines()]
        inline = [" ".join(command.split()) for command in INLINE.findall(FENCE.sub("", text))]
        found += [re.sub(r"\s+# .*", "", line).strip() for line in lines] + inline
    for file in COMMENTED:
        found += re.findall(rf"^# +({PROGRAM} .+)$", file.read_text(), re.MULTILINE)
    return list(dict.fromkeys(line for line in found if line))


def way(command: str) -> str | None:
    return next((how for pattern, how in WAYS.items() if re.fullmatch(pattern, command)), None)


def tried(how: str) -> list[str]:
    return [command for command in shown() if way(command) == how]


def program_of(command: str) -> str:
    """What Python starts."""
    (program,) = re.findall(r"^python ((?:-m )?\S+)", command)
    return str(program)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A checkout whose own config is tiny, where everything was made and kept as reference results."""
    project = copy_project(tmp_path_factory.mktemp("commands") / "project")
    shutil.copy2(ROOT / "Makefile", project.root)
    config = yaml.safe_load((project.root / "config.yaml").read_text())
    blocks = config["settings"] | TINY["settings"]
    own = TINY | {"settings": blocks, "study": config["study"] | STUDY}
    (project.root / "config.yaml").write_text(yaml.safe_dump(config | own, sort_keys=False))
    (project.root / "responses").mkdir()
    picture = textured(168, 176, seed=1)
    save_pictures(project.root / "photos", {"mine": picture})
    save_pictures(project.root, {"photo": picture})
    environment = project.root / ".venv"
    environment.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name not in MARKS:
            (environment / part.name).symlink_to(part)
    for mark in MARKS:
        (environment / mark).touch()
    for command in (
        "snakemake --cores 2 all keep_reference",
        "python scripts/encode.py bpg photo.png photo.bpg --qp 37",
    ):
        done = bash(project, command)
        assert done.returncode == 0, done.output
    return project


def bash(project: Checkout, command: str) -> Outcome:
    return project.run("bash", "-c", command.replace("/path/to/checkout", str(project.root)))


def planned(project: Checkout, command: str) -> Outcome:
    """What Snakemake would do, without a shell in between."""
    program, *words = shlex.split(command)
    assert program == "snakemake"
    return project.run(sys.executable, "-m", "snakemake", *words, "-n")


def test_what_a_user_lacks_cannot_be_imported(project: Checkout) -> None:
    assert {"pytest", "_pytest", "hypothesis", "playwright"} <= set(modules_outside_run_lock())
    assert "No module named 'hypothesis'" in project.python("-c", "import hypothesis").output
    assert project.python("-c", "import torch.nn, pandas, snakemake").returncode == 0


@pytest.mark.parametrize("command", shown())
def test_how_a_command_is_tried_is_known(command: str) -> None:
    assert way(command), f"{command}: not in WAYS; add how it is tried"


@pytest.mark.parametrize("pattern", WAYS)
def test_every_way_serves_a_command(pattern: str) -> None:
    assert [command for command in shown() if re.fullmatch(pattern, command)]


@pytest.mark.parametrize("command", tried(RUN))
def test_it_runs_as_it_stands(project: Checkout, command: str) -> None:
    done = bash(project, command)
    assert done.returncode == 0, done.output
    if "decode.py" in command:
        assert (project.root / "photo-decoded.png").is_file()
    if "--report" in command:
        assert (project.root / "report.html").stat().st_size > 100_000
    if "verify" in command:
        assert (project.root / "results" / "logs" / "verify.log").read_text().endswith("\nREPRODUCED\n")


@pytest.mark.parametrize("command", tried(PLAN))
def test_it_can_be_planned(project: Checkout, command: str) -> None:
    plan = planned(project, command)
    assert plan.returncode == 0, plan.output
    assert plan.jobs or NOTHING_TO_DO in plan.output


@pytest.mark.parametrize("command", tried(PLAN_MADE))
def test_what_make_would_run_can_be_planned(project: Checkout, command: str) -> None:
    recipe = bash(project, command.replace("make", "make -n", 1))
    assert recipe.returncode == 0, recipe.output
    lines = [line for line in recipe.output.splitlines() if line.startswith("snakemake ")]
    assert lines
    for line in lines:
        plan = planned(project, line)
        assert plan.returncode == 0, plan.output


@pytest.mark.parametrize("program", sorted({program_of(command) for command in tried(HELP)}))
def test_a_developer_s_program_knows_what_it_is_asked(program: str) -> None:
    helped = Checkout(ROOT).run("bash", "-c", f"PYTHONPATH=tools python {program} --help", developer=True)
    assert helped.returncode == 0, helped.output
    known = re.sub(r"-\s+", "-", helped.output)
    for command in tried(HELP):
        if program_of(command) == program:
            for word in command.split(program, 1)[1].split():
                assert word.isdigit() or word == "k" or word.startswith("results/") or word in known, command
