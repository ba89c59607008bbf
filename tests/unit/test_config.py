"""The config: what ships is valid, what cannot be carried out is refused in one line."""

import copy
import hashlib
import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml
from jsonschema import Draft202012Validator
from pictures import textured
from registered import CONFIG

from licbench import config as configuration
from licbench.codecs.registry import codec_class, codec_ids
from licbench.config import RENAMED, check, recipe, require_valid, with_typed_values
from licbench.errors import SettingsError
from licbench.locations import SCHEMA
from licbench.networks.lineage import stages
from licbench.training.data import CPU, ImageSet
from licbench.training.precision import Arithmetic
from licbench.training.recipes import read_recipe
from licbench.training.registry import network_ids
from licbench.training.run import task_of

ROOT = Path(__file__).parents[2]
SHIPPED = yaml.safe_load((ROOT / "config.yaml").read_text())
RULES = yaml.safe_load(SCHEMA.read_text())
NETWORKS = sorted({model["network"] for model in SHIPPED["models"].values()})


def changed(path, value):
    """The shipped config with one place changed; ``path`` is dotted, a None value deletes."""
    config = copy.deepcopy(SHIPPED)
    *way, last = path.split(".")
    place = config
    for step in way:
        place = place[int(step)] if isinstance(place, list) else place[step]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return config


def refused(config):
    """The message with which a config is refused."""
    with pytest.raises(SettingsError) as error:
        check(config)
    message = str(error.value)
    assert "\n" not in message
    return message


def test_the_shipped_config_is_valid():
    check(SHIPPED)
    assert set(SHIPPED["codecs"]) <= set(codec_ids()) <= set(CONFIG["settings"])


def test_checking_changes_nothing():
    config = copy.deepcopy(SHIPPED)
    check(config)
    assert config == SHIPPED


