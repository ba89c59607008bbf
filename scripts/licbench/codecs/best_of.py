"""The best of several codecs for each image, as the paper promises: "combining individual advantages of each method".

which codec (1) | its stream, unchanged
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.codecs.registry import codec_class, codec_ids
from licbench.coding.memo import LastImage
from licbench.errors import CorruptStreamError, SettingsError
from licbench.metrics.distortion import error_moments
from licbench.networks.store import ModelStore
from licbench.schemas import require_valid

MEMBERS = ("jpeg", "jpeg2000", "bpg", "cae", "gan", "sr", "gan_switch", "sr_restored")
"""Codecs that may be members; the place of each is what a stream says, so new ones come at the end."""
FIRST_BYTE = 0xE0
"""Of a stream of the first member."""
FLOAT32 = 2.5e-4
"""Share of a squared error that float32 may move on another CPU, 0.001 dB: what ``verify`` allows."""
DEFAULT_MEMBERS = {
    "bpg": {"chroma": ["420"], "qp": [34, 38, 42]},
    "cae": {"rotation": ["offline"], "ladder": {"cae_096": [1.0]}},
}

_LAMBDA: Mapping[str, Any] = {
    "type": "integer",
    "minimum": 1,
    "maximum": 10**7,
    "default": 2000,
    "description": "the squared error, summed over R, G and B, that a bit is worth",
}


@dataclass
class Candidate:
    """An operating point of a member on one image; ``exact``: whether the error is that of the network in float64."""

    member: Codec
    stream: bytes
    error: int
    exact: bool


class BestOf(Codec):
    """For each image the codec, and its operating point, of least J = D + lambda R; the same lambda for all images."""

    id = "best_of"
    extension = ".best"
    settings_schema: ClassVar[Mapping[str, Any]] = {
        "type": "object",
        "additionalProperties": False,
        "required": ["members", "lambda"],
        "properties": {
            "members": {
                "description": "codec -> operating points to choose from, as the codec's own block",
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"enum": list(MEMBERS)},
                "additionalProperties": {"type": "object"},
            },
            "lambda": {
                "description": "each an operating point: " + _LAMBDA["description"],
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": _LAMBDA,
            },
        },
    }
    point_schema: ClassVar[Mapping[str, Any]] = {
        "members": {
            "type": "string",
            "default": json.dumps(DEFAULT_MEMBERS),
            "description": "codec -> operating points to choose from, as the codec's own block, in JSON",
        },
        "lambda": _LAMBDA,
    }

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        members = json.dumps(settings["members"], sort_keys=True)
        for member, block in settings["members"].items():
            _points_of(member, block)
        return [
            OperatingPoint(f"lambda{weight:08d}", "best", {"members": members, "lambda": weight})
            for weight in settings["lambda"]
        ]

    @classmethod
    def codecs_inside(cls, settings: Settings) -> Sequence[str]:
        return sorted(settings["members"])

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        members = settings["members"].items()
        return sorted({name for member, block in members for name in _class_of(member).required_models(block)})

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        # The networks of all members stay loaded
        return sum(_class_of(member).memory_mb(block, megapixels) for member, block in settings["members"].items())

    def __init__(self, models: ModelStore) -> None:
        super().__init__(models)
        self._candidates: LastImage[list[Candidate]] = LastImage()
        self._members: dict[str, Codec] = {}

    def version(self) -> str:
        own = [member for member in MEMBERS if member in codec_ids()]
        return f"best_of 1: {'; '.join(self._member(member).version() for member in own)}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        chosen = self._best(image, point)
        return bytes([FIRST_BYTE + MEMBERS.index(chosen.member.id)]) + chosen.stream

    def decode(self, stream: bytes) -> Image:
        return self._member_of(stream).decode(stream[1:])

    def decode_in_float64(self, stream: bytes) -> Image | None:
        return self._member_of(stream).decode_in_float64(stream[1:])

    def annotate(self, image: Image, point: OperatingPoint) -> Mapping[str, float | str]:
        return {"branch": self._best(image, point).member.id}

    def _best(self, image: Image, point: OperatingPoint) -> Candidate:
        """The candidate of least J; of equal ones the first."""
        members, weight = point.settings["members"], point.settings["lambda"]
        candidates = self._candidates.get(image, members, lambda: list(self._coded(image, members)))
        while True:
            costs = [each.error + weight * 8 * len(each.stream) for each in candidates]
            best = candidates[costs.index(min(costs))]
            near = [
                each
                for each, cost in zip(candidates, costs, strict=True)
                if cost - min(costs) <= FLOAT32 * (each.error + best.error)
            ]
            doubtful = [each for each in near if not each.exact] if len(near) > 1 else []
            if not doubtful:
                return best
            for each in doubtful:
                decoded = each.member.decode_in_float64(each.stream)
                each.error = each.error if decoded is None else error_moments(image, decoded)["sse"]
                each.exact = True

    def _coded(self, image: Image, members: str) -> Iterable[Candidate]:
        """Every operating point of every member, encoded and decoded once for all lambdas."""
        for name, block in _blocks(members).items():
            member = self._member(name)
            for point in _points_of(name, block):
                stream = member.encode(image, point)
                yield Candidate(member, stream, error_moments(image, member.decode(stream))["sse"], exact=False)

    def _member(self, name: str) -> Codec:
        if name not in self._members:
            self._members[name] = _class_of(name)(self.models)
        return self._members[name]

    def _member_of(self, stream: bytes) -> Codec:
        place = stream[0] - FIRST_BYTE if stream else -1
        if not 0 <= place < len(MEMBERS):
            raise CorruptStreamError("not a best_of stream; decode it with the codec that wrote it")
        if MEMBERS[place] not in codec_ids():
            raise CorruptStreamError(
                f"best_of stream holds a {MEMBERS[place]} stream, which is no codec here; use the version that wrote it"
            )
        return self._member(MEMBERS[place])


def _class_of(member: str) -> type[Codec]:
    if member not in MEMBERS:
        raise SettingsError(f"best_of: {member!r} cannot be a member; choose from {', '.join(MEMBERS)}")
    return codec_class(member)


def _points_of(member: str, block: Settings) -> list[OperatingPoint]:
    """The operating points of a member's block.

    Raises:
        SettingsError: no such member, or the block is not what it takes.
    """
    kind = _class_of(member)
    require_valid(block, kind.settings_schema, f"best_of: members.{member}")
    return kind.points(block)


def _blocks(members: str) -> Mapping[str, Settings]:
    """The members of a point, from their JSON."""
    try:
        blocks = json.loads(members)
    except ValueError as error:
        raise SettingsError(f"best_of: members are no JSON ({error}); write codec: block in JSON") from error
    require_valid(blocks, BestOf.settings_schema["properties"]["members"], "best_of: members")
    found: Mapping[str, Settings] = blocks
    return found
