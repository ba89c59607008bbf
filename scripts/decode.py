"""Decode one compressed file to PNG.

python scripts/decode.py photo.bpg photo.png
"""

import argparse
from pathlib import Path

from licbench.cli import add_config, run
from licbench.codecs.registry import codec_class, codec_ids, codec_of_file, commands_in, declare_commands
from licbench.errors import CorruptStreamError
from licbench.images.files import write_png
from licbench.locations import SHIPPED
from licbench.networks.store import ModelStore


def main() -> None:
    """Parse the command line and decode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="the compressed file")
    parser.add_argument("out", type=Path, help="the PNG file to write")
    parser.add_argument("--codec", help="which codec wrote it (default: by the file's extension)")
    parser.add_argument("--weights", type=Path, default=SHIPPED, help="folder of trained models (default: shipped)")
    add_config(parser)
    options = parser.parse_args()
    declare_commands(commands_in(options.config))
    if options.codec not in {None, *codec_ids()}:
        parser.error(f"argument --codec: invalid choice: {options.codec!r} (choose from {', '.join(codec_ids())})")
    if not options.file.is_file():
        raise CorruptStreamError(f"{options.file}: no such file; check the path")
    codec = codec_class(options.codec or codec_of_file(options.file.name))
    try:
        image = codec(ModelStore(options.weights)).decode(options.file.read_bytes())
    except CorruptStreamError as error:
        raise CorruptStreamError(f"{options.file}: {error}") from error
    write_png(options.out, image)


if __name__ == "__main__":
    run(main)
