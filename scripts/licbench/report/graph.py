"""The rule graph as boxes in columns, from Snakemake's own drawing of it."""

from __future__ import annotations

import re
from typing import NamedTuple

import networkx as nx

from licbench.errors import SettingsError

WIDTH, HEIGHT = 148, 26
GAP, PITCH = 42, 40
"""Between columns, and from box to box within one; all in pixels."""
MARGIN = 8
SWEEPS = 4


class Box(NamedTuple):
    """A rule and its upper left corner."""

    rule: str
    x: float
    y: float


class Drawing(NamedTuple):
    """Boxes, the paths of the arrows between them, and the size of it all, in pixels."""

    boxes: list[Box]
    arrows: list[str]
    width: float
    height: float


def parse(mermaid: str) -> nx.DiGraph[str]:
    """The graph that ``snakemake --rulegraph mermaid-js`` prints; the arrows follow the data.

    Raises:
        SettingsError: there is no rule in it.
    """
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)", mermaid, re.MULTILINE))
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(names.values())
    links = re.findall(r"^\s*(id\d+) --> (id\d+)", mermaid, re.MULTILINE)
    graph.add_edges_from((names[start], names[end]) for start, end in links)
    if not names:
        raise SettingsError("the rule graph names no rule; delete results/provenance/rulegraph.mmd and run again")
    return graph


def drawing(graph: nx.DiGraph[str]) -> Drawing:
    """Lay the graph out from left to right; arrows that others imply are left out."""
    lean = nx.transitive_reduction(graph)
    columns = _ordered(lean, [sorted(layer) for layer in nx.topological_generations(lean)])
    tallest = max(map(len, columns))
    places = {
        rule: Box(rule, MARGIN + at * (WIDTH + GAP), MARGIN + (row + (tallest - len(column)) / 2) * PITCH)
        for at, column in enumerate(columns)
        for row, rule in enumerate(column)
    }
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    height = 2 * MARGIN + tallest * PITCH - (PITCH - HEIGHT)
    arrows = [_arrow(places[start], places[end]) for start, end in sorted(lean.edges)]
    return Drawing(list(places.values()), arrows, width, height)


def _ordered(graph: nx.DiGraph[str], columns: list[list[str]]) -> list[list[str]]:
    """Within each column, rules near the rules they are tied to: the mean of the neighbours' places, a few times."""
    for sweep in range(SWEEPS):
        rank = {rule: row - len(column) / 2 for column in columns for row, rule in enumerate(column)}
        near = graph.predecessors if sweep % 2 == 0 else graph.successors

        def middle(rule: str, rank: dict[str, float] = rank, near: object = near) -> float:
            ranks = [rank[other] for other in near(rule)]  # type: ignore[operator]
            return sum(ranks) / len(ranks) if ranks else rank[rule]

        columns = [sorted(column, key=middle) for column in columns]
    return columns


def _arrow(start: Box, end: Box) -> str:
    x, y = start.x + WIDTH, start.y + HEIGHT / 2
    to_x, to_y = end.x - 5, end.y + HEIGHT / 2
    bend = x + GAP * 0.5
    return f"M{x:g} {y:g} C{bend:g} {y:g} {to_x - GAP * 0.5:g} {to_y:g} {to_x:g} {to_y:g}"
