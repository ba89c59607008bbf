"""A residual network that takes compression artefacts out of a decoded image.

Kin of VRCNN (Dai et al. 2017) and of CNN-based resampling (Li et al. 2018), with the QP and the size of coding as
inputs. It works on the four polyphase components of R, G and B, the sampling grid of 4:2:0's chroma, and corrects all
three jointly.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.images import Image
from licbench.images.colour import PEAK
from licbench.images.geometry import pad_to_multiple
from licbench.networks.inference import in_strips

STRIDE = 2
"""Pixels of a polyphase period: the sides of what the network takes are multiples of it."""
WIDTH = 32
BLOCKS = 4
OVERLAP = STRIDE * (2 * BLOCKS + 2)
"""Rows above and below that a restored row depends on."""
CENTRES = (PEAK / 2, PEAK / 2, PEAK / 2, 36.0, 75.0)
SPANS = (PEAK, PEAK, PEAK, 10.0, 25.0)
"""Of the input's planes: R, G, B, QP, per cent of the size; centred and divided by these they are about one."""
COLOURS = 3
INPUTS = len(CENTRES)
PERCENT = 100


class Block(nn.Module):
    """Two convolutions and the way around them: (N, C, H, W) -> the same."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, kernel_size=3, padding=1)
        self.second = nn.Conv2d(width, width, kernel_size=3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(self.first(features).relu_())  # type: ignore[no-any-return]


class Restorer(nn.Module):
    """(N, 5, H, W): R, G and B in 0..255, QP, per cent of the size -> (N, 3, H, W) in about 0..255; 81,516 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(COLOURS * STRIDE**2 + 2, WIDTH, kernel_size=3, padding=1)
        self.blocks = nn.Sequential(*(Block(WIDTH) for _ in range(BLOCKS)))
        self.tail = nn.Conv2d(WIDTH, COLOURS * STRIDE**2, kernel_size=3, padding=1)

    def forward(self, planes: Tensor) -> Tensor:
        """The restored image, neither rounded nor clipped."""
        centres, spans = (planes.new_tensor(values)[:, None, None] for values in (CENTRES, SPANS))
        scaled = (planes - centres) / spans
        gathered = functional.pixel_unshuffle(scaled[:, :COLOURS], STRIDE)
        coding = scaled[:, COLOURS:, ::STRIDE, ::STRIDE]  # the same everywhere
        residual = self.tail(self.blocks(self.head(torch.cat([gathered, coding], dim=1))))
        return planes[:, :COLOURS] + PEAK * functional.pixel_shuffle(residual, STRIDE).to(planes.dtype)


def restore(network: Restorer, image: Image, qp: int, factor: float, strip_pixels: int) -> Image:
    """The restored image, rounded to 8 bit.

    Args:
        network: in the precision to compute in.
        image: decoded, and enlarged if it was coded at a share of its size.
        qp: of x265.
        factor: that share.
        strip_pixels: how many go through the network at a time, the overlap aside.
    """
    height, width = image.shape[:2]
    padded = torch.from_numpy(pad_to_multiple(image, STRIDE)).permute(2, 0, 1)[None]
    coding = network.head.weight.new_tensor([qp, PERCENT * factor])[None, :, None, None]
    rows = max(STRIDE, strip_pixels // padded.shape[-1] // STRIDE * STRIDE)

    def restored(strip: Tensor) -> Tensor:
        planes = torch.cat([strip.to(coding.dtype), coding.expand(-1, -1, *strip.shape[2:])], dim=1)
        return network(planes).round_().clamp_(0, PEAK).to(torch.uint8)  # type: ignore[no-any-return]

    with torch.inference_mode():
        made = in_strips(restored, padded, rows, overlap=OVERLAP)
    return made[0, :, :height, :width].permute(1, 2, 0).contiguous().numpy()