@pytest.mark.parametrize("path", sorted((ROOT / "workflow" / "presets").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_presets_are_valid(path):
    def update(base, override):
        for key, value in override.items():
            base[key] = update(base.get(key) or {}, value) if isinstance(value, dict) else value
        return base

    check(update(copy.deepcopy(SHIPPED), yaml.safe_load(path.read_text())))


@pytest.mark.parametrize(
    ("path", "place", "known"),
    [
        ("colour", "config", "dataset"),
        ("table5.JPEG.colour", "config.table5.JPEG", "threshold_db"),
        ("training.colour", "config.training", "recipe"),
        ("training.recipes.short.colour", "config.training.recipes.short", "srcnn"),
        ("training.recipes.short.cae.colour", "config.training.recipes.short.cae", "lagrangian"),
        ("models.srcnn.colour", "config.models.srcnn", "learning_rate"),
        ("settings.jpeg.colour", "config: settings.jpeg", "quality"),
        ("settings.jpeg2000.colour", "config: settings.jpeg2000", "bpp"),
        ("settings.bpg.colour", "config: settings.bpg", "chroma"),
        ("settings.cae.colour", "config: settings.cae", "ladder"),
        ("settings.gan.colour", "config: settings.gan", "families"),
        ("settings.gan.families.0.colour", "config: settings.gan.families.0", "rotated"),
        ("settings.sr.colour", "config: settings.sr", "model"),
    ],
)
def test_unknown_keys_are_named_beside_the_known(path, place, known):
    message = refused(changed(path, "red"))
    assert message.startswith(f"{place}: unknown key colour (known: ") and known in message.split("(known: ")[1]


@pytest.mark.parametrize(
    ("path", "value", "parts"),
    [
        ("dataset", "", ["config.dataset"]),
        ("weights", "borrowed", ["config.weights", "borrowed", "shipped"]),
        ("rate_target_bpp", 0, ["config.rate_target_bpp"]),
        ("rate_target_bpp", "0.15", ["config.rate_target_bpp"]),
        ("codecs", [], ["config.codecs"]),
        ("codecs", ["jpeg", "jpeg"], ["config.codecs"]),
        ("codecs", ["jpeg", "nosuchcodec"], ["unknown codec 'nosuchcodec'", f"choose from {', '.join(codec_ids())}"]),
        ("codecs", ["jpeg", "../base"], ["config.codecs.1", "../base"]),
        ("settings.cae", None, ["codec 'cae' has no block under settings; add one"]),
        ("settings.jpeg.quality", [0], ["settings.jpeg.quality.0", "0 is less than the minimum of 1"]),
        ("settings.jpeg.quality", [50.5], ["settings.jpeg.quality.0"]),
        ("settings.jpeg.quality", [50, 50], ["settings.jpeg.quality"]),
        ("settings.jpeg.modes", ["422"], ["settings.jpeg.modes.0", "422"]),
        ("settings.jpeg2000.bpp", [25], ["settings.jpeg2000.bpp.0"]),
        ("settings.bpg.qp", [52], ["settings.bpg.qp.0", "52 is greater than the maximum of 51"]),
        ("settings.bpg.qp", None, ["settings.bpg", "'qp' is a required property"]),
        ("settings.cae.ladder.cae_048", [0], ["settings.cae.ladder.cae_048.0"]),
        ("settings.cae.ladder", {"cae_999": [1.0]}, ["settings.cae uses model 'cae_999'; add it under models"]),
        ("settings.gan.families.0.model", ["vgg"], ["settings.gan uses model 'vgg'; add it under models"]),
        ("settings.gan.families.0.bits", [9], ["settings.gan.families.0.bits.0"]),
        ("settings.sr.model", "srresnet", ["settings.sr uses model 'srresnet'; add it under models"]),
        # 1 and 1.0001 are one point as file names go
        (
            "settings.cae.ladder.cae_048",
            [1.0, 1.0001],
            ["of cae give 'offline-cae_048-x1.000' twice"],
        ),
        ("table5.JPEG.codec", "jpg", ["unknown codec 'jpg' in table5.JPEG; choose from "]),
        ("table5.BPG.curve", "422", ["unknown curve '422' in table5.BPG; choose from 420, 444"]),
        ("contest.Gcodec.point", "gan_128-s9-b8-pca", ["unknown point 'gan_128-s9-b8-pca' in contest.Gcodec"]),
        ("ablations.gan.families", [], ["config: ablations.gan.families"]),
        ("ablations.cae.rotation", ["offline"], ["settings and ablations of cae give 'offline-cae_024"]),
        ("table5.CAE.curve", "per_image", ["unknown curve 'per_image' in table5.CAE; choose from offline"]),
        ("table5.SR.threshold_db", 101, ["config.table5.SR.threshold_db"]),
        ("table5", {}, ["config.table5"]),
        ("training.threads", 0, ["config.training.threads"]),
        ("training.recipes.short.gan", None, ["config.training.recipes.short", "'gan' is a required property"]),
        ("models.srcnn", {"steps": 5}, ["config.models.srcnn", "'network' is a required property"]),
        ("models.srcnn.network", "vdsr", ["config.models.srcnn.network", "vdsr"]),
        # Another network's key or start would be ignored in silence
        ("models.srcnn.code_size", 64, ["config.models.srcnn", "unknown key code_size (known: batch, beta1, init"]),
        (
            "models.cae_096.init",
            "gaussian",
            ["config.models.cae_096.init", "'gaussian' is not one of ['random', 'klt']"],
        ),
        (
            "training.recipes.short.srcnn.init",
            "klt",
            ["config.training.recipes.short.srcnn.init", "'klt' is not one of"],
        ),
        (
            "training.recipes.short.gan.step",
            9,
            ["config.training.recipes.short.gan: unknown key step (known: batch, beta,"],
        ),
        ("models", {"../x": {"network": "cae"}}, ["config.models", "../x"]),
    ],
)
def test_what_cannot_be_carried_out_is_refused(path, value, parts):
    message = refused(changed(path, value))
    for part in parts:
        assert part in message


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_renamed_key_is_named_with_its_new_name(old, new):
    assert refused(changed(old, 24)) == f"config: {old} is called {new} now; rename it"


def test_every_key_of_the_config_is_required():
    for key in SHIPPED:
        assert f"'{key}' is a required property" in refused(changed(key, None))


def test_codecs_that_do_not_run_need_no_row_and_no_block():
    config = changed("codecs", ["jpeg"])
    del config["settings"]["gan"]
    check(config)


def test_twins_are_refused_across_families():
    config = changed("settings.gan.families", 2 * [SHIPPED["settings"]["gan"]["families"][0]])
    assert "settings and ablations of gan give 'gan_128-s1-b5-pca' twice; list each value once" in refused(config)


def test_long_messages_are_cut():
    with pytest.raises(SettingsError) as error:
        require_valid({"x": ["y" * 9999]}, {"properties": {"x": {"type": "string"}}}, "here")
    assert str(error.value).startswith("here.x: ") and len(str(error.value)) < 400


def properties(schema, path=""):
    """(path, schema) of each named property."""
    for name, rule in schema.get("properties", {}).items():
        yield f"{path}{name}", rule
        yield from properties(rule, f"{path}{name}.")
    for part in ("additionalProperties", "items"):
        if isinstance(schema.get(part), dict):
            yield from properties(schema[part], f"{path}*.")


def test_the_schema_is_a_schema_and_describes_every_key():
    Draft202012Validator.check_schema(RULES)
    described = [*properties(RULES), *properties(RULES["$defs"]["recipe"], "recipe.")]
    assert len(described) > 30
    for path, rule in described:
        assert "$ref" in rule or len(rule["description"]) > 5, path


@pytest.mark.parametrize("codec", codec_ids())
def test_every_codec_describes_every_key(codec):
    for path, rule in properties(codec_class(codec).settings_schema):
        assert len(rule["description"]) > 5, path


def test_the_config_alone_states_defaults():
    """A default that nothing reads soon contradicts the config."""
    assert "default:" not in SCHEMA.read_text()
    for codec in ("jpeg", "jpeg2000", "bpg", "cae", "gan", "sr"):  # a codec of one's own may state what it likes
        stated = [path for path, rule in properties(codec_class(codec).settings_schema) if "default" in rule]
        assert stated in ([], ["model"]), codec  # an operating point's own setting, whose default encode.py reads


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("models.srcnn.sets", ["kodak"], "model 'srcnn' would train on kodak, which is for evaluation"),
        ("training.sets", ["bsds500_val"], "would train on bsds500_val, which is for validation"),
        ("training.validation", "bsds500_train", "bsds500_train is not for validation"),
        ("training.recipe", "endless", "no recipe 'endless' in training.recipes; add it"),
        ("training_curves.settings.vgg", {}, "unknown model 'vgg' in training_curves.settings"),
        ("training.recipes.short.models.vgg", {"steps": 3}, "unknown model 'vgg' in training.recipes.short.models"),
        (
            "training.recipes.short.models.gan_64",
            {"lagrangian": 1},
            "config.training.recipes.short.models.gan_64: unknown key lagrangian",
        ),
    ],
)
def test_training_on_what_is_not_for_training_is_refused(path, value, message):
    config = copy.deepcopy(SHIPPED)
    *parents, last = path.split(".")
    block = config
    for key in parents:
        block = block[key]
    block[last] = value
    with pytest.raises(SettingsError, match=message) as error:
        check(config)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("model", SHIPPED["models"])
