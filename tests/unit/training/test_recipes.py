"""Typed recipes: what is read from JSON, and what is refused."""

import json

import pytest
from tiny_models import CAE_RECIPE, GAN_RECIPE, SRCNN_RECIPE

from licbench.errors import SettingsError
from licbench.training.cae import CaeRecipe
from licbench.training.gan import GanRecipe
from licbench.training.recipes import Continued, read_recipe
from licbench.training.srcnn import SrcnnRecipe


@pytest.mark.parametrize(
    ("kind", "plain"), [(CaeRecipe, CAE_RECIPE), (GanRecipe, GAN_RECIPE), (SrcnnRecipe, SRCNN_RECIPE)]
)
def test_a_recipe_keeps_its_values_and_what_it_was_read_from(kind, plain):
    recipe = read_recipe(kind, json.loads(json.dumps(plain)))
    assert recipe.plain == plain and json.dumps(recipe.plain) == json.dumps(plain)
    for key, value in plain.items():
        assert getattr(recipe, key) == (tuple(value) if isinstance(value, list) else value)
    assert recipe.continued_model() is None and recipe.sets is None


def test_json_s_whole_numbers_are_floats_where_floats_are_wanted():
    recipe = read_recipe(CaeRecipe, {**CAE_RECIPE, "step": 24, "scale": [1, 2], "steps": 3.0, "chroma": 0})
    assert [type(value) for value in (recipe.step, *recipe.scale, recipe.steps, recipe.chroma)] == [
        float, float, float, int, float,
    ]  # fmt: skip
    assert recipe.plain["step"] == 24 and isinstance(recipe.plain["step"], int)


def test_a_recipe_may_continue_a_model_and_name_its_sets():
    recipe = read_recipe(SrcnnRecipe, {**SRCNN_RECIPE, "init": {"model": "srcnn"}, "sets": ["one", "two"]})
    assert recipe.init == Continued("srcnn") and recipe.continued_model() == "srcnn" and recipe.sets == ("one", "two")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": None}, "steps is None, not a whole number; correct it"),
        ({"steps": 2.5}, "steps is 2.5, not a whole number"),
        ({"steps": True}, "steps is True, not a whole number"),
        ({"seed": "2018"}, "seed is '2018', not a whole number"),
        ({"learning_rate": "fast"}, "learning_rate is 'fast', not a finite number"),
        ({"learning_rate": float("nan")}, "learning_rate is nan, not a finite number"),
        ({"schedule": "linear"}, "schedule is 'linear', not one of constant, cosine"),
        ({"scale": [1.0]}, r"scale is \[1.0\], not a list of 2"),
        ({"scale": [1.0, "2"]}, r"scale is \[1.0, '2'\], not a finite number"),
        ({"init": "identity"}, "init is 'identity', not one of random, klt or {model: NAME}"),
        ({"init": {"name": "gan_128"}}, "not one of random, klt or {model: NAME}"),
        ({"input_size": 100}, "input_size is 100, not one of 64, 128, 256"),
        ({"input_size": True}, "input_size is True, not one of 64, 128, 256"),
        ({"sets": "bsds500"}, "sets is 'bsds500', not a list"),
        ({"name": 7}, "name is 7, not a text"),
        ({"patch": 33}, "has patch, which GanRecipe does not; take it out"),
    ],
)
def test_a_wrong_value_is_named(change, message):
    with pytest.raises(SettingsError, match=message) as refused:
        read_recipe(GanRecipe, {**GAN_RECIPE, **change})
    assert str(refused.value).startswith("recipe of ") and "\n" not in str(refused.value)


@pytest.mark.parametrize("key", sorted(GAN_RECIPE))
def test_a_missing_key_is_named(key):
    with pytest.raises(SettingsError, match=f"lacks {key}; add it"):
        read_recipe(GanRecipe, {name: value for name, value in GAN_RECIPE.items() if name != key})
