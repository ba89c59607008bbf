"""Everything that reads what others may have written: its seeds, how these are damaged, and how it may refuse."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import tempfile
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import yaml

from fuzz import mutations
from licbench import config as configuration
from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids
from licbench.coding import openjpeg, range_coder
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.bpg import container, nal, parameter_sets
from licbench.coding.quantiser import CoefficientQuantiser
from licbench.datasets import archives
from licbench.datasets.manifests import read_manifest
from licbench.errors import BadImageError, CorruptStreamError, DatasetError, ModelError, PointsError, SettingsError
from licbench.images.files import decode_rgb
from licbench.locations import SHIPPED
from licbench.measurement import rows
from licbench.networks.store import ModelStore

ROOT = Path(__file__).parents[2]
SHAPES = ((16, 24), (9, 31), (40, 33))
MOSAIC = (24, 40)
TILES = 9


class Parser(ABC):
    """One entry point; inputs are a function of the seed alone."""

    refusals: tuple[type[Exception], ...] = (CorruptStreamError,)

    @abstractmethod
    def seeds(self) -> list[bytes]:
        """Sound inputs."""

    @abstractmethod
    def parse(self, data: bytes) -> object:
        """What is tested; raises one of ``refusals``, or nothing."""

    @cached_property
    def sound(self) -> list[bytes]:
        return self.seeds()

    def damaged(self, rng: random.Random) -> bytes:
        return mutations.damaged(rng, self.sound)


def pictures() -> list[np.ndarray]:
    """Noise, gradients and a flat picture, all small: what is slow to decode must be affordable."""
    rng = np.random.default_rng(2018)
    found = [rng.integers(0, 256, (*SHAPES[0], 3), np.uint8), np.full((*SHAPES[2], 3), 77, np.uint8)]
    y, x = np.mgrid[0 : SHAPES[1][0], 0 : SHAPES[1][1]]
    return [*found, np.stack([8 * y, 8 * x, 4 * (x + y)], axis=-1).astype(np.uint8)]


class CodecParser(Parser):
    """A codec's decoder."""

    # An unknown fingerprint cannot be distinguished from a missing model.
    refusals = (CorruptStreamError, ModelError)

    def __init__(self, codec: str, *points: Mapping[str, Any], own_format: bool = False) -> None:
        self._codec, self._points, self._own = codec_class(codec)(ModelStore(SHIPPED)), points, own_format

    def seeds(self) -> list[bytes]:
        given = [OperatingPoint("x", "x", settings) for settings in self._points]
        return [self._codec.encode(picture, point) for picture in pictures() for point in given]

    def damaged(self, rng: random.Random) -> bytes:
        data = super().damaged(rng)
        # Nine times in ten the checksum of our own formats is made right, or nothing behind it would be tested.
        return mutations.resealed(data[:-2]) if self._own and data and rng.random() < 0.9 else data

    def parse(self, data: bytes) -> object:
        picture = self._codec.decode(data)
        assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[2] == 3
        return picture


class OwnFields(Parser):
    """The reader of our own streams' fields, in every order."""

    def seeds(self) -> list[bytes]:
        return [StreamWriter(0xC1).size(640, 3).byte(7).varint(2**30).blob(b"abc").raw(b"tail").finish()]

    def damaged(self, rng: random.Random) -> bytes:
        return mutations.resealed(super().damaged(rng)[:-2]) if rng.random() < 0.9 else super().damaged(rng)

    def parse(self, data: bytes) -> object:
        reader = StreamReader(data, 0xC1, "cae")
        return [reader.size(), reader.byte(), reader.varint(), reader.blob(), reader.raw(4), reader.end()]


class BpgContainer(Parser):
    def seeds(self) -> list[bytes]:
        stream = BPG.sound[0]
        # With an extension: its length follows the two bytes of the image's.
        return [stream, stream[:5] + b"\x08" + stream[6:10] + b"\x03abc" + stream[10:]]

    def parse(self, data: bytes) -> object:
        return container.read(data)


class HevcHeader(Parser):
    def seeds(self) -> list[bytes]:
        return [container.read(stream).hevc_header for stream in BPG.sound]

    def parse(self, data: bytes) -> object:
        tools = parameter_sets.read_header(data)
        return parameter_sets.decoder_parameter_sets(tools, *tools.padded(16, 16), 1)


class NalUnits(Parser):
    def seeds(self) -> list[bytes]:
        return [container.read(stream).hevc_data for stream in BPG.sound]

    def parse(self, data: bytes) -> object:
        return [(nal.kind(unit), nal.layer(unit), nal.payload(unit)) for unit in nal.split(data)]


