"""What a study consists of, and that its key keeps it."""

import json

import pytest
from synthetic_study import ENTRIES, synthetic_study

from licbench.errors import StudyError
from licbench.study.design import ACR, DSIS, MAIN, MOSAIC, ORIGINAL, PAIRS, TRAINING, TRAP, read_key, save_key


def test_every_pair_on_every_image_is_a_trial_once():
    study = synthetic_study()
    shown = [study.trials[name] for name in study.of_kind(MAIN)]
    assert len(shown) == study.main == 8 * 10
    pairs = {
        (study.stimuli[one.first].image, frozenset((study.entry(one.first), study.entry(one.second)))) for one in shown
    }
    assert len(pairs) == 80
    assert all(study.stimuli[one.original].entry == ORIGINAL for one in shown)
    assert study.entries == tuple(ENTRIES)


def test_a_session_fits_its_minutes():
    study = synthetic_study()
    assert study.shown == 3 + 80 + 4 + 8 and study.minutes == 18
    short = synthetic_study(minutes=10, repeats=4)
    # 8 minutes after the introduction are 48 trials
    assert short.shown == 48 and short.main == 37 and len(short.of_kind(MAIN)) == 80 and short.minutes == 10


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 3}, "3 minutes hold 6 trials"),
        ({"images": 1, "repeats": 6}, "leave 10 of 10, and only the first half"),
    ],
)
def test_too_little_time_or_too_many_repeats_are_refused(changes, said):
    with pytest.raises(StudyError) as error:
        synthetic_study(**changes)
    assert said in str(error.value) and "lower study.repeats" in str(error.value)


@pytest.mark.parametrize("method", [ACR, DSIS])
def test_ratings_show_every_stimulus_and_the_hidden_original(method):
    study = synthetic_study(method)
    assert study.main == 8 * 6 and study.entries == (ORIGINAL, *ENTRIES)
    traps = [study.entry(study.trials[name].first) for name in study.of_kind(TRAP)]
    assert sorted(traps) == [MOSAIC, MOSAIC, ORIGINAL, ORIGINAL]
    assert all(trial.second is None for trial in study.trials.values())


def test_training_is_on_another_image_and_starts_with_the_obvious():
    study = synthetic_study()
    trained = [study.trials[name] for name in study.of_kind(TRAINING)]
    assert {study.stimuli[one.first].image for one in trained} == {"image8"}
    assert [(study.entry(one.first), study.entry(one.second)) for one in trained] == [
        (ORIGINAL, MOSAIC), ("JPEG", "GAN"), ("JPEG", "CAE"),
    ]  # fmt: skip


def test_traps_are_spread_over_the_images():
    study = synthetic_study(traps=8)
    assert len({study.stimuli[study.trials[name].first].image for name in study.of_kind(TRAP)}) == 8


def test_the_numbers_of_stimuli_tell_nothing_and_come_from_the_seed():
    one, same, other = synthetic_study(), synthetic_study(), synthetic_study(seed=4)
    assert one == same and one.id == same.id != other.id
    assert list(one.stimuli) != sorted(one.stimuli)
    assert {name: one.entry(name) for name in one.stimuli} != {name: other.entry(name) for name in other.stimuli}


def test_a_key_is_read_as_it_was_written(tmp_path):
    study = synthetic_study(method=DSIS)
    save_key(study, tmp_path / "key.json")
    assert read_key(tmp_path / "key.json") == study


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda key: key["plan"]["exclusion"].update(traps_missed=4), "was changed after the page was made"),
        (lambda key: key.pop("trials"), "no key of a study"),
        (lambda key: key["plan"].pop("seed"), "no key of a study"),
    ],
)
def test_rules_cannot_be_changed_after_the_votes(tmp_path, change, said):
    path = tmp_path / "key.json"
    save_key(synthetic_study(), path)
    key = json.loads(path.read_text())
    change(key)
    path.write_text(json.dumps(key))
    with pytest.raises(StudyError, match=said) as error:
        read_key(path)
    assert str(path) in str(error.value) and "\n" not in str(error.value)


def test_nothing_matched_is_said_with_a_reason():
    with pytest.raises(StudyError, match=r"no two entries have the same rate on any image.*widen study.bpp"):
        synthetic_study(codecs=("jpeg",))


def test_pairs_is_the_method_of_the_paper_s_question():
    assert synthetic_study().plan.method == PAIRS
