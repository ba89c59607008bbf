"""What installed packages bring to the bench, found by their entry points: a codec, a metric or a dataset.

Group               an entry point names
licbench.codecs     a class, a subclass of ``codecs.base.Codec`` whose ``id`` is the entry point's name
licbench.metrics    a class, a subclass of ``metrics.base.Metric`` whose ``id`` is the entry point's name
licbench.datasets   a module whose folder holds datasets.yaml, with the dataset's block, and manifests/{name}.tsv
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from licbench.errors import SettingsError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True)
class Plugin:
    """One entry point: ``name``, the ``package`` that brings it (as ``pip uninstall`` takes it), and its version."""

    name: str
    package: str
    version: str
    entry_point: EntryPoint

    @property
    def maker(self) -> str:
        """The package with its version, as records name it."""
        return f"{self.package} {self.version}"

    def load(self) -> Any:
        """The object that the entry point names.

        Raises:
            SettingsError: it cannot be imported.
        """
        try:
            return self.entry_point.load()
        # What a package of somebody's raises while it is imported, nobody knows
        except Exception as error:
            raise SettingsError(
                f"package {self.package}: {self.entry_point.value} cannot be imported "
                f"({type(error).__name__}: {error}); repair it, or remove it: pip uninstall {self.package}"
            ) from error

    def sources(self) -> list[Path]:
        """The Python files of the package, or of the single module, that the entry point is in."""
        spec = find_spec(self.entry_point.module.partition(".")[0])
        if spec is None:
            return []
        if spec.submodule_search_locations is None:
            return [Path(spec.origin)] if spec.origin else []
        return sorted(path for folder in spec.submodule_search_locations for path in Path(folder).rglob("*.py"))


@cache
def plugins(group: str) -> Mapping[str, Plugin]:
    """By name, what the installed packages bring in a group, such as ``licbench.codecs``; imports none of it.

    Raises:
        SettingsError: a name that is none, or that two packages bring.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415  a codec of the project's own needs no package

    found: dict[str, Plugin] = {}
    for entry_point in sorted(entry_points(group=group), key=lambda one: one.name):
        name, package, version = entry_point.name, "unknown", ""
        if entry_point.dist is not None:
            package, version = entry_point.dist.name, entry_point.dist.version
        if not NAME.fullmatch(name):
            raise SettingsError(
                f"package {package}: {name!r} in {group} is not up to 40 of a-z, 0-9, _; rename its entry point"
            )
        if name in found:
            raise SettingsError(
                f"packages {found[name].package} and {package} both bring {name} in {group}; uninstall one of them"
            )
        found[name] = Plugin(name, package, version, entry_point)
    return found
