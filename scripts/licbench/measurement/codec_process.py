"""A process of its own for one codec at one operating point: it times what ``costs`` asks for, a line of JSON each way.

Argument: {codec, point: [id, curve, settings], weights, images}. Once a small image has been encoded and decoded, so
that libraries and models are loaded, it writes a line; then one for each line that it reads:

{do: time, image: 0}    seconds and CPU seconds of encoding and decoding, and checksums of stream and reconstruction
{do: count, image: 0}   for encoder and decoder: parameters of the layers that ran, and their multiply-accumulates
{do: memory}            the peak so far
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from licbench.codecs.base import Image, OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.errors import LicbenchError
from licbench.images.files import read_rgb
from licbench.measurement import contract
from licbench.measurement.rows import digest
from licbench.networks.store import ModelStore

SMALL = 64
"""Side of the image that start-up is measured with."""
KIB = 1024

Result = TypeVar("Result")


def main() -> None:
    """Answer line by line until the input ends; what libraries print goes to stderr."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        work = _Work(json.loads(sys.argv[1]))
        print(json.dumps(work.memory()), file=answers)
        for line in sys.stdin:
            question = json.loads(line)
            do = question.pop("do")
            print(json.dumps(getattr(work, do)(**question)), file=answers)
    except LicbenchError as error:
        print(json.dumps({"error": " ".join(str(error).split())}), file=answers)


class _Work:
    def __init__(self, task: dict[str, Any]) -> None:
        kind, models = codec_class(task["codec"]), ModelStore(Path(task["weights"]))
        self._point = OperatingPoint(*task["point"])
        # As in measuring: the decoder is another instance, so that nothing but the stream can carry over
        self._encoder, self._decoder = kind(models), kind(models)
        self._paths = [Path(path) for path in task["images"]]
        self._images: list[Image] = []
        small = np.random.default_rng(0).integers(0, 256, (SMALL, SMALL, 3), np.uint8)
        contract.decode(self._decoder, contract.encode(self._encoder, small, self._point), small.shape)

    def time(self, image: int) -> dict[str, Any]:
        original = self._image(image)
        stream, *encoding = _timed(lambda: contract.encode(self._encoder, original, self._point))
        decoded, *decoding = _timed(lambda: contract.decode(self._decoder, stream, original.shape))
        return {
            "encode": encoding,
            "decode": decoding,
            "bytes": len(stream),
            "stream": digest(stream),
            "pixels": digest(decoded),
        }

    def count(self, image: int) -> dict[str, Any]:
        original = self._image(image)
        stream, encoder = _counted(lambda: contract.encode(self._encoder, original, self._point))
        _, decoder = _counted(lambda: contract.decode(self._decoder, stream, original.shape))
        return {"encoder": encoder, "decoder": decoder}

    def memory(self) -> dict[str, Any]:
        """The largest resident set so far, in MB, of this process or of a program that it started."""
        children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        return {"memory_mb": max(_high_water_kib(), children) / KIB}

    def _image(self, image: int) -> Image:
        """An array of its own: codecs keep what they computed for the very array that they were given."""
        self._images = self._images or [read_rgb(path) for path in self._paths]
        return self._images[image].copy()


def _high_water_kib() -> int:
    # Not ru_maxrss of this process, which begins with what its parent held when it started it
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def _cpu() -> float:
    """CPU seconds of this process, all threads, and of the programs that it started."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def _timed(call: Callable[[], Result]) -> tuple[Result, float, float]:
    """What a call returns, its seconds, and its CPU seconds."""
    cpu, start = _cpu(), time.perf_counter()
    result = call()
    return result, time.perf_counter() - start, _cpu() - cpu


def _counted(call: Callable[[], Result]) -> tuple[Result, dict[str, int] | None]:
    """What a call returns, with the parameters and multiply-accumulates of the networks that it ran; None without."""
    if "torch" not in sys.modules:
        return call(), None
    from torch.nn.modules.module import register_module_forward_pre_hook  # noqa: PLC0415  takes seconds
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415

    parameters: dict[Any, dict[int, int]] = {}

    def note(module: Any, _: Any) -> None:
        for held in module.parameters(recurse=False):
            parameters.setdefault(held.dtype, {})[id(held)] = held.numel()

    hook = register_module_forward_pre_hook(note)
    try:
        with FlopCounterMode(display=False) as counter:
            result = call()
    finally:
        hook.remove()
    # torch counts a multiplication and an addition as two
    macs = counter.get_total_flops() // 2
    if not macs:
        return result, None
    # A network that also runs in float64, where float32 is not sure, is the same network
    held = max((sum(sizes.values()) for sizes in parameters.values()), default=0)
    return result, {"parameters": held, "macs": macs}


if __name__ == "__main__":
    main()
