"""Simulated observers whose preferences are known: what the evaluation has to find again, and how often it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from licbench.study.design import MAIN, PAIRS, REPEAT, TRAP, Study, Trial
from licbench.study.preference import Floats, bradley_terry, wins
from licbench.study.responses import COLUMNS, Answer, Session

UNSURE = 0.35
"""Half width, in log odds, of the range of felt differences that an observer calls not sure."""
SPREAD = 0.4
"""Standard deviation, over observers, of the logarithm of how sharply one sees."""
GRADE_NOISE = 0.6
"""Standard deviation of a grade before it is rounded."""


@dataclass(frozen=True)
class Truth:
    """What is true of the simulated world.

    ``strengths``: log odds by entry, or the true grade of ratings. ``by_image``: standard deviation of what an image
    adds to each entry's strength.
    """

    strengths: Mapping[str, float]
    by_image: float = 0.0

    @property
    def order(self) -> list[str]:
        """The entries, best first."""
        return sorted(self.strengths, key=lambda entry: -self.strengths[entry])


def simulated_sessions(study: Study, truth: Truth, observers: int, seed: int) -> list[Session]:
    """Whole sessions, with traps passed and repeats, of observers who differ in how sharply they see."""
    random = np.random.default_rng(seed)
    known = {name: truth.strengths.get(study.entry(name), 0.0) for name in study.stimuli}
    strengths = {name: value + truth.by_image * random.standard_normal() for name, value in known.items()}
    return [_session(study, strengths, f"observer{number:03d}", random) for number in range(1, observers + 1)]


def _session(study: Study, strengths: Mapping[str, float], observer: str, random: np.random.Generator) -> Session:
    sharp = float(np.exp(SPREAD * random.standard_normal()))
    main = random.permutation(study.of_kind(MAIN))[: study.main].tolist()
    shown = [(trial, False) for trial in [*study.of_kind(TRAP), *main]]
    shown += [(trial, True) for trial in main[: study.plan.repeats]]
    answers = []
    for name, again in shown:
        value = _value(study, study.trials[name], strengths, sharp, random)
        answers.append(Answer(name, again, value, 2 + float(random.exponential(3))))
    return Session(observer, f"{observer}.csv", tuple(answers))


def _value(
    study: Study, trial: Trial, strengths: Mapping[str, float], sharp: float, random: np.random.Generator
) -> float:

    if study.plan.method != PAIRS:
        if trial.kind == TRAP:
            return 5.0 if trial.first == trial.original else 1.0
        return float(np.clip(np.rint(strengths[trial.first] + GRADE_NOISE * random.standard_normal()), 1, 5))
    if trial.kind == TRAP:
        return 1.0
    return chosen(sharp * (strengths[trial.first] - strengths[str(trial.second)]), random)


def chosen(difference: float, random: np.random.Generator) -> float:
    """1, 0.5 or 0: a choice between two whose strengths differ by this much in log odds."""
    felt = difference + random.logistic()
    return 0.5 if abs(felt) < UNSURE else float(felt > 0)


def as_csv(study: Study, session: Session) -> str:
    """The file that the page would save for a simulated session of choices, sides left as they are."""
    words = {1.0: "left", 0.5: "unsure", 0.0: "right"}
    lines = [",".join(COLUMNS)]
    for order, one in enumerate(session.answers, start=1):
        trial = study.trials[one.trial]
        sides = (trial.first, trial.second or "") if study.plan.method != "dsis" else (trial.original, trial.first)
        answer = words[one.value] if study.plan.method == PAIRS else f"{one.value:g}"
        name = one.trial + (REPEAT if one.again else "")
        cells = (
            study.id,
            session.observer,
            name,
            order,
            *sides,
            answer,
            f"{one.seconds:.2f}",
            "whole",
            "1.000",
            "1280x900",
        )
        lines.append(",".join(map(str, cells)))
    return "\n".join(lines) + "\n"


def recovery(
    preference: float,
    observers: Sequence[int],
    *,
    entries: int,
    images: int,
    simulations: int,
    by_image: float,
    seed: int,
) -> list[float]:
    """How often the whole order of the entries is found again, for each number of observers; shares of simulations.

    Neighbours in the true order are equally far apart: ``preference`` is how often an observer who sees as sharply as
    most would choose the better of two neighbours, if not sure were no answer. Every observer judges every pair of
    entries on every image once.

    Args:
        preference: above 0.5, below 1.
        observers: how many take part.
        entries: how many codecs are compared.
        images: how many images.
        simulations: of each number of observers.
        by_image: see ``Truth``.
        seed: of all.
    """
    step = float(np.log(preference / (1 - preference)))
    strengths = -step * np.arange(entries)
    random = np.random.default_rng(seed)
    found = np.zeros(len(observers))
    for _ in range(simulations):
        world = strengths + by_image * random.standard_normal((images, entries))
        votes = np.array([_all_pairs(world, random) for _ in range(max(observers))])
        for at, count in enumerate(observers):
            scores = bradley_terry(votes[:count].sum(axis=0))
            found[at] += bool((np.diff(scores) < 0).all())
    return [float(share) for share in found / simulations]


def _all_pairs(world: Floats, random: np.random.Generator) -> Floats:
    """One observer's choices between all pairs on all images, as wins (entries, entries)."""
    first, second = np.triu_indices(world.shape[1], 1)
    sharp = np.exp(SPREAD * random.standard_normal())
    felt = sharp * (world[:, first] - world[:, second]) + random.logistic(size=(len(world), len(first)))
    values = np.where(np.abs(felt) < UNSURE, 0.5, (felt > 0).astype(np.float64)).ravel()
    return wins(
        world.shape[1], np.tile(first, len(world)).tolist(), np.tile(second, len(world)).tolist(), values.tolist()
    )
