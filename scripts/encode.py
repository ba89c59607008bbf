"""Encode one image with one codec.

python scripts/encode.py bpg photo.png photo.bpg --qp 37
python scripts/encode.py CODEC --help      what the codec can be set to
python scripts/encode.py --config my.yaml CODEC ...      with the codecs that are commands of that config
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from licbench.cli import add_config, run
from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids, commands_in, declare_commands
from licbench.files import write_bytes
from licbench.images.files import read_rgb
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore
from licbench.schemas import require_valid


def main() -> None:
    """Parse the command line and encode."""
    # Which codecs there are, and so the rest of the command line, depends on the config
    before = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    add_config(before)
    declare_commands(commands_in(before.parse_known_args()[0].config))
    options = vars(parser().parse_args())
    del options["config"]
    codec = codec_class(options.pop("codec"))
    image, out, weights = (options.pop(name) for name in ("image", "out", "weights"))
    require_valid(options, {"type": "object", "properties": dict(codec.point_schema)}, codec.id)
    pixels = read_rgb(image)
    stream = codec(ModelStore(weights)).encode(pixels, OperatingPoint("given", "given", options))
    write_bytes(out, stream)
    print(f"{out}: {len(stream)} bytes, {8 * len(stream) / (pixels.shape[0] * pixels.shape[1]):.4f} bpp")


def parser() -> argparse.ArgumentParser:
    """The command line: a subcommand for each codec, an option for each of its settings."""
    root = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_config(root)
    commands = root.add_subparsers(dest="codec", required=True, metavar="CODEC", help=", ".join(codec_ids()))
    for codec in codec_ids():
        kind = codec_class(codec)
        summary = (kind.__doc__ or "").splitlines()[0]
        command = commands.add_parser(codec, help=summary, description=f"{summary} Writes a {kind.extension} file.")
        command.add_argument("image", type=Path, help="the image to encode (PNG, JPEG, ...; 8-bit RGB)")
        command.add_argument("out", type=Path, help=f"the file to write, usually *{kind.extension}")
        command.add_argument(
            "--weights", type=Path, default=SHIPPED, help="folder of trained models (default: shipped)"
        )
        for name, schema in kind.point_schema.items():
            command.add_argument(f"--{name.replace('_', '-')}", dest=name, **_option(schema))
    return root


def _option(schema: Mapping[str, Any]) -> dict[str, Any]:
    """How argparse reads a setting with this JSON schema."""
    choices = schema.get("enum")
    ends = (f"{word} {schema[key]:g}" for word, key in (("from", "minimum"), ("to", "maximum")) if key in schema)
    text = f"{' '.join([schema['description'], *ends])} (default: {schema['default']})"
    if schema.get("type") == "boolean":
        return {"action": argparse.BooleanOptionalAction, "default": schema["default"], "help": schema["description"]}
    kind = type(choices[0]) if choices else {"integer": int, "number": _number, "string": str}[schema["type"]]
    return {"type": kind, "choices": choices, "default": schema["default"], "help": text}


def _number(text: str) -> float:
    """A finite number: a JSON schema has no means to refuse nan."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


if __name__ == "__main__":
    run(main)
