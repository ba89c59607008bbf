"""The training code: starts that are exact, steps that learn, runs that resume, files that record what was done."""

import csv
import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from pictures import photo, textured
from safetensors.numpy import load_file
from tiny_models import CAE_RECIPE, GAN_RECIPE, RECIPES, SRCNN_RECIPE, train_tiny

from licbench.errors import DatasetError, ModelError, SettingsError
from licbench.images.colour import PEAK, rgb_to_ycbcr
from licbench.images.geometry import halve, resize
from licbench.networks.cae import CAE
from licbench.networks.gan import Encoder, Generator, normalised
from licbench.networks.inference import fill
from licbench.networks.lineage import crops_of, first_init, stages, steps_of
from licbench.networks.srcnn import SRCNN
from licbench.networks.store import ModelStore
from licbench.training import checkpoints, data, gan, loop
from licbench.training.cae import CaeTask, LaplaceRate
from licbench.training.data import ImageSet, _bicubic_kernels, _resized, components, decode_packs, luma
from licbench.training.gan import GanTask
from licbench.training.initial.cae import klt_basis, start_as_klt
from licbench.training.initial.gan import TANH_GAIN
from licbench.training.initial.gan import start_as_klt as start_gan_as_klt
from licbench.training.initial.srcnn import start_as_identity
from licbench.training.loop import OutOfTimeError, TrainingData
from licbench.training.precision import Arithmetic
from licbench.training.recipes import read_recipe
from licbench.training.restorer import RestorerTask
from licbench.training.schedules import rate_factor
from licbench.training.srcnn import SrcnnTask

SCRIPTS = Path(__file__).parents[3] / "scripts"
CPU = torch.device("cpu")
FLOAT32 = Arithmetic(CPU)
ARRAYS = [textured(130, 141, seed=1), textured(129, 160, seed=2)]
IMAGES = ImageSet.of(ARRAYS)
STEP = 24 / 255


def rng(seed=0):
    return np.random.default_rng(seed)


def task_from(kind, recipe, images=IMAGES, arithmetic=FLOAT32):
    """The task of a plain recipe."""
    return kind(images, read_recipe(kind.recipe_type, recipe), arithmetic)


def luma_of(image):
    """(H, W) in [0, 1]."""
    return luma(torch.from_numpy(image.copy()).permute(2, 0, 1)[None])[0, 0].numpy()


