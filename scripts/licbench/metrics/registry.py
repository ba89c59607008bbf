"""Which further metrics there are. Finding their names imports none of them, as Snakemake asks while it plans."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from licbench.errors import SettingsError
from licbench.metrics.base import Metric
from licbench.schemas import require_valid

METRIC = re.compile(r"^METRIC\b", re.MULTILINE)


@cache
def metric_modules() -> Mapping[str, str]:
    """Metric -> the module that defines it: those of this folder with a ``METRIC``, which names its class.

    The one place that says where metrics come from: packages that register some (entry points of the group
    ``licbench.metrics``) join here.
    """
    modules = sorted(Path(__file__).parent.glob("*.py"))
    own = Path(__file__).name
    return {path.stem: f"licbench.metrics.{path.stem}" for path in modules if path.name != own and _defines_one(path)}


def metric_ids() -> list[str]:
    """The ids of all metrics."""
    return sorted(metric_modules())


@cache
def metric_class(metric: str) -> type[Metric]:
    """The class of the metric with this id: its ``higher_is_better``, ``domain`` and ``quality`` say how to read it.

    Raises:
        SettingsError: there is no such metric, or its file does not define it.
    """
    if metric not in metric_modules():
        raise SettingsError(f"unknown metric {metric!r}; choose from {', '.join(metric_ids())}")
    name = metric_modules()[metric]
    try:
        found = import_module(name).METRIC
    except Exception as error:
        raise SettingsError(
            f"{name} cannot be imported ({type(error).__name__}: {error}); fix that file, or remove it"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Metric) and getattr(found, "id", None) == metric):
        raise SettingsError(f"{name}: METRIC must be a subclass of Metric with id {metric!r}; fix that file")
    return found


def make_metric(metric: str, settings: Mapping[str, Any]) -> Metric:
    """The metric with the settings of its block.

    Raises:
        SettingsError: there is no such metric, or the settings are not what it takes.
    """
    kind = metric_class(metric)
    require_valid(settings, kind.settings_schema, f"metric_settings.{metric}")
    return kind(settings)


def missing_package(metric: str, error: ImportError) -> SettingsError:
    """The line for a metric whose package is not installed."""
    needed = metric_class(metric).requires
    return SettingsError(f"metric {metric} needs {error.name or needed}, which is missing; run: pip install {needed}")


def _defines_one(path: Path) -> bool:
    return METRIC.search(path.read_text()) is not None
