"""What a stream declares is bounded by what it holds, and large pictures are computed piece by piece."""

import binascii
import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import photo, textured

from licbench.codecs import cae, gan
from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.coding import bitstream, bpg, openjpeg
from licbench.errors import BadImageError, CorruptStreamError
from licbench.images import limits
from licbench.networks.store import ModelStore

POINTS = {
    "jpeg2000": {"bpp": 0.1, "wavelet": "9-7"},
    "bpg": {"chroma": "420", "qp": 51},
    "cae": {"model": "tiny_cae", "step": 1000.0, "rotation": "none"},
    "gan": {"model": "tiny_gan", "scale": 1, "bits": 5, "rotated": True},
    "sr": {"model": "tiny_srcnn", "qp": 51, "branch": "lanczos"},
    "sr_restored": {"model": "tiny_restorer", "qp": 51, "size": "adaptive"},
}
PER_BYTE = {"jpeg2000": openjpeg.PIXELS_PER_BYTE, "bpg": bpg.container.PIXELS_PER_BYTE}


def encoded(codec, models, picture, **settings):
    return codec_class(codec)(models).encode(picture, OperatingPoint("x", "x", POINTS[codec] | settings))


def decoded(codec, models, stream):
    return codec_class(codec)(ModelStore(models.folder)).decode(stream)


def resealed(body):
    """A stream of our own whose checksum is right, whatever it says."""
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def test_least_bytes():
    free, per_byte = bitstream.FREE_PIXELS, bitstream.PIXELS_PER_BYTE
    assert [bitstream.least_bytes(pixels) for pixels in (1, free, free + 1, free + per_byte + 1)] == [0, 0, 1, 2]
    for pixels in (free + 1, 24_000_000, limits.MAX_PIXELS):
        least = bitstream.least_bytes(pixels)
        bitstream.check_length(pixels, least)
        with pytest.raises(CorruptStreamError, match=f"stream has {least - 1} bytes where {pixels} pixels take at"):
            bitstream.check_length(pixels, least - 1)


@pytest.mark.parametrize("codec", POINTS)
def test_a_few_bytes_cannot_declare_the_largest_picture(codec, models):
    """Refused by its size alone: nothing of it is computed."""
    stream = encoded(codec, models, textured(16, 16))
    if codec == "jpeg2000":
        stream = stream[:8] + 2 * (8192).to_bytes(4, "big") + stream[16:]
    elif codec == "bpg":
        stream = stream[:6] + bytes.fromhex("c000c000") + stream[8:]  # 7 bits a byte
    else:
        stream = resealed(stream[:1] + bytes.fromhex("80408040") + stream[3:-2])
    with pytest.raises(CorruptStreamError, match="bytes where 67108864 pixels take at least"):
        decoded(codec, models, stream)


@pytest.mark.parametrize("codec", POINTS)
def test_large_pictures_without_content_are_filled_up(codec, models, monkeypatch):
    """Where the stream of a flat picture would be too short for its size, zeros are added, and no less is taken."""
    flat, least = np.full((64, 64, 3), 128, np.uint8), 1000
    bare = encoded(codec, models, flat)
    monkeypatch.setattr(bitstream, "FREE_PIXELS", 64 * 64 - least * PER_BYTE.get(codec, bitstream.PIXELS_PER_BYTE))
    stream = encoded(codec, models, flat)
    assert len(bare) < len(stream) == least
    assert decoded(codec, models, stream).shape == flat.shape
    for damaged in (bare, stream[:-1]):
        with pytest.raises(CorruptStreamError):
            decoded(codec, models, damaged)
    if codec in ("cae", "gan"):
        for body in (stream[:-2] + b"\0", stream[:-3] + b"\1"):
            with pytest.raises(CorruptStreamError, match="bytes too many"):
                decoded(codec, models, resealed(body))


# JPEG has its own bound


def jpeg(picture, **options):
    file = io.BytesIO()
    PIL.Image.fromarray(picture).save(file, "JPEG", **options)
    return file.getvalue()


def with_size(stream, width, height):
    """The size in the frame header (T.81, B.2.2) changed."""
    at = stream.index(b"\xff\xc0") + 5
    return stream[:at] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + stream[at + 4 :]


def test_the_shortest_jpeg_there_is_passes(models):
    flat = np.full((4000, 3000, 3), 128, np.uint8)
    stream = jpeg(flat, quality=1, optimize=True)
    assert decoded("jpeg", models, stream).shape == flat.shape


