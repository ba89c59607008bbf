"""The files of the observers: read strictly, and each observer kept or left out by rules that the key fixed beforehand.

A file that does not belong here is refused with its name, and so is the whole evaluation: a file left out in silence
could be the one that decides. An observer who breaks a rule is left out, with the rule's name in ``observers.csv``.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from licbench.errors import StudyError
from licbench.study.design import DSIS, MAIN, ORIGINAL, PAIRS, REPEAT, TRAINING, TRAP, Study, Trial

COLUMNS = (
    "study", "observer", "trial", "order", "left", "right", "answer", "seconds", "view", "pixel_ratio", "window",
)  # fmt: skip
"""Of the file that the page saves."""
CHOICES = {"left": 1.0, "unsure": 0.5, "right": 0.0}
"""An answer -> how much of a win it is for the left side: not sure is half a win for each."""
GRADES = {str(grade): float(grade) for grade in range(1, 6)}
OBSERVER = re.compile(r"[A-Za-z0-9_-]{1,40}")
LARGEST = 1 << 20
"""Bytes; a session has a few hundred lines of a hundred."""
FEWEST_REPEATS = 5
"""Of fewer repeats an honest observer may contradict all, where entries are close; the rule is not applied then."""
UNFINISHED, TRAPS, CONTRADICTED, FAST = "unfinished", "traps missed", "repeats contradicted", "too fast"
"""The rules, in the order in which they are applied."""
OBSERVER_COLUMNS = (
    "observer", "file", "answered", "asked", "traps_missed", "traps", "contradicted", "repeats", "median_seconds",
    "kept", "reason",
)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One answer; ``value`` is a share of a win for the trial's ``first``, or a grade."""

    trial: str
    again: bool
    value: float
    seconds: float


@dataclass(frozen=True)
class Session:
    """An observer's answers, in their order, from one file."""

    observer: str
    file: str
    answers: tuple[Answer, ...]

    def values(self, study: Study, kind: str, again: bool = False) -> dict[str, float]:
        """Trial -> answer, of a kind of trials, as shown first or ``again``."""
        own = (one for one in self.answers if one.again == again)
        return {one.trial: one.value for one in own if study.trials[one.trial].kind == kind}


def read_sessions(study: Study, files: Sequence[Path]) -> list[Session]:
    """The sessions of all files, by observer.

    Raises:
        StudyError: a file is not one of this study's, or two are of one observer; one line with the file and the fix.
    """
    sessions: list[Session] = []
    problems = []
    for file in files:
        try:
            sessions.append(_read(study, file))
        except StudyError as error:
            problems.append(str(error))
    if problems:
        more = f" (and {len(problems) - 1} more files are refused)" if len(problems) > 1 else ""
        raise StudyError(f"{problems[0]}{more}")
    sessions.sort(key=lambda session: session.observer)
    for first, second in pairwise(sessions):
        if first.observer == second.observer:
            raise StudyError(
                f"{second.file}: observer {second.observer} is in {first.file}, too; keep one of the files"
            )
    return sessions


def judged(study: Study, session: Session) -> dict[str, object]:
    """A line of ``observers.csv``: what the rules count, and which of them, if any, leaves the observer out."""
    limits = study.plan.exclusion
    asked = {MAIN: study.main, TRAP: len(study.of_kind(TRAP)), TRAINING: len(study.of_kind(TRAINING))}
    main, traps = (session.values(study, kind) for kind in (MAIN, TRAP))
    repeated = session.values(study, MAIN, again=True)
    missed = sum(_missed(study, study.trials[trial], value) for trial, value in traps.items())
    contradicted = sum(_contradicts(study, main[trial], value) for trial, value in repeated.items() if trial in main)
    counted = [one.seconds for one in session.answers if study.trials[one.trial].kind != TRAINING]
    fast = median(counted) if counted else math.nan
    broken = {
        UNFINISHED: (len(main), len(traps), len(repeated)) != (asked[MAIN], asked[TRAP], study.plan.repeats),
        TRAPS: missed > limits.traps_missed,
        CONTRADICTED: len(repeated) >= FEWEST_REPEATS and contradicted > limits.contradicted * len(repeated),
        FAST: fast < limits.median_seconds,
    }
    reasons = [rule for rule, holds in broken.items() if holds]
    return {
        "observer": session.observer,
        "file": session.file,
        "answered": len(session.answers),
        "asked": sum(asked.values()) + study.plan.repeats,
        "traps_missed": missed,
        "traps": len(traps),
        "contradicted": contradicted,
        "repeats": len(repeated),
        "median_seconds": round(fast, 2),
        "kept": not reasons,
        "reason": ", ".join(reasons),
    }