def test_recipes_are_the_network_s_overridden_by_the_model_s(model):
    whole = recipe(SHIPPED, model)
    assert whole["name"] == model and whole["network"] in NETWORKS
    short = SHIPPED["training"]["recipes"]["short"]
    own = SHIPPED["models"][model] | short["models"].get(model, {})
    assert {key: whole[key] for key in own} == own
    inherited = short[whole["network"]]
    assert {key: whole[key] for key in inherited if key not in own} == {
        key: value for key, value in inherited.items() if key not in own
    }
    del whole["name"]
    require_valid(whole, configuration._recipe_schema(whole["network"]), "recipe")


# A network of one's own: a module in licbench/training, here "hyperprior"


@pytest.fixture
def with_hyperprior(monkeypatch):
    """The shipped config with such a network, its model and its recipe."""
    assert "hyperprior" not in network_ids()
    monkeypatch.setattr(configuration, "network_ids", lambda: (*network_ids(), "hyperprior"))
    configuration._schema.cache_clear()
    config = copy.deepcopy(SHIPPED)
    config["models"]["mine"] = {"network": "hyperprior", "hyper_channels": 128}
    config["training"]["recipes"]["short"]["hyperprior"] = {
        "init": "random", "precision": "auto", "steps": 9, "batch": 2, "seed": 1, "log_every": 3, "entropy": "full",
    }  # fmt: skip
    yield config
    configuration._schema.cache_clear()


