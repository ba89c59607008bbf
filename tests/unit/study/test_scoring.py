"""From answers to tables: known orders come back, and nothing is made up where nobody answered."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from synthetic_study import synthetic_study

from licbench.paper.figures.style import save
from licbench.study import scoring
from licbench.study.design import ACR, DSIS, MAIN, ORIGINAL
from licbench.study.figure import draw_scores
from licbench.study.responses import read_sessions
from licbench.study.scoring import (
    CORRELATION_COLUMNS,
    SCORE_COLUMNS,
    SCREENED,
    STIMULUS_COLUMNS,
    evaluate,
)  # fmt: skip
from licbench.study.simulation import Truth, as_csv, recovery, simulated_sessions

pytest.importorskip("choix", reason="choix is not installed; see envs/dev.lock")
ORDER = ["GAN", "CAE", "BPG", "JPEG2000", "JPEG"]
TRUTH = Truth({name: 0.62 * at for at, name in enumerate(reversed(ORDER))})
"""Neighbours 0.62 log odds apart: the better of two is chosen in 65 %."""
GRADES = Truth(dict(zip([ORIGINAL, *ORDER], [4.8, 4.0, 3.4, 2.7, 2.0, 1.5], strict=True)))
NEEDED = 5
"""Observers that docs/study.md names for a preference of 65 % between neighbours, five entries and eight images."""


@pytest.fixture(scope="module", autouse=True)
def fewer_draws():
    """Intervals from few groups: what is tested does not need them fine, and they cost the time."""
    assert scoring.DRAWS >= 1000 and scoring.DRAWS_BY_IMAGE >= 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoring, "DRAWS", 100)
        patch.setattr(scoring, "DRAWS_BY_IMAGE", 10)
        yield


def ranked(table):
    return table.sort_values("score", ascending=False)["entry"].tolist()


@pytest.fixture(scope="module")
def study():
    return synthetic_study()


@pytest.fixture(scope="module")
def found(study):
    return evaluate(study, simulated_sessions(study, TRUTH, 12, seed=4))


def test_a_known_order_comes_back_with_its_distances(found):
    table = found.scores.set_index("entry")
    assert ranked(found.scores) == ORDER
    # Observers differ in sharpness and answer not sure, which draws distances together a little
    assert table.loc["GAN", "score"] - table.loc["JPEG", "score"] == pytest.approx(4 * 0.62, rel=0.2)
    assert (table["score_low"] < table["score"]).all() and (table["score"] < table["score_high"]).all()
    # Each of 5 entries meets 4 others on 8 images
    assert (table["votes"] == 12 * 8 * 4).all()
    assert (table["observers"] == 12).all() and (table["left_out"] == 0).all()


def test_preference_against_the_anchor_is_of_direct_choices(found):
    table = found.scores.set_index("entry")
    assert table.loc["BPG", ["against_anchor", "p_value", "p_holm"]].isna().all()
    assert 0.55 < table.loc["CAE", "against_anchor"] < 0.78 and 0.22 < table.loc["JPEG2000", "against_anchor"] < 0.45
    assert table.loc["GAN", "against_low"] > 0.5 > table.loc["JPEG", "against_high"]
    assert (table["p_holm"].dropna() >= table["p_value"].dropna()).all()
    assert table.loc["GAN", "p_holm"] < 0.01


def test_metrics_are_correlated_within_images(found):
    table = found.correlations.set_index("metric")
    # Stimuli of the synthetic study: decibels rise from JPEG over JPEG 2000, BPG and the CAE to the GAN, as the truth
    assert list(table.index) == ["psnr_db", "psnr_y_db", "ms_ssim"]
    assert table.loc["psnr_db", "stimuli"] == 40
    assert table.loc["psnr_db", "pearson"] > 0.8 and table.loc["psnr_db", "spearman"] > 0.8
    assert table.loc["psnr_db", "same_order"] > 0.85
    assert (table["pearson_low"] <= table["pearson_high"]).all()


def test_every_stimulus_has_a_line(found, study):
    assert len(found.stimuli) == 40 and tuple(found.stimuli.columns) == STIMULUS_COLUMNS
    assert (found.stimuli.groupby("image")["score"].mean().abs() < 1e-9).all()
    assert (found.stimuli["bpp"] == 0.15).all()


def test_the_order_is_found_in_95_of_100_studies_of_the_size_that_the_table_names(study, monkeypatch, tmp_path):
    """The whole way: files as the page saves them, rules, scores; without intervals, which cost the time."""
    monkeypatch.setattr(scoring, "DRAWS", 1)
    monkeypatch.setattr("licbench.study.scoring._stimuli_of_choices", lambda *_: (found_nothing(), np.empty((1, 0))))
    right = 0
    for seed in range(100):
        sessions = simulated_sessions(study, TRUTH, NEEDED, seed)
        if seed < 3:
            files = [tmp_path / session.file for session in sessions]
            for file, session in zip(files, sessions, strict=True):
                file.write_text(as_csv(study, session))
            sessions = read_sessions(study, files)
        right += ranked(evaluate(study, sessions).scores) == ORDER
    assert right >= 95


def found_nothing():
    return pd.DataFrame(columns=list(STIMULUS_COLUMNS))


def test_more_observers_and_larger_effects_find_the_order_more_often():
    few, many = recovery(0.6, [2, 20], entries=4, images=4, simulations=40, by_image=0, seed=1)
    (weak,) = recovery(0.52, [2], entries=4, images=4, simulations=40, by_image=0, seed=1)
    assert weak < few < many and many > 0.9


def test_who_is_left_out_does_not_count(study):
    sessions = simulated_sessions(study, TRUTH, 6, seed=4)
    liar = replace(sessions[0], answers=tuple(replace(one, value=1 - one.value) for one in sessions[0].answers))
    with_liar = evaluate(study, [liar, *sessions[1:]])
    assert with_liar.observers["reason"].tolist() == ["traps missed"] + [""] * 5
    without = evaluate(study, sessions[1:])
    left = with_liar.scores.drop(columns="left_out")
    pd.testing.assert_frame_equal(left, without.scores.drop(columns="left_out"))
    assert (with_liar.scores["left_out"] == 1).all()


@pytest.mark.parametrize("method", [ACR, DSIS])
def test_grades_come_back(method):
    study = synthetic_study(method)
    found = evaluate(study, simulated_sessions(study, GRADES, 15, seed=2))
    table = found.scores.set_index("entry")
    assert ranked(found.scores) == [ORIGINAL, *ORDER]
    assert (table["score"] - pd.Series(GRADES.strengths)).abs().max() < 0.25
    assert table.loc["GAN", "against_anchor"] == pytest.approx(4.0 - 2.7, abs=0.25)
    assert table.loc["JPEG", "against_high"] < 0 and np.isnan(table.loc["BPG", "against_anchor"])
    assert len(found.stimuli) == 48 and (found.stimuli["votes"] == 15).all()
    assert found.correlations.set_index("metric").loc["psnr_db", "stimuli"] == 40


def test_the_screening_of_bt500_leaves_out_who_turns_the_scale_around():
    study = synthetic_study(ACR)
    # Of 20 observers one alone cannot be sqrt(20) standard deviations from the mean: BT.500 sees nobody then
    sessions = simulated_sessions(study, GRADES, 30, seed=2)
    answers = [
        replace(one, value=6 - one.value) if study.trials[one.trial].kind == MAIN else one
        for one in sessions[0].answers
    ]
    found = evaluate(study, [replace(sessions[0], answers=tuple(answers)), *sessions[1:]])
    assert found.observers.loc[0, "reason"] == SCREENED and not found.observers.loc[0, "kept"]
    assert (found.scores["observers"] == 29).all() and (found.scores["left_out"] == 1).all()


def test_without_responses_there_are_columns_and_a_line_that_says_so(study, tmp_path):
    found = evaluate(study, [])
    for table, columns in (
        (found.scores, SCORE_COLUMNS), (found.stimuli, STIMULUS_COLUMNS), (found.correlations, CORRELATION_COLUMNS),
    ):  # fmt: skip
        assert tuple(table.columns) == columns and table.empty
    assert found.note.startswith("no responses: nobody took part")
    figure = draw_scores(found.scores, study.plan)
    assert [text.get_text() for axes in figure.axes for text in axes.texts] == ["no responses"] * 2
    save(figure, [tmp_path / "scores.png"])


def test_when_nobody_is_kept_the_line_says_so(study):
    (session,) = simulated_sessions(study, TRUTH, 1, seed=4)
    found = evaluate(study, [replace(session, answers=session.answers[:5])])
    assert found.scores.empty and "none of 1 observers is kept" in found.note


def test_scores_are_drawn_with_their_intervals(found, study):
    left, right = draw_scores(found.scores, study.plan).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ORDER[::-1]
    # The anchor has no preference against itself
    assert len(left.containers[0].lines[0].get_xdata()) == 5 and len(right.containers[0].lines[0].get_xdata()) == 4
    assert "12 observers, 0 left out" in left.figure._suptitle.get_text()


def test_the_same_answers_give_the_same_tables(found, study):
    again = evaluate(study, simulated_sessions(study, TRUTH, 12, seed=4))
    pd.testing.assert_frame_equal(again.scores, found.scores)
