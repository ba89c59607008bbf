"""Model cards: what each network was trained with, compared with the paper's training budget."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from licbench.errors import ModelError
from licbench.networks.lineage import crops_of


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
        """Crops that the model saw in all stages of its training, as a share of those in the paper's.

        Infinite where the network is not the paper's: there is nothing that it could fall short of.
        """
        card = self.of(model)
        paper = self.budget.get(card["network"])
        return crops_of(card) / paper if paper else math.inf

    def undertrained(self, models: Iterable[str]) -> bool:
        """Whether any of the models was trained on less than the paper's."""
        return any(self.share_of_budget(model) < 1 for model in models)


def read_cards(cards: Iterable[Path], budget: Mapping[str, int]) -> Cards:
    """The cards of ``cards`` ({model}.json), and the budget.

    Raises:
        ModelError: a card is missing or damaged.
    """
    return Cards({path.stem: _read_card(path) for path in cards}, budget)


def _read_card(path: Path) -> dict[str, Any]:
    try:
        card: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(f"{path}: no model card ({error}); train the model again") from error
    if missing := {"network", "steps", "recipe"} - card.keys():
        raise ModelError(f"{path}: the card lacks {', '.join(sorted(missing))}; train the model again")
    return card
