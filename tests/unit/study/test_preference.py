"""Bradley-Terry, Holm and the sign test, against published and hand-made examples."""

import math
import sys

import numpy as np
import pytest

from licbench.errors import StudyError
from licbench.study import preference
from licbench.study.preference import bradley_terry, drawn_scores, holm, interval, sign_test, wins

# American League East, 1987: wins of the row's team over the column's, and the abilities against Baltimore that
# A. Agresti, Categorical Data Analysis, and the R package BradleyTerry2 print for it
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
BASEBALL = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
]
PUBLISHED = [1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0.0]

pytest.importorskip("choix", reason="choix is not installed; see envs/dev.lock")


def test_published_abilities_come_out(monkeypatch):
    monkeypatch.setattr(preference, "PRIOR", 0.0)
    scores = bradley_terry(np.array(BASEBALL, np.float64))
    assert scores.mean() == pytest.approx(0, abs=1e-12)
    assert scores - scores[-1] == pytest.approx(PUBLISHED, abs=1e-4)


def test_the_prior_moves_a_season_s_abilities_by_little():
    scores = bradley_terry(np.array(BASEBALL, np.float64))
    assert scores - scores[-1] == pytest.approx(PUBLISHED, abs=0.04)


def test_two_entries_have_the_logarithm_of_their_odds():
    # 3 of 4 won, and a tenth of a win each way before
    one, other = bradley_terry(wins(2, [0, 0, 0, 1], [1, 1, 1, 0], [1, 1, 1, 1]))
    assert one - other == pytest.approx(math.log(3.1 / 1.1))


def test_who_always_wins_and_who_never_met_have_finite_scores():
    scores = bradley_terry(wins(3, [0] * 9, [1] * 9, [1] * 9))
    assert np.isfinite(scores).all() and scores[0] > scores[2] > scores[1]


def test_not_sure_is_half_a_win_for_each():
    matrix = wins(3, [0, 1, 2], [1, 0, 1], [0.5, 1, 0])
    assert matrix.tolist() == [[0, 0.5, 0], [1.5, 0, 1], [0, 0, 0]]


def test_without_choix_the_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "choix", None)
    with pytest.raises(StudyError, match="pip install choix=="):
        bradley_terry(np.ones((2, 2)))


def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of 60 groups of 20 observers about 57 intervals hold the true difference; fewer than 50 would be a fault."""
    random, truth, held = np.random.default_rng(5), 0.8, 0
    for turn in range(60):
        choices = (random.random((20, 10)) < 1 / (1 + math.exp(-truth))).sum(axis=1)
        by_observer = np.array([[[0.0, won], [10 - won, 0.0]] for won in choices])
        low, high = interval(np.diff(drawn_scores(by_observer, 40, turn)[:, ::-1]))
        held += bool(low[0] <= truth <= high[0])
    assert held >= 50


@pytest.mark.parametrize(
    ("values", "corrected"),
    [
        ([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02]),
        ([0.2, math.nan, 0.01], [0.2, math.nan, 0.02]),
        ([0.9, 0.8], [1.0, 1.0]),
        ([], []),
    ],
)
def test_holm(values, corrected):
    assert holm(values) == pytest.approx(corrected, nan_ok=True)


def test_the_sign_test_counts_flips():
    # All 2 ** 5 flips: the two with all signs alike are as far from 0
    assert sign_test([0.1, 0.2, 0.3, 0.1, 0.4], 1) == pytest.approx(2 / 32)
    assert sign_test([0.2, -0.2, math.nan], 1) == 1
    assert sign_test([0.3], 1) == sign_test([0, 0, 0], 1) == sign_test([], 1) == 1
