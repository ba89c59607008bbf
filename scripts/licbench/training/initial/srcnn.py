"""SRCNN started as the identity: it returns the bicubic image."""

from __future__ import annotations

import torch
from torch import nn

from licbench.networks.srcnn import SRCNN


def start_as_identity(network: SRCNN) -> None:
    """Let ``network`` return its input: one channel carries the image, the others start small and random."""
    with torch.no_grad():
        for layer in (network.extract, network.map, network.reconstruct):
            nn.init.kaiming_normal_(layer.weight)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)
            layer.weight[0] = 0
        network.reconstruct.weight.mul_(0)
        network.extract.weight[0, 0, 4, 4] = 1
        network.map.weight[0, 0, 0, 0] = 1
        network.reconstruct.weight[0, 0, 2, 2] = 1
