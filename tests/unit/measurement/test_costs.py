"""Costs are measured in processes that are asked turn by turn, and abort where a repeat differs."""

from pathlib import Path

import pytest
from pictures import photo

from licbench.codecs.base import OperatingPoint
from licbench.errors import PointsError
from licbench.images.files import write_png
from licbench.locations import SHIPPED
from licbench.measurement import costs
from licbench.measurement.costs import Repeats, Subject, measure_costs

JPEG = Subject("jpeg", OperatingPoint("q20", "420-optimised", {"mode": "420-optimised", "quality": 20}))
COARSE = Subject("jpeg", OperatingPoint("q5", "420-optimised", {"mode": "420-optimised", "quality": 5}))
CAE = Subject("cae", OperatingPoint("x1", "offline", {"model": "cae_024", "step": 1.0, "rotation": "offline"}))


@pytest.fixture
def images(tmp_path):
    for name, sides in (("one", (128, 64)), ("two", (64, 64))):
        write_png(tmp_path / f"{name}.png", photo(*sides))
    return [tmp_path / "one.png", tmp_path / "two.png"]


def test_each_round_asks_for_everything_once_in_an_order_of_its_own(images, monkeypatch):
    turns = []
    ask = costs._Process.ask

    def noted(process, **question):
        if question["do"] == "time":
            turns.append((process._subject.point.id, question["image"]))
        return ask(process, **question)

    monkeypatch.setattr(costs._Process, "ask", noted)
    fine, coarse = measure_costs([JPEG, COARSE], images, weights=SHIPPED, repeats=3, seed=1)
    rounds = [turns[at : at + 4] for at in (0, 4, 8)]
    assert len(turns) == 12 and all(set(own) == set(rounds[0]) for own in rounds)
    assert len(set(map(tuple, rounds))) > 1
    assert fine["bytes"] > coarse["bytes"] > 0
    for record in (fine, coarse):
        for way in ("encode", "decode"):
            assert 0 < record[f"{way}_min_s"] <= record[f"{way}_median_s"] and record[f"{way}_cpu_s"] > 0
        assert record["start_up_s"] > record["decode_min_s"]
        assert 10 < record["start_up_memory_mb"] <= record["memory_mb"] < 500
        assert record["encoder_parameters"] is record["decoder_macs"] is None


def test_networks_are_counted_as_figure_2_has_them(images):
    (record,) = measure_costs([CAE], images[1:], weights=SHIPPED, repeats=1, seed=1)
    # Weights and biases, and a slope of PReLU for each channel
    assert record["encoder_parameters"] == 120_384 + 32 + 32 + 64 + 64 + 64 + 32
    assert record["decoder_parameters"] == 205_601 + 64 + 64 + 64 + 64 + 32 + 1
    convolutions = 9 * (32 + 32 * 32 / 4 + 32 * 64 / 4 + 64 * 64 / 16 + 64 * 64 / 16 + 64 * 32 / 64)
    # One strip, whole: three components
    assert record["encoder_macs"] == 3 * convolutions * 64 * 64


@pytest.mark.parametrize(("name", "what"), [("stream", "stream"), ("bytes", "stream"), ("pixels", "reconstruction")])
def test_a_repeat_that_differs_ends_it_in_a_line(name, what):
    answer = {"encode": [1.0, 0.9], "decode": [0.5, 0.5], "bytes": 9, "stream": "a", "pixels": "b"}
    repeats = Repeats()
    costs._add(repeats, answer, JPEG, Path("cat.png"))
    costs._add(repeats, answer, JPEG, Path("cat.png"))
    with pytest.raises(
        PointsError, match=f"codec jpeg at q20 gives another {what} of cat in repeat 3; nothing is kept"
    ):
        costs._add(repeats, answer | {name: 10 if name == "bytes" else "c"}, JPEG, Path("cat.png"))


def test_a_process_that_is_killed_between_two_questions_is_named(images):
    with costs._Process(JPEG, images, SHIPPED) as process:
        assert process.ask(do="time", image=0)["bytes"] > 0
        process._process.kill()
        process._process.wait()
        with pytest.raises(PointsError, match=r"codec jpeg at q20: its process ended \(exit status -9\)"):
            process.ask(do="time", image=0)


def test_a_process_that_cannot_go_on_is_named(images, tmp_path):
    with pytest.raises(PointsError, match=r"codec cae at x1: .*cae_024\.safetensors is missing"):
        measure_costs([CAE], images, weights=tmp_path, repeats=1, seed=1)
    crash = Subject("jpeg", OperatingPoint("q", "c", {"mode": "420-optimised", "quality": "none"}))
    with pytest.raises(PointsError, match=r"codec jpeg at q: its process ended \(.*\); run scripts/encode.py"):
        measure_costs([crash], images, weights=tmp_path, repeats=1, seed=1)