def blocks_of(plane):
    """(H, W) -> 8x8 blocks in raster order, (H/8, W/8, 64)."""
    height, width = plane.shape
    return plane.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(height // 8, width // 8, 64)


def plane_of(blocks):
    rows, columns, _ = blocks.shape
    return blocks.reshape(rows, columns, 8, 8).swapaxes(1, 2).reshape(8 * rows, 8 * columns)


def weights(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def changed(module, before):
    return {name for name, value in module.state_dict().items() if not torch.equal(value, before[name])}


def floats(losses):
    return {name: value.item() for name, value in losses.items()}


def trainable(module):
    return {name for name, _ in module.named_parameters()}


@pytest.fixture(scope="module")
def klt():
    """A component in [0, 1], and the mean and basis of its blocks."""
    component = luma_of(photo(160, 200)).astype(np.float64)
    return component, *klt_basis(blocks_of(component).reshape(-1, 64))


def run_cae(part, array):
    with torch.no_grad():
        return part(torch.from_numpy(array.astype(np.float32))[None]).numpy()[0]


def test_klt_basis_is_orthonormal_and_ordered(klt):
    component, mean, basis = klt
    assert basis.shape == (32, 64)
    np.testing.assert_allclose(basis @ basis.T, np.eye(32), atol=1e-12)
    variances = ((blocks_of(component) - mean) @ basis.T).reshape(-1, 32).var(axis=0)
    assert (np.diff(variances) <= 1e-12).all()


def test_klt_start_is_the_block_transform(klt):
    component, mean, basis = klt
    network = CAE()
    start_as_klt(network, mean, basis, STEP)
    latent = run_cae(network.analysis, component[None])
    expected = np.moveaxis((blocks_of(component) - mean) @ basis.T / STEP, -1, 0)
    np.testing.assert_allclose(latent, expected, atol=2e-5 * abs(expected).max())


def test_klt_start_returns_the_projection(klt):
    component, _, basis = klt
    flat = np.full(64, component.mean())
    network = CAE()
    start_as_klt(network, flat, basis, STEP)
    restored = run_cae(network, component[None])[0]
    projected = plane_of((blocks_of(component) - flat) @ basis.T @ basis + flat)
    np.testing.assert_allclose(restored, projected, atol=1e-5)


def test_klt_start_adds_the_mean_as_its_layers_can(klt):
    """One bias serves the four positions of a block that share a polyphase component: it adds their average."""
    component, mean, basis = klt
    network = CAE()
    start_as_klt(network, mean, basis, STEP)
    shared = np.tile(mean.reshape(2, 4, 2, 4).mean(axis=(0, 2)), (2, 2)).ravel()
    projected = plane_of((blocks_of(component) - mean) @ basis.T @ basis + shared)
    np.testing.assert_allclose(run_cae(network, component[None])[0], projected, atol=1e-5)


def test_identity_start_returns_the_input():
    network = SRCNN()
    start_as_identity(network)
    component = luma_of(photo(40, 50))[None]
    with torch.no_grad():
        np.testing.assert_array_equal(network.enhance(torch.from_numpy(component)[None])[0].numpy(), component)


def test_laplace_rate_is_positive_and_grows_with_the_latent():
    model, latent = LaplaceRate(), torch.from_numpy(rng().standard_normal((2, 32, 6, 6), np.float32))
    with torch.no_grad():
        rates = [model(scale * latent).item() for scale in (0, 0.25, 0.5, 1, 2, 4, 8)]
        # The context is what it can see: one value among zeros costs more than among its like.
        alone = torch.zeros(1, 32, 3, 3)
        alone[0, 0, 1, 1] = 4
        crowd = torch.zeros(1, 32, 3, 3)
        crowd[0, 0] = 4
        dear, cheap = model(alone) - model(torch.zeros_like(alone)), model(crowd) - model(torch.zeros_like(crowd))
    assert rates[0] > 0 and np.all(np.diff(rates) > 0)
    assert 9 * dear > cheap


def test_laplace_rate_is_the_length_of_an_ideal_code():
    """Over all whole numbers the probabilities it stands for add up to one."""
    model, latents = LaplaceRate(), torch.arange(-30.0, 31.0)
    with torch.no_grad():
        model.slope.fill_(-1e9)  # no context: the scale is the floor's
        model.floor.fill_(np.log(2))
        bits = [model(value.expand(1, 32, 1, 1)).item() / 32 for value in latents]
    assert np.exp2(np.negative(bits)).sum() == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("rate", "quantiser", "init"),
    [
        ("energy", "noise", "random"),  # the paper's
        ("laplace", "straight_through", "klt"),  # ours
        ("energy", "straight_through", "random"),
        ("laplace", "noise", "klt"),
    ],
)
def test_a_cae_step_learns(rate, quantiser, init):
    torch.manual_seed(0)
    task = task_from(CaeTask, {**CAE_RECIPE, "rate": rate, "quantiser": quantiser, "init": init})
    before = weights(task.modules)
    losses = floats(task.step(rng(), 0.0))
    assert set(losses) == {"loss", "mse", "bpp", "energy"}
    assert all(np.isfinite(value) and value > 0 for value in losses.values())
    weighed = losses["energy" if rate == "energy" else "bpp"]
    assert losses["loss"] == pytest.approx(losses["mse"] + 0.1 * 24**2 * weighed, rel=1e-5)
    # A slope learns only where its map is negative, a kernel only where its input is not zero (random y rounds to 0).
    learns = {name for name, value in task.modules.named_parameters() if value.ndim == 4 and value.numel() > 32}
    if (quantiser, init) == ("straight_through", "random"):
        learns -= {"cae.synthesis.0.weight"}
    assert learns | {"rate.floor", "rate.slope"} <= changed(task.modules, before)


@pytest.mark.parametrize(("rate", "reaches"), [("energy", False), ("laplace", True)])
def test_under_equation_1_the_bits_are_only_watched(rate, reaches):
    """A rate model that believes something else must leave the transform's update as it is."""
    updated = []
    for floor in (0.15, 5.0):
        torch.manual_seed(0)
        task = task_from(CaeTask, {**CAE_RECIPE, "rate": rate, "init": "random"})
        with torch.no_grad():
            task.rate.floor.fill_(np.log(floor))
        task.step(rng(), 0.0)
        updated.append(weights(task.cae))
    assert any(not torch.equal(updated[0][name], updated[1][name]) for name in updated[0]) == reaches


@pytest.mark.parametrize("quantiser", ["straight_through", "noise"])
def test_the_first_map_is_quantised_as_the_recipe_says(quantiser):
    """The same latent, energy and all, but what a quantiser step does to it differs; validation follows."""
    losses, watched = {}, {}
    for first_map in ("plain", "wavelet"):
        torch.manual_seed(0)
        task = task_from(CaeTask, {**CAE_RECIPE, "quantiser": quantiser, "first_map": first_map})
        watched[first_map] = task.validate(IMAGES)
        losses[first_map] = floats(task.step(rng(), 0.0))
    assert losses["plain"]["energy"] == losses["wavelet"]["energy"]
    assert losses["plain"]["mse"] != losses["wavelet"]["mse"]
    assert losses["plain"]["bpp"] != losses["wavelet"]["bpp"]
    assert watched["plain"] != watched["wavelet"]


def test_random_weights_have_no_map_of_means_for_the_wavelet():
    with pytest.raises(SettingsError, match="no map holds local means; take first_map plain"):
        task_from(CaeTask, {**CAE_RECIPE, "init": "random", "first_map": "wavelet"})


def test_noise_and_straight_through_are_different_quantisers():
    # Random y is far under half a step: rounding leaves nothing of it, noise drowns it.
    bits = {}
    for quantiser in ("straight_through", "noise"):
        torch.manual_seed(0)
        task = task_from(CaeTask, {**CAE_RECIPE, "quantiser": quantiser, "init": "random"})
        bits[quantiser] = floats(task.step(rng(), 0.0))
    assert bits["noise"]["energy"] == bits["straight_through"]["energy"] < 0.25
    assert bits["noise"]["mse"] != bits["straight_through"]["mse"]


def test_cosine_schedule_falls_to_a_fiftieth():
    task = task_from(CaeTask, {**CAE_RECIPE, "init": "random", "schedule": "cosine", "learning_rate": 1e-3})
    rates = []
    for progress in (0.0, 0.5, 1.0):
        task.step(rng(), progress)
        rates.append(task.optimisers[0].param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3, 5e-4, 2e-5])