def test_jpeg_declares_no_more_than_it_can_hold(models):
    stream = jpeg(textured(16, 16))
    with pytest.raises(CorruptStreamError, match="JPEG stream is too short for 8192x8192"):
        decoded("jpeg", models, with_size(stream, 8192, 8192))
    with pytest.raises(CorruptStreamError, match="impossible size"):
        decoded("jpeg", models, with_size(stream, 65_535, 65_535))


def test_a_changed_size_of_a_jpeg_gives_that_size(models):
    """Nothing in the format tells it from a sound file: docs/dev/robustness.md."""
    stream = jpeg(textured(64, 64))
    assert decoded("jpeg", models, with_size(stream, 64, 40)).shape == (40, 64, 3)


def test_passes_over_a_jpeg_are_bounded(models):
    with pytest.raises(CorruptStreamError, match="progressive, not baseline"):
        decoded("jpeg", models, jpeg(textured(64, 64), progressive=True))
    stream = jpeg(textured(64, 64))
    scan = stream[stream.index(b"\xff\xda") : -2]
    with pytest.raises(CorruptStreamError, match="progressive, not baseline"):
        decoded("jpeg", models, stream[:-2] + 9 * scan + stream[-2:])


# Pieces


@pytest.mark.parametrize(("height", "width"), [(419, 430), (1003, 232), (132, 1600)])
def test_strips_of_the_cae_leave_no_seam(height, width, models, monkeypatch):
    """Stream and pixels are those of the picture in one piece."""
    picture = np.tile(photo(), (6, 7, 1))[:height, :width]
    monkeypatch.setattr(cae, "ANALYSIS_ROWS", height)
    whole = encoded("cae", models, picture, step=1.0, rotation="offline")
    pixels = decoded("cae", models, whole)
    monkeypatch.setattr(cae, "ANALYSIS_ROWS", 3)
    monkeypatch.setattr(cae, "SYNTHESIS_PIXELS", 2**16)  # smaller ones would go through other kernels of torch
    assert 3 * 8 * cae.strip_rows(height, width, cae.SYNTHESIS_PIXELS) <= height + 24
    assert encoded("cae", models, picture.copy(), step=1.0, rotation="offline") == whole
    assert np.array_equal(decoded("cae", models, whole), pixels)


def test_a_strip_too_few_rows_of_context_would_show(models, monkeypatch):
    picture = np.tile(photo(), (3, 2, 1))
    whole = encoded("cae", models, picture, step=1.0, rotation="offline")
    pixels = decoded("cae", models, whole)
    monkeypatch.setattr(cae, "SYNTHESIS_PIXELS", 2**16)
    monkeypatch.setattr(cae, "SYNTHESIS_OVERLAP", 1)
    assert not np.array_equal(decoded("cae", models, whole), pixels)


def test_bands_of_rows_become_rgb_alike(models, monkeypatch):
    picture = photo(100, 90)
    stream = encoded("cae", models, picture, step=1.0, rotation="none")
    pixels = decoded("cae", models, stream)
    monkeypatch.setattr(cae, "BAND", 7)
    assert np.array_equal(decoded("cae", models, stream), pixels)


def test_tiles_of_the_gan_are_bounded(models, monkeypatch):
    stream = encoded("gan", models, textured(40, 50), scale=2)
    monkeypatch.setattr(gan, "MAX_ENLARGED", 40 * 50 * 4 - 1)
    with pytest.raises(CorruptStreamError, match="declares 50x40, 2 times enlarged"):
        decoded("gan", models, stream)
    with pytest.raises(BadImageError, match="enlarged by 2, the image has over 7999 pixels; scale it down"):
        encoded("gan", models, textured(40, 50), scale=2)
    assert decoded("gan", models, encoded("gan", models, textured(40, 50), scale=1)).shape == (40, 50, 3)


STRIPS = """
import resource, sys
sys.path.insert(0, "scripts")
import torch
from licbench.networks.inference import in_strips

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

torch.set_num_threads(1)
network = torch.nn.Sequential(torch.nn.Conv2d(1, 32, 3, 1, 1), torch.nn.Conv2d(32, 8, 3, 2, 1)).double()
maps = torch.zeros(1, 1, 1024, 1024, dtype=torch.float64)
with torch.inference_mode():
    in_strips(network, maps[..., :64, :], 32, 8)
    before = peak()
    in_strips(network, maps, 32, 8)
print(peak() - before)
"""


def test_strips_leave_the_memory_in_one_piece():
    """As jobs run, with what glibc keeps: results kept strip by strip took 11 GB of a picture of 24 megapixels."""
    kept = dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], str(2**30))
    done = subprocess.run(
        [sys.executable, "-c", STRIPS],
        cwd=Path(__file__).parents[2],
        env={**os.environ, **kept},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(done.stdout) < 150
