"""What a codec is: the contract that every file in this folder fulfils."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from licbench.errors import SettingsError
from licbench.images import Image
from licbench.networks.store import ModelStore

__all__ = ["Codec", "Image", "OperatingPoint", "Settings"]

Settings = Mapping[str, Any]
"""A codec's block of the config, already validated against its ``settings_schema``."""


@dataclass(frozen=True)
class OperatingPoint:
    """One setting at which a codec is measured.

    ``id`` is unique within the codec and safe in a file name (``contract.SAFE_ID``); points that share a ``curve``
    belong to one rate-distortion curve; ``settings`` holds what ``encode`` needs, as JSON values.
    """

    id: str
    curve: str
    settings: Settings = field(default_factory=dict)


class Codec(ABC):
    """An encoder and decoder of real streams, for any RGB image from 1x1 up."""

    id: ClassVar[str]
    """The name in the config; equal to the module's name."""
    extension: ClassVar[str]
    """Of the files it writes, with the dot: lower-case letters and digits, and no other codec's."""
    settings_schema: ClassVar[Mapping[str, Any]]
    """JSON schema of its block in the config: strict, each key with a description; the values are config.yaml's."""

    point_schema: ClassVar[Mapping[str, Mapping[str, Any]]]
    """What one operating point is set by: name -> JSON schema with description and default."""

    packages: ClassVar[Mapping[str, str]] = {}
    """What it needs besides envs/run.lock: module -> the file of exact versions in envs/ that installs it."""

    def __init__(self, models: ModelStore) -> None:
        self.require_packages()
        self.models = models

    @classmethod
    def missing_packages(cls) -> list[str]:
        """Modules of ``packages`` that are not installed."""
        return [module for module in cls.packages if find_spec(module) is None]

    @classmethod
    def require_packages(cls) -> None:
        """Refuse to work without one of ``packages``.

        Raises:
            SettingsError: one is not installed.
        """
        for module in cls.missing_packages():
            raise SettingsError(
                f"codec {cls.id} needs {module}, which is not installed; run: "
                f"python -m pip install -r envs/{cls.packages[module]}"
            )

    @classmethod
    @abstractmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        """Every operating point that ``settings`` asks for; imports nothing heavy."""

    @classmethod
    def required_models(cls, settings: Settings) -> Sequence[str]:
        """Names of the trained models that these points use."""
        return ()

    @classmethod
    def files(cls) -> Sequence[Path]:
        """Files besides its Python modules and its models that decide its bytes; a change of one measures anew."""
        return ()

    @classmethod
    def codecs_inside(cls, settings: Settings) -> Sequence[str]:
        """Ids of other codecs that these points call by name; a change of their code measures anew."""
        return ()

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        """Peak of measuring an image of this size at these points, in MB with a margin: what a cluster is asked for."""
        networks = 700 if cls.required_models(settings) else 0
        return 500 + networks + 40 * megapixels

    @classmethod
    def header_bytes(cls, settings: Settings, width: int, height: int) -> int | None:
        """Bytes of a stream that hold nothing of the image's samples, at a point with these settings and at this size.

        Magic numbers, sizes, markers, checksums, tables that are the same for every image: what ``audit_protocol``
        takes off. None where the codec does not say; it is then left out of that comparison.
        """
        return None

    @abstractmethod
    def version(self) -> str:
        """The codec and the versions of all libraries and programs that decide its bytes or pixels.

        Another version measures anew; asked for while Snakemake plans, so within some 50 ms.
        """

    @abstractmethod
    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        """The complete stream of ``image`` at ``point``; leaves ``image`` as it is."""

    @abstractmethod
    def decode(self, stream: bytes) -> Image:
        """The image, uint8 (height, width, 3), from the stream (and the models it names) alone.

        Raises:
            CorruptStreamError: the stream is damaged, cut off or of another codec.
        """

    def decode_in_float64(self, stream: bytes) -> Image | None:
        """As ``decode``, but with the network in float64; none where ``decode`` runs no network.

        It is the same on every CPU, and ``decode`` within a level of it: what ``verify`` asks where pixels differ.
        """
        return None

    def annotate(self, image: Image, point: OperatingPoint) -> Mapping[str, float | str]:
        """Further columns for the row of this point, of ``points.ANNOTATIONS``."""
        return {}
