"""Training in stages: the chain of runs that a model comes from, as recorded on its card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Card = Mapping[str, Any]

STAGE_KEYS = (
    "name",
    "recipe",
    "recipe_sha256",
    "training_sets",
    "training_sha256",
    "steps",
    "seconds",
    "device",
    "threads",
    "precision",
    "versions",
    "sha256",
)
"""What a card keeps of each run before its own; older cards lack some."""


def stages(card: Card) -> Sequence[Card]:
    """The runs that made the model, the first one first; the last is the card's own."""
    return [*card.get("lineage", ()), card]


def lineage_after(card: Card) -> list[dict[str, Any]]:
    """The ``lineage`` of a model that continues the one of this card."""
    return [{key: stage[key] for key in STAGE_KEYS if key in stage} for stage in stages(card)]


def steps_of(card: Card) -> int:
    """Optimiser steps of all stages."""
    return sum(int(stage["steps"]) for stage in stages(card))


def crops_of(card: Card) -> int:
    """Training crops of all stages: optimiser steps times batch."""
    return sum(int(stage["steps"]) * int(stage["recipe"]["batch"]) for stage in stages(card))


def seconds_of(card: Card) -> float:
    """Wall time of all stages."""
    return sum(float(stage["seconds"]) for stage in stages(card))


def first_init(card: Card) -> str:
    """What the first stage started from: random, klt, gaussian or identity."""
    return str(stages(card)[0]["recipe"]["init"])
