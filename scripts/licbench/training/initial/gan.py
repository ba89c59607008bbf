"""The GAN codec as the KLT of whole tiles, factored into a tree of 2x2 block transforms.

A stage of stride 2 gathers 2x2 positions and keeps the leading components of their KLT, half as many as it has
channels: a ReLU passes a coefficient on as a channel and its negative. At the core, 4x4 positions, the projection is
the KLT of the coefficients that the tree keeps of a tile. The generator is the transpose, up to its tanh. Blocks never
overlap, so the borders of a tile are treated like its inside.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from licbench.networks.gan import CORE, LEAK, Encoder, Generator, conv_widths, normalised

TREE_TILES = 256
"""Tiles that the small transforms are learned on; the projection sees all."""
BATCH = 128
TAPS = slice(2, 4)
"""Of five taps at stride 2, the two that cover each position once."""
TANH_GAIN = 1.2
"""Slope before the tanh; 1.23 would be nearest to pixels spread evenly over their range."""


def start_as_klt(encoder: Encoder, generator: Generator, tiles: Tensor) -> None:
    """Set both networks from sample tiles.

    Args:
        encoder: of tiles with side S; channels that the tree does not use keep random kernels, without effect at first.
        generator: of the same sizes.
        tiles: (count, 3, S, S) uint8; count well above the code size.
    """
    with torch.no_grad():
        bases = _tree(_pixels(tiles[:TREE_TILES]), conv_widths(tiles.shape[-1]))
        projection = _leading_vectors(_core_moment(tiles, bases), encoder.project.out_features)
        for conv, basis in zip(encoder.convs, bases, strict=True):
            assert isinstance(conv, nn.Conv2d)
            _set_analysis(conv, basis)
        for deconv, basis in zip(generator.deconvs, bases[::-1], strict=True):
            assert isinstance(deconv, nn.ConvTranspose2d)
            _set_synthesis(deconv, basis)
        paired = _pair(projection.unflatten(1, (-1, CORE * CORE)), 1).flatten(1)
        encoder.project.weight.copy_(paired / (1 + LEAK))
        generator.project.weight.copy_(paired.T)


def _pixels(tiles: Tensor) -> Tensor:
    return normalised(tiles.float())


def _tree(features: Tensor, widths: list[int]) -> list[Tensor]:
    """For each stage its basis, (coefficients kept, 4 * coefficients before)."""
    bases = []
    for width in widths:
        gathered = functional.pixel_unshuffle(features, 2)
        vectors = gathered.movedim(1, -1).flatten(0, -2).double()
        bases.append(_leading_vectors(vectors.T @ vectors, width // 2))
        features = _analyse(features, bases[-1])
    return bases


def _analyse(features: Tensor, basis: Tensor) -> Tensor:
    """One stage; halved, so that a flat image keeps its amplitude from stage to stage."""
    return torch.einsum("kc,nchw->nkhw", basis / 2, functional.pixel_unshuffle(features, 2))


def _core_moment(tiles: Tensor, bases: list[Tensor]) -> Tensor:
    """Second moment of the cores of all tiles."""
    moment: Tensor | int = 0
    for batch in tiles.split(BATCH):
        core = _pixels(batch)
        for basis in bases:
            core = _analyse(core, basis)
        vectors = core.flatten(1).double()
        moment = moment + vectors.T @ vectors
    assert isinstance(moment, Tensor)
    return moment


def _leading_vectors(moment: Tensor, count: int) -> Tensor:
    """The eigenvectors of the largest eigenvalues, as rows, at most ``count``."""
    _, vectors = np.linalg.eigh(moment.cpu().numpy())
    return torch.from_numpy(vectors[:, ::-1][:, :count].T.copy()).float().to(moment.device)


def _pair(kernels: Tensor, axis: int) -> Tensor:
    """Each coefficient as a channel and its negative, the negatives last."""
    return torch.cat([kernels, -kernels], dim=axis)


def _set_analysis(conv: nn.Conv2d, basis: Tensor) -> None:
    kernels = _pair(basis.unflatten(1, (-1, 2, 2)) / 2, 0)
    if conv.in_channels > 3:  # the image itself comes unpaired
        kernels = _pair(kernels, 1) / (1 + LEAK)
    outputs, inputs = kernels.shape[:2]
    conv.weight[:outputs] = 0
    conv.weight[:outputs, :inputs, TAPS, TAPS] = kernels


def _set_synthesis(deconv: nn.ConvTranspose2d, basis: Tensor) -> None:
    kernels = _pair(basis.unflatten(1, (-1, 2, 2)) * 2, 0)
    kernels = _pair(kernels, 1) if deconv.out_channels > 3 else kernels * TANH_GAIN
    inputs, outputs = kernels.shape[:2]
    deconv.weight[:, :outputs] = 0
    deconv.weight[:inputs, :outputs, TAPS, TAPS] = kernels
