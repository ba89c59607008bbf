"""The convolutional autoencoder of section 2.1 (Fig. 2): one component in, 32 channels at an eighth of the size."""

from __future__ import annotations

from torch import Tensor, nn

from licbench.networks.shapes import LATENT_CHANNELS


def _conv(inputs: int, outputs: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1)


def _upsample(inputs: int, outputs: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(inputs, outputs, kernel_size=4, stride=2, padding=1)


def _with_prelu(*layers: nn.Conv2d | nn.ConvTranspose2d) -> nn.Sequential:
    # Fig. 2 has a PReLU on every arrow, also behind Conv6 and Deconv6; one slope for each channel is our choice.
    return nn.Sequential(*(part for layer in layers for part in (layer, nn.PReLU(layer.out_channels))))


class CAE(nn.Module):
    """Analysis and synthesis transform of one colour component.

    ``analysis``: (N, 1, H, W) in [0, 1], H and W multiples of 8 -> y of shape (N, 32, H/8, W/8).
    ``synthesis``: the way back. 325,985 weights and biases, and the PReLU slopes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.analysis = _with_prelu(
            _conv(1, 32, stride=1),
            _conv(32, 32, stride=2),
            _conv(32, 64, stride=1),
            _conv(64, 64, stride=2),
            _conv(64, 64, stride=1),
            _conv(64, LATENT_CHANNELS, stride=2),
        )
        self.synthesis = _with_prelu(
            _conv(LATENT_CHANNELS, 64, stride=1),
            _upsample(64, 64),
            _conv(64, 64, stride=1),
            _upsample(64, 64),
            _conv(64, 32, stride=1),
            _upsample(32, 1),
        )

    def forward(self, component: Tensor) -> Tensor:
        """Synthesis of the unquantised latent."""
        return self.synthesis(self.analysis(component))  # type: ignore[no-any-return]
