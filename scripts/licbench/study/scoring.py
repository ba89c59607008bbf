"""From the observers' answers to scores: of each entry, of each stimulus, against the anchor, and against metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from licbench.study import opinion
from licbench.study.design import MAIN, ORIGINAL, PAIRS, Study
from licbench.study.matching import METRICS
from licbench.study.preference import Floats, bradley_terry, drawn_scores, holm, interval, resamples, sign_test, wins
from licbench.study.responses import OBSERVER_COLUMNS, Session, judged

SCORE_COLUMNS = (
    "dataset", "method", "entry", "score", "score_low", "score_high", "votes", "against_anchor", "against_low",
    "against_high", "p_value", "p_holm", "observers", "left_out",
)  # fmt: skip
STIMULUS_COLUMNS = ("image", "entry", "point", "bpp", *METRICS, "score", "score_low", "score_high", "votes")
CORRELATION_COLUMNS = (
    "metric", "stimuli", "pearson", "pearson_low", "pearson_high", "spearman", "spearman_low", "spearman_high",
    "same_order",
)  # fmt: skip
SCREENED = "screened after BT.500"
DRAWS, DRAWS_BY_IMAGE = 1000, 200
"""Groups of observers drawn for intervals, of all images and of each one."""


@dataclass(frozen=True)
class Scores:
    """The tables; without an observer who was kept they have columns and no line."""

    scores: pd.DataFrame
    stimuli: pd.DataFrame
    correlations: pd.DataFrame
    observers: pd.DataFrame

    @property
    def note(self) -> str:
        """Why there are no scores, in a line; empty where there are some."""
        if len(self.scores):
            return ""
        if self.observers.empty:
            return "no responses: nobody took part yet; put the observers' files into the folder study.responses"
        return f"no responses: none of {len(self.observers)} observers is kept; observers.csv has the reasons"


def evaluate(study: Study, sessions: Sequence[Session]) -> Scores:
    """Scores of a study.

    Of choices the score is a Bradley-Terry strength (``preference.bradley_terry``) over all images, and
    ``against_anchor`` the share of direct choices that an entry won against the anchor, not sure being half. Of ratings
    the score is a mean opinion score and ``against_anchor`` its difference from the anchor's. Intervals are of 95 %: of
    choices from resampled observers, of ratings after BT.500. Repeats, traps and training are not scored.

    Args:
        study: the design.
        sessions: one of each observer.
    """
    lines = [judged(study, session) for session in sessions]
    kept = [session for session, line in zip(sessions, lines, strict=True) if line["kept"]]
    if study.plan.method != PAIRS and kept:
        kept = _screened(study, kept, lines)
    observers = pd.DataFrame(lines, columns=list(OBSERVER_COLUMNS))
    if not kept:
        scores, stimuli, correlations = (
            pd.DataFrame(columns=list(names)) for names in (SCORE_COLUMNS, STIMULUS_COLUMNS, CORRELATION_COLUMNS)
        )
        return Scores(scores, stimuli, correlations, observers)
    of = _of_choices if study.plan.method == PAIRS else _of_ratings
    entries, stimuli, drawn = of(study, kept)
    entries["p_holm"] = holm(entries["p_value"].tolist())
    entries = entries.assign(dataset=study.dataset, method=study.plan.method)
    entries = entries.assign(observers=len(kept), left_out=len(sessions) - len(kept))
    return Scores(
        entries[list(SCORE_COLUMNS)], stimuli[list(STIMULUS_COLUMNS)], _correlations(stimuli, drawn), observers
    )


def _screened(study: Study, kept: list[Session], lines: list[dict[str, object]]) -> list[Session]:
    """Those whom the screening of BT.500 keeps; the lines of the others say so."""
    outlying = opinion.rejected(_grades(study, kept, study.of_kind(MAIN)))
    names = {session.observer for session, out in zip(kept, outlying, strict=True) if out}
    for line in lines:
        if line["observer"] in names:
            line |= {"kept": False, "reason": SCREENED}
    return [session for session in kept if session.observer not in names]


# Choices


def _of_choices(study: Study, kept: Sequence[Session]) -> tuple[pd.DataFrame, pd.DataFrame, Floats]:
    entries = list(study.entries)
    by_observer = np.array([_wins(study, session, entries) for session in kept])
    total = by_observer.sum(axis=0)
    low, high = interval(drawn_scores(by_observer, DRAWS, study.plan.seed))
    found = pd.DataFrame({"entry": entries, "score": bradley_terry(total), "score_low": low, "score_high": high})
    found["votes"] = (total + total.T).sum(axis=1).round().astype(int)
    return _against(found, study, by_observer), *_stimuli_of_choices(study, kept)


def _wins(study: Study, session: Session, entries: Sequence[str], image: str | None = None) -> Floats:
    """One observer's choices between entries, on all images or on one."""
    values = {
        trial: value
        for trial, value in session.values(study, MAIN).items()
        if image in (None, study.stimuli[study.trials[trial].first].image)
    }
    firsts = [entries.index(study.entry(study.trials[trial].first)) for trial in values]
    seconds = [entries.index(study.entry(str(study.trials[trial].second))) for trial in values]
    return wins(len(entries), firsts, seconds, list(values.values()))


