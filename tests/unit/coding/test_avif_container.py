"""The AVIF file: libavif's own layout to the byte, and nothing else."""

import io

import numpy as np
import PIL.Image
import pytest
from pictures import textured

from licbench.coding import avif_container, bitstream
from licbench.coding.avif_container import Av1Image
from licbench.errors import CorruptStreamError


def avif(picture, **options):
    file = io.BytesIO()
    chosen = {"codec": "aom", "max_threads": 1, "speed": 9, "quality": 30, "autotiling": False} | options
    PIL.Image.fromarray(picture).save(file, "AVIF", **chosen)
    return file.getvalue()


@pytest.fixture(scope="module")
def stream():
    return avif(textured(34, 50))


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (300, 4), (20, 5000)])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_what_libavif_writes_is_read_and_written_again(size, subsampling):
    written = avif(textured(*size), subsampling=subsampling)
    image = avif_container.read(written)
    assert (image.height, image.width) == size
    assert avif_container.write(image) == written


def test_every_changed_byte_before_the_coded_frame_is_refused(stream):
    """But for those of the AV1 configuration, which decide no sample."""
    configuration = range(avif_container.CONFIGURATION_AT, avif_container.CONFIGURATION_AT + 4)
    for at in set(range(stream.index(b"mdat") + 4)) - set(configuration):
        with pytest.raises(CorruptStreamError):
            avif_container.read(stream[:at] + bytes([stream[at] ^ 1]) + stream[at + 1 :])


@pytest.mark.parametrize(
    "options",
    [
        {"exif": PIL.Image.Exif().tobytes()},
        {"xmp": b"<x/>"},
        {"icc_profile": bytes(200)},
        {"range": "limited"},
        {"tile_rows": 0, "subsampling": "4:0:0"},
    ],
)
def test_further_items_and_properties_are_refused(options):
    with pytest.raises(CorruptStreamError):
        avif_container.read(avif(textured(34, 50), **options))


def with_frame_size(stream, side):
    """Width in the box, and another in the AV1 stream: only the box would be seen before decoding."""
    image = avif_container.read(stream)
    return avif_container.write(Av1Image(side, image.height, image.configuration, image.data))


def test_the_frame_has_the_size_of_the_box(stream):
    with pytest.raises(CorruptStreamError, match="no AV1 image of the declared size"):
        avif_container.read(with_frame_size(stream, 51))


@pytest.mark.parametrize("extra", [b"\x12\x00", b"\x32\x01\x10", b"\x00"])
def test_one_frame_and_nothing_behind_it(stream, extra):
    image = avif_container.read(stream)
    longer = Av1Image(image.width, image.height, image.configuration, image.data + extra)
    with pytest.raises(CorruptStreamError, match="no AV1 image"):
        avif_container.read(avif_container.write(longer))


def test_short_streams_of_large_images_are_padded(monkeypatch):
    flat = np.full((64, 64, 3), 128, np.uint8)
    bare = avif(flat)
    for least in (len(bare) + 1, len(bare) + 500):
        monkeypatch.setattr(bitstream, "FREE_PIXELS", 64 * 64 - least * avif_container.PIXELS_PER_BYTE)
        with pytest.raises(CorruptStreamError, match="bytes where 4096 pixels take at least"):
            avif_container.read(bare)
        filled = avif_container.padded(bare, 64 * 64)
        assert len(filled) >= least and avif_container.read(filled).data == avif_container_data(bare)
        assert np.asarray(PIL.Image.open(io.BytesIO(filled))).shape == flat.shape
        with pytest.raises(CorruptStreamError):
            avif_container.read(filled[:-1] + b"\1")


def avif_container_data(stream):
    return stream[avif_container.DATA_AT :]
