"""The course of the learning rate over a training run."""

from __future__ import annotations

import math

FLOOR = 0.02


def rate_factor(schedule: str, progress: float, warm_up: float = 0.0) -> float:
    """What to multiply the learning rate by at ``progress`` 0..1.

    Args:
        schedule: constant (1), or cosine: half a period, down to a fiftieth.
        progress: share of the run that is done.
        warm_up: share of the run over which the factor first rises linearly from 0.
    """
    rise = min(progress / warm_up, 1.0) if warm_up else 1.0
    return rise * (max(0.5 * (1 + math.cos(math.pi * progress)), FLOOR) if schedule == "cosine" else 1.0)