def test_offline_rotation_decorrelates_the_training_latents():
    task = task_from(CaeTask, CAE_RECIPE)
    rotation = task.export(rng())["pca"]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(32), atol=1e-5)
    with torch.no_grad():
        maps = task.cae.analysis(task._batch(rng(), 64)).numpy().swapaxes(0, 1).reshape(32, -1)
    energies = ((rotation.T @ maps) ** 2).mean(axis=1)
    assert energies[0] > 5 * energies[5] and energies[:8].sum() > 5 * energies[-8:].sum()


@pytest.mark.parametrize("side", [64, *(pytest.param(side, marks=pytest.mark.long) for side in (128, 256))])
def test_gan_klt_start_is_a_projection(side):
    """Up to the tanh, what the latent vectors hold is kept exactly: a second pass changes nothing."""
    tiles = ImageSet.of([photo(260, 350)]).tiles(48, side, rng()).contiguous()
    encoder, generator = Encoder(32, side).eval(), Generator(32, side).eval()
    start_gan_as_klt(encoder, generator, tiles)
    with torch.no_grad():
        vectors = encoder(normalised(tiles.float()))
        linear = torch.atanh(generator(vectors).double()).float() / TANH_GAIN
        again = encoder(linear)
        error = (linear - normalised(tiles.float())).square().mean() / normalised(tiles.float()).var()
    torch.testing.assert_close(again, vectors, atol=2e-3 * vectors.abs().max().item(), rtol=0)
    assert error < 0.4
    spread = vectors.square().mean(dim=0)
    assert (spread[:-1] >= spread[1:] * (1 - 1e-3)).all()


def test_gan_klt_start_keeps_the_statistics_of_batch_normalisation(monkeypatch):
    monkeypatch.setattr(gan, "START_TILES", 16)
    task = task_from(GanTask, {**GAN_RECIPE, "input_size": 64, "init": "klt", "pixels_only": 0.0})
    before = weights(task.modules)
    task.step(rng(), 0.0)
    moved = {name.split(".")[0] for name in changed(task.modules, before) if "running" in name}
    assert moved == {"discriminator"}


def test_bfloat16_learns_what_float32_learns():
    losses = {}
    for precision in ("float32", "bfloat16"):
        recipe = {**GAN_RECIPE, "input_size": 64, "pixels_only": 0.0}
        task = task_from(GanTask, recipe, arithmetic=Arithmetic(CPU, precision))
        losses[precision] = floats(task.step(rng(), 0.0))
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.2)
    assert losses["bfloat16"] != losses["float32"]


