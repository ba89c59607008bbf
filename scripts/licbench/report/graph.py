"""The rule graph as boxes in columns, from Snakemake's own drawing of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import networkx as nx

from licbench.errors import SettingsError

WIDTH, HEIGHT = 138, 26
GAP, PITCH = 36, 38
"""Between columns, and from box to box within one; all in pixels."""
MARGIN = 8
SWEEPS = 8

Node = tuple[str, ...]
"""A rule, or a place in a column where an arrow (its two rules, and the column) passes between the boxes."""


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
    """Lay the graph out from left to right, each rule just before what needs it; arrows that others imply are left out.

    The way of Sugiyama, Tagawa and Toda: arrows that pass a column get a place in it, and the places of a column are
    sorted by where their neighbours stand.
    """
    lean = nx.transitive_reduction(graph)
    layers = list(nx.topological_generations(lean.reverse()))[::-1]
    level = {rule: at for at, layer in enumerate(layers) for rule in layer}
    routes = [_route(start, end, level) for start, end in sorted(lean.edges)]
    woven: nx.Graph[Node] = nx.Graph()
    woven.add_nodes_from((rule,) for rule in sorted(level))
    for route in routes:
        nx.add_path(woven, route)
    columns = _ordered(woven, [[node for node in woven if _column(node, level) == at] for at in range(len(layers))])
    tallest = max(map(len, columns))
    places = {
        node: (MARGIN + at * (WIDTH + GAP), MARGIN + (row + (tallest - len(column)) / 2) * PITCH)
        for at, column in enumerate(columns)
        for row, node in enumerate(column)
    }
    boxes = [Box(rule, *places[(rule,)]) for rule in sorted(level)]
    width = 2 * MARGIN + len(columns) * (WIDTH + GAP) - GAP
    height = 2 * MARGIN + tallest * PITCH - (PITCH - HEIGHT)
    return Drawing(boxes, [_path([places[node] for node in route]) for route in routes], width, height)


def _route(start: str, end: str, level: Mapping[str, int]) -> list[Node]:
    between = range(level[start] + 1, level[end])
    return [(start,), *((start, end, str(column)) for column in between), (end,)]


def _column(node: Node, level: Mapping[str, int]) -> int:
    return level[node[0]] if len(node) == 1 else int(node[2])


def _ordered(woven: nx.Graph[Node], columns: list[list[Node]]) -> list[list[Node]]:
    """Every column sorted by the mean place of its neighbours in the column before, then after, and so on."""
    for sweep in range(SWEEPS):
        order = range(len(columns)) if sweep % 2 == 0 else range(len(columns) - 1, -1, -1)
        for at in order:
            beside = at - 1 if sweep % 2 == 0 else at + 1
            if 0 <= beside < len(columns):
                rank = {node: row - len(columns[beside]) / 2 for row, node in enumerate(columns[beside])}
                own = {node: row - len(columns[at]) / 2 for row, node in enumerate(columns[at])}
                columns[at] = sorted(columns[at], key=lambda node: _middle(node, woven, rank, own))
    return columns


def _middle(node: Node, woven: nx.Graph[Node], rank: Mapping[Node, float], own: Mapping[Node, float]) -> float:
    ranks = [rank[other] for other in woven.neighbors(node) if other in rank]
    return sum(ranks) / len(ranks) if ranks else own[node]


def _path(corners: list[tuple[float, float]]) -> str:
    """From the right side of the first box to the left side of the last, level where it passes a column."""
    middle = HEIGHT / 2
    path = f"M{corners[0][0] + WIDTH:g} {corners[0][1] + middle:g}"
    for number, (x, y) in enumerate(corners[1:], start=1):
        before_x, before_y = corners[number - 1][0] + WIDTH, corners[number - 1][1] + middle
        to_x, to_y = (x - 5 if number == len(corners) - 1 else x), y + middle
        path += f" C{before_x + GAP / 2:g} {before_y:g} {to_x - GAP / 2:g} {to_y:g} {to_x:g} {to_y:g}"
        if number < len(corners) - 1:
            path += f" H{x + WIDTH:g}"
    return path
