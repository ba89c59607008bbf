"""How every script ends: 0 on success, one line and 1 for an expected failure, 130 when interrupted."""

from __future__ import annotations

import sys
from collections.abc import Callable

from licbench.errors import LicbenchError

INTERRUPTED = 130


def run(main: Callable[[], None]) -> None:
    """Call ``main`` and exit; what was foreseen, and what the file system refuses, is told without a traceback."""
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