@pytest.mark.parametrize(("pixels_only", "judged"), [(1.0, False), (0.0, True)])
def test_a_gan_step_learns(pixels_only, judged):
    task = task_from(GanTask, {**GAN_RECIPE, "input_size": 64, "pixels_only": pixels_only})
    before = {name: weights(module) for name, module in task.modules.items()}
    losses = floats(task.step(rng(), 0.0))
    assert set(losses) == {"mse", "features", "discriminator"} and all(map(np.isfinite, losses.values()))
    assert losses["mse"] > 0 and (losses["features"] > 0) == (losses["discriminator"] > 0) == judged
    for name, module in task.modules.items():
        learned = trainable(module) & changed(module, before[name])
        assert learned == (trainable(module) if name != "discriminator" or judged else set())


def test_the_discriminator_s_features_steer_the_generator():
    updated = []
    for beta in (0.0, 10.0):
        task = task_from(GanTask, {**GAN_RECIPE, "input_size": 64, "pixels_only": 0.0, "beta": beta})
        task.step(rng(), 0.0)
        updated.append(weights(task.generator))
    assert any(not torch.equal(updated[0][name], updated[1][name]) for name in updated[0])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("init", ["gaussian", "identity"])
def test_an_srcnn_step_learns(init, schedule):
    task = task_from(SrcnnTask, {**SRCNN_RECIPE, "init": init, "schedule": schedule})
    before = weights(task.modules)
    first = floats(task.step(rng(), 0.0))
    assert set(first) == {"mse", "bicubic_mse"} and all(np.isfinite(value) and value > 0 for value in first.values())
    assert (first["mse"] == pytest.approx(first["bicubic_mse"])) == (init == "identity")
    assert changed(task.modules, before)
    task.step(rng(), 0.5)
    factor = {"constant": 1.0, "cosine": 0.5}[schedule]
    # The last layer learns at a tenth (ref [14]).
    assert [group["lr"] for group in task.optimisers[0].param_groups] == pytest.approx([1e-4 * factor, 1e-5 * factor])


@pytest.mark.parametrize("factor", [1.0, 0.75])
def test_srcnn_learns_from_the_codec_s_own_bicubic(factor):
    task = task_from(SrcnnTask, {**SRCNN_RECIPE, "scale": [factor, factor]}, IMAGES.at_least(130))
    (pair,) = task.pairs
    small = resize(ARRAYS[0], round(141 * factor), round(130 * factor), "bicubic")
    assert np.array_equal(pair[..., 3:], small)
    assert np.array_equal(pair[..., :3], resize(halve(small), small.shape[1], small.shape[0], "bicubic"))


def test_srcnn_samples_are_one_channel_of_both_at_the_same_place():
    coloured = np.stack([np.full((70, 70), value, np.uint8) for value in (10, 90, 200)], axis=-1)
    task = task_from(SrcnnTask, {**SRCNN_RECIPE, "batch": 30}, ImageSet.of([coloured]))
    blurred, sharp = task._batch(rng())
    assert blurred.shape == sharp.shape == (30, 1, 33, 33)
    torch.testing.assert_close(blurred, sharp)
    assert {round(value * 255) for value in sharp[:, 0, 0, 0].tolist()} == {10, 90, 200}


KILLED: dict[str, dict[str, Any]] = {
    "cae": {},
    "cae by SOAP": {"init": "random", "optimiser": "soap", "steps": 24},  # of whose ten steps one turns the basis
    "gan": {"input_size": 64, "pixels_only": 0.3},
    "srcnn": {},
    "restorer": {},
}


@pytest.mark.parametrize("run", KILLED)
def test_a_killed_run_goes_on_to_the_same_bytes(run, decoded, tmp_path, monkeypatch):
    network = run.split()[0]
    recipe = {**RECIPES[network], "steps": 4, **KILLED[run]}
    (tmp_path / "whole").mkdir()
    whole = train_tiny(recipe, decoded, tmp_path / "whole")
    kind = {"cae": CaeTask, "gan": GanTask, "srcnn": SrcnnTask, "restorer": RestorerTask}[network]
    step = kind.step

    def killed(task, generator, progress):
        if progress >= 0.5:
            raise KeyboardInterrupt
        return step(task, generator, progress)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(checkpoints, "CHECKPOINT_SECONDS", 0.0)
        patch.setattr(kind, "step", killed)
        train_tiny(recipe, decoded, tmp_path)
    assert [path.name for path in tmp_path.glob("*.*")] == [f"{recipe['name']}.pt"]
    assert torch.load(tmp_path / f"{recipe['name']}.pt", weights_only=True)["step"] == recipe["steps"] // 2
    resumed = train_tiny(recipe, decoded, tmp_path)
    assert resumed.read_bytes() == whole.read_bytes()
    assert log_of(resumed) == log_of(whole)
    for snapshot in (tmp_path / "whole" / "snapshots").glob("*.safetensors"):
        assert (tmp_path / "snapshots" / snapshot.name).read_bytes() == snapshot.read_bytes()


