"""Measured rows computed once more under other arithmetic: on this machine, what another machine may compute.

Other CPUs add the same numbers in another order, or with fused multiplications, and so end on other last bits. Every
library that chooses its kernels by the CPU is told in its environment variables to choose those of an older one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.coding.bpg import hevc
from licbench.images.files import read_rgb
from licbench.locations import SHIPPED
from licbench.measurement.rows import digest, read_rows
from licbench.measurement.verify import Task, verify_row
from licbench.metrics.distortion import error_moments, psnr
from licbench.networks.store import ModelStore


def _threads(count: int, blas: str) -> dict[str, str]:
    """Every pool of threads at ``count``, as Snakemake sets them for a rule, and NumPy's BLAS with another kernel."""
    pools = dict.fromkeys(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"], str(count))
    return {**pools, "OPENBLAS_CORETYPE": blas, "LICBENCH_TORCH_THREADS": str(count)}


SURROUNDINGS: Mapping[str, Mapping[str, str]] = {
    "1 thread, BLAS of Nehalem": _threads(1, "Nehalem"),
    "2 threads, BLAS of Haswell": _threads(2, "Haswell"),
    "2 threads, BLAS of SkylakeX": _threads(2, "SkylakeX"),
    "8 threads, BLAS of Zen": _threads(8, "Zen"),
    "8 threads, BLAS of Prescott": _threads(8, "Prescott"),
}
"""What may change between two runs on one machine: nothing may follow from it. OpenBLAS takes the next older kernel
where the CPU lacks one."""
ARITHMETICS: Mapping[str, Mapping[str, str]] = {
    "as here": {},
    "AVX2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_CBWR": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL",
    },
    "SSE4.1": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4",
        "JSIMD_FORCENONE": "1",
        "LICBENCH_WITHOUT_ASSEMBLY": "1",
    },
    "without oneDNN": {"LICBENCH_WITHOUT_ONEDNN": "1"},
}
"""What another CPU may compute: environment variables of torch, oneDNN, MKL, OpenBLAS, NumPy, the C library and
libjpeg-turbo.

Those called LICBENCH are read here: libx265 and torch take these settings only from their caller.
"""


@dataclass(frozen=True)
class Place:
    """Where rows, and the streams and pictures that they speak of, stand."""

    rows: Path
    streams: Path
    pictures: Path


def computed(place: Place, arithmetic: str, weights: Path = SHIPPED) -> pd.DataFrame:
    """A line for each row: the streams decoded, and the pictures encoded, in a process with that arithmetic."""
    done = subprocess.run(
        [sys.executable, __file__, place.rows, place.streams, place.pictures, weights],
        env={**os.environ, "OMP_NUM_THREADS": "1", **{**SURROUNDINGS, **ARITHMETICS}[arithmetic]},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return pd.DataFrame([json.loads(line) for line in done.stdout.splitlines()])


def summary(found: pd.DataFrame) -> list[dict[str, Any]]:
    """What differs, codec by codec."""
    return [
        {
            "codec": codec,
            "streams": len(lines),
            "other pictures": int(lines["other_picture"].sum()),
            "most samples": int(lines["samples"].max()),
            "largest change of PSNR, dB": f"{lines['psnr_change'].max():.6f}",
            "encoded to other bytes": int(lines["other_stream"].sum()),
            "largest change of rate, %": f"{100 * lines['rate_change'].max():.3f}",
            "of the rate of all, %": f"{100 * abs(lines['new_bytes'].sum() / lines['bytes'].sum() - 1):.4f}",
        }
        for codec, lines in found.groupby("codec", sort=False)
    ]


def main(arguments: Sequence[str]) -> None:
    """The process with other arithmetic: a line of JSON for each row."""
    rows, streams, pictures, weights = map(Path, arguments)
    if "LICBENCH_WITHOUT_ONEDNN" in os.environ:
        import torch

        torch.backends.mkldnn.set_flags(False)
    if "LICBENCH_TORCH_THREADS" in os.environ:
        import torch

        torch.set_num_threads(int(os.environ["LICBENCH_TORCH_THREADS"]))
    if "LICBENCH_WITHOUT_ASSEMBLY" in os.environ:
        hevc.PARAMETERS = {**hevc.PARAMETERS, "asm": "0"}
    store, image, original = ModelStore(weights), "", None
    for row in read_rows(rows).to_dict("records"):
        codec = codec_class(row["codec"])(store)
        if row["image"] != image:
            image, original = row["image"], read_rgb(pictures / f"{row['image']}.png")
        assert original is not None
        task = Task(row, streams, pictures / f"{image}.png")
        print(json.dumps(_line(codec, task, weights, original)), flush=True)


def _line(codec: Any, task: Task, weights: Path, original: Any) -> dict[str, Any]:
    row, found = task.row, verify_row(task, weights)
    folder = task.streams / row["dataset"] / row["codec"] / row["image"]
    stream = (folder / f"{row['point']}{codec.extension}").read_bytes()
    decoded = codec.decode(stream)
    again = codec.encode(original, OperatingPoint(row["point"], row["curve"], json.loads(row["settings"])))
    before, now = (psnr(sse, original.size) for sse in (row["sse"], error_moments(original, decoded)["sse"]))
    return {
        "codec": row["codec"],
        "image": row["image"],
        "point": row["point"],
        "bytes": len(stream),
        "new_bytes": len(again),
        "verified": found.problem,
        "samples": found.deviation.samples if found.deviation else 0,
        "other_picture": digest(decoded) != row["pixels_sha256"],
        "psnr_change": abs(now - before) if now != before else 0.0,
        "other_stream": again != stream,
        "rate_change": abs(len(again) / len(stream) - 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
