"""Decoding in a process of its own, for libraries whose time and memory a stream's length and size do not bound.

JPEG XL may stack layers, H.266 may declare any size in its parameter sets, and a decoder may have faults that end the
process. A forked child has limits of time and memory and may die; what it decodes is written into shared memory.
"""

from __future__ import annotations

import math
import mmap
import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from licbench.errors import CorruptStreamError
from licbench.images import Image

FREE_SECONDS, SECONDS_A_MEGAPIXEL = 4, 2
"""CPU time of the child; the decoders take under a tenth of a second for a megapixel."""
FREE_BYTES, BYTES_A_PIXEL = 2**29, 100
"""Memory that the child may ask for besides what the process already holds."""
STATM = Path("/proc/self/statm")
"""Linux: the pages of this process. Elsewhere the memory is not bounded."""
DAMAGED, FAILED = 3, 4
"""Exit statuses of the child: the stream is refused, or is of another size."""


def decode_apart(decode: Callable[[], Image], shape: tuple[int, int, int], name: str) -> Image:
    """What ``decode`` returns, computed in a child process: uint8 of this shape.

    Args:
        decode: runs on one thread; any exception of it is taken for damage.
        shape: (height, width, 3) as the stream declares it, within ``images.limits``.
        name: of the format, for messages.

    Raises:
        CorruptStreamError: the child refused the stream, decoded another shape, died, or exceeded its limits.
    """
    height, width, channels = shape
    with mmap.mmap(-1, height * width * channels) as shared:
        child = os.fork()
        if child == 0:
            _run_child(decode, shape, shared)
        _, status = os.waitpid(child, 0)
        code = os.waitstatus_to_exitcode(status)
        if code == 0:
            return np.frombuffer(shared, np.uint8).reshape(shape).copy()
    raise CorruptStreamError(f"{name} stream {_reason(code)}; fetch the file again")


def _run_child(decode: Callable[[], Image], shape: tuple[int, int, int], shared: mmap.mmap) -> None:
    """Decode within the limits and exit: nothing of the parent's may run on here."""
    code = FAILED
    try:
        _limit(shape[0] * shape[1])
        image = decode()
        if image.shape == shape and image.dtype == np.uint8:
            shared[:] = np.ascontiguousarray(image).data.cast("B")
            code = 0
    except BaseException:  # whatever a library raises on damage, memory that runs out included
        code = DAMAGED
    finally:
        os._exit(code)


def _limit(pixels: int) -> None:
    """Bound time and memory of this process from now on; another limit that is lower already stays."""
    seconds = math.ceil(time.process_time() + FREE_SECONDS + SECONDS_A_MEGAPIXEL * pixels / 1e6)
    held = int(STATM.read_text().split()[0]) * resource.getpagesize() if STATM.is_file() else 0
    for kind, limit in (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, held + FREE_BYTES + BYTES_A_PIXEL * pixels if held else resource.RLIM_INFINITY),
        (resource.RLIMIT_CORE, 0),
    ):
        soft, hard = resource.getrlimit(kind)
        bounds = [value for value in (limit, soft, hard) if value != resource.RLIM_INFINITY]
        if bounds:
            resource.setrlimit(kind, (min(bounds), hard))


def _reason(code: int) -> str:
    if code == -signal.SIGXCPU:
        return "takes far more time than its size suggests"
    if code < 0:
        return f"ends its decoder with {signal.Signals(-code).name}"
    return "is damaged" if code == DAMAGED else "holds no image of the declared size"
