"""The share of the coders: our range coder against constriction alone, the CAE's networks against the whole codec."""

from __future__ import annotations

from typing import Any

import constriction
import numpy as np

from bench.measuring import medians, photograph
from licbench.codecs import cae, gan
from licbench.codecs.base import OperatingPoint
from licbench.coding import latent_tables, range_coder
from licbench.coding.range_coder import Frequencies
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore

REPEATS = 9
SIZES = {"768x512": (768, 512, 3), "2048x1365": (2048, 1365, 4)}
"""Width, height and the GAN's scale."""


def main() -> None:
    """Print a line for each coder, table and size; then the shares of the CAE's networks."""
    print(f"{'range coder':34}{'ours, ms':>10}{'bare, ms':>10}{'bare/ours':>11}{'share of codec':>16}")
    for size, (width, height, scale) in SIZES.items():
        for rotated in (False, True):
            _print_range_coder(
                size, photograph(width, height), {"model": "gan_128", "scale": scale, "bits": 8, "rotated": rotated}
            )
    _print_networks(photograph(768, 512))


def _print_range_coder(size: str, image: Any, settings: dict[str, Any]) -> None:
    """Constriction alone: the same symbols by the same tables, all made beforehand."""
    model, rotated = ModelStore(SHIPPED).load(settings["model"], "gan"), settings["rotated"]
    codec, point = gan.Gan(ModelStore(SHIPPED)), OperatingPoint("p", "c", settings)
    stream = codec.encode(image, point)
    vectors = codec._vectors(image, settings["scale"], model)
    indices = vectors.indices(latent_tables.quantiser_of(model, settings["bits"], rotated), rotated)
    grid = gan.grid(image.shape[0] * settings["scale"], image.shape[1] * settings["scale"], model)

    def frequencies() -> Frequencies:
        return gan._frequencies(model, settings["bits"], rotated, grid)

    parts, data = _parts(indices, frequencies()), range_coder.encode(indices, frequencies())
    taken = medians(
        {
            "encode": lambda: range_coder.encode(indices, frequencies()),
            "bare encode": lambda: _bare_encode(parts),
            "decode": lambda: range_coder.decode(data, indices.shape, frequencies()),
            "bare decode": lambda: _bare_decode(_bare_encode(parts), parts),
        },
        REPEATS,
    )
    taken["bare decode"] -= taken["bare encode"]
    whole = medians(
        {
            "encode": lambda: gan.Gan(ModelStore(SHIPPED)).encode(image, point),
            "decode": lambda: gan.Gan(ModelStore(SHIPPED)).decode(stream),
        },
        1,
    )
    for way in ("encode", "decode"):
        ours, bare = taken[way], taken[f"bare {way}"]
        name = f"{size}, {'contexts' if rotated else 'static'}, {way}"
        print(f"{name:34}{1e3 * ours:10.2f}{1e3 * bare:10.2f}{bare / ours:11.2f}{ours / whole[way]:16.1%}", flush=True)


def _parts(indices: range_coder.Indices, frequencies: Frequencies) -> list[tuple[range_coder.Indices, Any]]:
    """What constriction gets: symbols, and the model they are coded by."""
    parts = []
    for index, column in enumerate(indices.T):
        for tiles, table in frequencies.groups(index):
            if table is not None:
                parts.append((np.ascontiguousarray(column[tiles], np.int32), table))
        frequencies.observe(index, column)
    return parts


def _bare_encode(parts: list[tuple[range_coder.Indices, Any]]) -> Any:
    encoder = constriction.stream.queue.RangeEncoder()
    for symbols, model in parts:
        encoder.encode(symbols, model)
    return encoder.get_compressed()


def _bare_decode(words: Any, parts: list[tuple[range_coder.Indices, Any]]) -> None:
    decoder = constriction.stream.queue.RangeDecoder(words)
    for symbols, model in parts:
        decoder.decode(model, len(symbols))


def _print_networks(image: Any) -> None:
    """The networks alone, on components and latents that are there already."""
    models, point = (
        ModelStore(SHIPPED),
        OperatingPoint("p", "c", {"model": "cae_096", "step": 1.0, "rotation": "offline"}),
    )
    model = models.load("cae_096", "cae")
    stream = cae.Cae(models).encode(image, point)
    components = cae.rgb_to_ycbcr(image) / np.float32(255)
    latents = [latent.astype(np.float32) for latent in cae.Cae(models)._latents(image, model)]
    taken = medians(
        {
            "encode": lambda: cae.Cae(models).encode(image, point),
            "analysis": lambda: [cae._analyse(np.ascontiguousarray(components[..., at]), model) for at in range(3)],
            "decode": lambda: cae.Cae(models).decode(stream),
            "synthesis": lambda: [cae._synthesise(latent, model) for latent in latents],
        },
        REPEATS,
    )
    print(f"CAE, networks in encode: {taken['analysis'] / taken['encode']:.1%} of its time")
    print(f"CAE, networks in decode: {taken['synthesis'] / taken['decode']:.1%} of its time")
