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
from licbench.plugins import plugins
from licbench.schemas import require_valid

GROUP = "licbench.metrics"
"""Entry points by which installed packages bring metrics."""
METRIC = re.compile(r"^METRIC\b", re.MULTILINE)


@cache
def metric_modules() -> Mapping[str, str]:
    """The project's own metrics -> their modules: those of this folder with a ``METRIC``, which names the class."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    own = Path(__file__).name
    return {path.stem: f"licbench.metrics.{path.stem}" for path in modules if path.name != own and _defines_one(path)}


def metric_ids() -> list[str]:
    """The ids of all metrics: the project's and the installed packages'.

    Raises:
        SettingsError: a package brings a metric with the id of one of the project's.
    """
    own, packaged = metric_modules(), plugins(GROUP)
    for metric in own.keys() & packaged.keys():
        package = packaged[metric].package
        raise SettingsError(
            f"package {package} brings metric {metric}, which the project has; rename it there, or remove it: "
            f"pip uninstall {package}"
        )
    return sorted({*own, *packaged})


def maker(metric: str) -> str:
    """The package that brings the metric, with its version; empty for one of the project's."""
    return plugins(GROUP)[metric].maker if metric in plugins(GROUP) else ""


def sources(metric: str) -> list[str]:
    """The modules of a metric, as those of codecs in ``codecs.registry.sources``."""
    if metric in plugins(GROUP):
        return [str(path) for path in plugins(GROUP)[metric].sources()]
    return [f"scripts/licbench/metrics/{metric}.py"]


@cache
def metric_class(metric: str) -> type[Metric]:
    """The class of the metric with this id: its ``higher_is_better``, ``domain`` and ``quality`` say how to read it.

    Raises:
        SettingsError: there is no such metric, or its file does not define it.
    """
    if metric not in metric_ids():
        raise SettingsError(f"unknown metric {metric!r}; choose from {', '.join(metric_ids())}")
    if metric in plugins(GROUP):
        return _checked(plugins(GROUP)[metric].load(), metric, f"package {plugins(GROUP)[metric].package}")
    name = metric_modules()[metric]
    try:
        found = import_module(name).METRIC
    except Exception as error:
        raise SettingsError(
            f"{name} cannot be imported ({type(error).__name__}: {error}); fix that file, or remove it"
        ) from error
    return _checked(found, metric, f"{name}: METRIC")


def _checked(found: Any, metric: str, place: str) -> type[Metric]:
    if not (isinstance(found, type) and issubclass(found, Metric) and getattr(found, "id", None) == metric):
        raise SettingsError(f"{place} must be a subclass of Metric with id {metric!r}; correct it there")
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