class Mosaic(Parser):
    def seeds(self) -> list[bytes]:
        rng = np.random.default_rng(1)
        return [openjpeg.encode_mosaic(np.rint(rng.laplace(0, scale, MOSAIC)).astype(np.int32)) for scale in (1, 99)]

    def parse(self, data: bytes) -> object:
        return openjpeg.decode_mosaic(data, MOSAIC)


class RangeCoder(Parser):
    counts = tuple(np.arange(1, 3 + 9 * size, dtype=np.uint16) for size in range(6))
    tables = range_coder.Static(counts)

    def seeds(self) -> list[bytes]:
        rng = np.random.default_rng(1)
        drawn = [rng.integers(0, len(table), TILES) for table in self.counts]
        return [range_coder.encode(np.stack(drawn, axis=1).astype(np.int32), self.tables), b""]

    def parse(self, data: bytes) -> object:
        return range_coder.decode(data, (TILES, len(self.counts)), self.tables)


class FileParser(Parser):
    """What reads a file by its path."""

    def __init__(self, name: str, read: Callable[[Path], object], sources: Callable[[], list[bytes]], *refusals: Any):
        self._name, self._read, self._sources, self.refusals = name, read, sources, refusals

    def seeds(self) -> list[bytes]:
        return self._sources()

    def parse(self, data: bytes) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / self._name
            path.write_bytes(data)
            return self._read(path)


class Config(Parser):
    """config.yaml, damaged as a tree and as text; what is no YAML, Snakemake refuses before we see it."""

    refusals = (SettingsError, DatasetError, yaml.YAMLError)

    def seeds(self) -> list[bytes]:
        return [(ROOT / "config.yaml").read_bytes()]

    @cached_property
    def tree(self) -> Any:
        return yaml.safe_load(self.sound[0])

    def damaged(self, rng: random.Random) -> bytes:
        if rng.random() < 0.02:
            return super().damaged(rng)
        with contextlib.suppress(RecursionError, ValueError, OverflowError):  # of the writer
            return json.dumps(mutations.damaged_tree(rng, self.tree)).encode()
        return b"{}"

    def parse(self, data: bytes) -> object:
        try:
            config = json.loads(data)
        except (ValueError, RecursionError):
            config = yaml.load(data, yaml.CSafeLoader)
        configuration.check(config)
        return config


class Weights(Parser):
    """A model's two files, the card first behind its length; most cards carry the right sha256 of the damaged file."""

    refusals = (ModelError,)

    def seeds(self) -> list[bytes]:
        return [(SHIPPED / "srcnn.safetensors").read_bytes()]

    @cached_property
    def card(self) -> dict[str, Any]:
        card: dict[str, Any] = json.loads((SHIPPED / "srcnn.json").read_text())
        return card

    def damaged(self, rng: random.Random) -> bytes:
        weights, card = self.sound[0], self.card
        if rng.random() < 0.7:
            weights = mutations.damaged(rng, self.sound)
        else:
            with contextlib.suppress(RecursionError):
                card = mutations.damaged_tree(rng, card)
        if isinstance(card, dict) and rng.random() < 0.8:
            card = {**card, "sha256": hashlib.sha256(weights).hexdigest()}
        try:
            text = json.dumps(card).encode()
        except (RecursionError, TypeError, ValueError):
            text = b"[" * 50_000
        if rng.random() < 0.1:
            text = mutations.damaged(rng, [text])
        return len(text).to_bytes(4, "big") + text + weights

    def parse(self, data: bytes) -> object:
        from licbench.networks import inference
        from licbench.networks.srcnn import SRCNN

        end = 4 + int.from_bytes(data[:4], "big")
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "m.json").write_bytes(data[4:end])
            (Path(folder) / "m.safetensors").write_bytes(data[end:])
            model = ModelStore(Path(folder)).load("m", "srcnn")
            inference._loaded.clear()
            return inference.network_of(SRCNN, model, "srcnn")


class Pictures(Parser):
    refusals = (BadImageError,)

    def seeds(self) -> list[bytes]:
        made = []
        for format in ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "PPM"):
            for picture in pictures()[:2]:
                file = io.BytesIO()
                PIL.Image.fromarray(picture).save(file, format)
                made.append(file.getvalue())
        return made

    def parse(self, data: bytes) -> object:
        with contextlib.redirect_stderr(io.StringIO()):
            return decode_rgb(data, "picture")


def zips() -> list[bytes]:
    made = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            archive.writestr("valid/one.png", PICTURES.sound[0])
            archive.writestr("two.png", PICTURES.sound[1])
        made.append(file.getvalue())
    return made


def unpacked(path: Path) -> object:
    with contextlib.redirect_stderr(io.StringIO()):
        return archives.unpack_images([path], path.parent / "out")


