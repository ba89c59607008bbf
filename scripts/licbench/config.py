"""The config as the user wrote it: checked strictly, sliced for jobs."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, reduce
from operator import getitem
from typing import Any

import jsonschema

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids, extensions
from licbench.datasets.catalogue import describe
from licbench.errors import SettingsError
from licbench.evaluation.curve_names import FAMILY, QP, THRESHOLD
from licbench.locations import SCHEMA, STAGES
from licbench.measurement import contract
from licbench.metrics.registry import make_metric
from licbench.schemas import require_valid
from licbench.training.registry import network_ids
from licbench.yaml_files import read_yaml

Config = Mapping[str, Any]
READ_BY_EVERY_TRAINING = frozenset({"init", "precision", "steps", "batch", "seed", "log_every"})
"""Keys of a recipe that ``training.run`` and ``training.loop`` read, whatever the network."""

RENAMED = {"report.pictures": "report.images"}
"""Keys of earlier versions, dotted -> what they are called now."""


def check(config: Config) -> None:
    """Refuse a config that the workflow could not carry out.

    Raises:
        SettingsError: an unknown or missing key, a value out of range, a codec without settings or packages, an unknown
            model or metric, a row of Table 5 or of the contest that no point can fill, a figure of no CAE, training on
            what is not for training, two codecs with one extension.
        ContractError: a codec's operating points are not what ``codecs.base`` asks for.
        DatasetError: a training set that does not exist.
    """
    _refuse_old_keys(config)
    require_valid(config, _schema(), "config")
    extensions()
    for codec in config["codecs"]:
        if codec not in codec_ids():
            raise SettingsError(f"config: unknown codec {codec!r} in codecs; choose from {', '.join(codec_ids())}")
        if codec not in config["settings"]:
            raise SettingsError(f"config: codec {codec!r} has no block under settings; add one")
        codec_class(codec).require_packages()
        points = [
            point
            for part in ("settings", "ablations")
            if codec in config[part]
            for point in _checked_points(config, part, codec)
        ]
        contract.reject_duplicate_points(codec, points)
    for table in ("table5", "contest"):
        _check_entries(config, table, config[table])
    for metric in (*config["metrics"], *config["metric_settings"]):
        make_metric(metric, config["metric_settings"].get(metric, {}))
    _check_complexity(config)
    _check_bdrate(config)
    _check_study(config)
    _check_figure5(config)
    _check_training(config)


def with_typed_values(config: Config) -> dict[str, Any]:
    """The config with numbers and booleans in place of their text, as in ``--config 'report={images: 3}'``.

    Snakemake reads values in braces on the command line as text; they are converted only where the schema wants it.
    """
    read: dict[str, Any] = copy.deepcopy(dict(config))
    _convert_texts(read, _schema())
    for part in ("settings", "ablations"):
        blocks = read.get(part)
        if isinstance(blocks, dict):
            for codec in blocks.keys() & set(codec_ids()):
                _convert_texts(blocks[codec], codec_class(codec).settings_schema)
    return read


def left_out(config: Config) -> dict[str, str]:
    """Tables and figures that this config cannot fill -> why; everything else is made."""
    runs, reasons = config["codecs"], dict[str, str]()
    for table in ("table5", "contest"):
        if not any(row["codec"] in runs for row in config[table].values()):
            reasons[table] = f"no codec of its rows is in codecs: {', '.join(runs)}"
    if reason := _without_bdrate(config):
        reasons["bdrate"] = reason
    if config["weights"] == "trained" and "cae" not in runs:
        reasons["figure5"] = "codec cae does not run, so no CAE is trained"
    if "sr" not in runs:
        reasons["threshold_scan"] = "codec sr does not run"
    elif config["threshold_scan"]["qp"] not in config["settings"]["sr"]["qp"]:
        reasons["threshold_scan"] = f"its QP {config['threshold_scan']['qp']} is not in settings.sr.qp"
    return reasons


def curves_measured(config: Config) -> set[tuple[str, str]]:
    """Codec and curve of every curve that a run compares: the GAN's one, and the sweeps of super-resolution."""
    of_codec = {"gan": {FAMILY}, "sr": {QP, THRESHOLD}}
    found = set()
    for codec in config["codecs"]:
        points = codec_class(codec).points(config["settings"][codec])
        found |= {(codec, curve) for curve in of_codec.get(codec, {point.curve for point in points})}
    return found


def _without_bdrate(config: Config) -> str:
    """Why there can be no BD-rate; empty if there can."""
    measured = curves_measured(config)
    # Of curves on another dataset nothing is compared
    published = any(entry["dataset"] == config["dataset"] for entry in config["published_curves"])
    anchors = {(anchor["codec"], anchor["curve"]) for anchor in config["bdrate"]["anchors"]} & measured
    if not anchors and not published:
        return "no anchor of bdrate.anchors is measured"
    return "" if len(measured) + published > 1 else "only one curve is measured"