def log_of(path):
    with path.with_suffix(".csv").open() as file:
        return list(csv.DictReader(file))


def test_a_checkpoint_of_another_recipe_is_refused(decoded, tmp_path):
    train_tiny(SRCNN_RECIPE, decoded, tmp_path)
    with pytest.raises(ModelError, match=r"tiny_srcnn\.pt belongs to another recipe; delete it") as refused:
        train_tiny({**SRCNN_RECIPE, "batch": 5}, decoded, tmp_path)
    assert "\n" not in str(refused.value)


def test_a_checkpoint_is_bound_to_the_plain_recipe(tmp_path):
    """Runs that were interrupted under an earlier version resume: the hash of a recipe and its data stays the same."""
    (tmp_path / "train").write_bytes(b"a")
    (tmp_path / "val").write_bytes(b"b")
    files = TrainingData(["synthetic"], tmp_path / "train", tmp_path / "val")
    recipe = read_recipe(CaeTask.recipe_type, CAE_RECIPE)
    held = "8d8e900a80f47d1681d17345f4a80b71d2047f66c80c85e8414a3714330bdc0f"
    assert loop._recipe_hash(recipe, files, None) == held
    whole = {**CAE_RECIPE, "step": 24}
    assert (
        loop._recipe_hash(read_recipe(CaeTask.recipe_type, whole), files, None)
        != "8d8e900a80f47d1681d17345f4a80b71d2047f66c80c85e8414a3714330bdc0f"
    )


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:1000], lambda data: b"no checkpoint"])
def test_a_damaged_checkpoint_is_refused(damage, decoded, tmp_path):
    checkpoint = tmp_path / "tiny_srcnn.pt"
    train_tiny(SRCNN_RECIPE, decoded, tmp_path)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(ModelError, match=r"tiny_srcnn\.pt: damaged checkpoint .*; delete it") as refused:
        train_tiny(SRCNN_RECIPE, decoded, tmp_path)
    assert "\n" not in str(refused.value)


def test_a_loss_that_is_nan_stops_the_run(decoded, tmp_path, monkeypatch):
    monkeypatch.setattr(SrcnnTask, "step", lambda *_: {"mse": torch.tensor(float("nan"))})
    with pytest.raises(ModelError, match="mse became NaN or infinite at step 0; lower learning_rate"):
        train_tiny(SRCNN_RECIPE, decoded, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("network", "losses"),
    [
        ("cae", {"loss", "mse", "bpp", "energy", "val_psnr_db", "val_bpp"}),
        ("gan", {"mse", "features", "discriminator", "val_psnr_db"}),
        ("srcnn", {"mse", "bicubic_mse", "val_psnr_db", "val_bicubic_psnr_db"}),
    ],
)
def test_log_and_card_tell_what_was_done(network, losses, weights, decoded):
    path = weights / f"tiny_{network}.safetensors"
    rows = log_of(path)
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert set(rows[0]) == {"step", *losses}
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    card = json.loads(path.with_suffix(".json").read_text())
    assert set(card) == {
        "name", "network", "recipe", "recipe_sha256", "training_sets", "training_sha256", "validation_sha256", "steps",
        "seconds", "device", "threads", "final_losses", "versions", "sha256", "lineage", "precision",
    }  # fmt: skip
    assert card["recipe"] == RECIPES[network] and card["network"] == network and card["steps"] == 3
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["training_sets"] == ["synthetic"]
    assert card["training_sha256"] == card["validation_sha256"] == hashlib.sha256(decoded.read_bytes()).hexdigest()
    assert set(card["final_losses"]) == losses
    assert card["versions"]["torch"] == torch.__version__


