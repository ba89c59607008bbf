"""Restored BPG: the encoder chooses by what the decoder will show, and the stream says all that this needs."""

from __future__ import annotations

import binascii
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from pictures import photo, textured
from safetensors.numpy import save_file

from licbench.codecs import sr_restored
from licbench.codecs.base import OperatingPoint
from licbench.codecs.sr_restored import ADAPTIVE, QPS, SIZES, SrRestored
from licbench.coding import bpg
from licbench.coding.resized_bpg import FACTORS, qp_at
from licbench.errors import CorruptStreamError, ModelError
from licbench.files import sha256_of
from licbench.images.geometry import resize
from licbench.metrics.distortion import error_moments
from licbench.networks.restorer import Restorer
from licbench.networks.store import ModelStore
from licbench.training.restorer import start_as_identity

CHOICE_AT = 3
"""Of the stream of an image under 128 pixels a side: behind magic, width and height."""


def keep(network: Restorer, folder: Path, name: str) -> None:
    """The network as a model of the store."""
    tensors = {f"restorer.{key}": value.numpy() for key, value in network.state_dict().items()}
    save_file(tensors, folder / f"{name}.safetensors")
    card = {"network": "restorer", "recipe": {}, "sha256": sha256_of(folder / f"{name}.safetensors")}
    (folder / f"{name}.json").write_text(json.dumps(card))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """``brighter`` adds two levels, which helps a dark image alone; ``harmful`` turns every image into noise."""
    folder = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    network = Restorer().requires_grad_(False)
    keep(network, folder, "harmful")
    start_as_identity(network)
    network.tail.bias += 2 / 255
    keep(network, folder, "brighter")
    return ModelStore(folder)


def point(model: str, qp: int = 36, size: str = ADAPTIVE) -> OperatingPoint:
    return OperatingPoint("x", "x", {"model": model, "qp": qp, "size": size})


def blurred() -> np.ndarray:
    """A photograph without anything that half the size would lose."""
    return resize(photo(), 464, 400, "bicubic")


def cost(image: np.ndarray, stream: bytes, store: ModelStore, qp: int) -> float:
    """J = D + lambda R of what is decoded."""
    decoded = SrRestored(store).decode(stream)
    slope = 2 ** ((qp - sr_restored.SLOPE_QP) / sr_restored.SLOPE_QPS)
    return error_moments(image, decoded)["sse"] + slope * 8 * len(stream)


@pytest.mark.parametrize("qp", [26, 46])
def test_no_fixed_size_is_better_than_the_choice(qp: int, store: ModelStore) -> None:
    image = photo(96, 100)
    streams = {size: SrRestored(store).encode(image, point("brighter", qp, size)) for size in SIZES}
    costs = {size: cost(image, stream, store, qp) for size, stream in streams.items()}
    assert costs[ADAPTIVE] == min(costs.values())
    assert streams[ADAPTIVE] in [stream for size, stream in streams.items() if size != ADAPTIVE]


def test_detail_is_coded_at_full_size_and_blur_at_a_share(store: ModelStore) -> None:
    codec = SrRestored(store)
    for image, branch in ((textured(96, 96), "1-plain"), (blurred(), "0.5-plain")):
        assert codec.annotate(image, point("harmful", 46)) == {"branch": branch}


def test_the_network_is_off_where_it_harms(store: ModelStore) -> None:
    codec, image = SrRestored(store), photo(64, 72)
    stream = codec.encode(image, point("harmful", size="1"))
    assert codec.annotate(image, point("harmful", size="1")) == {"branch": "1-plain"}
    # The file is BPG's own then, and decodes without any model.
    file = bpg.encode(image, 36, "420")
    assert stream[CHOICE_AT:-2] == b"\0" + file
    assert np.array_equal(SrRestored(ModelStore(Path("nowhere"))).decode(stream), bpg.decode(file))


def test_the_network_is_on_where_it_helps(store: ModelStore) -> None:
    """An image two levels under what BPG would give back: of all images, one that this network is right about."""
    plain = bpg.decode(bpg.encode(photo(64, 72), 36, "420"))
    again = bpg.decode(bpg.encode(plain, 36, "420"))
    brighter = np.clip(again.astype(int) + 2, 0, 255).astype(np.uint8)
    (coded, restored) = sr_restored._candidates(plain, 36, (1.0,), store.load("brighter", "restorer"))
    assert (coded.branch, restored.branch) == ("1-plain", "1-restored")
    assert len(restored.stream) == len(coded.stream) + 4
    assert np.array_equal(SrRestored(store).decode(restored.stream), brighter)
    assert np.array_equal(SrRestored(store).decode(coded.stream), again)


@pytest.mark.parametrize("restores", [False, True])
@pytest.mark.parametrize("factor", FACTORS)
def test_the_stream_says_size_and_qp(factor: float, restores: bool, store: ModelStore) -> None:
    image = textured(50, 62)
    model = store.load("brighter", "restorer")
    made = list(sr_restored._candidates(image, 40, (factor,), model))[restores]
    place, qp = sr_restored._read_choice(made.stream[CHOICE_AT])
    assert FACTORS[place] == factor and qp == (qp_at(40, factor) if restores else None)
    assert cost(image, made.stream, store, 40) == made.cost


def test_every_choice_is_one_byte_and_no_two_are_alike() -> None:
    every = list(product(range(len(FACTORS)), [None, *range(QPS)]))
    choices = [sr_restored._choice(place, qp) for place, qp in every]
    assert [sr_restored._read_choice(choice) for choice in choices] == every
    assert len(set(choices)) == len(every) and max(choices) < 256


def test_other_choices_and_sizes_are_refused(store: ModelStore) -> None:
    stream = SrRestored(store).encode(photo(40, 50), point("harmful", size="1"))

    def changed(at: int, value: int) -> bytes:
        body = stream[:at] + bytes([value]) + stream[at + 1 : -2]
        return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")

    for choice in (len(FACTORS) * (QPS + 1), 255):
        with pytest.raises(CorruptStreamError, match=f"has choice {choice}; decode it with the version that wrote it"):
            SrRestored(store).decode(changed(CHOICE_AT, choice))
    for damaged in (changed(CHOICE_AT, 1), changed(1, 51)):
        with pytest.raises(CorruptStreamError, match="holds an image of another size; fetch the file again"):
            SrRestored(store).decode(damaged)
    with pytest.raises(ModelError, match=r"no model in .* has fingerprint"):
        SrRestored(store).decode(changed(CHOICE_AT, len(FACTORS) + 36))


def test_float64_is_within_a_level(store: ModelStore) -> None:
    image = photo(64, 70)
    (_, restored) = sr_restored._candidates(image, 38, (0.7,), store.load("harmful", "restorer"))
    codec = SrRestored(store)
    difference = codec.decode(restored.stream).astype(int) - codec.decode_in_float64(restored.stream)
    assert np.abs(difference).max() <= 1 and (difference != 0).mean() < 1e-3
