"""The registered codecs, for tests that take every one: those here, and any that a user added.

LICBENCH_CODECS=palette python -m pytest tests/codecs/test_codec_contract.py        one of them alone
LICBENCH_CONFIG=mine.yaml ...        with the blocks under settings of that config too
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from licbench.codecs.base import Settings
from licbench.codecs.registry import codec_class, codec_ids
from licbench.locations import SHIPPED

ROOT = Path(__file__).parents[2]


def _with_presets(config: dict[str, Any]) -> dict[str, Any]:
    """The config with the blocks of the codecs that only a preset runs."""
    for preset in sorted((ROOT / "workflow" / "presets").glob("*.yaml")):
        held = yaml.safe_load(preset.read_text()).get("settings", {})
        config["settings"] |= {codec: block for codec, block in held.items() if codec not in config["settings"]}
    return config


CONFIG = _with_presets(yaml.safe_load((ROOT / "config.yaml").read_text()))
if own := os.environ.get("LICBENCH_CONFIG"):
    CONFIG["settings"] |= yaml.safe_load(Path(own).read_text())["settings"]
# An installed package may bring a codec that no config has a block for
CODECS = os.environ.get("LICBENCH_CODECS", "").split() or sorted({*codec_ids()} & {*CONFIG["settings"]})


def absent_models(codec: str) -> list[str]:
    """The models of the codec's sweep that are not shipped: a codec of one's own may still have to be trained."""
    names = codec_class(codec).required_models(sweep(codec))
    return [name for name in names if not (SHIPPED / f"{name}.safetensors").is_file()]


def is_ready(codec: str) -> bool:
    """Whether the codec's packages are installed and its models shipped."""
    return not codec_class(codec).missing_packages() and not absent_models(codec)


def measurable(codec: str, stand_ins: Sequence[str] = ()) -> Any:
    """The codec as a parameter of a test, skipped with the reason where its models are neither shipped nor made."""
    absent = [] if codec in stand_ins else absent_models(codec)
    reason = f"not in workflow/resources/weights: {', '.join(absent)}; train them and keep them there"
    if packages := codec_class(codec).missing_packages():
        reason = f"not installed: {', '.join(packages)}; install envs/dev.lock"
    return pytest.param(codec, marks=pytest.mark.skipif(bool(absent or packages), reason=reason))


def every_codec(stand_ins: Sequence[str] = ()) -> pytest.MarkDecorator:
    """Run a test for each registered codec; ``stand_ins`` are those whose models the test makes itself."""
    return pytest.mark.parametrize("codec", [measurable(codec, stand_ins) for codec in CODECS])


def sweep(codec: str) -> Settings:
    """The codec's block under settings in config.yaml, or in the preset that runs it."""
    block: Settings = CONFIG["settings"][codec]
    return block