def test_a_network_of_one_s_own_brings_its_own_keys(with_hyperprior):
    with_hyperprior["training"]["recipes"]["short"]["models"]["mine"] = {"entropy": "learnt"}
    check(with_hyperprior)
    whole = recipe(with_hyperprior, "mine")
    assert (whole["hyper_channels"], whole["entropy"], whole["steps"]) == (128, "learnt", 9)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "models.mine.network",
            "hyper",
            "config.models.mine.network: 'hyper' is not one of ['cae', 'gan', 'srcnn', 'r",
        ),
        ("training.recipes.short.hyperprior", None, "config: no hyperprior in training.recipes.short, which mine is"),
        ("training.recipes.short.hyperprior.seed", None, "training.recipes.short.hyperprior lacks seed; add it"),
        ("training.recipes.short.hyperprior.batch", 0, "config.training.recipes.short.hyperprior.batch: 0 is less"),
        ("models.mine.steps", "many", "config.models.mine.steps: 'many' is not of type 'integer'"),
        # What is the paper's stays strict
        ("models.cae_096.entropy", "learnt", "config.models.cae_096: unknown key entropy"),
        ("training.recipes.short.models.gan_64", {"entropy": 1}, "short.models.gan_64: unknown key entropy"),
        (
            "training.recipes.short.hyperpriors",
            {},
            "config.training.recipes.short: unknown key hyperpriors (known: cae",
        ),
    ],
)
def test_a_network_of_one_s_own_is_checked_as_far_as_it_is_known(with_hyperprior, path, value, message):
    *way, last = path.split(".")
    place = with_hyperprior
    for key in way:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    assert message in refused(with_hyperprior)


def in_force(name):
    """The shipped config with another of its recipes."""
    return {**SHIPPED, "training": {**SHIPPED["training"], "recipe": name}}


def _made_by(of_card, wanted):
    """Cards from before a key lack it, where its value changes nothing; bfloat16 is what auto then meant.

    A stage replaces the model that it continues, so that the name of its start may be gone.
    """
    older = {"chroma": 0, "average": 0, "warm_up": 0, "precision": "float32", "optimiser": "adam", "first_map": "plain"}
    held = {
        **{key: value for key, value in older.items() if key in wanted},
        **of_card,
        "precision": wanted["precision"],
    }
    if isinstance(wanted["init"], dict) and isinstance(held["init"], dict):
        held |= {"init": wanted["init"]}
    return held == wanted


WEIGHTS = ROOT / "workflow" / "resources" / "weights"


