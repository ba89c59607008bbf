"""Where a CAE's training starts: random weights, an orthonormal 8x8 block transform, or a model."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from licbench.images.colour import PEAK
from licbench.networks.cae import CAE
from licbench.networks.inference import fill
from licbench.networks.shapes import DOWNSCALE, LATENT_CHANNELS
from licbench.networks.store import Model

SPARE_SLOPE = 0.25
CENTRE = 1


def klt_basis(blocks: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean (64,) and the 32 leading eigenvectors (32, 64) of the covariance of 8x8 blocks (count, 64), raster order."""
    mean = blocks.mean(axis=0)
    centred = blocks - mean
    _, vectors = np.linalg.eigh(centred.T @ centred / len(blocks))
    return mean, vectors[:, ::-1][:, :LATENT_CHANNELS].T.copy()


def start_as_klt(network: CAE, mean: npt.NDArray[np.float64], basis: npt.NDArray[np.float64], step: float) -> None:
    """Set ``network`` to y = basis (block - mean) / step and its transpose, ``step`` in units of [0, 1].

    Strides split the image into its 64 polyphase components, level by level; Conv6 and Deconv2 hold the basis. Channels
    that the transform does not use keep small random weights, so that training can use them.
    """
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.normal_(layer.weight, std=0.02)
                assert layer.bias is not None
                nn.init.zeros_(layer.bias)
        vectors = torch.from_numpy(basis).float()
        _set_analysis(list(network.analysis), vectors / step, torch.from_numpy(mean).float())
        _set_synthesis(list(network.synthesis), vectors * step, torch.from_numpy(mean).float())


def _polyphase_index(row: int, column: int) -> tuple[int, int, int]:
    """Where pixel (row, column) of a block sits at a quarter size: (phase 0..15, row 0..1, column 0..1)."""
    return (row % 4 // 2 * 2 + column % 4 // 2) * 4 + row % 2 * 2 + column % 2, row // 4, column // 4


def _clear_rows(layer: nn.Conv2d | nn.ConvTranspose2d, count: int) -> Tensor:
    """Zero the weights of the first ``count`` output channels; returns the weight as (out, in, kh, kw)."""
    weight = layer.weight.data
    weight = weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else weight
    weight[:count] = 0
    return weight


def _make_linear(prelu: nn.Module, count: int) -> None:
    assert isinstance(prelu, nn.PReLU)
    prelu.weight.data.fill_(SPARE_SLOPE)
    prelu.weight.data[:count] = 1.0


def continue_from(network: CAE, rate: nn.Module, model: Model, step: float) -> None:
    """Set ``network`` and its rate model to those of a trained model, rescaled to another quantiser step.

    Latents of the model are in units of the step that it was trained for. PReLU commutes with positive factors, so
    that scaled weights of Conv6 and Deconv1 give the same function of a latent in units of ``step``.

    Raises:
        ModelError: the weights do not fit.
    """
    fill(network, model, "cae")
    ratio = float(model.card["recipe"]["step"]) / step
    _scale_latent(network, ratio)
    if "rate.floor" in model.tensors:  # older models have none
        fill(rate, model, "rate")
        assert isinstance(rate.floor, nn.Parameter)
        with torch.no_grad():
            rate.floor.add_(math.log(ratio))


def spread_latent(network: CAE, step: float) -> None:
    """Make the latent of fresh random weights larger than the noise of one quantiser step ``step``, in 8-bit units.

    In the scale of the image it would be 255/``step`` times larger, where an optimiser hardly changes the kernels; this
    is half of that, in the logarithm.
    """
    _scale_latent(network, math.sqrt(PEAK / step))


@torch.no_grad()
def _scale_latent(network: CAE, ratio: float) -> None:
    """Multiply the latent by ``ratio``; the reconstruction stays."""
    last, first = network.analysis[-2], network.synthesis[0]
    assert isinstance(last, nn.Conv2d) and last.bias is not None and isinstance(first, nn.Conv2d)
    last.weight *= ratio
    last.bias *= ratio
    first.weight /= ratio


def _set_analysis(parts: list[nn.Module], vectors: Tensor, mean: Tensor) -> None:
    convs, prelus = parts[0::2], parts[1::2]
    counts = (4, 4, 16, 16, 16, LATENT_CHANNELS)
    weights = []
    for conv, prelu, count in zip(convs, prelus, counts, strict=True):
        assert isinstance(conv, nn.Conv2d)
        weights.append(_clear_rows(conv, count))
        _make_linear(prelu, count)
    for phase in range(4):
        weights[0][phase, 0, CENTRE + phase // 2, CENTRE + phase % 2] = 1
        weights[1][phase, phase, CENTRE, CENTRE] = 1
    for phase in range(16):
        weights[2][phase, phase % 4, CENTRE + phase // 8, CENTRE + phase // 4 % 2] = 1
        weights[3][phase, phase, CENTRE, CENTRE] = 1
        weights[4][phase, phase, CENTRE, CENTRE] = 1
    for row in range(DOWNSCALE):
        for column in range(DOWNSCALE):
            phase, y, x = _polyphase_index(row, column)
            weights[5][:, phase, CENTRE + y, CENTRE + x] = vectors[:, row * DOWNSCALE + column]
    last = convs[-1]
    assert isinstance(last, nn.Conv2d) and last.bias is not None
    last.bias.data = -(vectors @ mean)


def _set_synthesis(parts: list[nn.Module], vectors: Tensor, mean: Tensor) -> None:
    deconvs, prelus = parts[0::2], parts[1::2]
    counts = (LATENT_CHANNELS, 16, 16, 4, 4, 1)
    weights = []
    for deconv, prelu, count in zip(deconvs, prelus, counts, strict=True):
        assert isinstance(deconv, nn.Conv2d | nn.ConvTranspose2d)
        weights.append(_clear_rows(deconv, count))
        _make_linear(prelu, count)
    for latent in range(LATENT_CHANNELS):
        weights[0][latent, latent, CENTRE, CENTRE] = 1
    second = deconvs[1]
    assert isinstance(second, nn.ConvTranspose2d) and second.bias is not None
    for row in range(DOWNSCALE):
        for column in range(DOWNSCALE):
            phase, y, x = _polyphase_index(row, column)
            # A transposed 4x4 convolution with padding 1 writes the 2x2 block of an input through its inner taps.
            weights[1][phase, :LATENT_CHANNELS, CENTRE + y, CENTRE + x] = vectors[:, row * DOWNSCALE + column]
    second.bias.data[:16] = _phase_means(mean)
    for phase in range(16):
        weights[2][phase, phase, CENTRE, CENTRE] = 1
        weights[3][phase % 4, phase, CENTRE + phase // 8, CENTRE + phase // 4 % 2] = 1
    for phase in range(4):
        weights[4][phase, phase, CENTRE, CENTRE] = 1
        weights[5][0, phase, CENTRE + phase // 2, CENTRE + phase % 2] = 1


def _phase_means(mean: Tensor) -> Tensor:
    """The block mean by polyphase component; its four positions in the block hardly differ."""
    sums = torch.zeros(16)
    for row in range(DOWNSCALE):
        for column in range(DOWNSCALE):
            sums[_polyphase_index(row, column)[0]] += mean[row * DOWNSCALE + column] / 4
    return sums
