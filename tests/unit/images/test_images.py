from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from bad_pictures import CONVERTED, NOISE, REFUSED, encoded, raw_png, rgb, two_pictures
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from licbench.errors import BadImageError
from licbench.images.colour import rgb_to_ycbcr, ycbcr_to_rgb
from licbench.images.files import decode_rgb, read_rgb, write_png
from licbench.images.geometry import pad_to_multiple


@pytest.mark.parametrize("name", REFUSED)
def test_refused_with_one_line(name: str, tmp_path: Path) -> None:
    data, fault = REFUSED[name]
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(BadImageError) as caught:
        read_rgb(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ") and fault in message and ";" in message and "\n" not in message


@pytest.mark.parametrize("name", CONVERTED)
def test_converted_with_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, kind = CONVERTED[name]
    path = tmp_path / name
    path.write_bytes(data)
    pixels = read_rgb(path)
    with PIL.Image.open(path) as picture:
        assert np.array_equal(pixels, np.asarray(picture.convert("RGB")))
    assert pixels.dtype == np.uint8 and pixels.flags.writeable
    assert capsys.readouterr().err == f"note: {path}: {kind} converted to RGB\n"


@pytest.mark.parametrize("format", ["PNG", "BMP", "TIFF", "PPM"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 4000), (4000, 1), (24, 40)])
def test_rgb_is_taken_as_it_is(format: str, shape: tuple[int, int], capsys: pytest.CaptureFixture[str]) -> None:
    assert np.array_equal(decode_rgb(encoded(rgb(shape), format), "x"), np.resize(NOISE, (*shape, 3)))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("format", "options"), [("JPEG", {}), ("WEBP", {}), ("TIFF", {"compression": "tiff_lzw"})])
def test_lossy_and_compressed_formats(format: str, options: dict[str, str], tmp_path: Path) -> None:
    # The suffix may be wrong: one JPEG of ImageNet is a PNG
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(rgb(), format, **options))
    with PIL.Image.open(path) as picture:
        assert np.array_equal(read_rgb(path), np.asarray(picture))


def test_every_cut_of_a_png_is_noticed() -> None:
    data = encoded(rgb((6, 7)), "PNG")
    # All but the checksum of the end mark, which guards nothing
    for length in range(len(data) - 4):
        with pytest.raises(BadImageError):
            decode_rgb(data[:length], "x")


def test_every_flipped_byte_of_a_png_is_noticed_or_harmless() -> None:
    data = encoded(rgb((6, 7)), "PNG")
    whole = decode_rgb(data, "x")
    for position in range(len(data)):
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        try:
            assert np.array_equal(decode_rgb(bytes(flipped), "x"), whole)
        except BadImageError:
            continue


@pytest.mark.parametrize("format", ["JPEG", "WEBP", "BMP", "TIFF", "PPM", "GIF", "JPEG2000"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_gives_a_picture_or_bad_image_error(format: str) -> None:
    data = encoded(rgb(), format)
    for position in range(0, min(len(data), 700)):
        flipped = bytearray(data)
        flipped[position] ^= 0x55
        try:
            pixels = decode_rgb(bytes(flipped), "x")
        except BadImageError:
            continue
        assert pixels.dtype == np.uint8 and pixels.ndim == 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "TIFF-lzw"])
def test_pixels_are_taken_as_stored_whatever_exif_says(
    format: str, orientation: int, capsys: pytest.CaptureFixture[str]
) -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    kind, _, compression = format.partition("-")
    options = {"compression": f"tiff_{compression}"} if compression else {}
    plain = decode_rgb(encoded(rgb(), kind, **options), "x")
    assert np.array_equal(decode_rgb(encoded(rgb(), kind, exif=exif, **options), "x"), plain)
    said = f"note: x: taken as stored, not turned by its EXIF orientation {orientation}\n"
    assert capsys.readouterr().err == ("" if orientation == 1 else said)


def test_damaged_exif_data_change_nothing() -> None:
    exif = b"Exif\0\0II*\0\xff\xff\xff\x7f"
    assert decode_rgb(encoded(rgb(), "JPEG", exif=exif), "x").shape == (24, 40, 3)


def test_of_a_phones_jpeg_the_first_picture_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    assert np.array_equal(decode_rgb(two_pictures(), "x"), decode_rgb(encoded(rgb(), "JPEG"), "x"))
    assert capsys.readouterr().err == "note: x: holds 2 images (MPO); the first is taken\n"


@pytest.mark.parametrize("options", [{}, {"no_jp2": True}], ids=["jp2", "codestream"])
def test_every_cut_of_a_jpeg2000_file_is_noticed(options: dict[str, Any]) -> None:
    data = encoded(rgb((6, 7)), "JPEG2000", **options)
    assert np.array_equal(decode_rgb(data, "x"), np.resize(NOISE, (6, 7, 3)))
    for length in range(len(data)):
        with pytest.raises(BadImageError):
            decode_rgb(data[:length], "x")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(BadImageError, match="no such file"):
            read_rgb(path)


def test_a_large_header_costs_nothing() -> None:
    with pytest.raises(BadImageError, match="11000x13000 is more than"):
        decode_rgb(raw_png(8, 2, 11_000, 13_000, 0), "x")


def test_write_png_roundtrip_and_refusal(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.png"
    write_png(path, NOISE)
    assert np.array_equal(read_rgb(path), NOISE)
    for wrong in (NOISE[..., 0], NOISE.astype(np.float32), NOISE[..., :2]):
        with pytest.raises(ValueError, match="uint8"):
            write_png(tmp_path / "new" / "y.png", wrong)
    assert [entry.name for entry in path.parent.iterdir()] == ["x.png"]


@given(
    plane=array_shapes(min_dims=2, max_dims=3, max_side=9).flatmap(lambda shape: arrays(np.uint8, shape)),
    multiple=st.integers(1, 12),
)
def test_padding_repeats_the_edge(plane: np.ndarray, multiple: int) -> None:
    padded = pad_to_multiple(plane, multiple)
    height, width = plane.shape[:2]
    assert padded.shape[0] % multiple == padded.shape[1] % multiple == 0
    assert padded.shape[0] - height < multiple and padded.shape[1] - width < multiple
    assert np.array_equal(padded[:height, :width], plane)
    rows, columns = np.arange(padded.shape[0]).clip(max=height - 1), np.arange(padded.shape[1]).clip(max=width - 1)
    assert np.array_equal(padded, plane[rows][:, columns])


def test_colour_transform_agrees_with_jfif() -> None:
    corners = np.array([[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]])
    # ITU-T T.871, section 7
    expected = [
        [0, 128, 128],
        [255, 128, 128],
        [76.245, 84.9723, 255.5],
        [149.685, 43.5276, 21.2345],
        [29.07, 255.5, 107.2655],
    ]
    ycbcr = rgb_to_ycbcr(corners)
    assert ycbcr.dtype == np.float32
    np.testing.assert_allclose(ycbcr, expected, atol=1e-3)


@given(arrays(np.uint8, (4, 5, 3)))
def test_colour_transform_is_inverted_and_agrees_with_pillow(image: np.ndarray) -> None:
    ycbcr = rgb_to_ycbcr(image)
    back = ycbcr_to_rgb(ycbcr)
    assert back.dtype == np.float32
    # The bounds hold for all 2**24 colours; Pillow works in fixed point and cuts the fraction off
    np.testing.assert_allclose(back, image, rtol=0, atol=1e-4)
    fraction = ycbcr.clip(0, 255) - np.asarray(PIL.Image.fromarray(image).convert("YCbCr"), np.float32)
    assert fraction.min() > -0.05 and fraction.max() < 1.01
