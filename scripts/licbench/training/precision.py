"""The arithmetic of a training run: the device, and the precision of its fast operations."""

from __future__ import annotations

from dataclasses import dataclass

import torch

PRECISIONS = ("auto", "float32", "bfloat16")


@dataclass(frozen=True)
class Arithmetic:
    """Where and in which precision (float32 | bfloat16) the networks compute; the weights are float32 in both."""

    device: torch.device
    precision: str = "float32"

    @classmethod
    def choose(cls, device: torch.device, precision: str) -> Arithmetic:
        """``auto`` is bfloat16 where the hardware multiplies in it, else float32.

        A CPU that emulates bfloat16 takes ten times as long a step as in float32.
        """
        if precision == "auto":
            precision = "bfloat16" if device.type == "cuda" or _cpu_multiplies_bfloat16() else "float32"
        return cls(device, precision)

    def autocast(self) -> torch.autocast:
        """The context for the networks' forward passes."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")


def _cpu_multiplies_bfloat16() -> bool:
    features = torch.cpu.get_capabilities()
    return bool(features.get("avx512_bf16") or features.get("amx_bf16") or features.get("bf16"))
