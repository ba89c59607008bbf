"""The state of a training run: steps, losses and validations, kept with the networks in a checkpoint."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from pathlib import Path

import torch

from licbench.errors import ModelError
from licbench.files import replacing
from licbench.training.precision import Arithmetic
from licbench.training.task import Losses, Task

CHECKPOINT_SECONDS = 60.0
AVERAGED_STEPS = 100
"""Time constant, in steps, of the exponential average of the logged losses."""


class Progress:
    """How far a run has come; ``rows`` are the loss log."""

    def __init__(self, path: Path, recipe_hash: str) -> None:
        self.path, self.recipe_hash = path, recipe_hash
        self.step, self.seconds = 0, 0.0
        self.precisions: list[str] = []
        self.rows: list[dict[str, float]] = []
        self.smoothed: dict[str, float] = {}
        self.validated: Mapping[str, float] = {}
        self._pending: list[Losses] = []
        self._saved = self._clock = time.monotonic()

    def restore(self, task: Task, arithmetic: Arithmetic) -> None:
        """Resume from the checkpoint, if there is one; a run may resume in another precision.

        Raises:
            ModelError: it is damaged, or belongs to another recipe.
        """
        self._load(task, arithmetic.device)
        if arithmetic.precision not in self.precisions:
            self.precisions.append(arithmetic.precision)

    def _load(self, task: Task, device: torch.device) -> None:
        if not self.path.is_file():
            return
        try:
            held = torch.load(self.path, map_location=device, weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            # Its message has many lines and advises to load the file unsafely.
            problem = f"damaged checkpoint ({type(error).__name__})"
            raise ModelError(f"{self.path}: {problem}; delete it to train from the start") from error
        if held["recipe_hash"] != self.recipe_hash:
            raise ModelError(f"{self.path} belongs to another recipe; delete it to train from the start")
        task.modules.load_state_dict(held["modules"])
        for optimiser, optimiser_state in zip(task.optimisers, held["optimisers"], strict=True):
            optimiser.load_state_dict(optimiser_state)
        self.step, self.seconds, self.rows = held["step"], held["seconds"], held["rows"]
        self.smoothed, self.validated = held["smoothed"], held["validated"]
        self.precisions = held["precisions"]

    def advance(self, losses: Losses) -> None:
        """Count a step; its losses are read later, all at once, so that an accelerator never waits for it."""
        self.step += 1
        self._pending.append(losses)

    def log(self, validated: Mapping[str, float]) -> None:
        """Add a row to the loss log; ``validated`` is empty where nothing was validated."""
        self.flush_losses()
        self.validated = validated or self.validated
        self.rows.append({"step": self.step, **self.smoothed, **validated})

    def latest(self) -> dict[str, float]:
        """The averaged losses and the last validation."""
        return {**self.smoothed, **self.validated}

    def due(self) -> bool:
        """Whether the last checkpoint is old."""
        return time.monotonic() - self._saved > CHECKPOINT_SECONDS

    def save(self, task: Task) -> None:
        """Write the checkpoint."""
        self.flush_losses()
        with replacing(self.path) as temporary:
            torch.save(
                {
                    "recipe_hash": self.recipe_hash,
                    "modules": task.modules.state_dict(),
                    "optimisers": [optimiser.state_dict() for optimiser in task.optimisers],
                    "step": self.step,
                    "seconds": self.seconds,
                    "rows": self.rows,
                    "smoothed": self.smoothed,
                    "validated": dict(self.validated),
                    "precisions": self.precisions,
                },
                temporary,
            )
        self._saved = time.monotonic()

    def flush_losses(self) -> None:
        """Average the pending losses one by one, so that the result does not depend on when this is called.

        Raises:
            ModelError: a loss became NaN or infinite.
        """
        first = self.step - len(self._pending)
        for name in self._pending[0] if self._pending else ():
            values = torch.stack([losses[name].detach() for losses in self._pending]).tolist()
            for done, value in enumerate(values, first):
                if not math.isfinite(value):
                    raise ModelError(f"{name} became NaN or infinite at step {done}; lower learning_rate in the recipe")
                share = 1 / min(done + 1, AVERAGED_STEPS)
                self.smoothed[name] = self.smoothed.get(name, value) * (1 - share) + value * share
        self._pending = []
        self.seconds, self._clock = self.seconds + time.monotonic() - self._clock, time.monotonic()
