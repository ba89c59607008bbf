"""The recipe of a training run: every setting that decides the result, read once from the config's JSON and typed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field, fields
from types import NoneType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from licbench.errors import SettingsError

Plain = Mapping[str, Any]
"""A recipe as the config gives it and as cards keep it: JSON values."""


@dataclass(frozen=True)
class Continued:
    """The start from a trained model: its name."""

    model: str


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What every network's recipe holds; each task has its own, with the keys of its network.

    ``init``: how the weights start, by a name that the network's task explains, or from a model; ``scale``: smallest
    and largest factor by which images are resized before they are cut; ``batch``: crops in a step; ``warm_up``: share
    of the run over which the learning rate rises; ``log_every``: steps between rows of the loss log; ``sets``: names
    of the training sets, where they are not the config's.
    """

    name: str
    network: str
    init: str | Continued
    scale: tuple[float, float]
    precision: Literal["auto", "float32", "bfloat16"]
    batch: int
    steps: int
    learning_rate: float
    schedule: Literal["constant", "cosine"]
    warm_up: float
    beta1: float
    seed: int
    log_every: int
    sets: tuple[str, ...] | None = None
    plain: Plain = field(repr=False, compare=False)
    """What it was read from: the card keeps it, and the checkpoint is bound to its hash."""

    def continued_model(self) -> str | None:
        """The name of the model that the run continues; None where it starts by itself."""
        return self.init.model if isinstance(self.init, Continued) else None


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def read_recipe(kind: type[AnyRecipe], plain: Plain) -> AnyRecipe:
    """The typed recipe, of which each key and the type of each value are checked; ranges are the config schema's.

    Raises:
        SettingsError: a key is missing or unknown, or a value is of another type.
    """
    recipe = f"recipe of {plain.get('name', 'a model without a name')}"
    hints, required = _keys(kind)
    if missing := required - plain.keys():
        raise SettingsError(f"{recipe} lacks {', '.join(sorted(missing))}; add it")
    if unknown := plain.keys() - hints.keys():
        raise SettingsError(f"{recipe} has {', '.join(sorted(unknown))}, which {kind.__name__} does not; take it out")
    values: dict[str, Any] = {}
    for key, value in plain.items():
        try:
            values[key] = _typed(value, hints[key])
        except ValueError as error:
            raise SettingsError(f"{recipe}: {key} is {value!r}, not {error}; correct it") from error
    return kind(**values, plain=dict(plain))


def _keys(kind: type[Recipe]) -> tuple[dict[str, Any], set[str]]:
    """The type of each key, and the keys that must be there."""
    given = [each for each in fields(kind) if each.name != "plain"]
    hints = get_type_hints(kind)
    return {each.name: hints[each.name] for each in given}, {each.name for each in given if each.default is MISSING}


def _typed(value: Any, hint: Any) -> Any:
    """``value`` as a ``hint``; JSON knows neither tuples nor the difference of 1 and 1.0.

    Raises:
        ValueError: it is none; the message says what one is.
    """
    choices = get_args(hint)
    if get_origin(hint) is Literal:
        if any(value == choice and type(value) is type(choice) for choice in choices):
            return value
        raise ValueError(f"one of {', '.join(map(str, choices))}")
    if get_origin(hint) is tuple:
        return _typed_tuple(value, choices)
    if hint is Continued:
        if isinstance(value, Mapping) and value.keys() == {"model"} and isinstance(value["model"], str):
            return Continued(value["model"])
        raise ValueError("{model: NAME}")
    if choices:  # a union
        return _first_that_fits(value, choices)
    if hint is str and isinstance(value, str):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if number and (hint is float or (hint is int and value == int(value))):
        return hint(value)
    raise ValueError({str: "a text", int: "a whole number", float: "a finite number"}[hint])


def _typed_tuple(value: Any, parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """``parts``: the types of the items, or one type and an ellipsis."""
    endless = parts[-1] is Ellipsis
    if not isinstance(value, Sequence) or isinstance(value, str) or not (endless or len(value) == len(parts)):
        raise ValueError("a list" if endless else f"a list of {len(parts)}")
    hints = parts[:1] * len(value) if endless else parts
    return tuple(_typed(item, hint) for item, hint in zip(value, hints, strict=True))


def _first_that_fits(value: Any, choices: tuple[Any, ...]) -> Any:
    wanted = []
    for choice in choices:
        if choice is not NoneType:
            try:
                return _typed(value, choice)
            except ValueError as error:
                wanted.append(str(error))
    raise ValueError(" or ".join(wanted))
