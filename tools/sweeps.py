"""The sweep of every codec: its block under settings in config.yaml or, where only a preset runs it, in the preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


def sweeps() -> dict[str, Any]:
    """Codec -> settings, those of config.yaml first; a command codec's block appears under its own name."""
    found: dict[str, Any] = {}
    for file in (ROOT / "config.yaml", *sorted((ROOT / "workflow" / "presets").glob("*.yaml"))):
        for codec, block in yaml.safe_load(file.read_text()).get("settings", {}).items():
            found.setdefault(codec, block)
    return found
