import io
from pathlib import Path

import jsonschema
import numpy as np
import PIL.Image
import pytest
from skimage import data

from licbench.codecs.base import OperatingPoint
from licbench.codecs.jpeg import MODES, Jpeg
from licbench.errors import CorruptStreamError
from licbench.metrics.distortion import error_moments
from licbench.networks.store import ModelStore

CODEC = Jpeg(ModelStore(Path("no-models")))
PHOTO = data.chelsea()
RANDOM = np.random.default_rng(18)


def point(mode, quality):
    (found,) = Jpeg.points({"modes": [mode], "quality": [quality]})
    return found


def segments(stream):
    """The marker codes before the scan, in order."""
    codes, at = [], 2
    while not codes or codes[-1] != 0xDA:
        codes.append(stream[at + 1])
        at += 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return codes


def saved(mode, format="JPEG", **options):
    file = io.BytesIO()
    PIL.Image.fromarray(PHOTO).convert(mode).save(file, format, **options)
    return file.getvalue()


def test_settings_fit_the_schema_and_name_every_point_once():
    settings = {"modes": list(MODES), "quality": [1, 7, 50, 100]}
    jsonschema.Draft202012Validator.check_schema(Jpeg.settings_schema)
    jsonschema.validate(settings, Jpeg.settings_schema)
    points = Jpeg.points(settings)
    assert len({point.id for point in points}) == len(points) == len(settings["modes"]) * len(settings["quality"])
    assert {point.curve for point in points} == set(MODES)
    assert point("420-optimised", 7) == OperatingPoint(
        "420-optimised-q07", "420-optimised", {"mode": "420-optimised", "quality": 7}
    )


@pytest.mark.parametrize("settings", [{"modes": ["422"], "quality": [5]}, {"modes": list(MODES), "quality": [0]}, {}])
def test_other_settings_are_refused(settings):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(settings, Jpeg.settings_schema)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (7, 13), (8, 8), (17, 16)])
def test_any_size_survives(mode, size):
    image = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    decoded = CODEC.decode(CODEC.encode(image, point(mode, 60)))
    assert decoded.shape == image.shape and decoded.dtype == np.uint8


@pytest.mark.parametrize("mode", MODES)
def test_more_bits_never_hurt(mode):
    streams = [CODEC.encode(PHOTO, point(mode, quality)) for quality in (2, 5, 10, 25, 50, 75, 90, 100)]
    sizes = [len(stream) for stream in streams]
    errors = [error_moments(PHOTO, CODEC.decode(stream))["sse"] for stream in streams]
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)


def test_the_three_modes_are_what_they_say():
    streams = {mode: CODEC.encode(PHOTO, point(mode, 30)) for mode in MODES}
    sampling = {mode: PIL.JpegImagePlugin.get_sampling(PIL.Image.open(io.BytesIO(streams[mode]))) for mode in MODES}
    assert sampling == {"444-standard": 0, "420-standard": 2, "420-optimised": 2}
    # The tables decide the length alone, the picture stays.
    assert len(streams["420-optimised"]) < len(streams["420-standard"]) < len(streams["444-standard"])
    assert np.array_equal(CODEC.decode(streams["420-optimised"]), CODEC.decode(streams["420-standard"]))


@pytest.mark.parametrize("mode", MODES)
def test_files_hold_nothing_but_the_picture(mode):
    # JFIF, two quantisation tables, baseline frame, four Huffman tables, scan
    assert segments(CODEC.encode(PHOTO, point(mode, 30))) == [0xE0, 0xDB, 0xDB, 0xC0, *[0xC4] * 4, 0xDA]


@pytest.mark.parametrize("quality", [90, 91, 94, 95, 100])
def test_noise_fits_the_encoder_buffer(quality):
    noise = 255 * RANDOM.integers(0, 2, (500, 500, 3), dtype=np.uint8)
    assert CODEC.decode(CODEC.encode(noise, point("420-optimised", quality))).shape == noise.shape


def test_every_flipped_byte_gives_a_picture_or_an_error():
    stream = CODEC.encode(PHOTO[:19, :13], point("420-optimised", 30))
    # Baseline JPEG has no checksum: where the size itself is hit, a picture of the size that is now declared comes out.
    at = stream.index(b"\xff\xc0") + 5
    for index in range(len(stream)):
        for mask in (0x01, 0x40, 0xFF):
            damaged = bytearray(stream)
            damaged[index] ^= mask
            try:
                height, width, colours = CODEC.decode(bytes(damaged)).shape
            except CorruptStreamError as error:
                assert "\n" not in str(error)
                continue
            assert colours == 3
            assert at <= index < at + 4 or (height, width) == (19, 13)


def test_no_truncation_passes():
    stream = CODEC.encode(PHOTO[:40, :40], point("420-standard", 50))
    for length in range(len(stream)):
        with pytest.raises(CorruptStreamError):
            CODEC.decode(stream[:length])


@pytest.mark.parametrize("side", [12_000, 65_535])
def test_an_impossible_size_is_refused_before_decoding(side):
    stream = bytearray(CODEC.encode(PHOTO[:8, :8], point("444-standard", 50)))
    at = stream.index(b"\xff\xc0") + 5
    stream[at : at + 4] = 2 * side.to_bytes(2, "big")
    with pytest.raises(CorruptStreamError, match="impossible size"):
        CODEC.decode(bytes(stream))


@pytest.mark.parametrize(
    "stream",
    [
        pytest.param(saved("L"), id="grey"),
        pytest.param(saved("CMYK"), id="cmyk"),
        pytest.param(saved("RGB", "PNG"), id="png"),
        pytest.param(saved("RGB", "PNG") + b"\xff\xd9", id="png that ends like a jpeg"),
        pytest.param(saved("RGB") + b"\0", id="bytes after the end"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff\xd8\xff\xd9", id="no picture"),
    ],
)
def test_streams_of_another_kind_are_refused(stream):
    with pytest.raises(CorruptStreamError):
        CODEC.decode(stream)


def test_version_names_both_libraries():
    assert CODEC.version().startswith(f"Pillow {PIL.__version__}, libjpeg")
