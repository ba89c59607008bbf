"""Training pictures: decoded once into a file that every run maps into memory, cut to random squares in a few calls."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from licbench.errors import DatasetError
from licbench.files import replacing
from licbench.images.colour import CB_SPAN, CR_SPAN, LUMA_OF_RGB
from licbench.images.files import Image, decode_rgb

Scales = tuple[float, float]
"""Smallest and largest factor by which pictures are resized before they are cut."""

CPU = torch.device("cpu")
BICUBIC = -0.5
"""The kernel's parameter, as in Pillow."""
SUPPORT = 2.0
AT_ONCE = 256
"""Squares that are cut and resized together: more than a step of training takes, and a bound to the memory."""


def decode_packs(packs: Sequence[Path], destination: Path) -> None:
    """Write every picture of the packs, decoded, to one file: what ``Pictures.load`` maps.

    One picture at a time, so that a set may be larger than the memory.

    Raises:
        DatasetError: a pack is missing or damaged, or holds no picture.
    """
    sizes: list[tuple[int, ...]] = []
    with replacing(destination) as temporary, tempfile.TemporaryFile(dir=destination.parent) as pixels:
        for picture in (picture for pack in packs for picture in _read_pack(pack)):
            sizes.append(picture.shape[:2])
            pixels.write(picture.tobytes())
        if not sizes:
            raise DatasetError(f"no picture in {', '.join(map(str, packs))}; fetch the training sets again")
        with temporary.open("wb") as file:
            file.write(_header(len(sizes), pixels.tell() // 3) + np.array(sizes, np.int64).tobytes())
            pixels.seek(0)
            shutil.copyfileobj(pixels, file)


def _read_pack(pack: Path) -> Iterator[Image]:
    try:
        with zipfile.ZipFile(pack) as archive:
            for name in sorted(name for name in archive.namelist() if not name.endswith("/")):
                yield decode_rgb(archive.read(name), f"{pack}:{name}")
    except (OSError, zipfile.BadZipFile) as error:
        raise DatasetError(f"{pack}: unreadable training set ({error}); delete it and fetch it again") from error


def _header(pictures: int, pixels: int) -> bytes:
    """Of a safetensors file with ``sizes`` and then ``pixels``, as the library writes it."""
    start, end = 16 * pictures, 16 * pictures + 3 * pixels
    held = {
        "sizes": {"dtype": "I64", "shape": [pictures, 2], "data_offsets": [0, start]},
        "pixels": {"dtype": "U8", "shape": [pixels, 3], "data_offsets": [start, end]},
    }
    text = json.dumps(held, separators=(",", ":")).encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    return len(text).to_bytes(8, "little") + text


def _flattened(pictures: Sequence[Image]) -> dict[str, npt.NDArray[Any]]:
    sizes = np.array([picture.shape[:2] for picture in pictures], np.int64)
    pixels = np.concatenate([picture.reshape(-1, picture.shape[2]) for picture in pictures])
    return {"pixels": pixels, "sizes": sizes}


@dataclass(frozen=True)
class _Squares:
    """Where squares lie: of which pictures, (count,); the upper left corner, (count, 2); the side; mirrored or not."""

    pictures: npt.NDArray[np.int64]
    corners: npt.NDArray[np.int64]
    spans: npt.NDArray[np.int64]
    mirrored: npt.NDArray[np.bool_]

    def __getitem__(self, part: slice) -> _Squares:
        return _Squares(self.pictures[part], self.corners[part], self.spans[part], self.mirrored[part])


@dataclass(frozen=True)
class Pictures:
    """Pictures of three channels, or of any equal number, one after the other.

    ``pixels``: uint8 (pixels of all, channels), in a mapped file or on the accelerator; ``sizes``: (count, 2), heights
    and widths; ``starts``: (count,), where in ``pixels`` each begins.
    """

    pixels: Tensor
    sizes: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]

    @classmethod
    def load(cls, path: Path, device: torch.device) -> Pictures:
        """The pictures of ``decode_packs``, their pixels on ``device``.

        Raises:
            DatasetError: no such file, or not one of ours.
        """
        try:
            held = load_file(path)
            return cls._split(held["pixels"].to(device), held["sizes"].numpy())
        except (OSError, KeyError, SafetensorError) as error:
            raise DatasetError(f"{path}: no decoded training pictures ({error}); delete it and run again") from error

    @classmethod
    def of(cls, pictures: Sequence[Image], device: torch.device = CPU) -> Pictures:
        """From arrays in memory."""
        held = _flattened(pictures)
        return cls._split(torch.from_numpy(held["pixels"]).to(device), held["sizes"])

    @classmethod
    def _split(cls, pixels: Tensor, sizes: npt.NDArray[np.int64]) -> Pictures:
        return cls(pixels, sizes, np.cumsum(sizes.prod(axis=1)) - sizes.prod(axis=1))

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Image]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> Image:
        start, (height, width) = self.starts[index], self.sizes[index]
        picture: Image = self.pixels[start : start + height * width].cpu().numpy().reshape(height, width, -1)
        return picture

    def at_least(self, side: int) -> Pictures:
        """Those whose sides all reach ``side`` pixels.

        Raises:
            DatasetError: there is none.
        """
        large = self.sizes.min(axis=1) >= side
        if not large.any():
            raise DatasetError(f"no training picture reaches {side} pixels; add larger ones")
        return Pictures(self.pixels, self.sizes[large], self.starts[large])

    def tiles(self, count: int, side: int, rng: np.random.Generator, scales: Scales = (1.0, 1.0)) -> Tensor:
        """Random squares of randomly resized pictures, mirrored half of the time: uint8 (count, channels, side, side).

        A picture that would become smaller than a tile is enlarged just enough.
        """
        chosen = rng.integers(len(self), size=count)
        shortest = self.sizes[chosen].min(axis=1)
        spans = np.minimum(np.round(side / rng.uniform(*scales, count)).astype(np.int64).clip(1), shortest)
        corners = rng.integers(self.sizes[chosen] - spans[:, None] + 1)
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
        spans, widths = squares.spans[:, None], self.sizes[squares.pictures, 1:]
        along = np.minimum(np.arange(largest), spans - 1)
        columns = squares.corners[:, 1:] + np.where(squares.mirrored[:, None], spans - 1 - along, along)
        rows = (squares.corners[:, :1] + along) * widths + self.starts[squares.pictures, None]
        places = torch.from_numpy(rows[:, :, None] + columns[:, None, :]).to(self.pixels.device)
        return self.pixels[places].permute(0, 3, 1, 2)


