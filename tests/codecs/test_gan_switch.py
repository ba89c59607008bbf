"""gan_switch: the decoder reads models and choices from the file alone."""

from __future__ import annotations

import binascii
from typing import Any

import numpy as np
import pytest
from pictures import photo

from licbench.codecs import gan_switch
from licbench.codecs.base import OperatingPoint
from licbench.codecs.gan_switch import GanSwitch
from licbench.errors import BadImageError, CorruptStreamError, LicbenchError, ModelError
from licbench.locations import SHIPPED
from licbench.metrics.distortion import error_moments, psnr
from licbench.networks.store import ModelStore


def point(weight: int, models: str = "gan_64,gan_128", scale: int = 1) -> OperatingPoint:
    return OperatingPoint("x", "x", {"models": models, "scale": scale, "lambda": weight})


@pytest.fixture(scope="module")
def codec() -> GanSwitch:
    return GanSwitch(ModelStore(SHIPPED))


def resealed(body: bytes) -> bytes:
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def test_less_lambda_means_more_bytes_and_quality(codec: GanSwitch) -> None:
    image = photo(200, 232)
    streams = [codec.encode(image, point(weight)) for weight in (200000, 40000, 9000)]
    quality = [psnr(error_moments(image, codec.decode(stream))["sse"], image.size) for stream in streams]
    assert len(streams[0]) < len(streams[1]) < len(streams[2]) and quality == sorted(quality)
    assert quality[-1] > 20


def test_the_order_of_the_models_is_no_setting(codec: GanSwitch) -> None:
    image = photo(140, 150)
    assert codec.encode(image, point(3000)) == codec.encode(image, point(3000, "gan_128,gan_64,gan_128"))


def test_a_flat_image_is_a_few_colours(codec: GanSwitch) -> None:
    flat = np.full((150, 300, 3), (200, 30, 90), np.uint8)
    stream = codec.encode(flat, point(3000))
    assert len(stream) < 24
    assert np.abs(codec.decode(stream).astype(int) - flat).max() <= 3
    small = np.arange(12, dtype=np.uint8).reshape(2, 2, 3) * 20
    assert codec.decode(codec.encode(small, point(1, scale=4))).shape == small.shape


def test_models_of_other_tiles_are_refused(codec: GanSwitch) -> None:
    with pytest.raises(ModelError, match="models of one tile size"):
        codec.encode(photo(20, 20), point(3000, "gan_128,gan_1024_input_64"))
    body = codec.encode(photo(140, 150), point(300, "gan_128"))[:-2]
    other = codec.models.load("gan_1024_input_64", "gan").fingerprint
    mixed = body[:6] + b"\x02" + body[7:11] + other + body[11:]
    with pytest.raises(CorruptStreamError, match="several tile sizes"):
        codec.decode(resealed(mixed))


@pytest.mark.parametrize(("at", "value"), [(5, 0xFF), (6, 0), (6, 9)])
def test_impossible_headers_are_refused(codec: GanSwitch, at: int, value: int) -> None:
    body = bytearray(codec.encode(photo(140, 150), point(3000))[:-2])
    body[at] = value
    with pytest.raises(CorruptStreamError, match="decode it with the version that wrote it"):
        codec.decode(resealed(bytes(body)))


def test_images_too_large_are_refused(codec: GanSwitch, monkeypatch: pytest.MonkeyPatch) -> None:
    image = photo(30, 40)
    stream = codec.encode(image, point(300, scale=2))
    monkeypatch.setattr(gan_switch, "MAX_ENLARGED", 30 * 40 - 1)
    with pytest.raises(BadImageError, match="scale it down"):
        codec.encode(image, point(300))
    with pytest.raises(CorruptStreamError, match="fetch it again"):
        codec.decode(stream)


def test_another_store_without_the_model_says_so(codec: GanSwitch, models: Any) -> None:
    stream = codec.encode(photo(140, 150), point(300))
    with pytest.raises(LicbenchError, match="pass --weights"):
        GanSwitch(models).decode(stream)