def rows_left_out(config: Config) -> dict[str, list[str]]:
    """By table, the rows of Table 5 and of the contest whose codec does not run, where others do."""
    absent = {
        table: [name for name, row in config[table].items() if row["codec"] not in config["codecs"]]
        for table in ("table5", "contest")
    }
    return {table: names for table, names in absent.items() if names and len(names) < len(config[table])}


def recipe(config: Config, model: str) -> dict[str, Any]:
    """How a model is trained: its network's recipe in force, what makes it this model, and its own departures."""
    own, chosen = config["models"][model], config["training"]["recipes"][config["training"]["recipe"]]
    return {"name": model, **chosen[own["network"]], **own, **chosen["models"].get(model, {})}


def starting_model(config: Config, model: str) -> str | None:
    """The name of the shipped model that the training of ``model`` continues; None where it starts from scratch."""
    init = recipe(config, model)["init"]
    return str(init["model"]) if isinstance(init, Mapping) else None


def training_sets(config: Config, model: str) -> list[str]:
    """The names of the sets that a model is trained on."""
    sets: list[str] = recipe(config, model).get("sets", config["training"]["sets"])
    return sets


def all_sets(config: Config) -> list[str]:
    """Every set of images that training reads, the validation's included."""
    trained = {name for model in config["models"] for name in training_sets(config, model)}
    return sorted(trained | {config["training"]["validation"]})


def paper_budget(config: Config) -> dict[str, int]:
    """For each network how many crops the paper trains on: optimiser steps times batch."""
    recipes = config["training"]["recipes"]["paper"]
    return {network: recipes[network]["steps"] * recipes[network]["batch"] for network in ("cae", "gan", "srcnn")}


def _stages() -> dict[str, str]:
    """Models on the way, ``STAGES``: name -> network."""
    return {card.stem: json.loads(card.read_text())["network"] for card in sorted(STAGES.glob("*.json"))}


def _refuse_old_keys(config: Config) -> None:
    for old, new in RENAMED.items():
        block, _, key = old.rpartition(".")
        held = config.get(block) if block else config
        if isinstance(held, Mapping) and key in held:
            raise SettingsError(f"config: {old} is called {new} now; rename it")


@cache
def _schema() -> Mapping[str, Any]:
    """The schema as written, and in it the networks that are not the paper's."""
    schema: dict[str, Any] = read_yaml(SCHEMA)
    recipes = schema["properties"]["training"]["properties"]["recipes"]["additionalProperties"]["properties"]
    if others := sorted(set(network_ids()) - set(recipes)):
        definitions, reference = schema["$defs"], {"$ref": "#/$defs/own_recipe"}
        definitions["own_recipe"] = {
            key: rule for key, rule in definitions["recipe"].items() if key != "additionalProperties"
        }
        definitions["recipe"]["properties"]["network"]["enum"] += others
        recipes["models"]["additionalProperties"] = reference
        recipes |= dict.fromkeys(others, reference)
        of_others = {"if": {"properties": {"network": {"enum": others}}}, "then": reference}
        schema["properties"]["models"]["additionalProperties"]["allOf"].append(of_others)
    return schema


def _recipe_schema(network: str) -> Mapping[str, Any]:
    """What a recipe of the network may hold."""
    recipes = _schema()["properties"]["training"]["properties"]["recipes"]["additionalProperties"]["properties"]
    return {**recipes[network], "$defs": _schema()["$defs"]}


def _convert_texts(value: Any, schema: Mapping[str, Any]) -> None:
    """Replace texts in ``value`` where the schema wants what they spell."""
    validator = jsonschema.Draft202012Validator(schema)
    for error in list(validator.iter_errors(value)):
        if error.validator in ("type", "enum") and isinstance(error.instance, str) and error.absolute_path:
            number, wanted = _number(error.instance), error.validator_value
            if number is not None and (
                number in wanted if error.validator == "enum" else validator.is_type(number, wanted)
            ):
                *way, last = error.absolute_path
                reduce(getitem, way, value)[last] = number


