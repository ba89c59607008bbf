"""The config as the user wrote it: checked strictly, sliced for jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from licbench.errors import SettingsError
from licbench.registry import codec_class, codec_ids
from licbench.validation import require_valid

SCHEMA = Path(__file__).parents[2] / "workflow" / "schemas" / "config.schema.yaml"

Config = Mapping[str, Any]


def check(config: Config) -> None:
    """Refuse a config that the workflow could not carry out.

    Raises:
        SettingsError: an unknown or missing key, a value out of range, a codec without settings, an unknown model,
            a row of Table 5 that no point can fill.
    """
    require_valid(config, yaml.safe_load(SCHEMA.read_text()), "config")
    for codec in config["codecs"]:
        if codec not in codec_ids():
            raise SettingsError(f"config: unknown codec {codec!r} in codecs; choose from {', '.join(codec_ids())}")
        if codec not in config["settings"]:
            raise SettingsError(f"config: codec {codec!r} has no block under settings; add one")
        block = config["settings"][codec]
        require_valid(block, codec_class(codec).settings_schema, f"config: settings.{codec}")
        for model in codec_class(codec).required_models(block):
            if model not in config["models"]:
                raise SettingsError(f"config: settings.{codec} uses model {model!r}; add it under models")
        _refuse_twins(codec, [point.id for point in codec_class(codec).points(block)])
    _check_table5(config)


def recipe(config: Config, model: str) -> dict[str, Any]:
    """How a model is trained: its network's recipe, overridden by the model's own keys."""
    own = config["models"][model]
    return {"name": model, **config["training"]["recipes"][own["network"]], **own}


def _check_table5(config: Config) -> None:
    """A row that no point can fill must neither wait until all is measured nor vanish from the table."""
    for name, contender in config["table5"].items():
        _require_known("codec", contender["codec"], codec_ids(), name)
        if "curve" in contender and contender["codec"] in config["codecs"]:
            points = codec_class(contender["codec"]).points(config["settings"][contender["codec"]])
            _require_known("curve", contender["curve"], sorted({point.curve for point in points}), name)


def _require_known(what: str, value: str, known: Sequence[str], row: str) -> None:
    if value not in known:
        raise SettingsError(f"config: unknown {what} {value!r} in table5.{row}; choose from {', '.join(known)}")


def _refuse_twins(codec: str, ids: list[str]) -> None:
    twins = sorted({point for point in ids if ids.count(point) > 1})
    if twins:
        raise SettingsError(f"config: settings.{codec} gives {twins[0]!r} twice; list each value once")
