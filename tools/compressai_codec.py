"""A learned codec as a program, in CompressAI's environment and not the bench's: docs/commands.md.

python tools/compressai_codec.py train PHOTOS MODELS LAMBDA [LAMBDA ...]     a small model of each rate, untuned
python tools/compressai_codec.py encode MODEL IMAGE STREAM
python tools/compressai_codec.py decode MODELS STREAM IMAGE
python tools/compressai_codec.py version MODELS
"""

from __future__ import annotations

import argparse
import hashlib
import struct
from importlib.metadata import version
from pathlib import Path
from typing import Any

HEADER = struct.Struct(">4sHH")
"""Of a stream: the head of the model's sha256, height and width; the entropy coder's bytes follow."""
CHANNELS, LATENTS = 32, 48
STRIDE = 16
"""Pixels a side of an element of the latent."""
STEPS, BATCH, CROP, RATE = 400, 8, 64, 1e-3


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(dest="action", required=True)
    for action, names in {
        "train": ("photos", "models"),
        "encode": ("model", "image", "stream"),
        "decode": ("models", "stream", "image"),
        "version": ("models",),
    }.items():
        command = actions.add_parser(action)
        for name in names:
            command.add_argument(name, type=Path)
        if action == "train":
            command.add_argument("lambdas", type=float, nargs="+", help="weight of the error, of each model")
            command.add_argument("--steps", type=int, default=STEPS)
    options = vars(parser.parse_args())
    ACTIONS[options.pop("action")](**options)


def train(photos: Path, models: Path, lambdas: list[float], steps: int) -> None:
    """A factorized prior for each lambda, on random crops of the photographs (PNG, at least 64 pixels a side)."""
    import torch
    from compressai.losses import RateDistortionLoss

    models.mkdir(parents=True, exist_ok=True)
    images = [_read(path) for path in sorted(photos.glob("*.png"))]
    for weight in lambdas:
        torch.manual_seed(2018)
        model, loss = _network(), RateDistortionLoss(lmbda=weight)
        quantiles = [value for name, value in model.named_parameters() if name.endswith("quantiles")]
        others = [value for name, value in model.named_parameters() if not name.endswith("quantiles")]
        optimisers = torch.optim.Adam(others, RATE), torch.optim.Adam(quantiles, RATE * 10)
        for step in range(steps):
            batch = torch.cat([_crop(images[int(torch.randint(len(images), ()))]) for _ in range(BATCH)])
            for optimiser in optimisers:
                optimiser.zero_grad()
            losses = loss(model(batch), batch)
            losses["loss"].backward()
            model.aux_loss().backward()
            torch.nn.utils.clip_grad_norm_(others, 1.0)
            for optimiser in optimisers:
                optimiser.step()
            if (step + 1) % 100 == 0:
                print(f"{weight:g}, step {step + 1}: {losses['bpp_loss'].item():.3f} bpp, MSE {losses['mse_loss']:.5f}")
        model.update(force=True)
        torch.save(model.state_dict(), models / f"{weight:g}.pth")


def encode(model: Path, image: Path, stream: Path) -> None:
    import torch

    pixels = _read(image)
    height, width = pixels.shape[2:]
    padding = (0, -width % STRIDE, 0, -height % STRIDE)
    with torch.no_grad():
        coded = _load(model).compress(torch.nn.functional.pad(pixels, padding, mode="replicate"))
    stream.write_bytes(HEADER.pack(_fingerprint(model), height, width) + coded["strings"][0][0])


def decode(models: Path, stream: Path, image: Path) -> None:
    import numpy as np
    import PIL.Image
    import torch

    data = stream.read_bytes()
    wanted, height, width = HEADER.unpack_from(data)
    found = [path for path in models.glob("*.pth") if _fingerprint(path) == wanted]
    if not found:
        raise SystemExit(f"no model {wanted.hex()} in {models}")
    shape = (-(-height // STRIDE), -(-width // STRIDE))
    with torch.no_grad():
        decoded = _load(found[0]).decompress([[data[HEADER.size :]]], shape)["x_hat"]
    rounded = (decoded[0, :, :height, :width] * 255).round().clamp(0, 255).permute(1, 2, 0)
    PIL.Image.fromarray(rounded.numpy().astype(np.uint8)).save(image)


def say_version(models: Path) -> None:
    """With the models, which are files that the command line does not name; imports nothing heavy."""
    known = b"".join(_fingerprint(path) for path in sorted(models.glob("*.pth")))
    checksum = hashlib.sha256(known).hexdigest()[:12]
    print(f"CompressAI {version('compressai')}, torch {version('torch')}, models {checksum}")


ACTIONS = {"train": train, "encode": encode, "decode": decode, "version": say_version}


def _network() -> Any:
    from compressai.models import FactorizedPrior

    return FactorizedPrior(CHANNELS, LATENTS)


def _load(path: Path) -> Any:
    import torch

    model = _network()
    model.load_state_dict(torch.load(path, weights_only=True))
    model.update()
    return model.eval()


def _read(path: Path) -> Any:
    """float32, shape (1, 3, height, width), 0 to 1."""
    import numpy as np
    import PIL.Image
    import torch

    with PIL.Image.open(path) as image:
        samples = np.asarray(image.convert("RGB"), np.float32)
    return torch.from_numpy(samples.transpose(2, 0, 1)[None] / 255)


def _crop(image: Any) -> Any:
    import torch

    top, left = (int(torch.randint(side - CROP + 1, ())) for side in image.shape[2:])
    return image[:, :, top : top + CROP, left : left + CROP]


def _fingerprint(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()[:4]


if __name__ == "__main__":
    main()