def luma(rgb: Tensor) -> Tensor:
    """The BT.601 luma of uint8 (N, 3, H, W), rounded to 8 bits and scaled to [0, 1]: float32 (N, 1, H, W)."""
    weights = torch.tensor(LUMA_OF_RGB, device=rgb.device)
    return torch.einsum("c,nchw->nhw", weights, rgb.float()).round().div(255).unsqueeze(1)


def components(rgb: Tensor, chroma: float, rng: np.random.Generator) -> Tensor:
    """One component of each of uint8 (N, 3, H, W), 8 bits scaled to [0, 1]: float32 (N, 1, H, W).

    Each is Cb or Cr with the probability ``chroma``, else luma.
    """
    count = len(rgb)
    chosen = np.where(rng.random(count) < chroma, rng.integers(1, 3, count), 0)
    luma_of_all = luma(rgb)
    blue, red = (rgb[:, channel : channel + 1].float() / 255 - luma_of_all for channel in (2, 0))
    spans = torch.tensor([CB_SPAN, CR_SPAN], device=rgb.device)
    differences = torch.stack([blue, red], dim=1) / spans[:, None, None, None] + 128 / 255
    planes = torch.cat([luma_of_all[:, None], (differences * 255).round().clamp(0, 255) / 255], dim=1)
    return planes[torch.arange(count), torch.from_numpy(chosen)]


def _resized(windows: Tensor, spans: Tensor, side: int) -> Tensor:
    """The first ``spans`` rows and columns of each window, resized to (count, channels, side, side), as Pillow does."""
    kernels = _bicubic_kernels(spans, windows.shape[-1], side)
    wide = torch.einsum("nxw,nchw->nchx", kernels, windows.float()).round().clamp(0, 255)
    tall = torch.einsum("nyh,nchx->ncyx", kernels, wide)
    return tall.round().clamp(0, 255).to(torch.uint8)


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