def _against(found: pd.DataFrame, study: Study, by_observer: Floats) -> pd.DataFrame:
    """Shares of the direct choices between each entry and the anchor; empty for the anchor and where there are none."""
    names = found["entry"].tolist()
    if study.plan.anchor not in names:
        return _compared(found, *np.full((4, len(names)), np.nan))
    anchor = names.index(study.plan.anchor)
    won, met = by_observer[:, :, anchor], by_observer[:, :, anchor] + by_observer[:, anchor, :]
    draws = resamples(len(by_observer), DRAWS, study.plan.seed)
    with np.errstate(invalid="ignore"):
        shares, drawn, own = won.sum(axis=0) / met.sum(axis=0), (draws @ won) / (draws @ met), won / met
    low, high = interval(drawn)
    tests = [
        np.nan if at == anchor or np.isnan(own[:, at]).all() else sign_test(own[:, at] - 0.5, study.plan.seed)
        for at in range(len(names))
    ]
    return _compared(found, shares, low, high, np.array(tests))


def _compared(found: pd.DataFrame, against: Floats, low: Floats, high: Floats, tests: Floats) -> pd.DataFrame:
    """The table with what each entry is worth against the anchor."""
    return found.assign(against_anchor=against, against_low=low, against_high=high, p_value=tests)


def _stimuli_of_choices(study: Study, kept: Sequence[Session]) -> tuple[pd.DataFrame, Floats]:
    """Scores of each stimulus among those of its image, mean 0, and the same of drawn groups (draws, stimuli)."""
    tables, drawn = [], []
    for image, own in _shown(study).groupby("image", sort=False):
        entries = own["entry"].tolist()
        by_observer = np.array([_wins(study, session, entries, str(image)) for session in kept])
        total = by_observer.sum(axis=0)
        drawn.append(drawn_scores(by_observer, DRAWS_BY_IMAGE, study.plan.seed))
        low, high = interval(drawn[-1])
        votes = (total + total.T).sum(axis=1).round().astype(int)
        tables.append(own.assign(score=bradley_terry(total), score_low=low, score_high=high, votes=votes))
    return pd.concat(tables, ignore_index=True), np.concatenate(drawn, axis=1)


# Ratings


def _of_ratings(study: Study, kept: Sequence[Session]) -> tuple[pd.DataFrame, pd.DataFrame, Floats]:
    shown = _shown(study)
    trials = {study.trials[name].first: name for name in study.of_kind(MAIN)}
    grades = _grades(study, kept, [trials[stimulus] for stimulus in shown["stimulus"]])
    stimuli = _with_means(shown, grades).assign(votes=(~np.isnan(grades)).sum(axis=1))
    by_entry = np.array([_mean_over_images(grades[(shown["entry"] == entry).to_numpy()]) for entry in study.entries])
    found = _with_means(pd.DataFrame({"entry": list(study.entries)}), by_entry)
    found["votes"] = [int(stimuli.loc[stimuli["entry"] == entry, "votes"].sum()) for entry in study.entries]
    draws = resamples(len(kept), DRAWS_BY_IMAGE, study.plan.seed)
    given = ~np.isnan(grades)
    with np.errstate(invalid="ignore"):
        drawn = (draws @ np.where(given, grades, 0).T) / (draws @ given.T)
    return _differences(found, study, by_entry), stimuli, drawn


def _grades(study: Study, kept: Sequence[Session], trials: Sequence[str]) -> Floats:
    """Grades (trials, observers), NaN where an observer was not asked."""
    given = [session.values(study, MAIN) for session in kept]
    return np.array([[values.get(trial, np.nan) for values in given] for trial in trials], np.float64)


