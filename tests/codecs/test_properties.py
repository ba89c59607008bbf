"""What holds for every codec, picture and setting: drawn by hypothesis, few in CI.

LICBENCH_EXAMPLES=200 python -m pytest tests/codecs/test_properties.py        many, and other ones every time
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pictures import smooth, textured
from registered import every_codec, measurable

from licbench.codecs.base import Codec, Image, OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore

EXAMPLES = int(os.environ.get("LICBENCH_EXAMPLES", "0"))
drawn = settings(
    max_examples=EXAMPLES or 5,
    derandomize=not EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
every_codec = every_codec()

RATE_SLACK = 1.02
RATE_SLACK_BYTES = 24
"""What a coarser setting may cost more: headers, tables and the choices of an encoder are no smooth functions."""


def noise(height: int, width: int, seed: int) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def flat(height: int, width: int, seed: int) -> Image:
    return np.full((height, width, 3), np.random.default_rng(seed).integers(0, 256, 3), np.uint8)


def gradient(height: int, width: int, seed: int) -> Image:
    return np.roll(smooth(height, width), seed % 3, axis=2)


def one_pixel(height: int, width: int, seed: int) -> Image:
    """A single bright or dark pixel on grey."""
    rng = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 128, np.uint8)
    picture[rng.integers(height), rng.integers(width)] = rng.choice((0, 255), 3)
    return picture


QUICK = {"gan": "gan_64", "models": "gan_64,gan_128"}
QUICK_EFFORTS: dict[str, list[Any]] = {
    "speed": [7, 9],
    "effort": [3, 5],
    "preset": ["faster", "fast"],
    "rounds": [1, 3],
}
"""In CI, of settings that trade time for rate."""

CONTENTS: tuple[Callable[[int, int, int], Image], ...] = (noise, flat, gradient, one_pixel, textured)
SIDES = st.one_of(st.integers(1, 20), st.integers(1, 300))
PICTURES = st.builds(
    lambda content, height, width, seed: content(height, width, seed),
    st.sampled_from(CONTENTS),
    SIDES,
    SIDES,
    st.integers(0, 99),
)


def setting(name: str, schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value that the schema allows; of the models, in CI, one that loads quickly."""
    if name == "model":
        family = schema["default"].split("_")[0]
        shipped = sorted(path.stem for path in SHIPPED.glob(f"{family}*.safetensors"))
        return st.sampled_from(shipped if EXAMPLES else [QUICK.get(family, schema["default"])])
    if name in QUICK_EFFORTS and not EXAMPLES:
        return st.sampled_from(QUICK_EFFORTS[name])
    if schema.get("type") == "string" and "enum" not in schema:
        return st.just(schema["default"] if EXAMPLES else QUICK.get(name, schema["default"]))
    if "enum" in schema or schema["type"] == "boolean":
        return st.sampled_from(schema.get("enum", [False, True]))
    if schema["type"] == "integer":
        return st.integers(schema["minimum"], schema["maximum"])
    return st.floats(schema.get("minimum", 0), schema.get("maximum", 60))


def points(codec: str) -> st.SearchStrategy[OperatingPoint]:
    schemas = codec_class(codec).point_schema
    values = {name: setting(name, dict(schema)) for name, schema in schemas.items()}
    return st.fixed_dictionaries(values).map(lambda held: OperatingPoint("drawn", "drawn", held))


def fresh(codec: str) -> Codec:
    return codec_class(codec)(ModelStore(SHIPPED))


@every_codec
@drawn
@given(data=st.data())
def test_size_is_kept_and_the_decoder_is_a_function_of_the_stream(codec: str, data: st.DataObject) -> None:
    picture, other = data.draw(PICTURES), data.draw(PICTURES)
    point, another = data.draw(points(codec)), data.draw(points(codec))
    used = fresh(codec)
    stream = used.encode(picture, point)
    decoded = used.decode(stream)
    assert decoded.shape == picture.shape and decoded.dtype == np.uint8
    assert np.array_equal(used.decode(stream), decoded)
    used.decode(used.encode(other, another))
    assert np.array_equal(used.decode(stream), decoded)
    assert np.array_equal(fresh(codec).decode(stream), decoded)


@every_codec
@drawn
@given(data=st.data())
def test_the_encoder_is_a_function_of_picture_and_point(codec: str, data: st.DataObject) -> None:
    picture, other, point = data.draw(PICTURES), data.draw(PICTURES), data.draw(points(codec))
    used = fresh(codec)
    stream = used.encode(picture, point)
    used.encode(other, point)
    assert used.encode(picture.copy(), point) == stream == fresh(codec).encode(picture, point)


ORDERED = {
    "jpeg": ("quality", 1),
    "jpeg2000": ("bpp", 1),
    "bpg": ("qp", -1),
    "cae": ("step", -1),
    "gan": ("bits", 1),
    "sr": ("qp", -1),
    "avif": ("quality", 1),
    "webp": ("quality", 1),
    "vvc": ("qp", -1),
    "best_of": ("lambda", -1),
    "sr_restored": ("qp", -1),
}
"""Of the codecs here, the setting that sets the rate, and whether more of it means more bytes; not of
JPEG XL, which halves images from a distance of 20 on."""


@pytest.mark.parametrize("codec", [measurable(codec) for codec in ORDERED if codec in codec_ids()])
@drawn
@given(data=st.data())
def test_rate_follows_the_setting(codec: str, data: st.DataObject) -> None:
    """Up to the slack above: of two settings the finer one costs as much or more."""
    name, sign = ORDERED[codec]
    picture, point = data.draw(PICTURES), data.draw(points(codec))
    values = data.draw(st.lists(setting(name, dict(codec_class(codec).point_schema[name])), min_size=2, max_size=2))
    fixed = {"branch": "lanczos"} if codec == "sr" else {}  # adaptive may choose the other size of picture
    used = fresh(codec)
    coarse, fine = (
        len(used.encode(picture, OperatingPoint("x", "x", {**point.settings, **fixed, name: value})))
        for value in sorted(values, key=lambda value: sign * value)
    )
    assert coarse <= RATE_SLACK * fine + RATE_SLACK_BYTES