def _number(text: str) -> int | float | bool | None:
    """The number or truth value that a text spells, as JSON does."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, int | float) and math.isfinite(value) else None


def _check_training(config: Config) -> None:
    """Recipes and models refer to each other consistently, and no model is trained on validation or evaluation data."""
    training = config["training"]
    for name in {training["recipe"], "paper"} - set(training["recipes"]):
        raise SettingsError(f"config: no recipe {name!r} in training.recipes; add it")
    for recipe_name, networks in training["recipes"].items():
        place = f"training.recipes.{recipe_name}.models"
        for model, own in networks["models"].items():
            _require_known("model", model, sorted(config["models"]), place)
            require_valid(own, _recipe_schema(config["models"][model]["network"]), f"config.{place}.{model}")
    for model in config["models"]:
        _require_recipe(config, model)
        start = starting_model(config, model)
        if start is not None:
            known = {name: own["network"] for name, own in config["models"].items()} | _stages()
            _require_known("model", start, sorted(known), f"init of {model}")
            if (kind := known[start]) != config["models"][model]["network"]:
                raise SettingsError(f"config: {model} cannot continue {start}, a {kind} network; name another in init")
    for model in config["training_curves"]["settings"]:
        _require_known("model", model, sorted(config["models"]), "training_curves.settings")
    for model in config["models"]:
        for name in training_sets(config, model):
            if (use := describe(name).use) != "training":
                raise SettingsError(f"config: model {model!r} would train on {name}, which is for {use}; choose others")
    if describe(training["validation"]).use != "validation":
        raise SettingsError(
            f"config: {training['validation']} is not for validation; set training.validation to another"
        )


def _require_recipe(config: Config, model: str) -> None:
    """The recipe in force says of a model's network what every training reads."""
    name, network = config["training"]["recipe"], config["models"][model]["network"]
    if network not in config["training"]["recipes"][name]:
        raise SettingsError(f"config: no {network} in training.recipes.{name}, which {model} is of; add its recipe")
    if absent := sorted(READ_BY_EVERY_TRAINING - set(recipe(config, model))):
        raise SettingsError(f"config: training.recipes.{name}.{network} lacks {', '.join(absent)}; add it")


def _checked_points(config: Config, part: str, codec: str) -> list[OperatingPoint]:
    """The points of a codec's block under settings or ablations."""
    block, kind = config[part][codec], codec_class(codec)
    require_valid(block, kind.settings_schema, f"config: {part}.{codec}")
    for model in kind.required_models(block):
        if model not in config["models"]:
            raise SettingsError(f"config: {part}.{codec} uses model {model!r}; add it under models")
    points = contract.points_of(kind, block)
    if not points and part == "settings":
        raise SettingsError(
            f"config: settings.{codec} gives no operating point; add one, or take {codec} out of codecs"
        )
    return points


def _check_complexity(config: Config) -> None:
    for codec, ids in config["complexity"]["points"].items():
        place = f"complexity.points.{codec}"
        _require_known("codec", codec, sorted(config["codecs"]), "complexity.points")
        known = [point.id for point in codec_class(codec).points(config["settings"][codec])]
        for point in ids:
            _require_known("point", point, known, place)


def _check_bdrate(config: Config) -> None:
    for anchor in config["bdrate"]["anchors"]:
        _require_known("codec", anchor["codec"], sorted({*codec_ids(), *config["settings"]}), "bdrate.anchors")
    names = [entry["name"] for entry in config["published_curves"]]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise SettingsError(f"config: published_curves has {twice[0]!r} twice; rename one")


def _check_figure5(config: Config) -> None:
    caes = [name for name, model in config["models"].items() if model["network"] == "cae"]
    _require_known("CAE", config["figure5"]["model"], caes, "figure5.model")
    shown, dataset = config["figure5"]["image"].get(config["dataset"]), str(config["dataset"])
    if shown is not None and (images := describe(dataset).images) is not None:
        _require_known("image", shown, images, f"figure5.image.{dataset}")


def _check_study(config: Config) -> None:
    study = config["study"]
    _check_entries(config, "study.entries", study["entries"])
    _require_known("entry", study["anchor"], list(study["entries"]), "study.anchor")
    low, high = study["bpp"]
    if low > high:
        raise SettingsError(f"config: study.bpp goes from {low:g} down to {high:g}; exchange the two")


def _check_entries(config: Config, table: str, entries: Mapping[str, Any]) -> None:
    """An entry that no point can fill is refused before anything is measured."""
    for name, entry in entries.items():
        row = f"{table}.{name}"
        # A codec whose file was taken away leaves its rows out, as one that does not run; a misspelt one has no block
        _require_known("codec", entry["codec"], sorted({*codec_ids(), *config["settings"]}), row)
        if entry["codec"] in config["codecs"]:
            points = codec_class(entry["codec"]).points(config["settings"][entry["codec"]])
            if "threshold_db" in entry and not any(point.settings.get("branch") == "srcnn" for point in points):
                raise SettingsError(f"config: {row} has threshold_db, which {entry['codec']} has no use for; remove it")
            if "threshold_db" in entry and {"curve", "point"} & set(entry):
                raise SettingsError(
                    f"config: {row} has threshold_db, which chooses among all curves; remove its curve or point"
                )
            for key, known in (("curve", {point.curve for point in points}), ("point", {point.id for point in points})):
                if key in entry:
                    _require_known(key, entry[key], sorted(known), row)


def _require_known(what: str, value: str, known: Sequence[str], row: str) -> None:
    if value not in known:
        raise SettingsError(f"config: unknown {what} {value!r} in {row}; choose from {', '.join(known)}")
