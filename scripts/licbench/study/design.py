"""What one study consists of: its stimuli, its trials, how many fit the time, and the rules that exclude observers.

All of it is fixed, and has a hash, before anybody answers. The page of the observers knows stimuli by number alone; the
key, ``key.json``, says which codec each of them is and stays with whoever evaluates.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import StudyError
from licbench.files import write_text
from licbench.study.matching import METRICS, Matched

PAIRS, ACR, DSIS = "pairs", "acr", "dsis"
"""Which of two is nearer to the original; absolute rating of one; rating of one's impairment against the original."""
ORIGINAL, MOSAIC = "Original", "Mosaic"
"""Stimuli that no codec made: the original, and the original as blocks of their mean colour, worse than any codec's."""
MAIN, TRAP, TRAINING = "main", "trap", "training"
REPEAT = "-again"
"""Ends the id of a trial that is shown a second time."""
INTRODUCTION = 120
"""Seconds for consent, screen check and instructions."""


@dataclass(frozen=True)
class Exclusion:
    """From where on an observer is left out; a limit itself is still allowed."""

    traps_missed: int
    contradicted: float
    median_seconds: float


@dataclass(frozen=True)
class Plan:
    """What the config asks for."""

    method: str
    anchor: str
    seed: int
    side: int
    minutes: float
    seconds_per_trial: float
    training: int
    traps: int
    repeats: int
    exclusion: Exclusion

    @property
    def trials(self) -> int:
        """How many trials of any kind an observer has time for."""
        return max(0, math.floor((60 * self.minutes - INTRODUCTION) / self.seconds_per_trial))


@dataclass(frozen=True)
class Stimulus:
    """One image to look at; ``point`` and the numbers are of its row and missing where no codec made it."""

    image: str
    entry: str
    codec: str | None = None
    point: str | None = None
    pixels_sha256: str | None = None
    bpp: float | None = None
    psnr_db: float | None = None
    psnr_y_db: float | None = None
    ms_ssim: float | None = None


@dataclass(frozen=True)
class Trial:
    """What is shown at once, by the ids of stimuli; a rating has no ``second``."""

    kind: str
    first: str
    second: str | None
    original: str


@dataclass(frozen=True)
class Study:
    """A study, as ``key.json`` keeps it."""

    dataset: str
    plan: Plan
    entries: tuple[str, ...]
    """Whose stimuli the main trials show, in the order of the config; of ratings the original is one."""
    main: int
    """Trials of kind ``MAIN`` for each observer: all of them, or as many of them, drawn by chance, as fit the time."""
    stimuli: Mapping[str, Stimulus]
    trials: Mapping[str, Trial]

    @property
    def id(self) -> str:
        """The head of the sha256 of all that was fixed."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]

    def of_kind(self, kind: str) -> list[str]:
        """The ids of the trials of a kind."""
        return [name for name, trial in self.trials.items() if trial.kind == kind]

    @property
    def shown(self) -> int:
        """Trials of one session, of all kinds."""
        return len(self.of_kind(TRAINING)) + self.main + len(self.of_kind(TRAP)) + self.plan.repeats

    @property
    def minutes(self) -> int:
        """How long a session takes as planned, rounded up."""
        return math.ceil((INTRODUCTION + self.shown * self.plan.seconds_per_trial) / 60)

    def entry(self, stimulus: str) -> str:
        """Whose a stimulus is."""
        return self.stimuli[stimulus].entry


def design(dataset: str, matched: Sequence[Matched], training: Matched, pairs: pd.DataFrame, plan: Plan) -> Study:
    """A study of what is matched.

    Args:
        dataset: its id.
        matched: the images with their points.
        training: the image of the training trials; best one that the others do not hold.
        pairs: from ``pair_table``, of ``matched``.
        plan: what the config asks for.

    Raises:
        StudyError: nothing is matched, or the time is too short.
    """
    compared = pairs[pairs["matched"].astype(bool)]
    if compared.empty:
        reason = f" ({pairs['image'].iloc[0]}, {pairs['reason'].iloc[0]})" if len(pairs) else ""
        raise StudyError(
            f"study: no two entries have the same rate on any image{reason}; widen study.bpp, or add points"
        )
    used = [one for one in matched if one.image in set(compared["image"])]
    generator = np.random.default_rng(plan.seed)
    stimuli = _stimuli([*used, training], generator)
    number = {(stimulus.image, stimulus.entry): name for name, stimulus in stimuli.items()}

    def trial(kind: str, image: str, first: str, second: str | None) -> Trial:
        other = None if second is None else number[image, second]
        return Trial(kind, number[image, first], other, number[image, ORIGINAL])

    if plan.method == PAIRS:
        lines = compared[["image", "entry", "other"]].astype(str).itertuples(index=False, name=None)
        main = [trial(MAIN, image, first, second) for image, first, second in lines]
    else:
        main = [trial(MAIN, one.image, entry, None) for one in used for entry in (ORIGINAL, *one.points)]
    images = [one.image for one in used]
    chosen = generator.permutation(np.resize(generator.permutation(len(images)), plan.traps))
    traps = [trial(TRAP, images[at], *_trap(plan.method, turn)) for turn, at in enumerate(chosen)]
    practised = [trial(TRAINING, training.image, *sides) for sides in _practice(training, plan)]
    room = min(len(main), plan.trials - len(traps) - len(practised) - plan.repeats)
    if room < 1 or plan.repeats > math.ceil(room / 2):
        raise StudyError(
            f"study: {plan.minutes:g} minutes hold {plan.trials} trials; {len(practised)} of training, {len(traps)} "
            f"traps and {plan.repeats} repeats leave {max(room, 0)} of {len(main)}, and only the first half of these "
            "is repeated; lower study.repeats, study.traps or study.seconds_per_trial"
        )
    named = {f"{letter}{at:03d}": one for letter, group in (("p", practised), ("m", main), ("c", traps))
             for at, one in enumerate(group, start=1)}  # fmt: skip
    seen = {stimuli[name].entry for one in main for name in sides(one)}
    entries = tuple(name for name in dict.fromkeys([ORIGINAL, *pairs["entry"], *pairs["other"]]) if name in seen)
    return Study(dataset, plan, entries, room, stimuli, named)


def save_key(study: Study, path: Path) -> None:
    """Write the key, with the study's id."""
    write_text(path, json.dumps({"study": study.id, **asdict(study)}, indent=1, allow_nan=False) + "\n")


