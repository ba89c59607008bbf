"""A codec that breaks its contract is named where its rows would be made: no row, no file elsewhere, no traceback."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import PIL.Image
import pytest
from pictures import photo
from registered import sweep

from licbench.codecs import registry
from licbench.codecs.base import Codec, OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids
from licbench.errors import ContractError, SettingsError
from licbench.measurement import measure
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows

POINT = OperatingPoint("q1", "c", {"q": 1})
SHAPES = [(168, 180), (40, 30)]
"""With and without MS-SSIM, which hid a wrong type in its own traceback."""


class Raw(Codec):
    """Stores the samples; what it gives back can be changed."""

    id, extension = "raw", ".raw"
    settings_schema, point_schema = {"type": "object"}, {}  # type: ignore[misc]
    given: ClassVar[Any] = [POINT]
    notes: ClassVar[Any] = {}
    said: ClassVar[Any] = "1"

    @classmethod
    def points(cls, settings):
        return cls.given

    def version(self):
        return self.said

    def encode(self, image, point):
        return bytes([*image.shape[:2]]) + image.tobytes()

    def decode(self, stream):
        return np.frombuffer(stream[2:], np.uint8).reshape(stream[0], stream[1], 3)

    def annotate(self, image, point):
        return self.notes


def overwriting(self, image, point):
    stream = Raw.encode(self, image, point)
    image[:] = 0
    return stream


def decoding(change):
    return {"decode": lambda self, stream: change(Raw.decode(self, stream))}


def points(*changed, **changes):
    return {"given": [*changed, *([replace(POINT, **changes)] if changes else [])]}


FAULTS = {
    "float": (decoding(lambda image: image.astype(np.float32) * 1.5), "it decodes to float32, not uint8"),
    "wider": (decoding(lambda image: image.astype(np.int64)), "it decodes to int64, not uint8"),
    "grey": (decoding(lambda image: image[..., 0]), r"it decodes to \(\d+, \d+\), not \(\d+, \d+, 3\)"),
    "list": (decoding(lambda image: image.tolist()), "it decodes to list, not a NumPy array"),
    "turned": (decoding(lambda image: image.transpose(1, 0, 2)), r"it decodes to \(\d+, \d+, 3\), not"),
    "array": ({"encode": lambda self, image, point: image}, "encoder returns ndarray at point q1, not bytes"),
    "nothing": ({"encode": lambda self, image, point: b""}, "encoder returns an empty stream at point q1"),
    "overwrites": ({"encode": overwriting}, "it changes the image that it is given"),
    "outside": (points(id="../../../outside"), r"point id '../../../outside' is no safe file name"),
    "absolute": (points(id="/tmp/outside"), "is no safe file name"),
    "below": (points(id="a/b"), "is no safe file name"),
    "empty": (points(id=""), "is no safe file name"),
    "hidden": (points(id=".."), "is no safe file name"),
    "an option": (points(id="-q"), "is no safe file name"),
    "long": (points(id="q" * 129), "is no safe file name"),
    "foreign": (points(id="качество"), "is no safe file name"),
    "no curve": (points(curve=""), "point q1 names its curve ''"),
    "no JSON": (points(settings={"q": np.int64(1)}), "settings of point q1 are no JSON"),
    "no JSON number": (points(settings={"q": float("nan")}), "settings of point q1 are no JSON"),
    "unknown column": ({"notes": {"seconds": 1.0}}, "it annotates unknown column 'seconds'"),
    "measured column": ({"notes": {"sse": 0}}, "it annotates unknown column 'sse'"),
    "no number": ({"notes": {"pre_psnr_db": float("nan")}}, "it annotates pre_psnr_db with nan"),
    "text": ({"notes": {"pre_psnr_db": "33"}}, "it annotates pre_psnr_db with '33'"),
    "no version": ({"said": ""}, "its version is '', not a line of text"),
    "lines": ({"said": "1\n2"}, "not a line of text"),
}


def rows_of(folder, monkeypatch, shape=(40, 30), **changes):
    kind = type("Raw", (Raw,), changes)
    monkeypatch.setattr(measure, "codec_class", lambda _: kind)
    PIL.Image.fromarray(photo(*shape)).save(folder / "photo.png")
    places = {"weights": folder, "streams": folder / "deep" / "streams", "rows": folder / "rows.csv"}
    measure_images({"photo": folder / "photo.png"}, ("set", "raw"), {}, **places)
    return read_rows(folder / "rows.csv")


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("changes", "message"), FAULTS.values(), ids=FAULTS)
def test_a_broken_promise_is_named_and_leaves_no_row(changes, message, shape, tmp_path, monkeypatch):
    (tmp_path / "in").mkdir()
    with pytest.raises(ContractError, match=message) as refused:
        rows_of(tmp_path / "in", monkeypatch, shape, **changes)
    assert str(refused.value).startswith("codec raw: ") and "\n" not in str(refused.value)
    assert str(refused.value).endswith("; fix scripts/licbench/codecs/raw.py")
    assert not (tmp_path / "in" / "rows.csv").exists()
    written = {path.relative_to(tmp_path).parts[:3] for path in tmp_path.rglob("*") if path.is_file()}
    assert written <= {("in", "photo.png"), ("in", "deep", "streams")}


@pytest.mark.parametrize("other", ["q1", "Q1"])
def test_no_point_overwrites_the_stream_of_another(other, tmp_path, monkeypatch):
    with pytest.raises(SettingsError, match=f"of raw give '{min('q1', other)}' twice; list each value once"):
        rows_of(tmp_path, monkeypatch, given=[POINT, replace(POINT, id=other)])
    assert [path.name for path in tmp_path.iterdir()] == ["photo.png"]


def test_what_is_promised_is_enough(tmp_path, monkeypatch):
    """Not contiguous, read-only, a lossless PSNR: all of that is an image and a number."""
    flipped = decoding(lambda image: image[:, ::-1][:, ::-1].copy(order="F"))
    notes = {"branch": "srcnn", "pre_psnr_db": float("inf")}
    (plain,) = rows_of(tmp_path, monkeypatch).to_dict("records")
    (line,) = rows_of(tmp_path, monkeypatch, notes=notes, **flipped).to_dict("records")
    assert line["sse"] == 0 and line["pixels_sha256"] == plain["pixels_sha256"]
    assert line["pre_psnr_db"] == float("inf")


@pytest.mark.parametrize("codec", codec_ids())
def test_memory_grows_with_the_image(codec):
    own = {
        "cae": {"ladder": {"a": [1.0], "b": [1.0], "c": []}},
        "gan": {"families": [{"model": ["g"], "scale": [1, 4], "bits": [8], "rotated": [True]}]},
        "sr": {"model": "srcnn", "qp": [30]},
    }
    kind, block = codec_class(codec), own.get(codec) or sweep(codec)
    small, large = kind.memory_mb(block, 0.4), kind.memory_mb(block, 24)
    # Peaks of docs/dev/performance.md, in MB
    measured = {"jpeg": 946, "jpeg2000": 882, "bpg": 1008, "cae": 2900, "sr": 1216, "gan": 3234}
    assert 0 < small <= large
    if codec in measured:
        assert 500 <= small < large and measured[codec] < large < 2 * max(measured[codec], 1000)


# The registry


@pytest.fixture
def codecs(monkeypatch):
    """Registers a codec of that name and extension, in place of the real ones."""
    known: dict[str, type[Codec]] = {}
    monkeypatch.setattr(registry, "codec_ids", lambda: sorted(known))
    monkeypatch.setattr(registry, "codec_class", lambda name: known[name])
    return lambda name, extension: known.update({name: type("Mine", (Raw,), {"id": name, "extension": extension})})


def test_two_codecs_with_one_extension_are_refused(codecs):
    codecs("first", ".same")
    codecs("second", ".same")
    message = (
        r"codecs/first\.py and scripts/licbench/codecs/second\.py both write \.same files; give one of them another"
    )
    for ask in (registry.extensions, lambda: registry.codec_of_file("photo.same")):
        with pytest.raises(SettingsError, match=message):
            ask()


@pytest.mark.parametrize("extension", ["same", ".", "", "./same", ".a.b", ".SAME", ".x" * 12, 3])
def test_an_extension_is_a_suffix(codecs, extension):
    codecs("first", extension)
    with pytest.raises(SettingsError, match=r"codecs/first\.py: extension .* is not a dot and"):
        registry.extensions()


def test_every_codec_has_an_extension_of_its_own():
    assert sorted(registry.extensions().values()) == codec_ids()


def test_a_codec_that_cannot_be_imported_is_named(monkeypatch):
    def broken(_):
        raise ModuleNotFoundError("No module named 'cjxl'")

    monkeypatch.setattr(registry, "import_module", broken)
    registry.codec_class.cache_clear()
    try:
        with pytest.raises(SettingsError, match=r"codecs/jpeg\.py cannot be imported \(ModuleNotFoundError: .*cjxl"):
            registry.codec_class("jpeg")
    finally:
        registry.codec_class.cache_clear()
