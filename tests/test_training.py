"""The training code: starts that are exact, steps that learn, runs that resume, files that say what was done."""

import csv
import hashlib
import json
import zipfile

import numpy as np
import pytest
import torch
from conftest import CAE_RECIPE, GAN_RECIPE, RECIPES, SRCNN_RECIPE, train_tiny
from pictures import photo, textured
from safetensors.numpy import load_file

from licbench.errors import DatasetError, ModelError, SettingsError
from licbench.networks.cae import CAE
from licbench.networks.gan import Encoder, Generator
from licbench.networks.srcnn import SRCNN
from licbench.resampling import halve
from licbench.training import gan, loop
from licbench.training.cae import CaeTask, LaplaceRate
from licbench.training.data import load_pictures, luma, random_crop
from licbench.training.gan import GanTask
from licbench.training.initial.cae import klt_basis, start_as_klt
from licbench.training.initial.gan import TANH_GAIN
from licbench.training.initial.gan import start_as_klt as start_gan_as_klt
from licbench.training.initial.srcnn import start_as_identity
from licbench.training.srcnn import SrcnnTask

CPU = torch.device("cpu")
PICTURES = [textured(130, 141, seed=1), textured(129, 160, seed=2)]
STEP = 24 / 255


def rng(seed=0):
    return np.random.default_rng(seed)


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


def trainable(module):
    return {name for name, _ in module.named_parameters()}


@pytest.fixture(scope="module")
def klt():
    """A component in [0, 1], and the mean and basis of its blocks."""
    component = luma(photo(160, 200)).astype(np.float64)
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
    component = luma(photo(40, 50))[None]
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
    task = CaeTask(PICTURES, {**CAE_RECIPE, "rate": rate, "quantiser": quantiser, "init": init}, CPU)
    before = weights(task.modules)
    losses = task.step(rng(), 0.0)
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
        task = CaeTask(PICTURES, {**CAE_RECIPE, "rate": rate, "init": "random"}, CPU)
        with torch.no_grad():
            task.rate.floor.fill_(np.log(floor))
        task.step(rng(), 0.0)
        updated.append(weights(task.cae))
    assert any(not torch.equal(updated[0][name], updated[1][name]) for name in updated[0]) == reaches


def test_noise_and_straight_through_are_different_quantisers():
    # Random y is far under half a step: rounding leaves nothing of it, noise drowns it.
    bits = {}
    for quantiser in ("straight_through", "noise"):
        torch.manual_seed(0)
        task = CaeTask(PICTURES, {**CAE_RECIPE, "quantiser": quantiser, "init": "random"}, CPU)
        bits[quantiser] = task.step(rng(), 0.0)
    assert bits["noise"]["energy"] == bits["straight_through"]["energy"] < 0.25
    assert bits["noise"]["mse"] != bits["straight_through"]["mse"]


def test_cosine_schedule_falls_to_a_fiftieth():
    task = CaeTask(PICTURES, {**CAE_RECIPE, "init": "random", "schedule": "cosine", "learning_rate": 1e-3}, CPU)
    rates = []
    for progress in (0.0, 0.5, 1.0):
        task.step(rng(), progress)
        rates.append(task.optimisers[0].param_groups[0]["lr"])
    assert rates == pytest.approx([1e-3, 5e-4, 2e-5])


def test_offline_rotation_decorrelates_the_training_latents():
    task = CaeTask(PICTURES, CAE_RECIPE, CPU)
    rotation = task.export(rng())["pca"]
    np.testing.assert_allclose(rotation.T @ rotation, np.eye(32), atol=1e-5)
    with torch.no_grad():
        maps = task.cae.analysis(task._batch(rng(), 64)).numpy().swapaxes(0, 1).reshape(32, -1)
    energies = ((rotation.T @ maps) ** 2).mean(axis=1)
    assert energies[0] > 5 * energies[5] and energies[:8].sum() > 5 * energies[-8:].sum()


@pytest.mark.parametrize("side", [64, 128, 256])
def test_gan_klt_start_is_a_projection(side):
    """What the codes hold is kept exactly, up to the tanh: a second pass through both networks changes nothing."""
    crops = [random_crop(photo(260, 350), side, rng(seed)) for seed in range(48)]
    tiles = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).contiguous()
    encoder, generator = Encoder(32, side).eval(), Generator(32, side).eval()
    start_gan_as_klt(encoder, generator, tiles)
    with torch.no_grad():
        codes = encoder(tiles.float() / 127.5 - 1)
        linear = torch.atanh(generator(codes).double()).float() / TANH_GAIN
        again = encoder(linear)
        error = (linear - (tiles.float() / 127.5 - 1)).square().mean() / (tiles.float() / 127.5 - 1).var()
    torch.testing.assert_close(again, codes, atol=2e-3 * codes.abs().max().item(), rtol=0)
    assert error < 0.4
    spread = codes.square().mean(dim=0)
    assert (spread[:-1] >= spread[1:] * (1 - 1e-3)).all()


