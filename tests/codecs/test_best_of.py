"""best_of: never under its best member by more than the byte it spends, and its stream is that of the member."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pictures import photo, smooth

from licbench.codecs.base import OperatingPoint
from licbench.codecs.best_of import FIRST_BYTE, MEMBERS, BestOf
from licbench.codecs.registry import codec_class, codec_ids
from licbench.errors import CorruptStreamError, SettingsError
from licbench.locations import SHIPPED
from licbench.metrics.distortion import error_moments
from licbench.networks.store import ModelStore

BLOCKS: dict[str, Any] = {
    "jpeg": {"modes": ["420-optimised"], "quality": [5, 30, 80]},
    "bpg": {"chroma": ["420"], "qp": [30, 44]},
    "cae": {"rotation": ["offline"], "ladder": {"cae_096": [1.0]}},
}
IMAGES = {"photo": photo(70, 90), "smooth": smooth(64, 48)}


def test_it_is_as_good_as_its_best_member_but_for_one_byte() -> None:
    codec, decoder = BestOf(ModelStore(SHIPPED)), BestOf(ModelStore(SHIPPED))
    for image in IMAGES.values():
        held = []
        for name, block in BLOCKS.items():
            member = codec_class(name)(ModelStore(SHIPPED))
            for point in member.points(block):
                stream = member.encode(image, point)
                held.append((name, stream, error_moments(image, member.decode(stream))["sse"]))
        for weight in (1, 300, 3000, 100000):
            point = OperatingPoint("x", "best", {"members": json.dumps(BLOCKS), "lambda": weight})
            stream = codec.encode(image, point)
            error = error_moments(image, decoder.decode(stream))["sse"]
            least = min(sse + 8 * weight * len(own) for _, own, sse in held)
            assert error + 8 * weight * len(stream) == least + 8 * weight
            name = MEMBERS[stream[0] - FIRST_BYTE]
            assert (name, stream[1:]) in [(each, own) for each, own, _ in held]
            assert codec.annotate(image, point) == {"branch": name}


def test_members_are_coded_once_for_all_lambdas(monkeypatch: pytest.MonkeyPatch) -> None:
    made, encode = [], codec_class("jpeg").encode
    monkeypatch.setattr(codec_class("jpeg"), "encode", lambda *given: made.append(1) or encode(*given))
    codec = BestOf(ModelStore(SHIPPED))
    for point in codec.points({"members": {"jpeg": BLOCKS["jpeg"]}, "lambda": [100, 1000, 10000]}):
        codec.encode(IMAGES["photo"], point)
    assert len(made) == 3


def test_places_of_members_never_change() -> None:
    """What streams say; new members come at the end."""
    assert MEMBERS[:7] == ("jpeg", "jpeg2000", "bpg", "cae", "gan", "sr", "gan_switch")


@pytest.mark.parametrize("stream", [b"", b"\xdf", b"\xff\xd8", bytes([FIRST_BYTE + len(MEMBERS)])])
def test_other_streams_are_refused(stream: bytes) -> None:
    with pytest.raises(CorruptStreamError, match="not a best_of stream"):
        BestOf(ModelStore(SHIPPED)).decode(stream)


def test_a_member_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licbench.codecs.best_of.codec_ids", lambda: [each for each in codec_ids() if each != "bpg"])
    with pytest.raises(CorruptStreamError, match="holds a bpg stream, which is no codec here"):
        BestOf(ModelStore(SHIPPED)).decode(bytes([FIRST_BYTE + MEMBERS.index("bpg")]) + b"BPG\xfb")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"best_of": {}}, "cannot be a member"),
        ({"jpeg": {"modes": ["420-optimised"], "quality": [500]}}, "members.jpeg"),
    ],
)
def test_wrong_members_are_refused(members: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        BestOf.points({"members": members, "lambda": [100]})


def test_what_it_depends_on_is_that_of_its_members() -> None:
    settings = {"members": BLOCKS, "lambda": [100]}
    assert BestOf.codecs_inside(settings) == ["bpg", "cae", "jpeg"]
    assert BestOf.required_models(settings) == ["cae_096"]
    assert all(
        codec_class(name)(ModelStore(SHIPPED)).version() in BestOf(ModelStore(SHIPPED)).version() for name in BLOCKS
    )
