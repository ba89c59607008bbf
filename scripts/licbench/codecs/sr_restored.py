"""Super-resolution with a better filter, the paper's future work: BPG at a share of the size, restored by a network.

magic | width, height | choice (1) | [model fingerprint (4), if restored] | BPG file, 4:2:0, at a share of the size

The choice is the place of the share in ``FACTORS`` where the network is off. Where it is on, the QP follows, which the
network takes: number of shares + 52 * place + QP.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import bpg, resized_bpg
from licbench.coding.bitstream import StreamReader, StreamWriter
from licbench.coding.memo import LastImage
from licbench.coding.resized_bpg import FACTORS
from licbench.errors import CorruptStreamError
from licbench.metrics.distortion import error_moments
from licbench.networks.store import FINGERPRINT_BYTES, ModelStore

if TYPE_CHECKING:
    from licbench.networks.store import Model

MAGIC = 0xD3
QPS = 52
ADAPTIVE = "adaptive"
SIZES = {ADAPTIVE: FACTORS, **{f"{factor:g}": (factor,) for factor in FACTORS}}
"""Curve -> the shares of the size that the encoder chooses from."""
SLOPE_QP, SLOPE_QPS = 10.07, 3.14
"""Of BPG on nine photographs of BSDS500 val: the QP at which a bit buys a squared error (8-bit R, G and B) of 1, and
the QPs over which that doubles; fitted to QP 25 to 49."""
STRIP_PIXELS = 2**16
"""Pixels that go through the network at a time, the overlap aside: bounds the memory."""


@dataclass(frozen=True)
class _Coded:
    """One way to code the image; ``cost`` is J = D + lambda R."""

    stream: bytes
    branch: str
    cost: float


class SrRestored(Codec):
    """The encoder tries each share of the size, and the network on and off, and keeps the least J = D + lambda R.

    D is the squared error of what the decoder will show, R the size of the whole stream, lambda the slope of BPG's own
    rate-distortion curve at the QP.
    """

    id = "sr_restored"
    extension = ".srr"
    point_schema: ClassVar[Mapping[str, Any]] = {
        "model": {"type": "string", "default": "restorer", "description": "which trained restorer"},
        "qp": {
            "type": "integer",
            "minimum": 0,
            "maximum": QPS - 1,
            "default": 35,
            "description": "of the BPG inside at full size; at 0.7 of it 3 lower, at 0.5 of it 6 lower",
        },
        "size": {
            "enum": list(SIZES),
            "default": ADAPTIVE,
            "description": "share of width and height that is coded; adaptive: the encoder chooses",
        },
    }
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["model", "qp", "size"],
        "properties": {
            "model": point_schema["model"],
            "qp": {
                "description": "QPs at full size",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": point_schema["qp"],
            },
            "size": {
                "description": "The curves: adaptive, or one share of the size throughout",
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": point_schema["size"],
            },
        },
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        return [
            OperatingPoint(
                id=f"{size}-qp{qp:02d}",
                curve=size,
                settings={"model": settings["model"], "qp": qp, "size": size},
            )
            for size in settings["size"]
            for qp in settings["qp"]
        ]

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        return [settings["model"]]

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._best: LastImage[_Coded] = LastImage()

    def version(self) -> str:
        return f"sr_restored 1, {bpg.version()}, Pillow {version('pillow')}, torch {version('torch')}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        return self._coded(image, point).stream

    def decode(self, stream: bytes) -> Image:
        return self._decode(stream, "float32")

    def decode_in_float64(self, stream: bytes) -> Image:
        return self._decode(stream, "float64")

    def annotate(self, image: Image, point: OperatingPoint) -> Mapping[str, float | str]:
        return {"branch": self._coded(image, point).branch}

    def _coded(self, image: Image, point: OperatingPoint) -> _Coded:
        """The best way to code the image; kept for ``annotate``."""
        settings = point.settings
        model = self.models.load(settings["model"], "restorer")
        key = model.fingerprint, settings["qp"], settings["size"]
        candidates = _candidates(image, settings["qp"], SIZES[settings["size"]], model)
        return self._best.get(image, key, lambda: min(candidates, key=lambda coded: coded.cost))

    def _decode(self, stream: bytes, precision: str) -> Image:
        reader = StreamReader(stream, MAGIC, self.id)
        width, height = reader.size()
        place, qp = _read_choice(reader.byte())
        model = self.models.find(reader.raw(FINGERPRINT_BYTES), "restorer") if qp is not None else None
        small = bpg.decode(reader.rest())
        if small.shape[:2] != resized_bpg.small_size(height, width, FACTORS[place]):
            raise CorruptStreamError("sr_restored stream holds an image of another size; fetch the file again")
        enlarged = resized_bpg.enlarge(small, height, width)
        return enlarged if model is None or qp is None else _restored(enlarged, qp, FACTORS[place], model, precision)


def _candidates(image: Image, qp: int, factors: Sequence[float], model: Model) -> Iterator[_Coded]:
    """The image coded at each of the sizes, without and with the network."""
    height, width = image.shape[:2]
    slope = 2 ** ((qp - SLOPE_QP) / SLOPE_QPS)
    for factor in factors:
        inner = resized_bpg.qp_at(qp, factor)
        file = resized_bpg.encode(image, inner, factor)
        enlarged = resized_bpg.enlarge(bpg.decode(file), height, width)
        place = FACTORS.index(factor)
        for restores in (False, True):
            decoded = _restored(enlarged, inner, factor, model) if restores else enlarged
            head = StreamWriter(MAGIC).size(width, height).byte(_choice(place, inner if restores else None))
            stream = head.raw(model.fingerprint if restores else b"").raw(file).finish()
            cost = error_moments(image, decoded)["sse"] + slope * 8 * len(stream)
            yield _Coded(stream, f"{factor:g}-{'restored' if restores else 'plain'}", cost)


def _choice(place: int, qp: int | None) -> int:
    return place if qp is None else len(FACTORS) + QPS * place + qp


def _read_choice(choice: int) -> tuple[int, int | None]:
    """The place of the share in ``FACTORS``, and the network's QP, if it is on."""
    if choice >= _choice(len(FACTORS), 0):
        raise CorruptStreamError(f"sr_restored stream has choice {choice}; decode it with the version that wrote it")
    return (choice, None) if choice < len(FACTORS) else divmod(choice - len(FACTORS), QPS)


def _restored(image: Image, qp: int, factor: float, model: Model, precision: str = "float32") -> Image:
    """What the network makes of a decoded image, in strips."""
    import torch  # noqa: PLC0415  takes seconds; listing the points should not

    from licbench.networks.inference import network_of  # noqa: PLC0415
    from licbench.networks.restorer import Restorer, restore  # noqa: PLC0415

    network = network_of(Restorer, model, "restorer", getattr(torch, precision))
    made: Image = restore(network, image, qp, factor, STRIP_PIXELS)
    return made