def test_gan_klt_start_keeps_the_statistics_of_batch_normalisation(monkeypatch):
    monkeypatch.setattr(gan, "START_TILES", 16)
    task = GanTask(PICTURES, {**GAN_RECIPE, "input_size": 64, "init": "klt", "pixels_only": 0.0}, CPU)
    before = weights(task.modules)
    task.step(rng(), 0.0)
    moved = {name.split(".")[0] for name in changed(task.modules, before) if "running" in name}
    assert moved == {"discriminator"}


def test_bfloat16_learns_what_float32_learns():
    losses = {}
    for precision in ("float32", "bfloat16"):
        recipe = {**GAN_RECIPE, "input_size": 64, "precision": precision, "pixels_only": 0.0}
        task = GanTask(PICTURES, recipe, CPU)
        losses[precision] = task.step(rng(), 0.0)
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.2)
    assert losses["bfloat16"] != losses["float32"]


@pytest.mark.parametrize(("pixels_only", "judged"), [(1.0, False), (0.0, True)])
def test_a_gan_step_learns(pixels_only, judged):
    task = GanTask(PICTURES, {**GAN_RECIPE, "input_size": 64, "pixels_only": pixels_only}, CPU)
    before = {name: weights(module) for name, module in task.modules.items()}
    losses = task.step(rng(), 0.0)
    assert set(losses) == {"mse", "features", "discriminator"} and all(map(np.isfinite, losses.values()))
    assert losses["mse"] > 0 and (losses["features"] > 0) == (losses["discriminator"] > 0) == judged
    for name, module in task.modules.items():
        learned = trainable(module) & changed(module, before[name])
        assert learned == (trainable(module) if name != "discriminator" or judged else set())


def test_the_discriminator_s_features_steer_the_generator():
    updated = []
    for beta in (0.0, 10.0):
        task = GanTask(PICTURES, {**GAN_RECIPE, "input_size": 64, "pixels_only": 0.0, "beta": beta}, CPU)
        task.step(rng(), 0.0)
        updated.append(weights(task.generator))
    assert any(not torch.equal(updated[0][name], updated[1][name]) for name in updated[0])


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("init", ["gaussian", "identity"])
def test_an_srcnn_step_learns(init, schedule):
    task = SrcnnTask(PICTURES, {**SRCNN_RECIPE, "init": init, "schedule": schedule}, CPU)
    before = weights(task.modules)
    first = task.step(rng(), 0.0)
    assert set(first) == {"mse", "bicubic_mse"} and all(np.isfinite(value) and value > 0 for value in first.values())
    assert (first["mse"] == pytest.approx(first["bicubic_mse"])) == (init == "identity")
    assert changed(task.modules, before)
    task.step(rng(), 0.5)
    factor = {"constant": 1.0, "cosine": 0.5}[schedule]
    # The last layer learns at a tenth (ref [14]).
    assert [group["lr"] for group in task.optimisers[0].param_groups] == pytest.approx([1e-4 * factor, 1e-5 * factor])


def test_srcnn_learns_from_the_codec_s_own_bicubic():
    task = SrcnnTask(PICTURES[:1], SRCNN_RECIPE, CPU)
    blurred, sharp = task.pairs[0]
    assert np.array_equal(np.moveaxis(sharp, 0, -1), PICTURES[0])
    assert blurred.shape == sharp.shape and halve(PICTURES[0]).shape == (64, 70, 3)
    assert 0 < np.abs(blurred.astype(int) - sharp).mean() < 20


@pytest.mark.parametrize("network", RECIPES)
def test_a_killed_run_goes_on_to_the_same_bytes(network, pack, tmp_path, monkeypatch):
    recipe = {**RECIPES[network], "steps": 4}
    if network == "gan":
        recipe |= {"input_size": 64, "pixels_only": 0.3}
    (tmp_path / "whole").mkdir()
    whole = train_tiny(recipe, pack, tmp_path / "whole")
    kind = {"cae": CaeTask, "gan": GanTask, "srcnn": SrcnnTask}[network]
    step = kind.step

    def killed(task, generator, progress):
        if progress >= 0.5:
            raise KeyboardInterrupt
        return step(task, generator, progress)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(loop, "CHECKPOINT_SECONDS", 0.0)
        patch.setattr(kind, "step", killed)
        train_tiny(recipe, pack, tmp_path)
    assert [path.name for path in tmp_path.glob("*.*")] == [f"{recipe['name']}.pt"]
    assert torch.load(tmp_path / f"{recipe['name']}.pt", weights_only=True)["step"] == 2
    resumed = train_tiny(recipe, pack, tmp_path)
    assert resumed.read_bytes() == whole.read_bytes()
    strip = [{key: row[key] for key in row if key != "seconds"} for row in log_of(resumed)]
    assert strip == [{key: row[key] for key in row if key != "seconds"} for row in log_of(whole)]