@pytest.mark.parametrize("network", RECIPES)
def test_a_run_that_continues_a_model_starts_from_its_function(network, weights, decoded, tmp_path):
    """Nothing is learned at a rate of zero, so that what comes out is what went in; its card names every stage."""
    start = weights / f"tiny_{network}.safetensors"
    recipe = RECIPES[network] | {"name": "second", "init": {"model": start.stem}, "learning_rate": 0.0, "steps": 2}
    if network == "cae":
        recipe |= {"step": 48.0}
    path = train_tiny(recipe, decoded, tmp_path, start=start)
    first, second = (ModelStore(file.parent).load(file.stem, network) for file in (start, path))
    if network == "cae":
        before, after = (fill(CAE(), model, "cae") for model in (first, second))
        component = luma(IMAGES.tiles(2, 64, rng()))
        with torch.no_grad():
            latent = before.analysis(component)
            torch.testing.assert_close(after.analysis(component) * 2, latent)
            torch.testing.assert_close(after.synthesis(latent / 2), before.synthesis(latent))
    else:
        learned = (name for name in first.tensors if name.startswith((network, "encoder", "generator")))
        # Batch normalisation goes on counting
        names = [name for name in learned if "running" not in name and "tracked" not in name]
        assert names and all(np.array_equal(first.tensors[name], second.tensors[name]) for name in names)
    assert [stage["name"] for stage in stages(second.card)] == [start.stem, "second"]
    assert second.card["lineage"][0]["sha256"] == first.card["sha256"]
    assert (steps_of(second.card), crops_of(second.card)) == (5, 5 * recipe["batch"])
    assert first_init(second.card) == RECIPES[network]["init"]


def test_a_run_that_continues_a_model_sees_other_crops(weights, decoded, tmp_path):
    start = weights / "tiny_cae.safetensors"
    again = {**CAE_RECIPE, "name": "again", "init": {"model": "tiny_cae"}, "learning_rate": 0.0, "steps": 1}
    seen: list[list[int]] = []
    original = np.random.default_rng
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop.np.random, "default_rng", lambda seed: (seen.append(seed), original(seed))[1])
        train_tiny(again, decoded, tmp_path, start=start)
    assert [2018, 3] in seen and [2018, 0] not in seen


def test_the_model_to_continue_must_be_the_one_that_the_recipe_names(weights, decoded, tmp_path):
    recipe = {**CAE_RECIPE, "name": "second", "init": {"model": "other"}}
    for start in (None, weights / "tiny_cae.safetensors"):
        with pytest.raises(SettingsError, match="second starts from other, not from"):
            train_tiny(recipe, decoded, tmp_path, start=start)


def test_precision_is_what_the_hardware_multiplies_in(monkeypatch):
    for features, precision in (({}, "float32"), ({"avx512_bf16": True}, "bfloat16"), ({"amx_bf16": True}, "bfloat16")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda features=features: features)
        assert Arithmetic.choose(CPU, "auto").precision == precision
        assert Arithmetic.choose(CPU, "float32").precision == "float32"
    assert Arithmetic.choose(torch.device("cuda"), "auto").precision == "bfloat16"


def test_learning_rate_warms_up():
    assert [rate_factor("constant", progress, 0.1) for progress in (0.0, 0.05, 0.1, 1.0)] == [0.0, 0.5, 1.0, 1.0]


def test_soap_learns_from_random_weights_what_adam_does_not_yet():
    """The loss after forty steps on the same crops."""
    losses = {}
    for optimiser in ("adam", "soap"):
        recipe = {**CAE_RECIPE, "init": "random", "step": 1.0, "learning_rate": 0.002, "optimiser": optimiser}
        task = task_from(CaeTask, recipe)
        losses[optimiser] = [floats(task.step(rng(), 0.0))["loss"] for _ in range(40)][-1]
    assert losses["soap"] < 0.9 * losses["adam"]


def test_a_random_start_spreads_the_latent_over_steps_and_keeps_the_reconstruction():
    spread, fresh = (task_from(CaeTask, {**CAE_RECIPE, "init": "random", "step": step}).cae for step in (1.0, PEAK))
    component = luma(IMAGES.tiles(2, 32, rng()))
    with torch.no_grad():
        torch.testing.assert_close(spread.analysis(component), fresh.analysis(component) * PEAK**0.5)
        torch.testing.assert_close(spread(component), fresh(component))


def test_what_is_exported_is_the_moving_average():
    task = task_from(CaeTask, {**CAE_RECIPE, "average": 0.5, "learning_rate": 1e-3})
    kept = []
    for _ in range(3):
        task.step(rng(), 0.0)
        kept.append(task.cae.synthesis[0].weight.detach().clone())
    expected = 0.5 * (0.5 * kept[0] + 0.5 * kept[1]) + 0.5 * kept[2]
    exported = torch.from_numpy(task.export(rng())["cae.synthesis.0.weight"])
    torch.testing.assert_close(exported, expected)
    assert not torch.allclose(exported, kept[2], atol=1e-6)


def test_components_are_those_of_the_codec():
    tiles = IMAGES.tiles(64, 32, rng())
    planes = components(tiles, 1.0, rng()).numpy() * 255
    expected = rgb_to_ycbcr(tiles.permute(0, 2, 3, 1).numpy())
    of = [
        [np.abs(plane[0] - expected[index, ..., channel]).max() for channel in (0, 1, 2)]
        for index, plane in enumerate(planes)
    ]
    nearest = np.argmin(of, axis=1)
    assert np.min(of, axis=1).max() <= 1 and {1, 2} == set(nearest)
    assert torch.equal(components(tiles, 0.0, rng()), luma(tiles))


