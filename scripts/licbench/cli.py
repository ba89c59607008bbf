"""What scripts share: how they end, and the arguments that several of them take."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from licbench.errors import LicbenchError

INTERRUPTED = 130


def figure_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the places of a figure's data and drawings."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--csv", required=True, type=Path, help="where the figure's data goes")
    parser.add_argument("--drawings", required=True, nargs="+", type=Path, help="PNG and PDF files to draw")
    return parser


def add_rows(parser: argparse.ArgumentParser, nargs: str | None = None) -> None:
    """The dataset's rows, as the argument ``rows``."""
    parser.add_argument("rows", nargs=nargs, type=Path, help="the dataset's rows (collect.py)")


def add_published(parser: argparse.ArgumentParser, what: str) -> None:
    """The file of published values, as ``paper``."""
    parser.add_argument("--paper", required=True, type=Path, help=f"the published {what}, as CSV")


def add_published_curves(parser: argparse.ArgumentParser) -> None:
    """Entries of the config's ``published_curves``, as a list of that name."""
    text = "the config's entries of curves that others published, as JSON"
    parser.add_argument("--published-curves", type=json.loads, default=[], help=text)


def add_cards(parser: argparse.ArgumentParser) -> None:
    """Model cards and the paper's training budget, as ``cards`` and ``budget``."""
    parser.add_argument("--cards", nargs="*", type=Path, default=[], help="cards of the models behind the rows")
    budget = "crops in the paper's training, JSON: network to number"
    parser.add_argument("--budget", required=True, type=json.loads, help=budget)


def add_entries(parser: argparse.ArgumentParser) -> None:
    """The entries of a table, as ``entries``."""
    parser.add_argument("--entries", required=True, type=json.loads, help="the config's block of the table, as JSON")


def add_config(parser: argparse.ArgumentParser) -> None:
    """The config that says which commands are codecs, as ``config``; None is the project's."""
    text = "a config (YAML) with the codecs that are commands (default: config.yaml of the project)"
    parser.add_argument("--config", type=Path, help=text)


def run(main: Callable[[], None]) -> None:
    """Call ``main`` and exit: 0 on success, one line and 1 for what was foreseen, 130 when interrupted."""
    try:
        main()
    except LicbenchError as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:
            raise
        print(f"error: {error.filename}: {error.strerror}; check the path, its rights and the disk", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
