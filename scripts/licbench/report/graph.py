"""The rules of the run in the order in which they can run, from Snakemake's own graph of them."""

from __future__ import annotations

import re
from graphlib import TopologicalSorter
from typing import NamedTuple

from licbench.errors import SettingsError


class Rule(NamedTuple):
    """A rule and the rules whose files it reads, both by name."""

    name: str
    needs: list[str]


def rules_in_order(mermaid: str) -> list[Rule]:
    """The rules of what ``snakemake --rulegraph mermaid-js`` prints, each after all that it needs.

    Raises:
        SettingsError: there is no rule in it.
    """
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)", mermaid, re.MULTILINE))
    if not names:
        raise SettingsError("the rule graph names no rule; delete results/provenance/rulegraph.mmd and run again")
    needs: dict[str, list[str]] = {name: [] for name in sorted(names.values())}
    for start, end in re.findall(r"^\s*(id\d+) --> (id\d+)", mermaid, re.MULTILINE):
        needs[names[end]].append(names[start])
    order = TopologicalSorter({name: sorted(found) for name, found in needs.items()}).static_order()
    return [Rule(name, sorted(needs[name])) for name in order]
