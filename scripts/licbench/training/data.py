"""Training images: decoded once into a file that every run maps into memory, cut to random squares in a few calls."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.numpy import save_file
from safetensors.torch import load_file
from torch import Tensor

from licbench.errors import DatasetError
from licbench.files import replacing
from licbench.images import Image
from licbench.images.colour import CB_SPAN, CR_SPAN, LUMA_OF_RGB, PEAK
from licbench.images.files import decode_rgb

Scales = tuple[float, float]
"""Smallest and largest factor by which images are resized before they are cut."""

CPU = torch.device("cpu")
BICUBIC = -0.5
"""The kernel's parameter, as in Pillow."""
SUPPORT = 2.0
AT_ONCE = 256
"""Squares that are cut and resized together: more than a step of training needs; bounds the memory."""


def decode_packs(packs: Sequence[Path], destination: Path) -> None:
    """Write every image of the packs, decoded, to one file: what ``ImageSet.load`` maps.

    One image at a time, so that a set may exceed the memory.

    Raises:
        DatasetError: a pack is missing or damaged, or holds no image, or the disk is full.
    """
    write_images(_read_packs(packs), destination)


def write_images(images: Iterable[npt.NDArray[np.uint8]], destination: Path) -> None:
    """Write images of equal channels, at least one, as they come, to one file: what ``ImageSet.load`` maps.

    Raises:
        DatasetError: the file cannot be written.
    """
    try:
        with replacing(destination) as temporary, tempfile.TemporaryFile(dir=destination.parent) as file:
            shapes = [_append(file, image) for image in images]
            file.flush()
            # Mapped and not read, so that the library writes it without holding it in memory
            pixels = np.memmap(file, np.uint8, "r").reshape(-1, shapes[0][2])
            save_file({"sizes": np.array([shape[:2] for shape in shapes], np.int64), "pixels": pixels}, temporary)
    except (OSError, SafetensorError) as error:
        raise DatasetError(
            f"{destination}: cannot be written ({error}); check the path, its rights and the disk"
        ) from error


def _append(file: BinaryIO, image: npt.NDArray[np.uint8]) -> tuple[int, ...]:
    """Write the pixels to the end of the file; returns height, width and channels."""
    file.write(image.tobytes())
    return image.shape


def _read_packs(packs: Sequence[Path]) -> Iterator[Image]:
    count = 0
    for pack in packs:
        for image in _read_pack(pack):
            count += 1
            yield image
    if not count:
        raise DatasetError(f"no image in {', '.join(map(str, packs))}; fetch the training sets again")


def _read_pack(pack: Path) -> Iterator[Image]:
    try:
        with zipfile.ZipFile(pack) as archive:
            for name in sorted(name for name in archive.namelist() if not name.endswith("/")):
                yield decode_rgb(archive.read(name), f"{pack}:{name}")
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{pack}: unreadable training set ({error}); delete it and fetch it again") from error


def _flattened(images: Sequence[Image]) -> dict[str, npt.NDArray[Any]]:
    sizes = np.array([image.shape[:2] for image in images], np.int64)
    pixels = np.concatenate([image.reshape(-1, image.shape[2]) for image in images])
    return {"pixels": pixels, "sizes": sizes}


@dataclass(frozen=True)
class _Squares:
    """Squares to cut: index of the image, (count,); upper left corner, (count, 2); side; mirrored or not."""

    images: npt.NDArray[np.int64]
    corners: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]
    mirrored: npt.NDArray[np.bool_]

    def __getitem__(self, part: slice) -> _Squares:
        return _Squares(self.images[part], self.corners[part], self.spans[part], self.mirrored[part])


