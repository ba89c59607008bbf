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

from licbench.bpg import picture as hevc
from licbench.images import read_rgb
from licbench.locations import SHIPPED
from licbench.metrics import error_moments, psnr
from licbench.models import ModelStore
from licbench.points import digest, read_rows
from licbench.registry import codec_class

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
"""Environment variables of torch, oneDNN, MKL, OpenBLAS, NumPy, the C library and libjpeg-turbo.

Those called LICBENCH are read here: libx265 and torch take these two settings only from their caller.
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
        env={**os.environ, "OMP_NUM_THREADS": "1", **ARITHMETICS[arithmetic]},
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
    if "LICBENCH_WITHOUT_ASSEMBLY" in os.environ:
        hevc.PARAMETERS = {**hevc.PARAMETERS, "asm": "0"}
    store, image, original = ModelStore(weights), "", None
    for row in read_rows(rows).to_dict("records"):
        codec = codec_class(row["codec"])(store)
        if row["image"] != image:
            image, original = row["image"], read_rgb(pictures / f"{row['image']}.png")
        assert original is not None
        print(json.dumps(_line(codec, row, original, streams / row["codec"] / image)), flush=True)


def _line(codec: Any, row: Mapping[str, Any], original: Any, streams: Path) -> dict[str, Any]:
    from licbench.codecs.base import OperatingPoint

    stream = (streams / f"{row['point']}{codec.extension}").read_bytes()
    decoded = codec.decode(stream)
    again = codec.encode(original, OperatingPoint(row["point"], row["curve"], json.loads(row["settings"])))
    before, now = (psnr(sse, original.size) for sse in (row["sse"], error_moments(original, decoded)["sse"]))
    return {
        "codec": row["codec"],
        "image": row["image"],
        "point": row["point"],
        "bytes": len(stream),
        "new_bytes": len(again),
        "other_picture": digest(decoded) != row["pixels_sha256"],
        "psnr_change": abs(now - before) if now != before else 0.0,
        "other_stream": again != stream,
        "rate_change": abs(len(again) / len(stream) - 1),
    }


if __name__ == "__main__":
    main(sys.argv[1:])
