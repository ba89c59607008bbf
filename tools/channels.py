"""Where the CAE gains and loses against JPEG 2000, and what its 32 channels leave out: `make channels`.

Grey versions of photographs of BSDS500 val, each model of the ladder at the quantiser step that it was trained for;
real streams, decoded. Means over the images: rate and PSNR of luma; the PSNR of a latent that is hardly quantised; that
of the 32 strongest of the 64 coefficients of an 8x8 DCT, not quantised; and how much more rate than JPEG 2000 (9/7) at
the same PSNR, in percent, over the images where its curve spans that. Nothing is measured on what is evaluated.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import yaml
from scipy.fft import dctn

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.codecs.base import Codec, OperatingPoint  # noqa: E402
from licbench.codecs.cae import Cae  # noqa: E402
from licbench.codecs.jpeg2000 import Jpeg2000  # noqa: E402
from licbench.images import Image  # noqa: E402
from licbench.images.colour import rgb_to_ycbcr  # noqa: E402
from licbench.locations import SHIPPED  # noqa: E402
from licbench.metrics.distortion import error_moments, mse_y, psnr_of_mse  # noqa: E402
from licbench.metrics.rate import bits_per_pixel  # noqa: E402
from licbench.networks.shapes import DOWNSCALE, LATENT_CHANNELS  # noqa: E402
from licbench.networks.store import ModelStore  # noqa: E402
from licbench.training.data import CPU, ImageSet  # noqa: E402

IMAGES = slice(0, 100, 6)
RATES = (0.02, 0.04, 0.07, 0.11, 0.17, 0.26, 0.4, 0.6, 0.9, 1.3, 1.9, 2.6)
"""Bits for each pixel that JPEG 2000 is asked for."""
FINE = 0.02
"""Quantiser step, in that of the model, that costs no quality."""


def main() -> None:
    """Print a line for each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="BSDS500 val, from decode_training_set.py")
    chosen = [grey(image) for image in list(ImageSet.load(parser.parse_args().images, CPU))[IMAGES]]
    models = list(yaml.safe_load((ROOT / "config.yaml").read_text())["settings"]["cae"]["ladder"])
    store = ModelStore(SHIPPED)
    cae, jpeg2000 = Cae(store), Jpeg2000(store)
    lines = []
    for image in chosen:
        anchor = [measured(jpeg2000, image, {"bpp": rate, "wavelet": "9-7"}) for rate in RATES]
        for model in models:
            own, fine = ({"model": model, "rotation": "offline", "step": step} for step in (1.0, FINE))
            rate, quality = measured(cae, image, own)
            limits = measured(cae, image, fine)[1], half_of_dct(image)
            lines.append((model, rate, quality, *limits, 100 * (rate / rate_at(quality, anchor) - 1)))
    table = pd.DataFrame(lines, columns=["model", "bpp", "psnr_db", "unquantised", "half_of_dct", "vs_jpeg2000"])
    print(table.groupby("model").mean().round(3).to_string())


def grey(image: Image) -> Image:
    """The image's luma, whole blocks of it, in all three channels."""
    height, width = (side // DOWNSCALE * DOWNSCALE for side in image.shape[:2])
    luma = np.clip(np.rint(rgb_to_ycbcr(image[:height, :width])[..., :1]), 0, 255).astype(np.uint8)
    return np.repeat(luma, 3, axis=2)


def measured(codec: Codec, image: Image, settings: Mapping[str, Any]) -> tuple[float, float]:
    """Bits for each pixel, and PSNR of luma in dB."""
    stream = codec.encode(image, OperatingPoint("", "", dict(settings)))
    pixels = image.shape[0] * image.shape[1]
    moments = error_moments(image, codec.decode(stream))
    return bits_per_pixel(len(stream), pixels), psnr_of_mse(mse_y(moments, pixels))


def half_of_dct(image: Image) -> float:
    """PSNR where the strongest 32 coefficients, the same ones in all blocks, are kept as they are."""
    height, width = (side // DOWNSCALE for side in image.shape[:2])
    blocks = image[..., 0].reshape(height, DOWNSCALE, width, DOWNSCALE).swapaxes(1, 2)
    coefficients: npt.NDArray[np.float64] = dctn(blocks.astype(np.float64), axes=(2, 3), norm="ortho")
    energies = np.sort((coefficients**2).mean(axis=(0, 1)).ravel())
    return psnr_of_mse(float(energies[:-LATENT_CHANNELS].sum()) / DOWNSCALE**2)


def rate_at(psnr_db: float, anchor: list[tuple[float, float]]) -> float:
    """The rate of a curve at a PSNR, its logarithm linear between the points; NaN outside."""
    rates, qualities = np.array(sorted(anchor)).T
    return float(np.exp(np.interp(psnr_db, qualities, np.log(rates), left=np.nan, right=np.nan)))


if __name__ == "__main__":
    main()
