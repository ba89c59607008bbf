"""The networks of section 2.2 (Fig. 3): encoder to a latent vector of N coefficients, generator, discriminator.

Layers as in the figure; batch normalisation, activations and initial values after DCGAN (Radford et al. 2015), whose
layer names the paper uses. The figure labels the deconvolutions with their input widths.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.images.colour import PEAK

KERNEL = 5
CORE = 4
"""Side of the smallest feature map, before the projection."""
LEAK = 0.2
INIT_STD = 0.02
HALF_PEAK = PEAK / 2


def normalised(samples: Tensor) -> Tensor:
    """Floating-point samples 0..255 -> the range [-1, 1] of the networks."""
    return samples / HALF_PEAK - 1


def denormalised(outputs: Tensor) -> Tensor:
    """The inverse of ``normalised``; neither rounded nor clipped."""
    return (outputs + 1) * HALF_PEAK


def conv_widths(input_size: int) -> list[int]:
    """Channels of each stride-2 convolution: 32, 64, 128, 256, 512 at 128 pixels; one stage less or more at 64 or 256.

    The paper shows 128 only. At 256 the sixth stage keeps 512 channels; at 64 the last stage (512) is left out.
    """
    stages = int(math.log2(input_size // CORE))
    return [min(32 << stage, 512) for stage in range(stages)]


def _initialise(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.trunc_normal_(layer.weight, std=INIT_STD, a=-2 * INIT_STD, b=2 * INIT_STD)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def _batch_norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=1e-5, momentum=0.1)


class _ConvStack(nn.Module):
    """The five convolutions that encoder and discriminator share in shape; returns every stage's output."""

    def __init__(self, input_size: int, outputs: int) -> None:
        super().__init__()
        widths = conv_widths(input_size)
        self.convs = nn.ModuleList(
            nn.Conv2d(before, after, KERNEL, stride=2, padding=2)
            for before, after in zip([3, *widths], widths, strict=False)
        )
        self.norms = nn.ModuleList([nn.Identity(), *(_batch_norm(width) for width in widths[1:])])
        self.project = nn.Linear(widths[-1] * CORE * CORE, outputs)
        _initialise(self)

    def stages(self, tiles: Tensor) -> list[Tensor]:
        outputs = [tiles]
        for conv, norm in zip(self.convs, self.norms, strict=True):
            outputs.append(functional.leaky_relu(norm(conv(outputs[-1])), LEAK))
        return outputs[1:]


class Encoder(_ConvStack):
    """Tiles (B, 3, S, S) in [-1, 1] -> latent vectors (B, N), linear and unbounded."""

    def __init__(self, code_size: int, input_size: int = 128) -> None:
        super().__init__(input_size, code_size)

    def features(self, tiles: Tensor) -> Tensor:
        """What the last layer projects to the latent vector, (B, 16 * channels)."""
        return self.stages(tiles)[-1].flatten(1)

    def forward(self, tiles: Tensor) -> Tensor:
        """The latent vector of each tile."""
        return self.project(self.features(tiles))  # type: ignore[no-any-return]


class Discriminator(_ConvStack):
    """Tiles (B, 3, S, S) -> features h0.. of every stage and the logit that the tile is real (h5)."""

    def __init__(self, input_size: int = 128) -> None:
        super().__init__(input_size, 1)

    def forward(self, tiles: Tensor) -> tuple[list[Tensor], Tensor]:
        """Features of Eq. (2) and logits (B,)."""
        features = self.stages(tiles)
        return features, self.project(features[-1].flatten(1)).squeeze(1)


class Generator(nn.Module):
    """Latent vectors (B, N) -> tiles (B, 3, S, S) in [-1, 1]."""

    def __init__(self, code_size: int, input_size: int = 128) -> None:
        super().__init__()
        widths = conv_widths(input_size)[::-1]
        self.project = nn.Linear(code_size, widths[0] * CORE * CORE)
        self.norms = nn.ModuleList(_batch_norm(width) for width in widths)
        self.deconvs = nn.ModuleList(
            nn.ConvTranspose2d(before, after, KERNEL, stride=2, padding=2, output_padding=1)
            for before, after in zip(widths, [*widths[1:], 3], strict=True)
        )
        _initialise(self)

    def forward(self, vectors: Tensor) -> Tensor:
        """The reconstructed tiles."""
        features = self.project(vectors).unflatten(1, (-1, CORE, CORE))
        for norm, deconv in zip(self.norms, self.deconvs, strict=True):
            features = deconv(functional.relu(norm(features)))
        return torch.tanh(features)
