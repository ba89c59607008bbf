"""What the choices that the paper leaves open are worth: `make choices`, the table in docs/methods.md.

Every choice is measured against what the codecs do: BD-rate in RGB PSNR over photographs of BSDS500 val, real
streams, decoded. A positive value means that the alternative needs more rate. No evaluation image is used.
"""

from __future__ import annotations

import contextlib
import functools
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.codecs import cae, cae_search, gan, sr  # noqa: E402
from licbench.coding import openjpeg, quantiser, wavelet  # noqa: E402
from licbench.coding.range_coder import Static  # noqa: E402
from licbench.evaluation.pooling import pool  # noqa: E402
from licbench.images import geometry  # noqa: E402
from licbench.images.files import write_png  # noqa: E402
from licbench.locations import SHIPPED  # noqa: E402
from licbench.measurement.measure import measure_images  # noqa: E402
from licbench.measurement.rows import read_rows  # noqa: E402
from licbench.metrics.rate import bd_rate  # noqa: E402
from licbench.training.data import CPU, ImageSet  # noqa: E402

Doubles = npt.NDArray[np.float64]

IMAGES = slice(0, 100, 12)
"""Of the 100 of BSDS500 val."""
CAE_LADDER = {"rotation": ["offline"], "ladder": {"cae_096": [0.55, 0.7, 0.9, 1.2]}}
BY_ENERGY = {"ladder": {"cae_energy": [1.0, 2.0, 4.0, 8.0]}}
SEARCHED = {"rounds": 20, "ladder": {"cae_096": [0.5, 0.65, 0.8, 1.0]}}
GAN_SCALE_3 = {"families": [{"model": ["gan_128"], "scale": [3], "bits": [6, 7, 8], "rotated": [True]}]}
SR_SRCNN = {"model": "srcnn", "qp": [30, 33, 36, 39]}


@dataclass(frozen=True)
class Choice:
    """An alternative: how it reads, the codec and its settings, and what is replaced while it is measured."""

    label: str
    codec: str
    settings: dict[str, Any]
    replaced: tuple[tuple[Any, str, Any], ...] = ()


def steps(chroma: float) -> tuple[Any, str, Any]:
    """The CAE with another quantiser step for Cb and Cr."""
    return (cae, "COMPONENT_STEPS", (1.0, chroma, chroma))


def wavelet_of(maps: int) -> tuple[tuple[Any, str, Any], ...]:
    """The wavelet for so many maps of the CAE's 32."""

    def through(transform: Callable[[Doubles], Doubles]) -> Callable[[Doubles], Doubles]:
        def all_maps(latent: Doubles) -> Doubles:
            return np.stack([*(transform(one) for one in latent[:maps]), *latent[maps:]])

        return all_maps

    return (cae, "to_coefficients", through(wavelet.forward)), (cae, "to_latent", through(wavelet.inverse))


def weight(lagrangian: float) -> tuple[Any, str, Any]:
    """The search with another weight of the rate."""
    return (cae_search, "LAGRANGIAN", lagrangian)


def code_block(side: int) -> tuple[Any, str, Any]:
    """EBCOT on smaller squares."""
    return (openjpeg, "encode_mosaic", functools.partial(openjpeg.encode_mosaic, code_block=side))


def rounding(offset: float) -> tuple[Any, str, Any]:
    """The CAE with a dead zone: magnitudes rounded with another offset than a half."""

    def levels(coefficients: Doubles) -> npt.NDArray[np.int32]:
        return np.copysign(np.floor(np.abs(coefficients) + offset), coefficients).astype(np.int32)

    return (quantiser, "nearest", levels)


def down(kernel: Any) -> tuple[Any, str, Any]:
    """Another filter on the way to the small image."""
    return (sr, "resize", lambda image, width, height, _: geometry.resize(image, width, height, kernel))