def log_of(path):
    with path.with_suffix(".csv").open() as file:
        return list(csv.DictReader(file))


def test_a_checkpoint_of_another_recipe_is_refused(pack, tmp_path):
    train_tiny(SRCNN_RECIPE, pack, tmp_path)
    with pytest.raises(ModelError, match=r"tiny_srcnn\.pt belongs to another recipe; delete it") as refused:
        train_tiny({**SRCNN_RECIPE, "batch": 5}, pack, tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("damage", [lambda data: b"", lambda data: data[:1000], lambda data: b"no checkpoint"])
def test_a_damaged_checkpoint_is_refused(damage, pack, tmp_path):
    checkpoint = tmp_path / "tiny_srcnn.pt"
    train_tiny(SRCNN_RECIPE, pack, tmp_path)
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))
    with pytest.raises(ModelError, match=r"tiny_srcnn\.pt: damaged checkpoint .*; delete it") as refused:
        train_tiny(SRCNN_RECIPE, pack, tmp_path)
    assert "\n" not in str(refused.value)


def test_losses_that_leave_the_numbers_stop_the_run(pack, tmp_path, monkeypatch):
    monkeypatch.setattr(SrcnnTask, "step", lambda *_: {"mse": float("nan")})
    with pytest.raises(ModelError, match="mse is not finite at step 0; lower learning_rate"):
        train_tiny(SRCNN_RECIPE, pack, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("network", "losses"),
    [
        ("cae", {"loss", "mse", "bpp", "energy"}),
        ("gan", {"mse", "features", "discriminator"}),
        ("srcnn", {"mse", "bicubic_mse"}),
    ],
)
def test_log_and_card_tell_what_was_done(network, losses, weights, pack):
    path = weights / f"tiny_{network}.safetensors"
    rows = log_of(path)
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert set(rows[0]) == {"step", "seconds", *losses}
    assert all(np.isfinite(float(value)) for row in rows for value in row.values())
    card = json.loads(path.with_suffix(".json").read_text())
    assert set(card) == {
        "name", "network", "recipe", "recipe_sha256", "training_sets_sha256", "steps", "seconds", "device",
        "final_losses", "versions", "sha256",
    }  # fmt: skip
    assert card["recipe"] == RECIPES[network] and card["network"] == network and card["steps"] == 3
    assert card["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert card["training_sets_sha256"] == [hashlib.sha256(pack.read_bytes()).hexdigest()]
    assert set(card["final_losses"]) == losses
    assert card["versions"]["torch"] == torch.__version__


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


def test_random_crops_stay_inside_and_mirror():
    picture = np.arange(6 * 7).reshape(6, 7)
    crops = [random_crop(picture, 5, rng(seed)) for seed in range(60)]
    assert {crop.shape for crop in crops} == {(5, 5)}
    steps = {int(crop[0, 1] - crop[0, 0]) for crop in crops}
    assert steps == {1, -1}
    assert {int(crop.min()) for crop in crops} == {0, 1, 2, 7, 8, 9}


def test_small_pictures_are_left_out(pack):
    assert [picture.shape for picture in load_pictures([pack], 131)] == [(150, 131, 3)]
    with pytest.raises(DatasetError, match="reaches 200 pixels; add larger ones"):
        load_pictures([pack], 200)


def test_unreadable_packs_are_refused(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK no zip")
    for name in ("broken.zip", "missing.zip"):
        with pytest.raises(DatasetError, match=rf"{name}: unreadable training set .*; delete it"):
            load_pictures([tmp_path / name], 64)
    with zipfile.ZipFile(tmp_path / "text.zip", "w") as archive:
        archive.writestr("notes.txt", "not a picture")
    with pytest.raises(Exception, match=r"text\.zip:notes\.txt"):
        load_pictures([tmp_path / "text.zip"], 64)


def test_unknown_networks_are_refused(pack, tmp_path):
    with pytest.raises(SettingsError, match="unknown network 'vgg'; choose from cae, gan, srcnn"):
        train_tiny({**SRCNN_RECIPE, "network": "vgg"}, pack, tmp_path)
