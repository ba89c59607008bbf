"""Responses of a published pairwise study: the scale that its authors computed comes out of them.

Eilertsen, Wanat, Mantiuk, Unger: Evaluation of Tone Mapping Operators for HDR-Video (Computer Graphics Forum 2013), the
scene "students": 18 observers choose between seven operators. Responses and scale (in JOD, by Thurstone's model with a
prior) are examples/ex3_tmo_cmp_data.csv and examples/ex3_tmo_cmp_scaled.csv of https://github.com/mantiuk/pwcmp, MIT.
"""

import math

import numpy as np
import pytest

from licbench.study.preference import bradley_terry, drawn_scores, interval, wins

pytest.importorskip("choix", reason="choix is not installed; see envs/dev.lock")

OPERATORS = "FHIMPRC"
"""ferwerda96, hateren06, irawan05, mantiuk08, pattanaik00, ronan12, tmo_camera."""
# Two operators as they were shown, and 1 where the second was chosen
RESPONSES = {
    "M01": "HP0 HR1 HI1 HM1 HF1 HC1 RI1 RM1 RF1 RC1 IM1 IF0 IC0 FC1",
    "M02": "RP0 RM1 RH0 RF0 RC1 RI1 PH0 PF0 MC1 MI0 HF1",
    "M03": "RI1 RP0 RF0 RH0 RM1 RC1 PF1 PH0 IM1 IC0",
    "F01": "FR1 FM1 FC1 FP0 FI1 FH1 RM0 RC0 RI1 RH0 MC0 MH0 CH1",
    "M04": "CF0 CI1 CP0 CM1 CR0 CH1 FP0 IM0 IR0 IH0 MR1 MH0",
    "M05": "MC0 MP0 MH0 MI1 MR1 MF0 CP0 CH0 CF1 IR0 PH1",
    "M06": "CP0 CR0 CF0 CH0 CM1 CI0 PR1 PF1 PH1 PI1 RF1 RH0 RI1 FI1",
    "M07": "MR0 MH0 MC0 MP0 MI1 MF0 RH0 RC0 RP0 RF0 HC1 HP1 HF1 CP0 CF0 PF1",
    "M08": "RH0 RP0 RM0 RF0 RC0 RI1 HP1 HM1 HF1 HC1 PM1 PF1 PC1 MF0 MC0 FC1",
    "M09": "MP0 MR0 MF0 MH0 MC0 MI1 PR0 PF1 PH0 PC1 RH0 FC0",
    "M10": "RH0 RC1 RP0 RF1 RI1 RM1 HP1 CF1 CI1 CM1 FI0 FM0 IM0",
    "M11": "PR1 PI1 PF1 PC1 PM1 PH0 RI0 RF0 RC0 RM1 IF0 IC0 FC1",
    "F02": "CP1 CR1 CM1 CI1 CF1 CH0 PR1 PM1 PI1 PF1 RM1 RI1 RF0 MI1",
    "M12": "CR1 CM1 CI1 CF1 CP1 CH0 RM1 RI1 RF1 RP0 MI1 MF0",
    "rfm": "RP0 RF0 RI1 RM1 RC0 RH0 PF1 PC1 PH1 IM0 FC1 FH1 CH1",
    "rwn": "RM0 RH0 RF0 RI0 RP0 RC0 MH0 MF0 MI1 MP0 MC0 HF1 HP0 HC0 PC1",
    "bab": "FM1 FC1 FI1 FP1 FR1 FH0 MC0 MI1 MP0 MR1 CP0 IR1",
    "hae": "HP1 HC1 HR1 HF1 HM1 HI1 PC0 PR0 PF0 PM1 PI1 CR0 CF1 MI0",
}
PUBLISHED = np.array([-0.3825, -1.5785, 1.7704, 1.2585, -1.3092, 0.5087, -0.2615])
LOW = np.array([-0.9392, -2.3609, 1.3667, 0.9380, -1.9183, 0.0015, -0.7438])
HIGH = np.array([0.1815, -1.0563, 2.4349, 1.7108, -0.7888, 1.0984, 0.2729])
JOD = math.log(3)
"""Log odds of one JOD: three of four choose the better."""


@pytest.fixture(scope="module")
def by_observer():
    found = []
    for text in RESPONSES.values():
        choices = text.split()
        # As the experiment sorted, it asked nobody twice
        assert len({frozenset(choice[:2]) for choice in choices}) == len(choices)
        firsts, seconds = ([OPERATORS.index(choice[side]) for choice in choices] for side in (0, 1))
        found.append(wins(len(OPERATORS), firsts, seconds, [1 - int(choice[2]) for choice in choices]))
    return np.array(found)


def test_the_published_scale_comes_out(by_observer):
    scores = bradley_terry(by_observer.sum(axis=0)) / JOD
    assert np.argsort(scores).tolist() == np.argsort(PUBLISHED).tolist()
    # Another model of choice, and another prior: 0.06 JOD were seen
    assert np.abs(scores - PUBLISHED).max() < 0.1


def test_intervals_over_observers_are_as_wide_as_the_published(by_observer):
    low, high = interval(drawn_scores(by_observer, 200, 1) / JOD)
    ratio = (high - low) / (HIGH - LOW)
    assert ((low < PUBLISHED) & (high > PUBLISHED)).all()
    assert ratio.min() > 0.8 and ratio.max() < 1.3
