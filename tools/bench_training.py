"""The trainer against a bare loop: `make bench-train`, never a timed test.

The bare loop does forward, backward and optimiser step on one batch that is in memory already. The trainer's own step
also draws its batch, cuts and resizes it, and keeps its losses. Then the trainer's step in float32, in bfloat16, and in
what `precision: auto` chooses here. Steps alternate between what is compared, so that all see the same machine; the
medians are compared.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Mapping
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
IN_ANY_PRECISION = ("cae_096", "gan_128", "restorer")
"""One of each network whose recipe leaves the precision to the hardware."""
PRECISIONS = ("float32", "bfloat16", "auto")
STEPS = 12
IMAGES = 40
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def main() -> None:
    """Print a line a model and comparison."""
    torch.set_num_threads(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    print(f"{DEVICE.type}, {torch.get_num_threads()} threads; median seconds of {STEPS} steps")
    print(f"{'model':12}{'trainer':>12}{'bare loop':>12}{'trainer/bare':>14}")
    for model in MODELS:
        for progress in (0.0, 0.9) if "gan" in model else (0.0,):
            ours, bare = against_bare_loop(task_for(config, model), progress)
            name = f"{model}, D" if progress else model
            print(f"{name:12}{ours:12.4f}{bare:12.4f}{ours / bare:14.2f}", flush=True)
    print(f"\n{'model':12}" + "".join(f"{precision:>12}" for precision in PRECISIONS) + f"{'auto/best':>14}")
    for model in IN_ANY_PRECISION:
        taken = by_precision(config, model)
        best = min(taken["float32"], taken["bfloat16"])
        columns = "".join(f"{taken[precision]:12.4f}" for precision in PRECISIONS)
        print(f"{model:12}{columns}{taken['auto'] / best:14.2f}", flush=True)


def task_for(config: dict[str, Any], model: str, precision: str = "") -> Task:
    """The training of a model as its recipe has it, on noise, from random weights or the identity."""
    trained = recipe(config, model)
    trained = trained | {"init": "random" if trained["network"] in {"cae", "gan"} else "identity"}
    # A coded crop of the restorer's has the original with it, and QP and size between them
    channels = 8 if trained["network"] == "restorer" else 3
    noise = np.random.default_rng(0).integers(0, 256, (IMAGES, 375, 500, channels), np.uint8)
    arithmetic = Arithmetic.choose(DEVICE, precision or trained["precision"])
    task_type = task_of(trained["network"])
    return task_type(ImageSet.of(list(noise), DEVICE), read_recipe(task_type.recipe_type, trained), arithmetic)


def by_precision(config: dict[str, Any], model: str) -> dict[str, float]:
    """Median seconds of the trainer's step in each precision."""

    def step_in(precision: str) -> Callable[[int], object]:
        task = task_for(config, model, precision)
        return lambda step: task.step(np.random.default_rng([2018, step]), 0.0)

    return medians({precision: step_in(precision) for precision in PRECISIONS})


def against_bare_loop(task: Task, progress: float) -> tuple[float, float]:
    """Median seconds of the trainer's step, and of the same step on a batch at hand."""
    state = Progress(Path("unused"), "")
    batch = getattr(task, "_batch")(np.random.default_rng(1), *_count(task))  # noqa: B009  private, and of each task

    def ours(step: int) -> None:
        state.advance(task.step(np.random.default_rng([2018, step]), progress))

    def bare(step: int) -> None:
        with mock.patch.object(task, "_batch", lambda *_: batch):
            task.step(np.random.default_rng([2018, step]), progress)

    taken = medians({"ours": ours, "bare": bare})
    return taken["ours"], taken["bare"]


def medians(actions: Mapping[str, Callable[[int], object]]) -> dict[str, float]:
    """Median seconds of each action, taken in turns after one that does not count."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for step in range(STEPS + 1):
        for name, action in actions.items():
            taken[name].append(_seconds(action, step))
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


def _count(task: Any) -> list[int]:
    return [] if task.recipe.network == "srcnn" else [task.recipe.batch]


def _seconds(action: Callable[[int], object], step: int) -> float:
    start = time.perf_counter()
    action(step)
    if DEVICE.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
