"""Which codecs there are: files of this folder, installed packages' and the config's commands.

The only place of the room that imports a module by a computed name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from licbench.codecs.base import Codec
from licbench.errors import SettingsError
from licbench.locations import CONFIG
from licbench.plugins import Plugin, plugins

CODEC_FOLDER = Path(__file__).parent
EXTENSION = re.compile(r"\.[a-z0-9]{1,16}")


NOT_CODECS = {"__init__", "base", "command", "registry"}
"""Modules of the folder that are no codec by themselves."""
GROUP = "licbench.codecs"
"""Entry points by which installed packages bring codecs."""

_commands: dict[str, type[Codec]] = {}
"""The commands of this process's config, by id."""


def codec_ids() -> list[str]:
    """The ids of all codecs: the modules of this folder, the installed packages' and the declared commands.

    Raises:
        SettingsError: a package brings a codec with the id of one of the project's.
    """
    own, packaged = _own_ids(), plugins(GROUP)
    for codec in own & set(packaged):
        raise SettingsError(
            f"package {packaged[codec].package} brings codec {codec}, which the project has; rename it there, or "
            f"remove it: pip uninstall {packaged[codec].package}"
        )
    return sorted({*own, *packaged, *_commands})


def declare_commands(settings: object) -> None:
    """Make known the codecs that are commands, out of the blocks of a config's ``settings``, in place of earlier ones.

    Raises:
        SettingsError: such a block is faulty, or its name is another codec's.
    """
    blocks = settings.items() if isinstance(settings, Mapping) else ()
    found = {str(codec): block for codec, block in blocks if isinstance(block, Mapping) and "codec" in block}
    if not found and not _commands:
        return
    _commands.clear()
    codec_class.cache_clear()
    # By a computed name, so that an edit of it concerns its own jobs alone
    command_class = import_module(f"{__package__}.command").command_class
    for codec, block in found.items():
        if codec in codec_ids():
            raise SettingsError(
                f"config: settings.{codec} is a command, but {place(codec)} has that codec; give it another name"
            )
        _commands[codec] = command_class(codec, block)


def commands_in(config: Path | None) -> Mapping[str, Any]:
    """The blocks of a config file for ``declare_commands``; without a file, those of the project's config.

    Raises:
        SettingsError: the file is no config.
    """
    if config is None and not CONFIG.is_file():  # the package alone, without the workflow
        return {}
    import yaml  # noqa: PLC0415  jobs get their blocks as JSON

    try:
        read = yaml.safe_load((config or CONFIG).read_text())
        settings: Mapping[str, Any] = read["settings"]
        return {codec: block for codec, block in settings.items() if "codec" in block}
    except (OSError, ValueError, TypeError, LookupError, AttributeError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingsError(f"{config or CONFIG}: no config with settings ({reason}); check the path") from error


@cache
def codec_class(codec: str) -> type[Codec]:
    """The class of the codec with this id.

    Raises:
        SettingsError: there is no such codec, or its file does not define exactly one, or its package another thing.
    """
    if codec in _commands:
        return _commands[codec]
    if codec in _own_ids():
        return _class_of_module(codec)
    if codec in plugins(GROUP):
        return _class_of_package(plugins(GROUP)[codec])
    raise SettingsError(f"unknown codec {codec!r}; choose from {', '.join(codec_ids())}")


def place(codec: str) -> str:
    """Where a codec is written, for messages."""
    if codec in _commands:
        return f"settings.{codec} of the config"
    if codec not in _own_ids() and codec in plugins(GROUP):
        return f"package {plugins(GROUP)[codec].package}"
    return f"scripts/licbench/codecs/{codec}.py"


def maker(codec: str) -> str:
    """The installed package that brings a codec, with its version; empty for the project's own and for commands."""
    brought = codec not in _commands and codec not in _own_ids() and codec in plugins(GROUP)
    return plugins(GROUP)[codec].maker if brought else ""


def sources(codec: str) -> list[str]:
    """The modules of a codec: within the project as ``dependencies.closure`` names them, of a package by their path."""
    if codec in _commands:
        return ["scripts/licbench/codecs/command.py"]
    if codec not in _own_ids() and codec in plugins(GROUP):
        return [str(path) for path in plugins(GROUP)[codec].sources()]
    return [f"scripts/licbench/codecs/{codec}.py"]


def _own_ids() -> set[str]:
    return {path.stem for path in CODEC_FOLDER.glob("*.py")} - NOT_CODECS


def _class_of_module(codec: str) -> type[Codec]:
    try:
        module = import_module(f"licbench.codecs.{codec}")
    except Exception as error:
        raise SettingsError(
            f"codecs/{codec}.py cannot be imported ({type(error).__name__}: {error}); fix that file, or remove it"
        ) from error
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Codec) and value.__module__ == module.__name__
    ]
    if len(found) != 1 or found[0].id != codec:
        raise SettingsError(f"codecs/{codec}.py must define exactly one codec with id {codec!r}; fix that file")
    return found[0]


def _class_of_package(plugin: Plugin) -> type[Codec]:
    found = plugin.load()
    if not (isinstance(found, type) and issubclass(found, Codec) and getattr(found, "id", None) == plugin.name):
        raise SettingsError(
            f"package {plugin.package}: {plugin.entry_point.value} is no subclass of licbench.codecs.base.Codec with "
            f"id {plugin.name!r}; fix its entry point, or remove it: pip uninstall {plugin.package}"
        )
    return found


def extensions() -> Mapping[str, str]:
    """The extension of every codec's files -> its id.

    Raises:
        SettingsError: an extension is no suffix of a file, or two codecs share one.
    """
    owners: dict[str, str] = {}
    for codec in codec_ids():
        extension = getattr(codec_class(codec), "extension", None)
        if not isinstance(extension, str) or not EXTENSION.fullmatch(extension):
            raise SettingsError(
                f"{place(codec)}: extension {extension!r} is not a dot and up to 16 of a-z, 0-9; fix it"
            )
        if extension in owners:
            raise SettingsError(
                f"{place(owners[extension])} and {place(codec)} both write {extension} files; "
                "give one of them another extension"
            )
        owners[extension] = codec
    return owners


def codec_of_file(name: str) -> str:
    """The id of the codec whose extension ``name`` carries."""
    suffix, owners = Path(name).suffix.lower(), extensions()
    if suffix not in owners:
        raise SettingsError(f"{name}: no codec writes {suffix or 'files without extension'!r}; pass --codec")
    return owners[suffix]
