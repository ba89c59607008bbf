"""Files of observers: what is refused, and who is left out by which rule."""

import re
from dataclasses import replace

import pytest
from synthetic_study import synthetic_study

from licbench.errors import StudyError
from licbench.study.design import ACR, MAIN, TRAP
from licbench.study.responses import CONTRADICTED, FAST, TRAPS, UNFINISHED, Session, judged, read_sessions
from licbench.study.simulation import Truth, as_csv, simulated_sessions

STRENGTHS = {"JPEG": 0.0, "JPEG2000": 1.0, "BPG": 2.0, "CAE": 3.0, "GAN": 4.0}
GRADES = {"JPEG": 1.5, "JPEG2000": 2.0, "BPG": 2.7, "CAE": 3.4, "GAN": 4.0, "Original": 4.8}


@pytest.fixture(scope="module")
def study():
    return synthetic_study()


@pytest.fixture
def files(study, tmp_path):
    """Two good files."""
    found = []
    for session in simulated_sessions(study, Truth(STRENGTHS), 2, seed=1):
        found.append(tmp_path / session.file)
        found[-1].write_text(as_csv(study, session))
    return found


def test_good_files_are_read_as_they_were_answered(study, files):
    wanted = simulated_sessions(study, Truth(STRENGTHS), 2, seed=1)
    read = read_sessions(study, files)
    for one, other in zip(read, wanted, strict=True):
        assert [(a.trial, a.again, a.value, round(a.seconds, 2)) for a in one.answers] == [
            (a.trial, a.again, a.value, round(a.seconds, 2)) for a in other.answers
        ]


def test_an_answer_counts_for_the_side_it_was_shown_on(study, files):
    lines = files[0].read_text().splitlines()
    number = next(at for at, line in enumerate(lines) if line.split(",")[6] == "left" and ",m" in line)
    cells = lines[number].split(",")
    cells[4], cells[5], cells[6] = cells[5], cells[4], "right"
    (before, *_) = read_sessions(study, files)
    files[0].write_text("\n".join([*lines[:number], ",".join(cells), *lines[number + 1 :]]) + "\n")
    (after, *_) = read_sessions(study, files)
    assert after == before


def test_what_a_spreadsheet_saved_is_read_all_the_same(study, files):
    before = read_sessions(study, files)
    files[0].write_bytes(b"\xef\xbb\xbf" + files[0].read_text().replace("\n", "\r\n").encode())
    assert read_sessions(study, files) == before


def edit(change):
    """A change of the cells of the fifth line."""

    def edited(lines):
        cells = lines[5].split(",")
        change(cells)
        return [*lines[:5], ",".join(cells), *lines[6:]]

    return edited