@dataclass(frozen=True)
class ImageSet:
    """Images of three channels, or of any equal number, one after the other.

    ``pixels``: uint8 (pixels of all, channels), in a mapped file or on the accelerator; ``sizes``: (count, 2), heights
    and widths; ``starts``: (count,), where in ``pixels`` each begins.
    """

    pixels: Tensor
    sizes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def load(cls, path: Path, device: torch.device) -> ImageSet:
        """The images of ``decode_packs``, their pixels on ``device``.

        Raises:
            DatasetError: no such file, or not one of ours.
        """
        try:
            held = load_file(path)
            return cls._split(held["pixels"].to(device), held["sizes"].numpy())
        except (OSError, KeyError, SafetensorError) as error:
            raise DatasetError(f"{path}: no decoded training images ({error}); delete it and run again") from error

    @classmethod
    def of(cls, images: Sequence[Image], device: torch.device = CPU) -> ImageSet:
        """From arrays in memory."""
        held = _flattened(images)
        return cls._split(torch.from_numpy(held["pixels"]).to(device), held["sizes"])

    @classmethod
    def _split(cls, pixels: Tensor, sizes: npt.NDArray[np.int64]) -> ImageSet:
        return cls(pixels, sizes, np.cumsum(sizes.prod(axis=1)) - sizes.prod(axis=1))

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Image:
        start, (height, width) = self.starts[index], self.sizes[index]
        image: Image = self.pixels[start : start + height * width].cpu().numpy().reshape(height, width, -1)
        return image

    def at_least(self, side: int) -> ImageSet:
        """Those whose sides all reach ``side`` pixels.

        Raises:
            DatasetError: there is none.
        """
        large = self.sizes.min(axis=1) >= side
        if not large.any():
            raise DatasetError(f"no training image reaches {side} pixels; add larger ones")
        return ImageSet(self.pixels, self.sizes[large], self.starts[large])

    def tiles(
        self, count: int, side: int, rng: np.random.Generator, scales: Scales = (1.0, 1.0), grid: int = 1
    ) -> Tensor:
        """Random squares of randomly resized images, mirrored half of the time: uint8 (count, channels, side, side).

        An image that would become smaller than a tile is resized to the tile's size. Corners lie on multiples of
        ``grid`` pixels of the stored image.
        """
        chosen = rng.integers(len(self), size=count)
        shortest = self.sizes[chosen].min(axis=1)
        spans = np.minimum(np.round(side / rng.uniform(*scales, count)).astype(np.int64).clip(1), shortest)
        corners = rng.integers(self.sizes[chosen] - spans[:, None] + 1) // grid * grid
        squares = _Squares(chosen, corners, spans, mirrored=rng.random(count) < 0.5)
        parts = [squares[at : at + AT_ONCE] for at in range(0, count, AT_ONCE)]
        cut = [self._cut(part, int(spans.max()), side) for part in parts]
        return torch.cat(cut) if len(cut) > 1 else cut[0]

    def _cut(self, squares: _Squares, largest: int, side: int) -> Tensor:
        """The squares, in windows of ``largest`` pixels, resized to ``side``."""
        windows = self._windows(squares, largest)
        if (squares.spans == side).all() and largest == side:
            return windows
        return _resized(windows, torch.from_numpy(squares.spans).to(windows.device), side)

    def _windows(self, squares: _Squares, largest: int) -> Tensor:
        """Each square in the corner of a window: uint8 (count, channels, largest, largest)."""
        spans, widths = squares.spans[:, None], self.sizes[squares.images, 1:]
        along = np.minimum(np.arange(largest), spans - 1)
        columns = squares.corners[:, 1:] + np.where(squares.mirrored[:, None], spans - 1 - along, along)
        rows = (squares.corners[:, :1] + along) * widths + self.starts[squares.images, None]
        places = torch.from_numpy(rows[:, :, None] + columns[:, None, :]).to(self.pixels.device)
        return self.pixels[places].permute(0, 3, 1, 2)


def luma(rgb: Tensor) -> Tensor:
    """The BT.601 luma of uint8 (N, 3, H, W), rounded to 8 bits and scaled to [0, 1]: float32 (N, 1, H, W)."""
    weights = torch.tensor(LUMA_OF_RGB, device=rgb.device)
    return torch.einsum("c,nchw->nhw", weights, rgb.float()).round().div(PEAK).unsqueeze(1)


def components(rgb: Tensor, chroma: float, rng: np.random.Generator) -> Tensor:
    """One component of each of uint8 (N, 3, H, W), 8 bits scaled to [0, 1]: float32 (N, 1, H, W).

    Each is Cb or Cr with the probability ``chroma``, else luma.
    """
    count = len(rgb)
    chosen = np.where(rng.random(count) < chroma, rng.integers(1, 3, count), 0)
    luma_of_all = luma(rgb)
    blue, red = (rgb[:, channel : channel + 1].float() / PEAK - luma_of_all for channel in (2, 0))
    spans = torch.tensor([CB_SPAN, CR_SPAN], device=rgb.device)
    differences = torch.stack([blue, red], dim=1) / spans[:, None, None, None] + 128 / PEAK
    planes = torch.cat([luma_of_all[:, None], (differences * PEAK).round().clamp(0, PEAK) / PEAK], dim=1)
    return planes[torch.arange(count), torch.from_numpy(chosen)]


def _resized(windows: Tensor, spans: Tensor, side: int) -> Tensor:
    """The first ``spans`` rows and columns of each window, resized to (count, channels, side, side), as Pillow does."""
    kernels = _bicubic_kernels(spans, windows.shape[-1], side)
    wide = torch.einsum("nxw,nchw->nchx", kernels, windows.float()).round().clamp(0, PEAK)
    tall = torch.einsum("nyh,nchx->ncyx", kernels, wide)
    return tall.round().clamp(0, PEAK).to(torch.uint8)


def _bicubic_kernels(spans: Tensor, inputs: int, side: int) -> Tensor:
    """For each span the matrix (side, inputs) that resizes it to ``side``; wider where it shrinks, against aliasing."""
    ratio = spans.float()[:, None, None] / side
    stretch = ratio.clamp_min(1)
    outputs = torch.arange(side, device=spans.device)[:, None]
    places = torch.arange(inputs, device=spans.device)
    distance = ((places + 0.5 - (outputs + 0.5) * ratio) / stretch).abs()
    near = ((BICUBIC + 2) * distance - (BICUBIC + 3)) * distance**2 + 1
    far = BICUBIC * (((distance - 5) * distance + 8) * distance - 4)
    weights = torch.where(distance < 1, near, torch.where(distance < SUPPORT, far, 0.0))
    weights = weights * (places < spans[:, None, None])
    return weights / weights.sum(dim=2, keepdim=True)
