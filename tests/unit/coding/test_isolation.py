"""Decoding apart: the parent gets the image or one line, whatever becomes of the child."""

from __future__ import annotations

import faulthandler
import os
import signal
import time

import numpy as np
import pytest

from licbench.coding import isolation
from licbench.coding.isolation import decode_apart
from licbench.errors import CorruptStreamError

SHAPE = (3, 5, 3)
IMAGE = np.arange(45, dtype=np.uint8).reshape(SHAPE)


def test_the_image_comes_back_and_may_be_changed() -> None:
    decoded = decode_apart(lambda: IMAGE.transpose(1, 0, 2).copy().transpose(1, 0, 2), SHAPE, "X")
    assert np.array_equal(decoded, IMAGE)
    decoded[0] = 0


def spin() -> np.ndarray:
    while True:
        pass


def die() -> np.ndarray:
    faulthandler.disable()  # no trace among the test's results: this end is wanted
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError


def refuse() -> np.ndarray:
    raise ValueError("two\nlines")


def hoard() -> np.ndarray:
    return np.ones(2**30, np.uint8)


@pytest.mark.parametrize(
    ("decode", "reason"),
    [
        (die, "ends its decoder with SIGSEGV"),
        (refuse, "is damaged"),
        (hoard, "is damaged"),
        (lambda: IMAGE[:2], "holds no image of the declared size"),
        (lambda: IMAGE.astype(float), "holds no image of the declared size"),
    ],
)
def test_damage_is_one_line(decode, reason) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(CorruptStreamError) as raised:
        decode_apart(decode, SHAPE, "X")
    assert str(raised.value) == f"X stream {reason}; fetch the file again"


def test_time_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation, "FREE_SECONDS", 0)
    started = time.monotonic()
    with pytest.raises(CorruptStreamError, match="takes far more time than its size suggests"):
        decode_apart(spin, SHAPE, "X")
    assert time.monotonic() - started < 60


def test_the_parent_keeps_its_limits() -> None:
    import resource

    before = [resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]
    decode_apart(lambda: IMAGE, SHAPE, "X")
    assert before == [resource.getrlimit(kind) for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS)]
