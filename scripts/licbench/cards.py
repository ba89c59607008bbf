"""Model cards: what each network was trained with, set against the paper's own budget."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from licbench.errors import ModelError, SettingsError


@dataclass(frozen=True)
class Cards:
    """The cards of the models behind the rows, by model name, and the paper's budget.

    ``budget`` holds for each network how many crops the paper trains on: optimiser steps times batch.
    """

    by_model: Mapping[str, Mapping[str, Any]]
    budget: Mapping[str, int]

    def of(self, model: str) -> Mapping[str, Any]:
        """The card of a model.

        Raises:
            ModelError: there is none.
        """
        if model not in self.by_model:
            raise ModelError(f"no card for model {model}; name its {model}.json with --cards")
        return self.by_model[model]

    def share_of_budget(self, model: str) -> float:
        """Crops that the model saw, as a share of those in the paper's training."""
        card = self.of(model)
        return float(card["steps"]) * float(card["recipe"]["batch"]) / self.budget[card["network"]]

    def below_budget(self, models: Iterable[str]) -> bool:
        """Whether any of the models was trained on less than the paper's."""
        return any(self.share_of_budget(model) < 1 for model in models)


def read_cards(cards: Iterable[Path], preset: Path) -> Cards:
    """The cards of ``cards`` ({model}.json), and the budget in the preset of the paper's training.

    Raises:
        ModelError: a card is missing or damaged.
        SettingsError: the preset gives no steps or no batch for a network.
    """
    return Cards({path.stem: _read_card(path) for path in cards}, _read_budget(preset))


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: no model card ({error}); train the model again") from error
    if missing := {"network", "steps", "recipe"} - card.keys():
        raise ModelError(f"{path}: the card lacks {', '.join(sorted(missing))}; train the model again")
    return card


def _read_budget(preset: Path) -> dict[str, int]:
    try:
        recipes = yaml.safe_load(preset.read_text())["training"]["recipes"]
        return {network: recipe["steps"] * recipe["batch"] for network, recipe in recipes.items()}
    except (OSError, KeyError, TypeError) as error:
        raise SettingsError(
            f"{preset}: steps and batch of a recipe are missing ({error}); restore that file"
        ) from error
