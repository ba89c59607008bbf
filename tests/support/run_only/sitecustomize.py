"""Read by every Python that a test starts as a user would: what envs/run.lock does not name cannot be imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

REFUSED = frozenset(os.environ["NOT_IN_RUN_LOCK"].split(","))


class Refusal(MetaPathFinder):
    """Finds nothing; says so for a developer's package before anybody else finds it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Refuse what is not in the lock, and leave the rest to the others."""
        if fullname in REFUSED:
            raise ModuleNotFoundError(f"No module named {fullname!r}: envs/run.lock lacks it", name=fullname)
        return None


sys.meta_path.insert(0, Refusal())
