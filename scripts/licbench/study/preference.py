"""Choices between two: a Bradley-Terry scale, and preference against an anchor, with observers as what is resampled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from licbench.errors import StudyError

Floats = npt.NDArray[np.float64]
PRIOR = 0.1
"""Wins each way that every two entries have before the first answer: an entry that always wins keeps a finite score."""
LEVEL = 0.95
PERMUTATIONS = 9999


def wins(count: int, firsts: Sequence[int], seconds: Sequence[int], values: Sequence[float]) -> Floats:
    """How often each entry won against each other, (count, count): a tie is half a win for both.

    Args:
        count: of the entries.
        firsts: index of one entry of each choice.
        seconds: index of the other.
        values: 1 where the first was chosen, 0 where the second was, 0.5 for not sure.
    """
    matrix = np.zeros((count, count))
    np.add.at(matrix, (list(firsts), list(seconds)), np.asarray(values, np.float64))
    np.add.at(matrix, (list(seconds), list(firsts)), 1 - np.asarray(values, np.float64))
    return matrix


def bradley_terry(matrix: Floats) -> Floats:
    """The logarithms of the Bradley-Terry strengths, mean 0: a difference d means odds of exp(d) to be chosen.

    The maximum-likelihood estimate of choix (iterative Luce spectral ranking, Maystre and Grossglauser 2015), with
    ``PRIOR`` added to every cell.

    Args:
        matrix: from ``wins``.

    Raises:
        StudyError: choix is not installed.
    """
    try:
        import choix  # noqa: PLC0415  of the extra "study"
    except ImportError as error:
        raise StudyError("scores of choices need the package choix; run: pip install choix==0.4.1") from error
    regular = matrix + PRIOR * (1 - np.eye(len(matrix)))
    scores = np.asarray(choix.ilsr_pairwise_dense(regular), np.float64)
    centred: Floats = scores - scores.mean()
    return centred


def drawn_scores(by_observer: Floats, count: int, seed: int) -> Floats:
    """Scores of ``count`` groups of observers drawn with replacement, (count, entries).

    Args:
        by_observer: from ``wins`` for each observer, (observers, entries, entries).
        count: of the groups.
        seed: of the draws.
    """
    draws = resamples(len(by_observer), count, seed)
    return np.array([bradley_terry(np.tensordot(draw, by_observer, 1)) for draw in draws])


def resamples(observers: int, count: int, seed: int) -> Floats:
    """How often each observer counts in each of ``count`` groups drawn with replacement, (count, observers)."""
    chance = np.full(observers, 1 / observers)
    return np.random.default_rng(seed).multinomial(observers, chance, size=count).astype(np.float64)


def interval(drawn: Floats) -> tuple[Floats, Floats]:
    """Ends of the percentile interval of each column; NaN where a column has no number."""
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    ends = np.full((2, drawn.shape[1]), np.nan)
    known = ~np.isnan(drawn).all(axis=0)
    ends[:, known] = np.nanquantile(drawn[:, known], tails, axis=0)
    return ends[0], ends[1]


def sign_test(differences: npt.ArrayLike, seed: int) -> float:
    """Two-sided p of a permutation test that observers' differences are as often positive as negative.

    Each observer gives one number, so the answers of one observer need not be independent. Exact where there are few
    observers, else from ``PERMUTATIONS`` random sign flips.

    Args:
        differences: of each observer from no preference; NaN for one who says nothing of it.
        seed: of the flips.
    """
    from scipy.stats import permutation_test  # noqa: PLC0415

    values = np.asarray(differences, np.float64)
    values = values[~np.isnan(values)]
    if len(values) < 2 or not values.any():
        return 1.0
    tested: Any = permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=PERMUTATIONS, rng=np.random.default_rng(seed)
    )
    return float(tested.pvalue)


def holm(values: Sequence[float]) -> list[float]:
    """p values corrected for their number after Holm (1979); a NaN is no test and stays."""
    order = sorted((at for at, value in enumerate(values) if not np.isnan(value)), key=lambda at: values[at])
    corrected, largest = list(values), 0.0
    for place, at in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - place) * values[at]))
        corrected[at] = largest
    return corrected
