"""How the learning rate falls over a run."""

from __future__ import annotations

import math

FLOOR = 0.02


def rate_factor(schedule: str, progress: float) -> float:
    """What to multiply the learning rate by at ``progress`` 0..1: 1 (constant), or half a cosine down to a fiftieth."""
    return max(0.5 * (1 + math.cos(math.pi * progress)), FLOOR) if schedule == "cosine" else 1.0
