"""Which source files a script depends on, read from its imports: an edit reruns what uses it, and nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = "licbench"
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")
"""Where a statement holds others."""


@cache
def closure(root: Path, entries: tuple[str, ...]) -> list[str]:
    """The entries and every licbench module they import, directly or not, sorted.

    Paths are relative to ``root``; those of a package outside of it are absolute.

    Importing ``licbench.a.b`` runs the ``__init__.py`` of ``licbench`` and of ``licbench.a`` first, so these count too.
    Modules that ``registry`` imports by a computed name are not seen; name the codec's file as a further entry.
    """
    scripts = root / "scripts"
    waiting, found = [root / entry for entry in entries], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += [*_imports(path, scripts), *_packages_above(path.parent, scripts)]
    return sorted(str(path.relative_to(root) if path.is_relative_to(root) else path) for path in found)


@cache
def _imports(path: Path, scripts: Path) -> list[Path]:
    """Files of the licbench modules that a file imports, also inside functions."""
    names: set[str] = set()
    ours = path.is_relative_to(scripts)
    for node in _statements(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (ours or not node.level):
            module = _absolute(node, path, scripts)
            names.add(module)
            names.update(f"{module}.{alias.name}" for alias in node.names)
    candidates = (_file_of(name, scripts) for name in names if name.split(".")[0] == PACKAGE)
    return [candidate for candidate in candidates if candidate is not None]


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements, those inside of others too; ``ast.walk`` would visit ten times as many nodes."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for block in BLOCKS:
            waiting += getattr(node, block, ())


def _absolute(node: ast.ImportFrom, path: Path, scripts: Path) -> str:
    """The module that a file imports from, also where it says so from its own place."""
    if not node.level:
        return node.module or ""
    package = path.relative_to(scripts).parent.parts
    return ".".join([*package[: len(package) + 1 - node.level], *([node.module] if node.module else [])])


@cache
def _file_of(module: str, scripts: Path) -> Path | None:
    place = scripts / Path(*module.split("."))
    for candidate in (place.with_suffix(".py"), place / "__init__.py"):
        if candidate.is_file():
            return candidate
    return None


@cache
def _packages_above(folder: Path, scripts: Path) -> list[Path]:
    """The ``__init__.py`` of every package that a module of the folder is in."""
    folders = (each for each in (folder, *folder.parents) if each.is_relative_to(scripts / PACKAGE))
    return list(filter(Path.is_file, (each / "__init__.py" for each in folders)))