def test_gan_tables_belong_to_the_stored_weights(weights):
    tensors = load_file(weights / "tiny_gan.safetensors")
    assert tensors["encoder.project.weight"].dtype == tensors["generator.project.weight"].dtype == np.float16
    for basis in ("plain", "pca"):
        assert (tensors[f"{basis}.low"] <= tensors[f"{basis}.high"]).all()
        for bits in (5, 6, 7, 8):
            counts = tensors[f"{basis}.counts{bits}"]
            # Each of the 64 tiles once for each coefficient, and one for every level so that none is impossible
            assert counts.min() >= 1 and counts.sum() == 64 * 8 + len(counts) and len(counts) <= 8 * 2**bits
    np.testing.assert_allclose(tensors["pca.rotation"].T @ tensors["pca.rotation"], np.eye(8), atol=1e-5)


def test_tiles_stay_inside_and_mirror():
    image = np.repeat(np.arange(6 * 7, dtype=np.uint8).reshape(6, 7, 1), 3, axis=2)
    tiles = ImageSet.of([np.zeros((5, 5, 3), np.uint8), image]).tiles(200, 5, rng()).numpy()[:, 0]
    assert tiles.shape == (200, 5, 5)
    cut = [tile for tile in tiles if tile.any()]
    assert 60 < len(cut) < 140
    assert {int(tile[0, 1]) - int(tile[0, 0]) for tile in cut} == {1, -1}
    assert {int(tile[1, 0]) - int(tile[0, 0]) for tile in cut} == {7}
    assert {int(tile.min()) for tile in cut} == {0, 1, 2, 7, 8, 9}


@pytest.mark.parametrize("span", [13, 57, 64, 100, 150])
def test_tiles_are_resized_as_pillow_does_it(span):
    image = photo(span, span)
    window = torch.from_numpy(np.pad(image, ((0, 9), (0, 9), (0, 0)), constant_values=255)).permute(2, 0, 1)[None]
    resized = _resized(window, torch.tensor([span]), 64)[0].permute(1, 2, 0).numpy()
    expected = resize(image, 64, 64, "bicubic")
    assert np.abs(resized.astype(int) - expected).max() <= 1 and (resized != expected).mean() < 0.01


def test_an_image_too_small_for_a_tile_is_enlarged():
    tiles = ImageSet.of([photo(40, 50)]).tiles(8, 64, rng(), (0.5, 1.0))
    assert tiles.shape == (8, 3, 64, 64) and tiles.float().std() > 1
    assert _bicubic_kernels(torch.tensor([40]), 50, 64)[0, :, 40:].abs().max() == 0


@pytest.mark.parametrize("scales", [(1.0, 1.0), (1.0, 4.0)])
def test_many_tiles_are_those_that_one_go_would_cut(scales, monkeypatch):
    """Thousands are cut to start the GAN: in parts, or the windows alone would take 20 GB at a side of 256."""
    images = ImageSet.of([photo(90, 80), photo(70, 110)])
    whole = images.tiles(20, 64, rng(), scales)
    monkeypatch.setattr(data, "AT_ONCE", 3)
    assert torch.equal(images.tiles(20, 64, rng(), scales), whole)


