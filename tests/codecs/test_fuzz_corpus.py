"""The first inputs of the fuzz harness, the same every time: each is decoded or refused, within bounds."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from fuzz import harness, worker
from fuzz.parsers import PARSERS, Parser, ready

from licbench.errors import CorruptStreamError

SLOW = ("config", "weights", "jpegxl", "vvc")
"""These take tens of milliseconds for each, the last two for a process."""
INPUTS = dict.fromkeys(PARSERS, 500) | {name: 100 for name in SLOW if name in PARSERS}


@pytest.fixture(scope="module")
def tallies() -> dict[str, harness.Tally]:
    groups = [[name for name in PARSERS if INPUTS[name] == count] for count in sorted(set(INPUTS.values()))]
    return {tally.parser: tally for names in groups for tally in harness.fuzz(names, INPUTS[names[0]])}


@pytest.mark.long
@pytest.mark.parametrize("parser", PARSERS)
def test_every_input_decodes_or_is_refused(parser: str, tallies: dict[str, harness.Tally]) -> None:
    tally = tallies[parser]
    assert tally.faults == []
    assert tally.inputs == INPUTS[parser]
    # Nearly any bytes are NAL units, or indices of a range coder.
    assert tally.refused > 0 or parser in ("nal-units", "range-coder"), "the test does not test"


def test_every_codec_is_fuzzed() -> None:
    from licbench.codecs.registry import codec_ids

    assert {codec for codec in codec_ids() if ready(codec)} <= set(PARSERS)
    assert {"jpeg", "jpeg2000", "bpg", "cae", "gan", "sr"} <= set(PARSERS)


# The harness notices what it is for


class Misbehaving(Parser):
    """Does what its input says."""

    def seeds(self) -> list[bytes]:
        return [b"fine"]

    def parse(self, data: bytes) -> object:
        match data:
            case b"refuse":
                raise CorruptStreamError("one line; fetch it again")
            case b"lines":
                raise CorruptStreamError("two\nlines")
            case b"raise":
                raise KeyError("pca")
            case b"exit":
                raise SystemExit(3)
        return data


@pytest.mark.parametrize(
    ("data", "result"),
    [
        (b"fine", "decoded"),
        (b"refuse", "refused"),
        (b"lines", "message of no or several lines: 'two\\nlines'"),
        (b"raise", "KeyError: 'pca'"),
        (b"exit", "SystemExit: 3"),
    ],
)
def test_what_is_raised_is_told(data: bytes, result: str) -> None:
    assert worker.outcome(Misbehaving(), data) == result


def test_time_and_memory_beyond_the_bounds_are_faults() -> None:
    tally = harness.Tally("x")
    tally.note(1, "refused", harness.LIMIT_SECONDS + 1, 10)
    tally.note(2, "decoded", 0.1, harness.LIMIT_MIB + 1)
    tally.note(3, "decoded", 0.1, 10)
    assert [fault.split(":")[0] for fault in tally.faults] == ["x 1", "x 2"]
    assert (tally.decoded, tally.refused, tally.inputs) == (1, 0, 3)


WORKER = """
import os, signal, sys
_, names, first, last, *_ = sys.argv
for turn in range(int(first), int(last)):
    print('{"begin": %d}' % turn, flush=True)
    if turn == 1:
        os.kill(os.getpid(), signal.SIGSEGV)
    if turn == 3:
        while True:
            pass
    print('{"end": %d, "result": "decoded", "seconds": 0.1, "mib": 9}' % turn, flush=True)
"""


def test_death_and_hanging_are_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fuzz").mkdir()
    (tmp_path / "fuzz" / "__init__.py").touch()
    (tmp_path / "fuzz" / "worker.py").write_text(WORKER)
    monkeypatch.setattr(harness, "TESTS", tmp_path)
    monkeypatch.setattr(harness, "PATIENCE", 1)
    (tally,) = harness.fuzz(["x"], 6)
    assert tally.decoded == 4 and tally.inputs == 6
    assert [fault.split(" (")[0] for fault in tally.faults] == [
        f"x 1: the process died with {-signal.SIGSEGV}",
        "x 3: the process hung",
    ]
