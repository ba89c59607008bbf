"""Read by every Python that a test starts as a user would: what envs/run.lock does not name is not installed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType

MISSING = frozenset(os.environ["NOT_IN_RUN_LOCK"].split(","))


class UserPathFinder(PathFinder):
    """Finds no package of developers: an import fails as where it is not installed, and ``find_spec`` gives None."""

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find what the lock names."""
        return None if fullname in MISSING else super().find_spec(fullname, path, target)


sys.meta_path[sys.meta_path.index(PathFinder)] = UserPathFinder
