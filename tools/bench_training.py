"""The trainer against a bare loop: `make bench-train`, never a timed test.

The bare loop does forward, backward and optimiser step on one batch that is in memory already. The trainer's own step
also draws its batch, cuts and resizes it, and keeps its losses. Steps alternate between the two, so that both see the
same machine; the medians are compared.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.config import recipe  # noqa: E402
from licbench.training.checkpoints import Progress  # noqa: E402
from licbench.training.data import ImageSet  # noqa: E402
from licbench.training.precision import Arithmetic  # noqa: E402
from licbench.training.recipes import read_recipe  # noqa: E402
from licbench.training.run import task_of  # noqa: E402
from licbench.training.task import Task  # noqa: E402

MODELS = ("cae_096", "gan_64", "gan_128", "gan_256", "gan_1024", "srcnn")
STEPS = 12
IMAGES = 40
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    """Print a line a model."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    noise = np.random.default_rng(0).integers(0, 256, (IMAGES, 375, 500, 3), np.uint8)
    images = ImageSet.of(list(noise), DEVICE)
    print(f"{DEVICE.type}, {torch.get_num_threads()} threads; median seconds of {STEPS} steps")
    print(f"{'model':12}{'trainer':>12}{'bare loop':>12}{'trainer/bare':>14}")
    for model in MODELS:
        trained = recipe(config, model) | {"init": "random" if "cae" in model or "gan" in model else "identity"}
        arithmetic = Arithmetic.choose(DEVICE, trained["precision"])
        for progress in (0.0, 0.9) if "gan" in model else (0.0,):
            task_type = task_of(trained["network"])
            task = task_type(images, read_recipe(task_type.recipe_type, trained), arithmetic)
            ours, bare = measured(task, progress)
            name = f"{model}, D" if progress else model
            print(f"{name:12}{ours:12.4f}{bare:12.4f}{ours / bare:14.2f}", flush=True)


def measured(task: Task, progress: float) -> tuple[float, float]:
    """Median seconds of the trainer's step, and of the same step on a batch at hand."""
    state = Progress(Path("unused"), "")
    batch = getattr(task, "_batch")(np.random.default_rng(1), *_count(task))  # noqa: B009  private, and of each task

    def ours(step: int) -> None:
        state.advance(task.step(np.random.default_rng([2018, step]), progress))

    def bare(step: int) -> None:
        with mock.patch.object(task, "_batch", lambda *_: batch):
            task.step(np.random.default_rng([2018, step]), progress)

    ours(0), bare(0)
    times: list[tuple[float, float]] = [(_seconds(ours, step), _seconds(bare, step)) for step in range(1, STEPS + 1)]
    return statistics.median(time for time, _ in times), statistics.median(time for _, time in times)


def _count(task: Any) -> list[int]:
    return [] if task.recipe.network == "srcnn" else [task.recipe.batch]


def _seconds(action: Callable[[int], None], step: int) -> float:
    start = time.perf_counter()
    action(step)
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
