"""Model cards and training logs as the pages show them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from licbench.errors import ModelError
from licbench.networks.lineage import seconds_of, stages, steps_of
from licbench.report.evidence import address

STEP = "step"
HEAD = ("network", "steps", "seconds", "device")


def model_data(cards: Iterable[Path]) -> list[dict[str, Any]]:
    """Each model's card, and every column of its training log ({model}.csv next to the card).

    Raises:
        ModelError: a card or a log cannot be read.
    """
    return [_model(path) for path in cards]


def _model(path: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: no model card ({error}); train the model again") from error
    log = path.with_suffix(".csv")
    return {
        "name": path.stem,
        "head": {name: card[name] for name in HEAD if name in card} | _of_all_stages(card),
        "recipe": card.get("recipe", {}),
        "rest": {name: value for name, value in card.items() if name not in {"name", "recipe", *HEAD}},
        "files": [address(file) for file in (path, log) if file.is_file()],
        "log": _log(log) if log.is_file() else None,
    }


def _of_all_stages(card: Mapping[str, Any]) -> dict[str, Any]:
    """What adds up over the stages of a training; nothing where there is one."""
    if (count := len(stages(card))) == 1:
        return {}
    return {"steps": steps_of(card), "seconds": round(seconds_of(card)), "stages": f"{count}, the last one drawn"}


def _log(path: Path) -> dict[str, Any]:
    """``steps`` and ``columns`` (name -> values); empty and infinite cells are null."""
    try:
        frame = pd.read_csv(path)
        steps = frame[STEP]
    except (ValueError, KeyError, OSError) as error:
        raise ModelError(f"{path}: no training log ({error}); train the model again") from error
    measured = frame.drop(columns=STEP).select_dtypes("number").dropna(axis=1, how="all")
    return {
        "steps": steps.tolist(),
        "columns": {str(name): _values(measured[name]) for name in measured},
    }


def _values(column: pd.Series[Any]) -> list[float | None]:
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in column]
