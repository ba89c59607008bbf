"""What a further metric is: the contract of the plug-ins of this folder, one file each (docs/metrics.md)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from licbench.images import Image
from licbench.metrics.quality import as_quality

__all__ = ["LINEAR", "LOG", "NO_SETTINGS", "Domain", "Image", "Metric", "Undefined"]

Domain = Literal["linear", "log"]
LINEAR: Domain = "linear"
LOG: Domain = "log"
NO_SETTINGS: Mapping[str, Any] = {"type": "object", "additionalProperties": False, "properties": {}}


@dataclass(frozen=True)
class Undefined:
    """Why a pair of images has no score; its cell is empty, and this is the reason next to it."""

    reason: str


class Metric(ABC):
    """A full-reference metric: the original and its reconstruction to one number."""

    id: ClassVar[str]
    """The name in the config and of the module; lower-case letters, digits and underscores."""
    title: ClassVar[str]
    """As a table or an axis shows it."""
    unit: ClassVar[str] = ""
    higher_is_better: ClassVar[bool]
    bounds: ClassVar[tuple[float, float]]
    """The lowest and the highest score there can be; infinite where there is no limit."""
    domain: ClassVar[Domain] = LINEAR
    """Where scores are averaged and interpolated for BD-rate: as they are, or (scores that saturate) in decibels."""
    requires: ClassVar[str] = ""
    """What pip must install besides envs/run.lock, in its exact version."""
    settings_schema: ClassVar[Mapping[str, Any]] = NO_SETTINGS
    """JSON schema of its block under metric_settings in the config: strict, each key described."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings

    @abstractmethod
    def version(self) -> str:
        """The metric and the versions of all that decide its score, in a line: another version scores anew.

        Asked for while Snakemake plans, so within some 50 ms.

        Raises:
            ImportError: a package is missing; ``importlib.metadata.version`` raises it.
            SettingsError: a file that the settings name is missing.
        """

    @abstractmethod
    def score(self, original: Image, reconstruction: Image) -> float | Undefined:
        """The score of a reconstruction; both uint8 (height, width, 3) of one shape, and left as they are.

        Points of one image follow each other and give the very same ``original``.

        Raises:
            ImportError: a package is missing.
        """

    @classmethod
    def memory_mb(cls, megapixels: float) -> float:
        """Peak of scoring an image of this size, in MB with a margin: what a cluster is asked for."""
        return 500 + 500 * megapixels

    @classmethod
    def quality(cls, score: float) -> float:
        """The score as a number that rises with quality and may be interpolated: what BD-rate takes.

        In the linear domain the score, or its negative where lower is better; in the log domain decibels, of the
        distance to 1 where higher is better. Infinite for a perfect score in the log domain.
        """
        return float(as_quality(score, rising=cls.higher_is_better, decibels=cls.domain == LOG))