HOSTILE = {
    "column": (lambda lines: [lines[0].replace("answer", "reply"), *lines[1:]], "lacks the columns answer;"),
    "empty": (lambda lines: [], "lacks the columns study, observer"),
    "header alone": (lambda lines: lines[:1], "has no answer"),
    "study": (lambda lines: [re.sub("^[0-9a-f]{16}", "0" * 16, line) for line in lines], "is of another study (0000"),
    "two studies": (edit(lambda cells: cells.__setitem__(0, "0" * 16)), "is of another study"),
    "two observers": (edit(lambda cells: cells.__setitem__(1, "someone")), "has answers of several observers"),
    "observer": (lambda lines: [line.replace("observer001", "=cmd()") for line in lines], "'=cmd()' is no code"),
    "trial": (edit(lambda cells: cells.__setitem__(2, "m999")), "line 6: the study has no trial 'm999'"),
    "trap again": (edit(lambda cells: cells.__setitem__(2, "c001-again")), "the study has no trial 'c001-again'"),
    "twice": (lambda lines: [*lines, lines[7]], "twice"),
    "sides": (edit(lambda cells: cells.__setitem__(4, "s001x")), "does not show 's001x'"),
    "answer": (edit(lambda cells: cells.__setitem__(6, "both")), "'both' is no answer"),
    "seconds": (edit(lambda cells: cells.__setitem__(7, "nan")), "'nan' is no time"),
    "negative": (edit(lambda cells: cells.__setitem__(7, "-1")), "'-1' is no time"),
    "cells": (edit(lambda cells: cells.pop()), "line 6 has too many or too few cells"),
    "more cells": (edit(lambda cells: cells.append("x")), "line 6 has too many or too few cells"),
    "quotes": (edit(lambda cells: cells.__setitem__(6, '"left')), "no CSV file"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_does_not_belong_is_refused_by_name(study, files, name):
    change, said = HOSTILE[name]
    files[0].write_text("".join(f"{line}\n" for line in change(files[0].read_text().splitlines())))
    with pytest.raises(StudyError) as error:
        read_sessions(study, files)
    message = str(error.value)
    assert message.startswith(f"{files[0]}: ") and said in message and "; " in message and "\n" not in message


def test_bytes_that_are_no_text_and_too_many_of_them_are_refused(study, files):
    files[0].write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(StudyError, match="no CSV file in UTF-8"):
        read_sessions(study, files)
    files[0].write_bytes(b"x" * (2 << 20))
    with pytest.raises(StudyError, match="larger than any session"):
        read_sessions(study, files)


def test_several_bad_files_are_one_line_that_counts_them(study, files):
    for file in files:
        file.write_text("a,b\n")
    with pytest.raises(StudyError, match=r"observer001.csv: lacks .*\(and 1 more files are refused\)"):
        read_sessions(study, files)


def test_an_observer_in_two_files_is_refused(study, files):
    files[1].write_text(files[0].read_text())
    with pytest.raises(
        StudyError, match=r"observer002.csv: observer observer001 is in .*observer001.csv, too; keep one"
    ):
        read_sessions(study, files)


# Rules


def changed(study, *, value=None, seconds=None, kinds=(MAIN, TRAP), again=(False, True), most=99):
    """A good session with some of its answers changed."""
    (session,) = simulated_sessions(study, Truth(STRENGTHS), 1, seed=1)
    answers, left = [], most
    for one in session.answers:
        if study.trials[one.trial].kind in kinds and one.again in again and left:
            left -= 1
            other = replace(one, value=value(one) if value else one.value, seconds=seconds or one.seconds)
            answers.append(other)
        else:
            answers.append(one)
    return Session(session.observer, session.file, tuple(answers))


def reason(study, session):
    return judged(study, session)["reason"]


def test_who_breaks_no_rule_is_kept(study):
    (session,) = simulated_sessions(study, Truth(STRENGTHS), 1, seed=1)
    line = judged(study, session)
    assert line["kept"] is True and line["reason"] == "" and line["asked"] == study.shown
    # The simulated page has no training
    assert line["answered"] == study.shown - 3


@pytest.mark.parametrize(("missed", "kept"), [(1, True), (2, False)])
@pytest.mark.parametrize("answer", [0.0, 0.5])
def test_traps(study, missed, kept, answer):
    session = changed(study, value=lambda one: answer, kinds=(TRAP,), most=missed)
    assert reason(study, session) == ("" if kept else TRAPS)


@pytest.mark.parametrize(("contradicted", "kept"), [(6, True), (7, False)])
def test_repeats(study, contradicted, kept):
    # 80 % of 8 repeats are 6.4
    first = changed(study, value=lambda one: 1.0, kinds=(MAIN,), again=(False,))
    second = iter([0.0] * contradicted + [0.5] * 8)
    answers = [replace(one, value=next(second)) if one.again else one for one in first.answers]
    assert reason(study, replace(first, answers=tuple(answers))) == ("" if kept else CONTRADICTED)


@pytest.mark.parametrize(("repeats", "kept"), [(4, True), (5, False)])
def test_few_repeats_decide_nothing(repeats, kept):
    study = synthetic_study(repeats=repeats)
    first = changed(study, value=lambda one: 1.0, kinds=(MAIN,), again=(False,))
    answers = [replace(one, value=0.0) if one.again else one for one in first.answers]
    assert reason(study, replace(first, answers=tuple(answers))) == ("" if kept else CONTRADICTED)


@pytest.mark.parametrize(("seconds", "kept"), [(1.0, True), (0.99, False)])
def test_too_fast(study, seconds, kept):
    assert reason(study, changed(study, seconds=seconds)) == ("" if kept else FAST)


@pytest.mark.parametrize("lost", [0, 10, -1])
def test_unfinished(study, lost):
    (session,) = simulated_sessions(study, Truth(STRENGTHS), 1, seed=1)
    answers = [one for at, one in enumerate(session.answers) if at != lost % len(session.answers)]
    assert reason(study, replace(session, answers=tuple(answers))) == UNFINISHED


def test_traps_of_ratings():
    study = synthetic_study(ACR)
    (session,) = simulated_sessions(study, Truth(GRADES), 1, seed=1)
    assert judged(study, session)["traps_missed"] == 0
    turned = [
        replace(one, value=6 - one.value) if study.trials[one.trial].kind == TRAP else one for one in session.answers
    ]
    assert judged(study, replace(session, answers=tuple(turned)))["traps_missed"] == 4