@pytest.mark.parametrize("model", [name for name in SHIPPED["models"] if (WEIGHTS / f"{name}.json").is_file()])
def test_shipped_weights_are_what_the_config_s_recipe_made(model):
    weights = WEIGHTS / f"{model}.safetensors"
    card = json.loads(weights.with_suffix(".json").read_text())
    assert any(_made_by(card["recipe"], recipe(in_force(name), model)) for name in SHIPPED["training"]["recipes"])
    assert all(stage["steps"] == stage["recipe"]["steps"] for stage in stages(card))
    assert card["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()


@pytest.mark.parametrize("network", NETWORKS)
def test_recipes_hold_every_key_that_training_reads(network, monkeypatch):
    monkeypatch.setattr("licbench.training.gan.START_TILES", 16)
    recipes = [recipe(SHIPPED, model) for model, own in SHIPPED["models"].items() if own["network"] == network]
    assert len({frozenset(each) for each in recipes}) == 1
    task_type = task_of(network)
    small = {"batch": 2} | ({"input_size": 64} if network == "gan" else {})
    typed = read_recipe(task_type.recipe_type, recipes[0] | small)
    image = textured(130, 140)
    # The restorer's come in pairs, with the QP and the size between them
    held = np.concatenate([image, image[..., :2], image], axis=-1) if network == "restorer" else image
    task = task_type(ImageSet.of([held]), typed, Arithmetic(CPU))
    assert task.step(np.random.default_rng(0), 0.0)
    for name in SHIPPED["training"]["recipes"]:
        for model, own in SHIPPED["models"].items():
            if own["network"] == network:
                assert read_recipe(task_type.recipe_type, recipe(in_force(name), model)).name == model


@pytest.mark.parametrize("network", NETWORKS)
def test_the_schema_knows_the_keys_of_the_typed_recipes(network):
    typed = {field.name for field in fields(task_of(network).recipe_type)} - {"name", "plain"}
    assert typed == set(RULES["$defs"][network]["propertyNames"]["enum"])


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("report.images", "3", 3),
        ("threshold_scan.threshold_db", "33.5", 33.5),
        ("rate_target_bpp", "2e-1", 0.2),
        ("training.recipes.short.cae.batch", "4", 4),
        ("models.gan_64.input_size", "64", 64),
        ("settings.jpeg.quality", ["5", "30"], [5, 30]),
        ("settings.gan.families.0.rotated", ["true"], [True]),
        ("table5.SR.threshold_db", "30", 30),
    ],
)
def test_texts_of_numbers_become_numbers_where_numbers_are_wanted(path, text, value):
    given = changed(path, text)
    kept = copy.deepcopy(given)
    assert with_typed_values(given) == changed(path, value)
    assert given == kept
    check(with_typed_values(given))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("report.images", "three"), ("report.images", "007"), ("report.images", "3.5"), ("report.side", "NaN"),
        ("settings.bpg.chroma", ["420"]), ("mirror", "12"), ("table5.BPG.curve", "420"), ("codecs", "12"),
    ],
)  # fmt: skip
def test_other_texts_stay(path, text):
    assert with_typed_values(changed(path, text)) == changed(path, text)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("metrics", ["psnr_hsv"], "unknown metric 'psnr_hsv'; choose from lpips, "),
        ("metrics", ["lpips"], "metric_settings.lpips: 'weights' is a required property"),
        ("metric_settings", {"vmaf": {"model": "x"}}, "metric_settings.vmaf: unknown key model"),
        ("metric_settings", {"rate": {}}, "unknown metric 'rate'"),
        ("complexity.points", {"tiff": ["q"]}, "unknown codec 'tiff' in complexity.points"),
        ("complexity.points", {"bpg": ["420-qp99"]}, "unknown point '420-qp99' in complexity.points.bpg"),
        ("complexity.repeats", 1, "config.complexity.repeats: 1 is less than the minimum of 2"),
    ],
)
def test_metrics_and_points_that_do_not_exist_are_refused(path, value, said):
    assert said in refused(changed(path, value))


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("study.anchor", "HEIC", "unknown entry 'HEIC' in study.anchor; choose from JPEG, CAE"),
        ("study.bpp", [0.2, 0.1], "study.bpp goes from 0.2 down to 0.1; exchange the two"),
        ("study.minutes", 30, "30 is greater than the maximum of 20"),
        ("study.method", "guess", "'guess' is not one of"),
        ("study.entries.BPG", {"codec": "bpg", "curve": "422"}, "unknown curve '422' in study.entries.BPG"),
        ("study.responses", None, "'responses' is a required property"),
        ("study.images", 0, "0 is less than the minimum"),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(path, value, said):
    assert said in refused(changed(path, value))
