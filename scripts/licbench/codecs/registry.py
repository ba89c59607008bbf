"""Which codecs there are. The only place that imports a module by a computed name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pathlib import Path

from licbench.codecs.base import Codec
from licbench.errors import SettingsError

CODEC_FOLDER = Path(__file__).parent
EXTENSION = re.compile(r"\.[a-z0-9]{1,16}")


def codec_ids() -> list[str]:
    """The ids of all codecs: the modules in ``codecs/`` except the contract itself."""
    return sorted(path.stem for path in CODEC_FOLDER.glob("*.py") if path.stem not in {"__init__", "base", "registry"})


@cache
def codec_class(codec: str) -> type[Codec]:
    """The class of the codec with this id.

    Raises:
        SettingsError: there is no such codec, or its file does not define exactly one.
    """
    if codec not in codec_ids():
        raise SettingsError(f"unknown codec {codec!r}; choose from {', '.join(codec_ids())}")
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
                f"codecs/{codec}.py: extension {extension!r} is not a dot and up to 16 of a-z, 0-9; fix it"
            )
        if extension in owners:
            raise SettingsError(
                f"codecs/{owners[extension]}.py and codecs/{codec}.py both write {extension} files; "
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
