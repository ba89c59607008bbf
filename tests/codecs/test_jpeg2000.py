import io
from pathlib import Path

import jsonschema
import numpy as np
import PIL.Image
import pytest
from skimage import data

from licbench.codecs.base import OperatingPoint
from licbench.codecs.jpeg2000 import WAVELETS, Jpeg2000
from licbench.errors import CorruptStreamError
from licbench.metrics.distortion import error_moments
from licbench.networks.store import ModelStore

CODEC = Jpeg2000(ModelStore(Path("no-models")))
PHOTO = data.chelsea()
RANDOM = np.random.default_rng(18)


def point(bpp, wavelet="9-7"):
    asked = {"bpp": [], "reversible_bpp": []} | {"bpp" if wavelet == "9-7" else "reversible_bpp": [bpp]}
    (found,) = Jpeg2000.points(asked)
    return found


def test_settings_fit_the_schema_and_name_every_point_once():
    settings = {"bpp": [0.05, 0.15, 2.0], "reversible_bpp": []}
    jsonschema.Draft202012Validator.check_schema(Jpeg2000.settings_schema)
    jsonschema.validate(settings, Jpeg2000.settings_schema)
    points = Jpeg2000.points(settings)
    assert len({point.id for point in points}) == len(points) == len(settings["bpp"])
    for wavelet in WAVELETS:
        assert point(0.15, wavelet) == OperatingPoint(f"{wavelet}-b0.150", wavelet, {"bpp": 0.15, "wavelet": wavelet})
    assert [each.curve for each in Jpeg2000.points({"bpp": [1, 2], "reversible_bpp": [1]})] == ["9-7", "9-7", "5-3"]


@pytest.mark.parametrize(
    "change",
    [{"bpp": [0]}, {"bpp": []}, {"bpp": None}, {"ratio": 20}, {"reversible_bpp": [25]}, {"reversible_bpp": None}],
)
def test_other_settings_are_refused(change):
    settings = {"bpp": [1], "reversible_bpp": []}
    jsonschema.validate(settings, Jpeg2000.settings_schema)
    changed = {key: value for key, value in (settings | change).items() if value is not None}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed, Jpeg2000.settings_schema)


@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize("bpp", [0.05, 0.1, 0.15, 0.3, 0.5, 1.0, 2.0])
def test_rate_lands_at_or_just_under_the_target(bpp, wavelet):
    size, target = len(CODEC.encode(PHOTO, point(bpp, wavelet))), bpp * PHOTO.shape[0] * PHOTO.shape[1] / 8
    # The grain is one coding pass of one block, with all that is as steep.
    assert 0.95 * target <= size <= target


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_more_bits_never_hurt(wavelet):
    rates = (0.02, 0.05, 0.1, 0.15, 0.2, 0.4, 0.8, 1.6, 3.0, 24)
    streams = [CODEC.encode(PHOTO, point(bpp, wavelet)) for bpp in rates]
    sizes = [len(stream) for stream in streams]
    errors = [error_moments(PHOTO, CODEC.decode(stream))["sse"] for stream in streams]
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("wavelet", WAVELETS)
@pytest.mark.parametrize("bpp", [0.001, 0.15, 2, 24])
@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (16, 16), (2, 3), (31, 65)])
def test_any_size_survives_any_target(size, bpp, wavelet):
    image = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    decoded = CODEC.decode(CODEC.encode(image, point(bpp, wavelet)))
    assert decoded.shape == image.shape and decoded.dtype == np.uint8


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1, 4000)])
def test_an_impossible_target_gives_the_shortest_stream(size):
    image = RANDOM.integers(0, 256, (*size, 3), dtype=np.uint8)
    lengths = [len(CODEC.encode(image, point(bpp))) for bpp in (0.001, 0.02, 0.1)]
    assert len(set(lengths)) == 1
    # Header and the 30 bytes that OpenJPEG allows at least
    assert lengths[0] <= 160


def test_the_reversible_wavelet_reaches_lossless_and_costs_more_before():
    assert np.array_equal(CODEC.decode(CODEC.encode(PHOTO, point(24, "5-3"))), PHOTO)
    errors = [error_moments(PHOTO, CODEC.decode(CODEC.encode(PHOTO, point(0.5, each))))["sse"] for each in WAVELETS]
    assert errors[0] < errors[1] < 2 * errors[0]


@pytest.mark.parametrize("wavelet", WAVELETS)
def test_another_decoder_reads_the_same_picture(wavelet):
    stream = CODEC.encode(PHOTO, point(0.5, wavelet))
    assert np.array_equal(np.asarray(PIL.Image.open(io.BytesIO(stream))), CODEC.decode(stream))


def test_streams_of_other_encoders_are_refused():
    file = io.BytesIO()
    PIL.Image.fromarray(PHOTO).save(file, "JPEG2000", quality_layers=[100, 50], quality_mode="rates")
    for stream in (file.getvalue(), b"", b"\xff\x4f\xff\x51" + bytes(100)):
        with pytest.raises(CorruptStreamError):
            CODEC.decode(stream)


def test_version_names_the_library():
    assert CODEC.version().startswith("OpenJPEG 2.")
