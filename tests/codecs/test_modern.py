"""AVIF, WebP, JPEG XL and VVenC: what their versions name, what their files hold, what a few bytes cannot ask for."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import yaml
from pictures import textured
from registered import CONFIG, ROOT, measurable

from licbench.codecs.base import Codec, OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.coding import jpegxl_header
from licbench.config import check
from licbench.errors import CorruptStreamError, SettingsError
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore

POINTS = {
    "avif": {"chroma": "420", "quality": 20, "speed": 8},
    "webp": {"quality": 20},
    "jpegxl": {"distance": 8.0, "effort": 3},
    "vvc": {"qp": 40, "preset": "faster"},
}
LIBRARIES = {
    "avif": r"Pillow \S+, libavif \S+, dav1d \[dec\]:\S+, aom \[enc\]:\S+",
    "webp": r"Pillow \S+, libwebp \S+",
    "jpegxl": r"imagecodecs \S+, libjxl \S+",
    "vvc": r"VVenC \S+, ffmpeg \S+, imageio-ffmpeg \S+, libavcodec \S+",
}
PRESETS = ROOT / "workflow" / "presets"
every_modern = pytest.mark.parametrize("codec", [measurable(codec) for codec in POINTS])


def instance(codec: str) -> Codec:
    return codec_class(codec)(ModelStore(SHIPPED))


def encoded(codec: str, picture: np.ndarray) -> bytes:
    return instance(codec).encode(picture, OperatingPoint("x", "x", POINTS[codec]))


@every_modern
def test_the_version_names_every_library(codec: str) -> None:
    assert re.fullmatch(LIBRARIES[codec], instance(codec).version())


@every_modern
def test_streams_name_nobody(codec: str) -> None:
    """No library's name, date or profile in the file: only what decides the image."""
    stream = encoded(codec, textured(40, 56)).lower()
    assert not [word for word in (b"exif", b"xmp", b"icc", b"lavc", b"vvenc", b"aom", b"libjxl") if word in stream]


def declaring_8192(codec: str) -> bytes:
    """A sound stream whose header was changed to 8192 x 8192."""
    stream = encoded(codec, textured(16, 16))
    if codec == "avif":
        at = stream.index(b"ispe") + 8
        return stream[:at] + 2 * (8192).to_bytes(4, "big") + stream[at + 8 :]
    if codec == "webp":
        return stream[:26] + 2 * (8192).to_bytes(2, "little") + stream[30:]
    # small 0, selector 1 and 13 bits of 8191, ratio 1:1, two flags (ISO/IEC 18181-1, D.2)
    bits = 0 | 1 << 1 | 8191 << 3 | 1 << 16 | 1 << 19 | 1 << 20
    return jpegxl_header.SIGNATURE + bits.to_bytes(3, "little") + stream[5:]


@pytest.mark.parametrize("codec", [measurable(codec) for codec in ("avif", "webp", "jpegxl")])
def test_a_few_bytes_cannot_declare_the_largest_picture(codec: str) -> None:
    with pytest.raises(CorruptStreamError, match="bytes where 67108864 pixels take at least"):
        instance(codec).decode(declaring_8192(codec))


@pytest.mark.parametrize("codec", [measurable(codec) for codec in ("avif", "webp", "jpegxl")])
def test_flat_pictures_of_many_pixels_pass(codec: str) -> None:
    """The shortest streams there are keep to the bound on pixels for each byte."""
    flat = np.full((1200, 1600, 3), 128, np.uint8)
    assert instance(codec).decode(encoded(codec, flat)).shape == flat.shape


@pytest.mark.parametrize(
    "options",
    [{"lossless": True}, {"exif": PIL.Image.Exif().tobytes(), "xmp": b"<x/>"}, {"save_all": True}],
    ids=["lossless", "metadata", "animated"],
)
def test_other_webp_files_are_refused(options: dict[str, object]) -> None:
    file = io.BytesIO()
    frames = [PIL.Image.fromarray(textured(20, 20, seed=seed)) for seed in (1, 2)]
    further = {"append_images": frames[1:]} if "save_all" in options else {}
    frames[0].save(file, "WEBP", **options, **further)  # type: ignore[arg-type]
    with pytest.raises(CorruptStreamError, match="lossless, transparent or animated; convert it first"):
        instance("webp").decode(file.getvalue())


@pytest.mark.parametrize("options", [{"lossless": True}, {"usecontainer": True}], ids=["lossless", "container"])
def test_other_jpeg_xl_files_are_refused(options: dict[str, bool]) -> None:
    imagecodecs = pytest.importorskip("imagecodecs", reason="not installed; install envs/dev.lock")
    with pytest.raises(CorruptStreamError):
        instance("jpegxl").decode(imagecodecs.jpegxl_encode(textured(20, 20), **options))


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (300, 450), (256, 256), (451, 300), (9, 16384)])
def test_sizes_of_jpeg_xl_are_read(size: tuple[int, int]) -> None:
    imagecodecs = pytest.importorskip("imagecodecs", reason="not installed; install envs/dev.lock")
    flat = np.full((*size, 3), 7, np.uint8)
    stream = imagecodecs.jpegxl_encode(flat, distance=20, effort=3, usecontainer=False)
    assert jpegxl_header.read_size(stream) == size[::-1]


@pytest.mark.parametrize("codec", [codec for codec in POINTS if codec_class(codec).packages])
def test_a_missing_package_is_one_line_with_the_command(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = codec_class(codec)
    (lock,) = kind.packages.values()
    assert (ROOT / "envs" / lock).is_file()
    monkeypatch.setattr(kind, "packages", {"no_such_module": lock})
    with pytest.raises(SettingsError) as raised:
        instance(codec)
    line = f"codec {codec} needs no_such_module, which is not installed; run: python -m pip install -r envs/{lock}"
    assert str(raised.value) == line


def test_modules_load_without_the_packages() -> None:
    """As in an environment of run.lock alone: encode.py lists every codec."""
    hidden = "import sys; sys.modules.update(dict.fromkeys(['imagecodecs', 'imageio_ffmpeg', 'av']))\n"
    code = f"{hidden}from licbench.codecs.registry import extensions\nprint(*extensions())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "scripts", capture_output=True, text=True, check=False
    )
    assert {".avif", ".webp", ".jxl", ".vvc"} <= set(done.stdout.split()), done.stderr


@pytest.mark.parametrize("names", [["modern"], ["modern", "vvc"]])
def test_the_presets_add_to_the_config_and_change_nothing_in_it(
    names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Codec, "require_packages", lambda: None)
    config = CONFIG
    for name in names:
        preset = yaml.safe_load((PRESETS / f"{name}.yaml").read_text())
        assert set(preset) == {"codecs", "table5"}
        config = config | preset | {"table5": config["table5"] | preset["table5"]}
    check(config)
    assert config["codecs"][: len(CONFIG["codecs"])] == CONFIG["codecs"]
    assert set(config["codecs"]) == set(CONFIG["codecs"]) | set(POINTS) - ({"vvc"} if names == ["modern"] else set())
    assert {row["codec"] for row in config["table5"].values()} >= set(config["codecs"]) - {"jpeg2000"}