def read_key(path: Path) -> Study:
    """The study of a key.

    Raises:
        StudyError: the file is no key, or was changed.
    """
    try:
        record = json.loads(path.read_text())
        said = record.pop("study")
        plan = record["plan"] | {"exclusion": Exclusion(**record["plan"]["exclusion"])}
        study = Study(
            record["dataset"],
            Plan(**plan),
            tuple(record["entries"]),
            record["main"],
            {name: Stimulus(**one) for name, one in record["stimuli"].items()},
            {name: Trial(**one) for name, one in record["trials"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise StudyError(f"{path}: no key of a study ({error}); make the study's page again") from error
    if study.id != said:
        raise StudyError(f"{path}: was changed after the page was made; restore it, or make the page again")
    return study


def sides(trial: Trial) -> list[str]:
    """The stimuli that a trial asks about, one or two."""
    return [name for name in (trial.first, trial.second) if name is not None]


def _stimuli(matched: Sequence[Matched], generator: np.random.Generator) -> dict[str, Stimulus]:
    """The stimuli of every image, numbered by chance, so that a number tells nothing; in the order of the entries."""
    found: dict[tuple[str, str], Stimulus] = {}
    for one in matched:
        for entry in (ORIGINAL, MOSAIC):
            found[one.image, entry] = Stimulus(one.image, entry)
        for entry, row in one.points.items():
            named: dict[str, Any] = {name: row[name] for name in ("codec", "point", "pixels_sha256")}
            measured: dict[str, Any] = {name: _finite(row[name]) for name in ("bpp", *METRICS)}
            found[one.image, entry] = Stimulus(one.image, entry, **named, **measured)
    numbers = generator.permutation(len(found)) + 1
    return {f"s{number:03d}": one for number, one in zip(numbers.tolist(), found.values(), strict=True)}


def _finite(value: Any) -> float | None:
    """A number, or None where it is missing or infinite: JSON has neither."""
    return float(value) if np.isfinite(value) else None


def _trap(method: str, turn: int) -> tuple[str, str | None]:
    """What a trap shows; ratings have the mosaic and the original in turn."""
    if method == PAIRS:
        return ORIGINAL, MOSAIC
    return (MOSAIC, ORIGINAL)[turn % 2], None


def _practice(training: Matched, plan: Plan) -> list[tuple[str, str | None]]:
    """What the training trials show: the obvious first, then the largest differences in PSNR."""
    by_quality = sorted(training.points, key=lambda entry: float(training.points[entry]["psnr_db"]))
    if plan.method != PAIRS:
        order = [MOSAIC, ORIGINAL, *by_quality]
        return [(entry, None) for entry in order[: plan.training]]
    gaps = {
        (first, second): float(training.points[second]["psnr_db"] - training.points[first]["psnr_db"])
        for first, second in combinations(by_quality, 2)
    }
    order_of_pairs: list[tuple[str, str | None]] = [(ORIGINAL, MOSAIC), *sorted(gaps, key=lambda pair: -gaps[pair])]
    return order_of_pairs[: plan.training]
