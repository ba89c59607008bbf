"""Weights on disk: found by name or fingerprint, and told apart when missing, damaged or of another network."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from licbench.codecs.base import OperatingPoint
from licbench.errors import ModelError
from licbench.inference import network_of
from licbench.models import ModelStore, fingerprint_of
from licbench.networks.srcnn import SRCNN
from licbench.registry import codec_class
from licbench.streams import StreamWriter


def one_line(raised, *parts):
    message = str(raised.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


@pytest.fixture
def copies(weights, tmp_path):
    """The tiny models in a folder that a test may spoil."""
    return shutil.copytree(weights, tmp_path / "weights")


def test_a_model_is_found_by_name_and_by_fingerprint(models, weights):
    for name in ("tiny_cae", "tiny_gan", "tiny_srcnn"):
        network = name.removeprefix("tiny_")
        model = models.load(name, network)
        digest = hashlib.sha256((weights / f"{name}.safetensors").read_bytes()).digest()
        assert model.fingerprint == fingerprint_of(weights / f"{name}.safetensors") == digest[:4]
        assert model.name == model.card["name"] == name
        assert models.find(model.fingerprint, network) is model
        assert model.tensors and all(isinstance(tensor, np.ndarray) for tensor in model.tensors.values())


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
def test_missing_files(copies, suffix):
    (copies / f"tiny_cae{suffix}").unlink()
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_cae", "cae")
    one_line(raised, f"tiny_cae{suffix} is missing", "run: snakemake --cores all results/models/tiny_cae.safetensors")


@pytest.mark.parametrize("suffix", [".safetensors", ".json"])
@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\xff" * 99])
def test_damaged_files(copies, suffix, damage):
    path = copies / f"tiny_srcnn{suffix}"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_srcnn", "srcnn")
    one_line(raised, "tiny_srcnn.safetensors: damaged weights or card", "fetch or train the model again")


def test_unknown_fingerprints(models, tmp_path):
    for store in (models, ModelStore(tmp_path)):
        with pytest.raises(ModelError) as raised:
            store.find(b"\x01\x23\x45\x67", "cae")
        one_line(raised, "fingerprint 01234567", "pass --weights with the folder")


def test_streams_that_name_another_network_s_model(models):
    for codec, magic in (("cae", 0xC1), ("gan", 0xC2), ("sr", 0xC3)):
        for name in {"tiny_cae", "tiny_gan", "tiny_srcnn"} - {"tiny_srcnn" if codec == "sr" else f"tiny_{codec}"}:
            model = models.load(name, name.removeprefix("tiny_"))
            writer = StreamWriter(magic).size(8, 8)
            stream = (writer.byte(0) if codec == "sr" else writer).raw(model.fingerprint).raw(bytes(40)).finish()
            with pytest.raises(ModelError) as raised:
                codec_class(codec)(models).decode(stream)
            one_line(raised, f"model {name} is a")


def test_tensors_that_do_not_fit(copies):
    tensors = load_file(copies / "tiny_srcnn.safetensors")
    tensors["srcnn.map.weight"] = tensors["srcnn.map.weight"][:5]
    save_file(tensors, copies / "tiny_srcnn.safetensors")
    model = ModelStore(copies).load("tiny_srcnn", "srcnn")
    with pytest.raises(ModelError) as raised:
        network_of(SRCNN, model, "srcnn")
    one_line(raised, "model tiny_srcnn does not fit its network", "fetch or train it again")


def test_half_precision_is_computed_in_single(models):
    from licbench.networks.gan import Generator

    generator = network_of(lambda: Generator(8), models.load("tiny_gan", "gan"), "generator")
    assert {str(value.dtype) for value in generator.parameters()} == {"torch.float32"}
    assert not generator.training and not any(value.requires_grad for value in generator.parameters())
    assert network_of(lambda: Generator(8), models.load("tiny_gan", "gan"), "generator") is generator


@pytest.mark.parametrize(
    ("codec", "settings"),
    [
        ("cae", {"step": 1.0, "rotation": "offline"}),
        ("gan", {"scale": 1, "bits": 8, "rotated": True}),
        ("sr", {"qp": 40, "branch": "srcnn"}),
    ],
)
def test_models_of_another_network_are_refused(codec, settings, models):
    image = np.zeros((16, 16, 3), np.uint8)
    for other in {"tiny_cae", "tiny_gan", "tiny_srcnn"} - {"tiny_srcnn" if codec == "sr" else f"tiny_{codec}"}:
        with pytest.raises(ModelError) as raised:
            encoder = codec_class(codec)(models)
            encoder.decode(encoder.encode(image, OperatingPoint("x", "x", {"model": other, **settings})))
        one_line(raised, f"model {other} is a", "is needed; name another model")


def test_cards_say_what_the_weights_are(weights):
    for path in weights.glob("*.safetensors"):
        card = json.loads(path.with_suffix(".json").read_text())
        assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
