"""Which codecs there are. The only place that imports a module by a computed name."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pathlib import Path

from licbench.codecs.base import Codec
from licbench.errors import SettingsError

CODEC_FOLDER = Path(__file__).parent / "codecs"


def codec_ids() -> list[str]:
    """The ids of all codecs: the modules in ``codecs/`` except the contract itself."""
    return sorted(path.stem for path in CODEC_FOLDER.glob("*.py") if path.stem not in {"__init__", "base"})


@cache
def codec_class(codec: str) -> type[Codec]:
    """The class of the codec with this id.

    Raises:
        SettingsError: there is no such codec, or its file does not define exactly one.
    """
    if codec not in codec_ids():
        raise SettingsError(f"unknown codec {codec!r}; choose from {', '.join(codec_ids())}")
    module = import_module(f"licbench.codecs.{codec}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Codec) and value.__module__ == module.__name__
    ]
    if len(found) != 1 or found[0].id != codec:
        raise SettingsError(f"codecs/{codec}.py must define exactly one codec with id {codec!r}; mend that file")
    return found[0]


def codec_of_file(name: str) -> str:
    """The id of the codec whose extension ``name`` carries."""
    suffix = Path(name).suffix.lower()
    owners = {codec_class(codec).extension: codec for codec in codec_ids()}
    if suffix not in owners:
        raise SettingsError(f"{name}: no codec writes {suffix or 'files without extension'!r}; pass --codec")
    return owners[suffix]
