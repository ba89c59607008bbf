"""Adaptive super-resolution with BPG inside (section 2.3, Fig. 4).

magic | width, height | flag (1) | [model fingerprint (4), if SRCNN] | BPG file of the downscaled image
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import bpg
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.bpg import container
from licbench.coding.memo import LastImage
from licbench.errors import CorruptStreamError
from licbench.images.colour import PEAK
from licbench.images.geometry import halve, resize, scaled_even
from licbench.metrics.distortion import error_moments, psnr
from licbench.networks.store import FINGERPRINT_BYTES, ModelStore

if TYPE_CHECKING:
    from licbench.networks.store import Model

MAGIC = 0xC3
BRANCHES = ("srcnn", "lanczos")
"""In the order of the flag: 0 is half size and SRCNN, 1 is 0.7 of the size and Lanczos."""
CHOICES = (*BRANCHES, "adaptive")
LANCZOS_FACTOR = 0.7
STRIP_PIXELS = 2**15
"""Pixels of one component that go through SRCNN at a time: bounds the memory, and keeps the features in the cache."""


class Sr(Codec):
    """SRCNN where half size loses little of the image, plain interpolation where it loses much.

    The rows hold both branches at every QP; the threshold on ``pre_psnr_db`` is then a choice among rows. ``adaptive``
    makes that choice in the encoder, as the paper's codec does.
    """

    id = "sr"
    extension = ".sr"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "model": {"type": "string", "default": "srcnn", "description": "which trained SRCNN"},
        "qp": {"type": "integer", "minimum": 0, "maximum": 51, "default": 35, "description": "of the BPG inside"},
        "branch": {"enum": list(CHOICES), "default": "adaptive", "description": "adaptive: Pre_PSNR decides"},
        "threshold_db": {"type": "number", "default": 33.0, "description": "Pre_PSNR from which SRCNN is taken"},
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["model", "qp"],
        "properties": {
            "model": point_schema["model"],
            "qp": {
                "description": "QPs of the BPG inside; both branches are measured at each",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "integer", "minimum": 0, "maximum": 51},
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"{branch}-qp{qp:02d}",
                curve=branch,
                settings={"model": settings["model"], "qp": qp, "branch": branch},
            )
            for branch in BRANCHES
            for qp in settings["qp"]
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return [settings["model"]]

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int | None:
        if settings["branch"] not in BRANCHES:
            return None  # the encoder chooses, so the header's length depends on the samples
        inner_height, inner_width = _small_size(height, width, settings["branch"])
        own = _header(width, height, bytes(FINGERPRINT_BYTES), settings["branch"])
        return len(own) + container.header_bytes(inner_width, inner_height)

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._pre_psnrs: LastImage[float] = LastImage()

    def version(self) -> str:
        return f"sr 1, {bpg.version()}, Pillow {version('pillow')}, torch {version('torch')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        model = self.models.load(point.settings["model"], "srcnn")
        branch = point.settings["branch"]
        if branch == "adaptive":
            branch = BRANCHES[self._pre_psnr(image, model) < point.settings["threshold_db"]]
        header = _header(image.shape[1], image.shape[0], model.fingerprint, branch)
        return header.raw(bpg.encode(_shrink(image, branch), point.settings["qp"], "420")).finish()

    def decode(self, stream: bytes) -> Image:
        return self._decode(stream, "float32")

    def decode_in_float64(self, stream: bytes) -> Image:
        return self._decode(stream, "float64")

    def _decode(self, stream: bytes, precision: str) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        flag = reader.byte()
        if flag >= len(BRANCHES):
            raise CorruptStreamError(f"sr stream has flag {flag}; decode it with the version that wrote it")
        model = self.models.find(reader.raw(FINGERPRINT_BYTES), "srcnn") if BRANCHES[flag] == "srcnn" else None
        small = bpg.decode(reader.rest())
        if small.shape[:2] != _small_size(height, width, BRANCHES[flag]):
            raise CorruptStreamError("sr stream holds an image of another size; fetch the file again")
        return _enlarge(small, width, height, model, precision)

    def annotate(self, image: Image, point: OperatingPoint) -> Mapping[str, float | str]:
        model = self.models.load(point.settings["model"], "srcnn")
        return {"branch": point.settings["branch"], "pre_psnr_db": self._pre_psnr(image, model)}

    def _pre_psnr(self, image: Image, model: Model) -> float:
        """PSNR of half size and SRCNN without BPG, in dB; kept for the next point of the same image and model."""
        return self._pre_psnrs.get(image, model.fingerprint, lambda: _psnr_without_bpg(image, model))


def _header(width: int, height: int, fingerprint: bytes, branch: str) -> StreamWriter:
    """The start of a stream: all that does not depend on the samples."""
    writer = StreamWriter(MAGIC).size(width, height).byte(BRANCHES.index(branch))
    return writer.raw(fingerprint) if branch == "srcnn" else writer


def _psnr_without_bpg(image: Image, model: Model) -> float:
    restored = _enlarge(halve(image), image.shape[1], image.shape[0], model)
    return psnr(error_moments(image, restored)["sse"], image.size)


def _small_size(height: int, width: int, branch: str) -> tuple[int, int]:
    """(height, width) of the image inside."""
    factor = 0.5 if branch == "srcnn" else LANCZOS_FACTOR
    return scaled_even(height, factor), scaled_even(width, factor)


def _shrink(image: Image, branch: str) -> Image:
    height, width = _small_size(image.shape[0], image.shape[1], branch)
    return resize(image, width, height, "bicubic")


def _enlarge(small: Image, width: int, height: int, model: Model | None, precision: str = "float32") -> Image:
    """Back to full size: bicubic and SRCNN with a model, Lanczos without."""
    if model is None:
        return resize(small, width, height, "lanczos")
    import torch  # noqa: PLC0415  takes seconds; listing the points should not

    from licbench.networks.inference import in_strips, network_of  # noqa: PLC0415
    from licbench.networks.srcnn import MARGIN, SRCNN  # noqa: PLC0415

    dtype = getattr(torch, precision)
    network = network_of(SRCNN, model, "srcnn", dtype)
    blurred = resize(small, width, height, "bicubic")
    padded = np.pad(blurred, ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)), mode="edge")
    rows = max(1, STRIP_PIXELS // width)
    image = np.empty((height, width, 3), np.uint8)
    with torch.inference_mode():
        for index in range(3):
            component = torch.from_numpy(padded[None, None, ..., index].copy()).to(dtype) / PEAK
            sharp = in_strips(network, component, rows, overlap=MARGIN, cropped=MARGIN)[0, 0]
            image[..., index] = np.clip(np.rint(sharp.numpy() * PEAK), 0, 255)
    return image
