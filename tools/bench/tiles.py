"""GAN at scale 4 and SR, restored or not, on an image of 2048x1365: time, memory, and what torch spends on copies."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from bench.measuring import medians, photograph, usage_of
from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.images.files import write_png
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore

WIDTH, HEIGHT = 2048, 1365
CASES: dict[str, dict[str, Any]] = {
    "gan": {"model": "gan_128", "scale": 4, "bits": 7, "rotated": True},
    "sr": {"model": "srcnn", "qp": 37, "branch": "srcnn"},
    "sr_restored": {"model": "restorer", "qp": 37, "size": "adaptive"},
}
COPIES = ("aten::copy_", "aten::cat")


def main() -> None:
    """Print a line for each codec and direction."""
    image = photograph(WIDTH, HEIGHT)
    print(f"{'2048x1365':20}{'CPU s':>8}{'s/MP':>8}{'convolutions':>14}{'copies':>8}{'peak, MiB':>11}")
    for codec, settings in CASES.items():
        kind, point = codec_class(codec), OperatingPoint("p", "c", settings)
        stream = kind(ModelStore(SHIPPED)).encode(image, point)
        ways = {
            "encode": lambda: kind(ModelStore(SHIPPED)).encode(image, point),  # noqa: B023
            "decode": lambda: kind(ModelStore(SHIPPED)).decode(stream),  # noqa: B023
        }
        peaks = _peaks(codec, settings, image)
        for way, seconds in medians(ways, 3).items():
            with profile(activities=[ProfilerActivity.CPU]) as seen:
                ways[way]()
            own: Counter[str] = Counter()
            for event in seen.key_averages():
                own[event.key] += event.self_cpu_time_total
            convolved = sum(time for name, time in own.items() if "conv" in name) / max(own.total(), 1)
            copied = sum(own[name] for name in COPIES) / max(own.total(), 1)
            line = f"{codec + ' ' + way:20}{seconds:8.2f}{seconds / (WIDTH * HEIGHT / 1e6):8.2f}"
            print(f"{line}{convolved:14.1%}{copied:8.1%}{peaks[way]:11.0f}", flush=True)
    print(f"copies: {', '.join(COPIES)}, as shares of torch's own time; torch {torch.__version__}")


def _peaks(codec: str, settings: dict[str, Any], image: np.ndarray) -> dict[str, float]:
    """Of the command lines, imports and all."""
    options = [word for name, value in settings.items() for word in _option(name, value)]
    with tempfile.TemporaryDirectory() as folder:
        original, coded = Path(folder) / "original.png", Path(folder) / f"coded{codec_class(codec).extension}"
        write_png(original, image)
        encoded = usage_of([sys.executable, "scripts/encode.py", codec, original, coded, *options])
        decoded = usage_of([sys.executable, "scripts/decode.py", coded, Path(folder) / "decoded.png"])
    return {"encode": encoded.peak_mib, "decode": decoded.peak_mib}


def _option(name: str, value: Any) -> list[str]:
    dashed = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{dashed}" if value else f"--no-{dashed}"]
    return [f"--{dashed}", str(value)]