def test_tiles_are_drawn_from_the_range_of_scales():
    # Stripes two pixels wide stay two wide at scale 1 and become four wide at scale 2
    stripes = np.zeros((300, 300, 3), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 255
    changes = []
    for scale in (1.0, 2.0):
        tiles = ImageSet.of([stripes]).tiles(4, 64, rng(), (scale, scale)).float()[:, 0]
        changes.append((tiles[:, :, 1:] > 127).ne(tiles[:, :, :-1] > 127).float().mean().item())
    assert changes[0] == pytest.approx(0.5, abs=0.02) and changes[1] == pytest.approx(0.25, abs=0.02)


def test_small_images_are_left_out(decoded):
    images = ImageSet.load(decoded, CPU)
    assert [image.shape for image in images] == [(128, 144, 3), (150, 131, 3)]
    assert [image.shape for image in images.at_least(131)] == [(150, 131, 3)]
    assert np.array_equal(images.at_least(131)[0], images[1])
    with pytest.raises(DatasetError, match="reaches 200 pixels; add larger ones"):
        images.at_least(200)


MAPPED = """
import re, resource, sys
from pathlib import Path
from licbench.training.data import decode_packs
kibibytes = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
resource.setrlimit(resource.RLIMIT_DATA, (1024 * kibibytes + 40 * 2**20,) * 2)
decode_packs([Path(sys.argv[1])], Path(sys.argv[2]))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc, and other systems limit otherwise")
def test_a_set_may_exceed_the_memory(tmp_path):
    """30 images of 3 MB, in 40 MB: the decoded set is mapped while it is written, not held."""
    png = io.BytesIO()
    PIL.Image.new("RGB", (1000, 1000), (9, 90, 200)).save(png, "PNG")
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        for index in range(30):
            archive.writestr(f"{index:02d}.png", png.getvalue())
    command = [sys.executable, "-c", MAPPED, str(tmp_path / "pack.zip"), str(tmp_path / "out.safetensors")]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    decoded = ImageSet.load(tmp_path / "out.safetensors", CPU)
    assert len(decoded) == 30 and (decoded[29] == [9, 90, 200]).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.safetensors", "pack.zip"]


FULL = """
import resource, sys
from pathlib import Path
from licbench.errors import DatasetError
from licbench.training.data import decode_packs
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]),) * 2)
try:
    decode_packs([Path(sys.argv[1])], Path(sys.argv[2]))
except DatasetError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [9_999, 30_000], ids=["while the images are decoded", "while the file is written"])
def test_a_full_disk_is_one_line_and_leaves_nothing(limit, tmp_path):
    png = io.BytesIO()
    PIL.Image.new("RGB", (100, 100)).save(png, "PNG")
    with zipfile.ZipFile(tmp_path / "pack.zip", "w") as archive:
        archive.writestr("a.png", png.getvalue())
    command = [sys.executable, "-c", FULL, str(tmp_path / "pack.zip"), str(tmp_path / "out.safetensors"), str(limit)]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{tmp_path}/out.safetensors: cannot be written (") and "File too large" in line
    assert line.endswith("; check the path, its rights and the disk")
    assert [path.name for path in tmp_path.iterdir()] == ["pack.zip"]


def test_unreadable_packs_are_refused(tmp_path):
    out = tmp_path / "out.safetensors"
    (tmp_path / "broken.zip").write_bytes(b"PK no zip")
    for name in ("broken.zip", "missing.zip"):
        with pytest.raises(DatasetError, match=rf"{name}: unreadable training set .*; delete it"):
            decode_packs([tmp_path / name], out)
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as archive:
        archive.writestr("notes.txt", "not a image")
    with pytest.raises(Exception, match=r"text\.zip:notes\.txt"):
        decode_packs([tmp_path / "text.zip"], out)
    zipfile.ZipFile(tmp_path / "empty.zip", "w").close()
    with pytest.raises(DatasetError, match=r"no image in .*; fetch the training sets again"):
        decode_packs([tmp_path / "empty.zip"], out)
    assert not out.exists()


@pytest.mark.parametrize("content", [None, b"", b"no tensors"])
def test_unreadable_images_are_refused(content, tmp_path):
    path = tmp_path / "pictures.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"pictures\.safetensors: no decoded training images .*; delete it"):
        ImageSet.load(path, CPU)


@pytest.mark.parametrize("network", RECIPES)
def test_a_run_out_of_time_goes_on_to_the_same_bytes(network, decoded, weights, tmp_path):
    """The clock stops a run after each step; three calls then make what one does."""
    for done in (1, 2):
        with pytest.raises(OutOfTimeError, match=rf"tiny_{network}: {done} of 3 steps in the time allowed; run again"):
            train_tiny(RECIPES[network], decoded, tmp_path, max_seconds=0)
    assert (
        train_tiny(RECIPES[network], decoded, tmp_path, max_seconds=0).read_bytes()
        == (weights / f"tiny_{network}.safetensors").read_bytes()
    )


@pytest.mark.parametrize("network", RECIPES)
def test_snapshots_are_models(network, weights):
    snapshots = ModelStore(weights / "snapshots")
    for step in (1, 3):
        model = snapshots.load(f"tiny_{network}-{step:07d}", network)
        assert model.card["steps"] == step
    final = weights / f"tiny_{network}.safetensors"
    assert (weights / "snapshots" / f"tiny_{network}-0000003.safetensors").read_bytes() == final.read_bytes()


def test_unknown_networks_are_refused(decoded, tmp_path):
    with pytest.raises(SettingsError, match="unknown network 'vgg'; choose from cae, gan, restorer, srcnn"):
        train_tiny({**SRCNN_RECIPE, "network": "vgg"}, decoded, tmp_path)
