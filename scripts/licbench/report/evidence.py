"""Files of the run that the pages link to, copied into the report so that the folder is self-contained."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from licbench.files import replacing

FOLDER = "files"
RESULTS = "results"


def address(path: str | Path) -> str:
    """Where a file of the run is copied to in the report, relative to its pages."""
    parts = PurePosixPath(path).parts
    return str(PurePosixPath(FOLDER, *(parts[parts.index(RESULTS) + 1 :] if RESULTS in parts else parts[-2:])))


def copy_all(paths: Iterable[Path], report: Path) -> None:
    """Copy files to their addresses below ``report``."""
    for path in paths:
        with replacing(report / address(path)) as temporary:
            shutil.copyfile(path, temporary)
