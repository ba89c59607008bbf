"""A codec that is two command lines of the config: any program that reads and writes files, in its own environment."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import PIL.Image

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.coding import programs
from licbench.coding.programs import HERE, ProgramError
from licbench.errors import BadImageError, ContractError, CorruptStreamError, SettingsError
from licbench.images.files import decode_rgb, write_png
from licbench.schemas import require_valid

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
INPUT, STREAM, OUTPUT = "input", "stream", "output"
SIGNATURES = {"png": b"\x89PNG\r\n\x1a\n", "ppm": b"P6"}
"""Image formats that programs are given and asked for -> how such a file starts."""
VERSION_SECONDS = 20
"""That a program may take to say its version: Snakemake waits for it while it plans."""
IDENTIFYING = ("encode", "decode", "input", "output")
"""The keys that decide bytes and pixels."""
FIXED = (*IDENTIFYING, "version", "extension")
"""The keys of which a codec has one value, under settings and ablations."""

_COMMAND = {"type": "string", "minLength": 1, "maxLength": 10_000}
_VALUE = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._+=-]{0,39}$"}]}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["codec", "encode", "decode", "version", "extension", "points"],
    "properties": {
        "codec": {"description": "That this block is a codec by itself.", "const": "command"},
        "encode": {"description": "Command line that makes {stream} of {input}, with the names in points.", **_COMMAND},
        "decode": {"description": "Command line that makes {output} of {stream} alone.", **_COMMAND},
        "version": {"description": "Command line whose first line of output names the version.", **_COMMAND},
        "extension": {
            "description": "Of the streams' files; no other codec's.",
            "type": "string",
            "pattern": r"^\.[a-z0-9]{1,16}$",
        },
        "points": {
            "description": "The values of each placeholder of encode; several placeholders give every combination.",
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "array", "minItems": 1, "uniqueItems": True, "items": _VALUE},
        },
        "curve": {
            "description": "A name in points: each of its values is a curve. Without it, all points are one curve.",
            "type": "string",
        },
        "input": {"description": "Format of {input}.", "enum": sorted(SIGNATURES), "default": "png"},
        "output": {"description": "Format of {output}.", "enum": sorted(SIGNATURES), "default": "png"},
        "timeout": {
            "description": "Seconds that encoding or decoding one image may take.",
            "type": "number",
            "exclusiveMinimum": 0,
            "default": 600,
        },
        "memory_mb": {
            "description": "MB that the program takes at most: what a cluster is asked for.",
            "type": "integer",
            "minimum": 1,
            "default": 2000,
        },
    },
}
"""What such a block holds."""
DEFAULTS = {key: rule["default"] for key, rule in SCHEMA["properties"].items() if "default" in rule}


def command_class(codec: str, block: Any) -> type[Codec]:
    """The codec that a block under ``settings`` describes.

    Raises:
        SettingsError: the block is not what ``SCHEMA`` asks for, or its command lines do not fit its points.
    """
    place = f"config: settings.{codec}"
    if not NAME.fullmatch(codec):
        raise SettingsError(f"{place}: {codec!r} cannot name a codec; take at most 40 of a-z, 0-9, _, a letter first")
    require_valid(block, SCHEMA, place)
    points: Mapping[str, list[Any]] = block["points"]
    if taken := sorted({INPUT, STREAM, OUTPUT, HERE} & set(points)):
        raise SettingsError(f"{place}.points: {taken[0]} names a file; give the setting another name")
    if bad := [name for name in points if not NAME.fullmatch(name)]:
        raise SettingsError(f"{place}.points: {bad[0]!r} is not up to 40 of a-z, 0-9, _; give it another name")
    if block.get("curve", next(iter(points))) not in points:
        raise SettingsError(f"{place}.curve: {block['curve']!r} is not in points; choose from {', '.join(points)}")
    allowed = {
        "encode": ((INPUT, STREAM, HERE, *points), (INPUT, STREAM, *points)),
        "decode": ((STREAM, OUTPUT, HERE), (STREAM, OUTPUT)),
        "version": ((HERE,), ()),
    }
    words = {}
    for key, (known, needed) in allowed.items():
        try:
            words[key] = programs.split(block[key], known, needed)
        except SettingsError as error:
            raise SettingsError(f"{place}.{key}: {error}") from error
    described = {
        "id": codec,
        "__doc__": f"The command {words['encode'][0]}, by settings.{codec} of the config.",
        "extension": block["extension"],
        "block": {**DEFAULTS, **block},
        "words": words,
        "settings_schema": _schema_of(block),
        "point_schema": {name: _setting(name, values) for name, values in points.items()},
    }
    return type("Command", (Command,), described)


class Command(Codec):
    """What all such codecs share; ``command_class`` makes the class of one."""

    block: ClassVar[Mapping[str, Any]]
    """Of the config, with the defaults."""
    words: ClassVar[Mapping[str, list[str]]]
    """The command lines ``encode``, ``decode`` and ``version``, split, placeholders still in them."""

    @classmethod
    def points(cls, settings: Settings) -> list[OperatingPoint]:
        names, curve = list(settings["points"]), settings.get("curve")
        combinations = itertools.product(*settings["points"].values())
        held = [dict(zip(names, values, strict=True)) for values in combinations]
        return [
            OperatingPoint(
                "-".join(f"{name}{value}" for name, value in values.items()),
                f"{curve}{values[curve]}" if curve else cls.id,
                values,
            )
            for values in held
        ]

    @classmethod
    def memory_mb(cls, settings: Settings, megapixels: float) -> float:
        return super().memory_mb(settings, megapixels) + float({**DEFAULTS, **settings}["memory_mb"])

    @classmethod
    def files(cls) -> list[Path]:
        """The files that the command lines name by a path: a change of one measures anew."""
        return [file for words in cls.words.values() for file in programs.named_files(words)]

    def version(self) -> str:
        identity = json.dumps([self.block[key] for key in IDENTIFYING])
        words = tuple(programs.fill(self.words["version"], {}))
        try:
            said = _first_line(words)
        except (SettingsError, ProgramError) as error:
            raise SettingsError(f"codec {self.id}: its version: {error}; see settings.{self.id}.version") from error
        return f"{said}, command {hashlib.sha256(identity.encode()).hexdigest()[:12]}"

    def encode(self, image: Image, point: OperatingPoint) -> bytes:
        with tempfile.TemporaryDirectory(prefix="encode-") as name:
            folder, input_name = Path(name), f"{INPUT}.{self.block['input']}"
            if self.block["input"] == "png":
                write_png(folder / input_name, image)
            else:
                PIL.Image.fromarray(image).save(folder / input_name, "PPM")
            values = {setting: str(value) for setting, value in point.settings.items()}
            try:
                return self._made("encode", folder, STREAM + self.extension, {INPUT: input_name, **values})
            except ProgramError as error:
                raise ContractError(
                    f"codec {self.id}: its encoder {error} at point {point.id}; try settings.{self.id}.encode by hand"
                ) from error

    def decode(self, stream: bytes) -> Image:
        with tempfile.TemporaryDirectory(prefix="decode-") as name:
            folder, stream_name = Path(name), STREAM + self.extension
            (folder / stream_name).write_bytes(stream)
            try:
                output = self._made("decode", folder, f"{OUTPUT}.{self.block['output']}", {STREAM: stream_name})
            except ProgramError as error:
                raise CorruptStreamError(
                    f"codec {self.id}: its decoder {error}; the stream is damaged, or needs more than itself: "
                    f"try settings.{self.id}.decode in an empty folder"
                ) from error
        return self._read(output)

    def _made(self, key: str, folder: Path, wanted: str, values: Mapping[str, str]) -> bytes:
        """Run a command in its folder; the content of the file that it has to make there."""
        placeholder = STREAM if key == "encode" else OUTPUT
        given = {path.name for path in folder.iterdir()}
        words = programs.fill(self.words[key], {**values, placeholder: wanted})
        try:
            programs.run(words, folder, self.block["timeout"])
        except SettingsError as error:
            raise SettingsError(f"codec {self.id}: its {key}r: {error}; see settings.{self.id}.{key}") from error
        file = folder / wanted
        if file.is_file() and file.stat().st_size:
            return file.read_bytes()
        others = sorted({path.name for path in folder.iterdir()} - given - {wanted})
        wrote = "an empty file" if file.is_file() else f"{', '.join(others[:3])} instead" if others else "nothing"
        raise ContractError(
            f"codec {self.id}: its {key}r wrote {wrote}, not the file {{{placeholder}}} ({wanted} in the folder that "
            f"it runs in); fix settings.{self.id}.{key}"
        )

    def _read(self, output: bytes) -> Image:
        kind = self.block["output"]
        try:
            if not output.startswith(SIGNATURES[kind]):
                raise BadImageError(f"is no {kind.upper()} file; set output to what it writes")
            return decode_rgb(output, f"{OUTPUT}.{kind}")
        except BadImageError as error:
            raise ContractError(
                f"codec {self.id}: what its decoder wrote cannot be read: {error}; fix settings.{self.id}.decode"
            ) from error


@cache
def _first_line(words: tuple[str, ...]) -> str:
    """The first line of what a program says, alone in a folder; asked once in a process."""
    with tempfile.TemporaryDirectory(prefix="version-") as folder:
        said = programs.run(words, Path(folder), VERSION_SECONDS)
    if not said:
        raise ProgramError(f"{words[0]} says nothing")
    return said


def _schema_of(block: Settings) -> Mapping[str, Any]:
    """``SCHEMA`` for this codec alone: a further block, under ablations, gives other points of the same program."""
    properties = dict(SCHEMA["properties"])
    for key in FIXED:
        properties[key] = {**properties[key], "const": block.get(key, DEFAULTS.get(key))}
    required = [key for key in SCHEMA["properties"] if key in SCHEMA["required"] or (key in FIXED and key in block)]
    return {**SCHEMA, "required": required, "properties": properties}


def _setting(name: str, values: list[Any]) -> Mapping[str, Any]:
    """How ``encode.py`` reads a placeholder's value: as what its values in points are."""
    described = {"description": f"{{{name}}} of the command line.", "default": values[0]}
    if all(isinstance(value, int) for value in values):
        return {"type": "integer", **described}
    if all(isinstance(value, int | float) for value in values):
        return {"type": "number", **described}
    return {"type": "string", "pattern": _VALUE["anyOf"][1]["pattern"], **described}
