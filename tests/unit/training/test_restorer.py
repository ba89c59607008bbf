"""Training the restorer: pairs as the codec would leave them, a start that changes nothing, a loss fair to every QP."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch
from pictures import photo, textured
from tiny_models import RESTORER_RECIPE

from licbench.coding import bpg, resized_bpg
from licbench.errors import DatasetError, SettingsError
from licbench.locations import PROJECT
from licbench.networks.restorer import Restorer, restore
from licbench.training import restorer
from licbench.training.coded_crops import CropSettings, code_crops, pair
from licbench.training.data import CPU, ImageSet
from licbench.training.precision import Arithmetic
from licbench.training.recipes import read_recipe
from licbench.training.restorer import RestorerTask, start_as_identity

SETTINGS = CropSettings(crops=6, crop=64, scale=(0.8, 1.0), qp=(30, 44), full_size=0.5, seed=1)


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.fixture(scope="module")
def pairs(decoded, tmp_path_factory):
    path = tmp_path_factory.mktemp("coded") / "pairs.safetensors"
    code_crops(decoded, SETTINGS, path)
    return path


def test_a_pair_is_what_the_codec_decodes():
    original = photo(64, 66)
    channels = pair(original, 33, 0.7)
    decoded = bpg.decode(resized_bpg.encode(original, 33, 0.7))
    assert np.array_equal(channels[..., :3], resized_bpg.enlarge(decoded, 64, 66))
    assert (channels[..., 3] == 33).all() and (channels[..., 4] == 70).all()
    assert np.array_equal(channels[..., 5:], original)


def test_the_pairs_are_drawn_as_the_settings_say(pairs):
    held = list(ImageSet.load(pairs, CPU))
    assert [pair.shape for pair in held] == [(64, 64, 8)] * 6
    shares = {int(pair[0, 0, 4]): int(pair[0, 0, 3]) for pair in held}
    assert 100 in shares and len(shares) > 1
    lower = {100: 0, 70: 3, 50: 6}
    assert all(30 <= qp + lower[share] <= 44 for share, qp in shares.items())
    assert all(0 < np.square(pair[..., :3].astype(float) - pair[..., 5:]).mean() < 1000 for pair in held)


def test_the_same_settings_give_the_same_file_and_more_crops_go_on(decoded, pairs, tmp_path, monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    code_crops(decoded, SETTINGS, tmp_path / "again.safetensors")
    assert (tmp_path / "again.safetensors").read_bytes() == pairs.read_bytes()
    code_crops(decoded, replace(SETTINGS, crops=2), tmp_path / "two.safetensors")
    two, six = (list(ImageSet.load(path, CPU)) for path in (tmp_path / "two.safetensors", pairs))
    assert len(two) == 2 and all(np.array_equal(one, other) for one, other in zip(two, six, strict=False))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qp": (30, 52)}, "crops of QP 30 to 52 cannot be coded; give a range within 0 and 51"),
        ({"qp": (40, 30)}, "crops of QP 40 to 30 cannot be coded"),
        ({"crops": 0}, "0 crops of 64 pixels cannot be coded; give some, of an even side"),
        ({"crop": 63}, "6 crops of 63 pixels cannot be coded"),
    ],
)
def test_impossible_settings_are_refused(change, message, decoded, tmp_path):
    with pytest.raises(SettingsError, match=message):
        code_crops(decoded, replace(SETTINGS, **change), tmp_path / "out.safetensors")
    assert not list(tmp_path.iterdir())


def test_images_smaller_than_a_crop_are_refused(decoded, tmp_path):
    with pytest.raises(DatasetError, match="no training image reaches 512 pixels"):
        code_crops(decoded, replace(SETTINGS, crop=512), tmp_path / "out.safetensors")


def test_the_command_makes_the_same_file(decoded, pairs, tmp_path):
    settings = json.dumps({"crops": 6, "crop": 64, "scale": [0.8, 1.0], "qp": [30, 44], "full_size": 0.5, "seed": 1})
    program = PROJECT / "scripts" / "code_training_crops.py"
    command = [sys.executable, program, decoded, "--settings", settings, "--out", tmp_path / "out.safetensors"]
    subprocess.run(command, check=True)
    assert (tmp_path / "out.safetensors").read_bytes() == pairs.read_bytes()


def task_of(pairs, **changes):
    recipe = read_recipe(RestorerTask.recipe_type, {**RESTORER_RECIPE, **changes})
    return RestorerTask(pairs, recipe, Arithmetic(CPU))


def test_the_start_returns_the_decoded_image():
    network = Restorer()
    start_as_identity(network)
    image = textured(41, 50)
    assert np.array_equal(restore(network, image, 36, 0.7, 2**16), image)


def test_squares_keep_the_grid_of_halved_chroma(pairs):
    """Each of a pair's squares begins at an even row and column: the network's polyphase components are BPG's."""
    place = np.stack(np.mgrid[0:64, 0:64], axis=-1).astype(np.uint8)
    tiles = ImageSet.of([np.concatenate([place] * 4, axis=-1)]).tiles(50, 32, rng(), grid=2)
    corners = tiles[:, :2, 0, 0]
    assert (corners[:, 0] % 2 == 0).all()
    mirrored = tiles[:, 1, 0, 0] > tiles[:, 1, 0, 1]
    assert mirrored.any() and not mirrored.all()
    assert (corners[~mirrored, 1] % 2 == 0).all() and (corners[mirrored, 1] % 2 == 1).all()
    assert len(set(corners[~mirrored, 0].tolist())) > 3


def test_training_takes_artefacts_out():
    """Some steps on three crops of high QP, and their error has fallen."""
    loud = ImageSet.of([pair(photo(64, 64), qp, 1.0) for qp in (40, 42, 44)])
    task = task_of(loud, learning_rate=1e-3, patch=64, batch=3, average=0.5)
    for turn in range(40):
        task.step(rng(turn), 0.0)
    found = task.validate(loud)
    assert found["val_psnr_db"] > found["val_coded_psnr_db"] + 0.1


def test_what_is_exported_is_the_moving_average(pairs):
    task = task_of(ImageSet.load(pairs, CPU), average=0.75)
    before = task.restorer.tail.bias.clone()
    task.step(rng(), 0.0)
    first = task.restorer.tail.bias.clone()
    task.step(rng(1), 0.0)
    exported = task.export(rng())
    assert set(exported) == {f"restorer.{name}" for name in task.restorer.state_dict()}
    expected = 0.75 * first + 0.25 * task.restorer.tail.bias
    torch.testing.assert_close(torch.from_numpy(exported["restorer.tail.bias"]), expected.detach())
    assert not torch.equal(before, first)


def test_every_qp_and_size_weighs_about_the_same():
    """The error that is divided by lies within a factor of two of that of a photograph, over all QPs and sizes."""
    for qp, factor in ((26, 1.0), (36, 1.0), (46, 1.0), (33, 0.7), (30, 0.5)):
        channels = torch.from_numpy(pair(photo(), qp, factor)).permute(2, 0, 1)[None]
        planes, original = restorer._split(channels)
        ratio = float(restorer._squared_errors(planes[:, :3], original) / restorer._usual_errors(planes))
        assert 0.3 < ratio < 3, (qp, factor, ratio)
