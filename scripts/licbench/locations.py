"""The paths of the project's own files, wherever its programs are started."""

from __future__ import annotations

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
"""The folder with the Snakefile."""
CONFIG = PROJECT / "config.yaml"
"""The settings that it comes with."""
RESOURCES = PROJECT / "workflow" / "resources"
"""What the workflow comes with: manifests, published values, models, reference results."""
SHIPPED = RESOURCES / "weights"
"""The models that come with the project."""
STAGES = RESOURCES / "stages"
"""Models that further training starts from, and with which nothing is measured yet."""
HALF_TRAINED = RESOURCES / "half_trained"
"""Models after half the training of those of the same name, or less: what the claims know of training."""
REFERENCE = RESOURCES / "reference"
"""The reference results, a folder for each dataset."""
SCHEMA = PROJECT / "workflow" / "schemas" / "config.schema.yaml"
"""What the config may hold."""
TEMPLATES = PROJECT / "workflow" / "report"
"""The report's templates, captions and texts."""


def known_as(path: Path) -> str:
    """A file's name in records: within the project if it comes with it, so that the same in every checkout."""
    whole = path.resolve()
    return str(whole.relative_to(RESOURCES.parents[1]) if whole.is_relative_to(RESOURCES) else path)
