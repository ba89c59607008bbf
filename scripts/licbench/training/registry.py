"""Which networks can be trained; imports no torch, since the config is checked with it."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

TASK = re.compile(r"^TASK\b", re.MULTILINE)


@cache
def network_ids() -> tuple[str, ...]:
    """The networks by name: the modules of this folder that define a ``TASK`` (a ``task.Task``)."""
    modules = sorted(Path(__file__).parent.glob("*.py"))
    own = Path(__file__).name
    return tuple(path.stem for path in modules if path.name != own and TASK.search(path.read_text()))