def _mean_over_images(grades: Floats) -> Floats:
    """Each observer's mean, NaN without a grade."""
    count = (~np.isnan(grades)).sum(axis=0)
    with np.errstate(invalid="ignore"):
        means: Floats = np.nansum(grades, axis=0) / count
    return means


def _with_means(table: pd.DataFrame, grades: Floats) -> pd.DataFrame:
    mean, half = opinion.mean_opinion(grades)
    return table.assign(score=mean, score_low=mean - half, score_high=mean + half)


def _differences(found: pd.DataFrame, study: Study, by_entry: Floats) -> pd.DataFrame:
    """Each entry's mean opinion score less the anchor's, observer by observer."""
    names = found["entry"].tolist()
    if study.plan.anchor not in names:
        return _compared(found, *np.full((4, len(names)), np.nan))
    anchor = names.index(study.plan.anchor)
    differences = by_entry - by_entry[anchor]
    differences[anchor] = np.nan
    mean, half = opinion.mean_opinion(differences)
    tests = [np.nan if np.isnan(own).all() else sign_test(own, study.plan.seed) for own in differences]
    return _compared(found, mean, mean - half, mean + half, np.array(tests))


# Stimuli and metrics


def _shown(study: Study) -> pd.DataFrame:
    """The stimuli of the main trials, a line each, by image and in the order of the entries."""
    used = {name for trial in study.of_kind(MAIN) for name in (study.trials[trial].first, study.trials[trial].second)}
    lines: list[dict[str, Any]] = [
        {"stimulus": name, **{key: getattr(one, key) for key in ("image", "entry", "point", "bpp", *METRICS)}}
        for name, one in study.stimuli.items()
        if name in used
    ]
    order: Mapping[str, int] = {entry: at for at, entry in enumerate(study.entries)}
    table = pd.DataFrame(lines).sort_values("image", kind="stable", ignore_index=True)
    return table.iloc[np.lexsort((table["entry"].map(order), table["image"]))].reset_index(drop=True)


def _correlations(stimuli: pd.DataFrame, drawn: Floats) -> pd.DataFrame:
    """How well each metric orders the codecs' stimuli of one image: both centred within each image, then correlated."""
    lines = []
    for metric in METRICS:
        values = stimuli[metric].astype(np.float64)
        own = (stimuli["entry"] != ORIGINAL) & values.notna() & stimuli["score"].notna()
        image = stimuli.loc[own, "image"]
        x = values[own] - values[own].groupby(image).transform("mean")
        score = stimuli.loc[own, "score"]
        of_draws = np.array([_correlate(x, _centred(draw, image)) for draw in drawn[:, own.to_numpy()]])
        pearson, spearman = _correlate(x, _centred(score.to_numpy(np.float64), image))
        low, high = interval(of_draws)
        ends = {"pearson_low": low[0], "pearson_high": high[0], "spearman_low": low[1], "spearman_high": high[1]}
        same = _same_order(values[own], score, image)
        lines.append(
            {"metric": metric, "stimuli": int(own.sum()), "pearson": pearson, "spearman": spearman, "same_order": same}
            | ends
        )
    return pd.DataFrame(lines, columns=list(CORRELATION_COLUMNS))


def _centred(scores: Floats, image: pd.Series[str]) -> pd.Series[float]:
    values = pd.Series(scores, index=image.index)
    return values - values.groupby(image).transform("mean")


def _correlate(x: pd.Series[float], y: pd.Series[float]) -> tuple[float, float]:
    """Pearson's and Spearman's coefficient; NaN where one of the two does not vary."""
    if len(x) < 3 or not (x.std() > 0 and y.std() > 0):
        return np.nan, np.nan
    return float(x.corr(y)), float(x.rank().corr(y.rank()))


def _same_order(metric: pd.Series[float], score: pd.Series[float], image: pd.Series[str]) -> float:
    """Share of the pairs of one image that the metric orders as the score does; equal values count half."""
    signs = []
    for _, own in image.groupby(image):
        for one, other in combinations(own.index, 2):
            signs.append(np.sign(metric[one] - metric[other]) * np.sign(score[one] - score[other]))
    return float(np.mean((np.array(signs) + 1) / 2)) if signs else np.nan