def _missed(study: Study, trial: Trial, value: float) -> bool:
    """Whether a trap's answer is none that anybody who looks would give."""
    if study.plan.method == PAIRS:
        return value < 1
    return value < 3 if study.entry(trial.first) == ORIGINAL else value > 3


def _contradicts(study: Study, first: float, second: float) -> bool:
    """Opposite choices, or grades two or more apart."""
    return abs(first - second) >= (1 if study.plan.method == PAIRS else 2)


def _read(study: Study, file: Path) -> Session:
    lines = _lines(file)
    if not lines:
        raise StudyError(f"{file}: has no answer; ask the observer for a file with answers, or remove it")
    for column, wanted, what in (
        ("study", study.id, f"is of another study ({lines[0]['study']}, not {study.id})"),
        ("observer", lines[0]["observer"], "has answers of several observers"),
    ):
        if {line[column] for line in lines} != {wanted}:
            raise StudyError(f"{file}: {what}; move it to where it belongs")
    observer = lines[0]["observer"]
    if not OBSERVER.fullmatch(observer):
        raise StudyError(f"{file}: {observer!r} is no code of an observer; use the file as the page saved it")
    answers = tuple(_answer(study, file, number, line) for number, line in enumerate(lines, start=2))
    if twice := [key for key, count in Counter((one.trial, one.again) for one in answers).items() if count > 1]:
        raise StudyError(f"{file}: answers trial {twice[0][0]} twice; use the file as the page saved it")
    return Session(observer, str(file), answers)


def _lines(file: Path) -> list[dict[str, str]]:
    """The lines of a file by column."""
    if file.stat().st_size > LARGEST:
        raise StudyError(f"{file}: is larger than any session ({LARGEST >> 20} MiB); remove it")
    try:
        # Spreadsheets save a byte order mark and other line ends
        text = file.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(text.splitlines(), strict=True)
        found = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise StudyError(f"{file}: no CSV file in UTF-8 ({error}); use the file as the page saved it") from error
    if absent := [name for name in COLUMNS if name not in (reader.fieldnames or ())]:
        raise StudyError(f"{file}: lacks the columns {', '.join(absent)}; use the file as the page saved it")
    for number, line in enumerate(found, start=2):
        if None in line or None in line.values():
            raise StudyError(f"{file}: line {number} has too many or too few cells; use the file as the page saved it")
    return found


def _answer(study: Study, file: Path, number: int, line: Mapping[str, str]) -> Answer:
    name = line["trial"].removesuffix(REPEAT)
    again = name != line["trial"]
    trial = study.trials.get(name)
    place, fix = f"{file}: line {number}", "use the file as the page saved it"
    if trial is None or (again and trial.kind != MAIN):
        raise StudyError(f"{place}: the study has no trial {line['trial']!r}; {fix}")
    shown, value = (
        (line["left"], line["right"]),
        (CHOICES if study.plan.method == PAIRS else GRADES).get(line["answer"]),
    )
    if shown not in _showings(study, trial):
        raise StudyError(f"{place}: trial {name} does not show {shown[0]!r} and {shown[1]!r}; {fix}")
    if value is None:
        raise StudyError(f"{place}: {line['answer']!r} is no answer to trial {name}; {fix}")
    try:
        seconds = float(line["seconds"])
    except ValueError:
        seconds = math.nan
    if not (math.isfinite(seconds) and seconds >= 0):
        raise StudyError(f"{place}: {line['seconds']!r} is no time in seconds; {fix}")
    swapped = study.plan.method == PAIRS and line["left"] == trial.second
    return Answer(name, again, 1 - value if swapped else value, seconds)


def _showings(study: Study, trial: Trial) -> set[tuple[str, str]]:
    """What may be in the columns left and right."""
    if study.plan.method == PAIRS:
        assert trial.second is not None
        return {(trial.first, trial.second), (trial.second, trial.first)}
    return {(trial.original, trial.first)} if study.plan.method == DSIS else {(trial.first, "")}
