"""Weights on disk: found by name or fingerprint, and told apart when missing, damaged or of another network."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class
from licbench.coding.bitstream import StreamWriter
from licbench.errors import ModelError
from licbench.networks.inference import network_of
from licbench.networks.srcnn import SRCNN
from licbench.networks.store import ModelStore, fingerprint_of


def one_line(raised, *parts):
    message = str(raised.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


def reseal(path):
    """Note the changed file's sha256 on its card."""
    card = json.loads(path.with_suffix(".json").read_text())
    path.with_suffix(".json").write_text(json.dumps(card | {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}))


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


@pytest.mark.parametrize(("suffix", "said"), [(".safetensors", "damaged weights"), (".json", "damaged card")])
@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"\xff" * 99])
def test_damaged_files(copies, suffix, said, damage):
    path = copies / f"tiny_srcnn{suffix}"
    path.write_bytes(damage(path.read_bytes()))
    if suffix == ".safetensors":
        reseal(path)
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_srcnn", "srcnn")
    one_line(raised, f"tiny_srcnn{suffix}: {said} (", "fetch or train the model again")


def test_weights_that_are_not_the_card_s(copies):
    """One flipped bit of a weight is a sound file with another network."""
    path = copies / "tiny_srcnn.safetensors"
    data = bytearray(path.read_bytes())
    data[-3] ^= 4
    path.write_bytes(data)
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_srcnn", "srcnn")
    one_line(raised, "tiny_srcnn.safetensors: its sha256 is not the one on its card", "fetch or train the model again")


def test_whatever_the_card_calls_its_network_is_one_line(copies):
    path = copies / "tiny_srcnn.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"network": "two\nlines " + "x" * 500}))
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_srcnn", "srcnn")
    one_line(raised, "is a two lines xxx", " network where srcnn is needed; name another model")
    assert len(str(raised.value)) < 200


def test_a_pickle_is_not_weights(copies):
    """What torch.save writes would run code when it is read; it is never unpickled."""
    import torch

    class Trap:
        def __reduce__(self):
            return (pytest.fail, ("the pickle was opened",))

    path = copies / "tiny_srcnn.safetensors"
    torch.save({"srcnn.map.weight": Trap()}, path)
    reseal(path)
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_srcnn", "srcnn")
    one_line(raised, "tiny_srcnn.safetensors: damaged weights (")


@pytest.mark.parametrize(
    "changes",
    [
        {"sha256": None},
        {"recipe": []},
        {"recipe": {"input_size": 128}},
        {"recipe": {"input_size": 2**40, "code_size": 8}},
        {"recipe": {"input_size": 128, "code_size": 10**12}},
    ],
)
def test_impossible_cards(changes, copies):
    path = copies / "tiny_gan.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    with pytest.raises(ModelError) as raised:
        ModelStore(copies).load("tiny_gan", "gan")
    one_line(raised, "tiny_gan", "fetch or train the model again")


def spoil(copies, name, tensor, value):
    path = copies / f"{name}.safetensors"
    tensors = load_file(path)
    if value is None:
        del tensors[tensor]
    else:
        tensors[tensor] = value(tensors[tensor])
    save_file(tensors, path)
    reseal(path)


@pytest.mark.parametrize(
    ("codec", "tensor"),
    [
        ("cae", "pca"),
        ("cae", "cae.synthesis.0.weight"),
        ("gan", "pca.mean"),
        ("gan", "pca.rotation"),
        ("gan", "pca.low"),
        ("gan", "pca.counts8"),
        ("gan", "encoder.project.weight"),
    ],
)
@pytest.mark.parametrize(
    "value",
    [None, lambda held: held[:-1].copy(), lambda held: np.full_like(held, np.nan if held.dtype.kind == "f" else 0)],
)
def test_forged_tensors(codec, tensor, value, copies):
    """Also with the right sha256 on the card."""
    settings = {"cae": {"step": 1.0, "rotation": "offline"}, "gan": {"scale": 1, "bits": 8, "rotated": True}}[codec]
    spoil(copies, f"tiny_{codec}", tensor, value)
    point = OperatingPoint("x", "x", {"model": f"tiny_{codec}", **settings})
    coder = codec_class(codec)(ModelStore(copies))
    with pytest.raises(ModelError) as raised:
        coder.decode(coder.encode(np.zeros((16, 16, 3), np.uint8), point))
    one_line(raised, f"model tiny_{codec} ", "fetch or train it again")


def test_unknown_fingerprints(models, tmp_path):
    for store in (models, ModelStore(tmp_path)):
        with pytest.raises(ModelError) as raised:
            store.find(b"\x01\x23\x45\x67", "cae")
        one_line(raised, "fingerprint 01234567", "pass --weights with the folder")


def test_streams_that_name_another_network_s_model(models):
    for codec, magic in (("cae", 0xC7), ("gan", 0xC5), ("sr", 0xC3)):
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
    reseal(copies / "tiny_srcnn.safetensors")
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
