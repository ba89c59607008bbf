import tempfile
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from skimage import data

from licbench.coding import openjpeg
from licbench.errors import CorruptStreamError, LicbenchError, SettingsError

RANDOM = np.random.default_rng(18)
SIZES = [(1, 1), (1, 4000), (4000, 1), (13, 17), (64, 64), (65, 130)]


def laplacian(shape, scale):
    return np.rint(RANDOM.laplace(0, scale, shape)).astype(np.int32)


def damaged(stream):
    for index in range(len(stream)):
        for mask in (0x01, 0x80, 0xFF):
            copy = bytearray(stream)
            copy[index] ^= mask
            yield bytes(copy)


def survives(decode, stream, shape):
    """Whether ``stream`` decodes: to the declared shape, or else to nothing but the one error."""
    try:
        assert decode(stream).shape == shape
    except CorruptStreamError as error:
        assert "\n" not in str(error)
        return False
    return True


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("scale", [0, 0.3, 5, 3000])
@pytest.mark.parametrize("code_block", [32, 64])
def test_mosaics_survive_any_size(shape, scale, code_block):
    values = laplacian(shape, scale)
    decoded = openjpeg.decode_mosaic(openjpeg.encode_mosaic(values, code_block), shape)
    assert decoded.dtype == np.int32
    assert np.array_equal(decoded, values)


@pytest.mark.parametrize("value", [0, 1, -1, 2, -2, 127, 128, -128, -129, 2**23 - 1, -(2**23)])
@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_mosaics_survive_the_edges_of_every_depth(value, dtype):
    if not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        pytest.skip("not a value of this type")
    values = np.array([[0, value], [value, 0]], dtype)
    assert np.array_equal(openjpeg.decode_mosaic(openjpeg.encode_mosaic(values), (2, 2)), values)


@pytest.mark.parametrize(
    ("low", "high", "bits"), [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-2, 1, 2), (0, 127, 8), (-129, 0, 9)]
)
def test_the_shortest_depth_is_stored(low, high, bits):
    assert openjpeg.encode_mosaic(np.array([[low, high]]))[0] & 31 == bits


def test_an_empty_mosaic_costs_two_bytes():
    assert len(openjpeg.encode_mosaic(np.zeros((256, 768), np.int32))) == 2


def test_a_zero_latent_is_the_coders_zero():
    """Sparse values cost far less than the same values around an offset that the coder does not know of."""
    values = laplacian((256, 256), 0.12)
    assert len(openjpeg.encode_mosaic(values)) < 0.6 * len(openjpeg.encode_mosaic(values + 37))


def test_sparse_mosaics_come_near_their_entropy():
    values = laplacian((256, 768), 0.25)
    _, counts = np.unique(values, return_counts=True)
    entropy_bytes = -(counts * np.log2(counts / values.size)).sum() / 8
    assert len(openjpeg.encode_mosaic(values)) < 1.1 * entropy_bytes


def test_mosaics_out_of_range_are_refused():
    with pytest.raises(SettingsError, match="coarser step"):
        openjpeg.encode_mosaic(np.array([[2**23]]))
    with pytest.raises(SettingsError, match="code block 48"):
        openjpeg.encode_mosaic(np.zeros((4, 4), np.int32), 48)


def test_damaged_mosaics_keep_the_expected_shape_or_fail():
    stream = openjpeg.encode_mosaic(laplacian((13, 17), 3))
    outcomes = [
        survives(lambda data: openjpeg.decode_mosaic(data, (13, 17)), copy, (13, 17)) for copy in damaged(stream)
    ]
    assert {True, False} == set(outcomes)


def test_truncated_mosaics_keep_the_expected_shape_or_fail():
    stream = openjpeg.encode_mosaic(laplacian((70, 90), 3))
    for length in range(0, len(stream), 7):
        survives(lambda data: openjpeg.decode_mosaic(data, (70, 90)), stream[:length], (70, 90))
    with pytest.raises(CorruptStreamError):
        openjpeg.decode_mosaic(b"", (70, 90))


@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (65_536, 1), (65_535, 65_535)])
def test_impossible_mosaic_shapes_are_refused(shape):
    with pytest.raises(CorruptStreamError, match="impossible size"):
        openjpeg.decode_mosaic(b"\x81\x80", shape)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("ratio", [1, 12, 160])
@pytest.mark.parametrize("reversible", [False, True])
def test_photos_survive_any_size(shape, ratio, reversible):
    image = RANDOM.integers(0, 256, (*shape, 3), dtype=np.uint8)
    decoded = openjpeg.decode(openjpeg.encode_photo(image, ratio, reversible=reversible))
    assert decoded.shape == image.shape and decoded.dtype == np.uint8
    if ratio == 1:
        assert np.abs(decoded.astype(int) - image).max() <= 3


def test_damaged_photos_keep_their_size_or_fail():
    image = data.chelsea()[100:113, 200:217]
    outcomes = [survives(openjpeg.decode, copy, image.shape) for copy in damaged(openjpeg.encode_photo(image, 3))]
    assert {True, False} == set(outcomes)


def test_no_truncated_photo_passes():
    stream = openjpeg.encode_photo(data.chelsea()[:40, :50], 20)
    for length in range(len(stream)):
        with pytest.raises(CorruptStreamError):
            openjpeg.decode(stream[:length])


def test_a_warning_of_the_library_counts_as_damage(monkeypatch):
    stream = openjpeg.encode_photo(data.chelsea()[:40, :50], 20)
    monkeypatch.setattr(openjpeg._Messages, "listen", lambda messages, codec: messages.append("tile ends too early"))
    with pytest.raises(CorruptStreamError, match=r"damaged \(tile ends too early\)"):
        openjpeg.decode(stream)


@pytest.mark.parametrize(("width", "height"), [(0, 5), (65_536, 1), (2**32 - 1, 2**32 - 1), (65_535, 65_535)])
def test_impossible_photo_sizes_are_refused(width, height):
    stream = bytearray(openjpeg.encode_photo(np.zeros((5, 5, 3), np.uint8), 1))
    stream[8:16] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    with pytest.raises(CorruptStreamError, match="impossible size"):
        openjpeg.decode(bytes(stream))


def test_no_comment_is_left_in_a_stream():
    stream = openjpeg.encode_photo(data.chelsea(), 100)
    assert b"\xff\x64" not in stream[: stream.index(b"\xff\x90")]


def test_nothing_is_printed_and_no_file_stays(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stream = openjpeg.encode_photo(data.chelsea()[:33, :47], 30)
    openjpeg.decode(stream)
    for copy in damaged(stream[-60:]):
        survives(openjpeg.decode, stream[:-60] + copy, (33, 47, 3))
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_the_wheel_of_pillow_serves_whatever_library_the_system_has():
    """One process that ran the system's and another the wheel's once disagreed on the version of a row."""
    path = openjpeg._bundled_library()
    if path is None:
        pytest.skip("Pillow does not come from a wheel here")
    assert Path(path).is_relative_to(Path(PIL.__file__).parents[1])
    assert openjpeg._bindings().OPENJP2._name == path


def test_a_machine_without_any_library_is_told_what_to_install(monkeypatch):
    from glymur.lib import openjp2

    monkeypatch.setattr(openjp2, "OPENJP2", None)
    monkeypatch.setattr(openjpeg, "_bundled_library", lambda: None)
    openjpeg._bindings.cache_clear()
    try:
        with pytest.raises(LicbenchError, match="no libopenjp2 found; install"):
            openjpeg.version()
    finally:
        monkeypatch.undo()
        openjpeg._bindings.cache_clear()
        assert openjpeg.version().startswith("OpenJPEG ")
