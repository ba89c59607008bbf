"""What codecs say of their headers, against their streams."""

from __future__ import annotations

import struct

import pytest
from pictures import photo, textured

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.coding.bitstream import CRC_BYTES
from licbench.networks.store import ModelStore

SIZES = [(60, 170), (33, 200), (16, 16)]
POINTS = {
    "jpeg": [{"mode": m, "quality": q} for m in ("444-standard", "420-standard", "420-optimised") for q in (1, 60)],
    "jpeg2000": [{"bpp": 2.0, "wavelet": wavelet} for wavelet in ("9-7", "5-3")],
    "bpg": [{"chroma": chroma, "qp": 40} for chroma in ("420", "444")],
    "cae": [{"model": "tiny_cae", "rotation": "none", "step": step} for step in (1.0, 17.0)],
    "gan": [{"model": "tiny_gan", "scale": 2, "bits": 8, "rotated": True}],
    "sr": [{"model": "tiny_srcnn", "qp": 40, "branch": branch} for branch in ("srcnn", "lanczos")],
}
CASES = [(codec, settings, size) for codec, points in POINTS.items() for settings in points for size in SIZES]


def jpeg_header(stream, settings):
    """All marker segments, but the Huffman tables that were made for the image."""
    at, length = 2, 4  # start and end of image
    while True:
        marker, size = struct.unpack_from(">HH", stream, at)
        if marker != 0xFFC4 or settings["mode"] != "420-optimised":
            length += 2 + size
        if marker == 0xFFDA:
            return length
        at += 2 + size


def jpeg2000_header(stream, settings):
    """Up to the start of the data, and the marker at the end."""
    return stream.index(b"\xff\x93") + 4


def common(first, second):
    """Leading bytes in which two streams are the same."""
    return next(at for at, (one, other) in enumerate(zip(first, second, strict=False)) if one != other)


@pytest.mark.parametrize(("codec", "settings", "size"), CASES, ids=str)
def test_a_header_is_as_long_as_the_codec_says(codec, settings, size, weights):
    kind, (height, width) = codec_class(codec), size
    encoder, point = kind(ModelStore(weights)), OperatingPoint("x", "x", settings)
    one, other = (encoder.encode(image, point) for image in (photo(*size), textured(*size, seed=3)))
    said = kind.header_bytes(settings, width, height)
    assert 0 < said < min(len(one), len(other))
    if codec in ("jpeg", "jpeg2000"):
        parse = jpeg_header if codec == "jpeg" else jpeg2000_header
        assert said == parse(one, settings) == parse(other, settings)
        return
    # The others begin with their header; our own have a checksum at the end, which counts
    assert said - (0 if codec == "bpg" else CRC_BYTES) <= common(one, other)
    assert kind.header_bytes(settings, width + 2**14, height) > said


def test_of_a_stream_without_coefficients_nothing_but_the_header_is_left(weights):
    """And of the CAE's three components their lengths, which are 0."""
    kind, settings = codec_class("cae"), {"model": "tiny_cae", "rotation": "none", "step": 1000.0}
    stream = kind(ModelStore(weights)).encode(photo(33, 200), OperatingPoint("x", "x", settings))
    assert len(stream) == kind.header_bytes(settings, 200, 33) + 3


def test_a_codec_that_leaves_the_choice_to_its_encoder_does_not_say():
    assert codec_class("sr").header_bytes({"model": "x", "qp": 30, "branch": "adaptive"}, 64, 64) is None
