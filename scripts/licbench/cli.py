"""What scripts share: how they end, and the options of those that draw."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from licbench.errors import LicbenchError

INTERRUPTED = 130


def figure_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with the places of a figure's data and pictures."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--csv", required=True, type=Path, help="where the figure's data goes")
    parser.add_argument("--pictures", required=True, nargs="+", type=Path, help="PNG and PDF files to draw")
    return parser


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
