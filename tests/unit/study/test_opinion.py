"""Mean opinion scores and the screening of observers, on examples worked out by hand after BT.500."""

import math

import numpy as np
import pytest

from licbench.study.opinion import mean_opinion, rejected


def test_mean_and_interval_of_a_hand_example():
    # Mean 4, S = sqrt((1 + 0 + 1 + 0) / 3), 1.96 S / sqrt(4)
    mean, half = mean_opinion(np.array([[5.0, 4.0, 3.0, 4.0], [2.0, math.nan, math.nan, math.nan]]))
    assert mean.tolist() == [4, 2]
    assert half[0] == pytest.approx(1.96 * math.sqrt(2 / 3) / 2) and math.isnan(half[1])


# 18 observers of 19 agree on 3 and one says 5: mean 3.105, S = 0.459, and the kurtosis is 17.06, so that the bound is
# sqrt(20) S = 2.052 away, at 5.157: one grade of 5 is no outlier. With four at 2 and four at 4 the kurtosis falls to
# 3.0, and the bound to 2 S.
ROW_OF_20 = [3.0] * 11 + [2.0] * 4 + [4.0] * 4


def test_kurtosis_decides_the_bound():
    single = np.tile([3.0] * 18 + [5.0], (20, 1))
    single[10:, 18] = 1
    assert not rejected(single).any()
    # Mean (33 + 8 + 16 + 5) / 20 = 3.1, S = 0.788, b2 = 3.44: the bound is 4.676, and below 1.524
    normal = np.tile([*ROW_OF_20, 5.0], (20, 1))
    normal[10:, 19] = 1
    assert rejected(normal).tolist() == [False] * 19 + [True]


def test_a_one_sided_observer_is_kept():
    """P and Q may not differ by 30 % of their sum: who is always kinder shifts, and is no fault."""
    kind = np.tile([*ROW_OF_20, 5.0], (20, 1))
    assert not rejected(kind).any()
    kind[:7, 19] = 1
    # (13 - 7) / 20 = 0.3 is not under 0.3
    assert not rejected(kind).any()
    kind[7, 19] = 1
    assert rejected(kind)[19]


def test_few_outlying_grades_are_borne_by_the_rule():
    grades = np.tile([*ROW_OF_20, 3.0], (40, 1))
    grades[0, 19], grades[1, 19] = 5, 1
    # 2 of 40 is 0.05 and not over it
    assert not rejected(grades).any()
    grades[2, 19], grades[3, 19] = 5, 1
    assert rejected(grades)[19]


def test_missing_grades_and_agreement_are_no_fault():
    grades = np.full((6, 4), 3.0)
    grades[0, 1] = math.nan
    assert not rejected(grades).any()
    assert not rejected(np.array([[1.0], [5.0]])).any()
