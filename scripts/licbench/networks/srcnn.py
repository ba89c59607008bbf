"""SRCNN 9-1-5 (Dong et al. 2014), applied to each of R, G and B (section 2.3, Fig. 4)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

MARGIN = 6
"""Pixels that three valid convolutions take from each side: 4 + 0 + 2."""


class ToOneChannel(nn.Conv2d):
    """A convolution without padding to a single channel, in a fifth of the usual time.

    Convolution kernels of CPUs compute sixteen channels at once and would discard fifteen. Here each tap gives a
    channel of a 1x1 convolution, and these are shifted and added.
    """

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1, H - side + 1, W - side + 1)."""
        side = self.kernel_size[0]
        taps = functional.conv2d(features, self.weight[0].flatten(1).T[:, :, None, None])
        height, width = taps.shape[2] - side + 1, taps.shape[3] - side + 1
        assert self.bias is not None
        summed = self.bias.expand(len(features), 1, height, width).clone()
        for tap in range(side * side):
            down, right = divmod(tap, side)
            summed += taps[:, tap : tap + 1, down : down + height, right : right + width]
        return summed


class SRCNN(nn.Module):
    """(N, 1, H, W) bicubically enlarged, in [0, 1] -> (N, 1, H - 12, W - 12); 8,129 weights and biases."""

    def __init__(self) -> None:
        super().__init__()
        self.extract = nn.Conv2d(1, 64, kernel_size=9)
        self.map = nn.Conv2d(64, 32, kernel_size=1)
        self.reconstruct = ToOneChannel(32, 1, kernel_size=5)

    def forward(self, component: Tensor) -> Tensor:
        """The valid part of the sharpened component."""
        return self.reconstruct(self.map(self.extract(component).relu_()).relu_())  # type: ignore[no-any-return]

    def enhance(self, component: Tensor) -> Tensor:
        """As ``forward``, but of the input's size: the border sees edge pixels repeated."""
        return self(functional.pad(component, [MARGIN] * 4, mode="replicate"))  # type: ignore[no-any-return]