def manifests() -> list[bytes]:
    text = (ROOT / "workflow" / "resources" / "manifests" / "kodak.tsv").read_bytes()
    return [text, b"".join(text.splitlines(keepends=True)[:3])]


def tables_of_rows() -> list[bytes]:
    values = dict.fromkeys(rows.COLUMNS, "1") | {"ms_ssim": "", "branch": "", "pre_psnr_db": ""}
    return [f"{','.join(values)}\n{','.join(values.values())}\n".encode()]


class OwnQuantiser(Parser):
    """Ranges and counts of a GAN's tables, as values from bytes."""

    refusals = (ModelError,)

    def seeds(self) -> list[bytes]:
        return [np.array([-1, -1, -1, 1, 1, 1], np.float32).tobytes()]

    def parse(self, data: bytes) -> object:
        from licbench.coding.latent_tables import counts_of, quantiser_of
        from licbench.networks.store import Model

        ends = np.frombuffer(data.ljust(24, b"\0")[:24], np.float32)
        card = {"recipe": {"code_size": 3}}
        sound = CoefficientQuantiser.from_ranges(
            np.full(3, -1.0, np.float32), np.ones(3, np.float32), 5, shared_step=True
        )
        tensors = {"pca.low": ends[:3], "pca.high": ends[3:], "pca.counts5": np.ones(sound.levels.sum(), np.uint16)}
        model = Model("m", tensors, card, b"")
        with np.errstate(all="ignore"):
            return counts_of(model, quantiser_of(model, 5, True), 5, True)


BPG = CodecParser("bpg", {"chroma": "420", "qp": 30}, {"chroma": "444", "qp": 45})
PICTURES = Pictures()
CAE = [{"model": "cae_096", "step": 1.0, "rotation": rotation} for rotation in ("none", "offline", "per_image")]
GAN = [{"model": "gan_64", "scale": 1, "bits": bits, "rotated": rotated} for bits, rotated in ((5, True), (8, False))]
SWITCH = [{"models": "gan_64,gan_128", "scale": 1, "lambda": weight} for weight in (300, 30000)]
BEST = {"jpeg": {"modes": ["420-optimised"], "quality": [30]}, "bpg": {"chroma": ["420"], "qp": [40]}}
RESTORED = [{"model": "restorer", "qp": qp, "size": size} for qp, size in ((36, "1"), (40, "0.7"), (30, "0.5"))]
SR = [{"model": "srcnn", "qp": 35, "branch": branch} for branch in ("srcnn", "lanczos")]


def by_default(codec: str) -> CodecParser:
    """A codec that is none of the paper's, at the defaults of its points."""
    return CodecParser(codec, {name: rule["default"] for name, rule in codec_class(codec).point_schema.items()})


def ready(codec: str) -> bool:
    """Whether its packages are installed, and the model that its default point names, if any, is shipped."""
    if codec_class(codec).missing_packages():
        return False
    model = codec_class(codec).point_schema.get("model")
    return model is None or (SHIPPED / f"{model['default']}.safetensors").is_file()


PARSERS: dict[str, Parser] = {
    "jpeg": CodecParser("jpeg", {"mode": "420-optimised", "quality": 30}, {"mode": "444-standard", "quality": 80}),
    "jpeg2000": CodecParser("jpeg2000", {"bpp": 4.0, "wavelet": "9-7"}, {"bpp": 8.0, "wavelet": "5-3"}),
    "bpg": BPG,
    "cae": CodecParser("cae", *CAE, own_format=True),
    "gan": CodecParser("gan", *GAN, own_format=True),
    "sr": CodecParser("sr", *SR, own_format=True),
    "gan_switch": CodecParser("gan_switch", *SWITCH, own_format=True),
    "best_of": CodecParser("best_of", {"members": json.dumps(BEST), "lambda": 100}),
    "sr_restored": CodecParser("sr_restored", *RESTORED, own_format=True),
    "bpg-container": BpgContainer(),
    "hevc-header": HevcHeader(),
    "nal-units": NalUnits(),
    "own-fields": OwnFields(),
    "mosaic": Mosaic(),
    "range-coder": RangeCoder(),
    "gan-tables": OwnQuantiser(),
    "weights": Weights(),
    "config": Config(),
    "manifest": FileParser("m.tsv", read_manifest, manifests, DatasetError),
    "rows": FileParser("rows.csv", rows.read_rows, tables_of_rows, PointsError),
    "picture": PICTURES,
    "archive": FileParser("a.zip", unpacked, zips, DatasetError, BadImageError),
}
if ready("vvc"):
    PARSERS["vvc"] = CodecParser("vvc", {"qp": 30, "preset": "faster"}, own_format=True)
PARSERS |= {codec: by_default(codec) for codec in codec_ids() if codec not in PARSERS and ready(codec)}