CHOICES = [
    Choice("CAE as shipped: first map in a wavelet basis", "cae", CAE_LADDER),
    Choice("no map in it, chroma step 0.7", "cae", CAE_LADDER, (*wavelet_of(0), steps(0.7))),
    Choice("no map in it, chroma step 1", "cae", CAE_LADDER, (*wavelet_of(0), steps(1.0))),
    *(Choice(f"{maps} maps in it", "cae", CAE_LADDER, wavelet_of(maps)) for maps in (4, 32)),
    *(Choice(f"chroma step {value:g} for 1.3", "cae", CAE_LADDER, (steps(value),)) for value in (0.7, 1.0, 1.6)),
    *(Choice(f"rounding at {value:g}", "cae", CAE_LADDER, (rounding(value),)) for value in (0.45, 0.4)),
    *(Choice(f"code blocks of {side}", "cae", CAE_LADDER, (code_block(side),)) for side in (32, 16)),
    *(Choice(f"rotation {mode}", "cae", CAE_LADDER | {"rotation": [mode]}) for mode in ("none", "per_image")),
    Choice("the encoder searches, 20 rounds (cae_search)", "cae_search", SEARCHED),
    Choice("6 rounds", "cae_search", SEARCHED | {"rounds": 6}),
    *(Choice(f"20 rounds, lambda {value:g}", "cae_search", SEARCHED, (weight(value),)) for value in (0.1, 0.2)),
    Choice("CAE by Eq. (1) as shipped: rotation none", "cae", BY_ENERGY | {"rotation": ["none"]}),
    *(Choice(f"rotation {mode}", "cae", BY_ENERGY | {"rotation": [mode]}) for mode in ("offline", "per_image")),
    Choice("GAN as shipped: contexts, rounding at 1/3", "gan", GAN_SCALE_3),
    Choice("static tables", "gan", GAN_SCALE_3, ((gan, "Contextual", lambda prior, _: Static(prior.counts)),)),
    Choice("rounding at 1/2", "gan", GAN_SCALE_3, ((quantiser, "ROTATED_ROUNDING", 0.5),)),
    Choice("SRCNN branch as shipped: bicubic down", "sr", SR_SRCNN),
    Choice("Lanczos down", "sr", SR_SRCNN, (down("lanczos"),)),
]


def main() -> None:
    """Measure all on the decoded images of BSDS500 val that are given; print a line a choice."""
    held = list(ImageSet.load(Path(sys.argv[1]), CPU))[IMAGES]
    with tempfile.TemporaryDirectory() as scratch:
        files = []
        for index, image in enumerate(held):
            files.append(Path(scratch) / f"{index:03d}.png")
            write_png(files[-1], image)
        print(f"{'BD-rate on ' + str(len(files)) + ' images':46}{'percent':>9}")
        anchor: pd.DataFrame | None = None
        for choice in CHOICES:
            points = measured(choice, files, Path(scratch) / choice.label.replace("/", "-"))
            anchor = points if "shipped" in choice.label or anchor is None else anchor
            difference = bd_rate(anchor["bpp"], anchor["psnr_db"], points["bpp"], points["psnr_db"])
            print(f"{choice.label:46}{difference:9.2f}", flush=True)


def measured(choice: Choice, files: list[Path], folder: Path) -> pd.DataFrame:
    """The pooled points of a choice; of super-resolution those of the SRCNN branch."""
    with replaced(choice):
        places = {"weights": SHIPPED, "streams": folder / "streams", "rows": folder / "rows.csv"}
        measure_images({file.stem: file for file in files}, ("val", choice.codec), choice.settings, **places)
    pooled = pool(read_rows(folder / "rows.csv"))
    return pooled[pooled["curve"] == "srcnn"] if choice.codec == "sr" else pooled


@contextlib.contextmanager
def replaced(choice: Choice) -> Iterator[None]:
    """What the choice puts in place of ours."""
    with contextlib.ExitStack() as stack:
        for target, name, value in choice.replaced:
            stack.enter_context(mock.patch.object(target, name, value))
        yield


if __name__ == "__main__":
    main()
