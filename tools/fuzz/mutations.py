"""Damage to bytes and to trees of JSON values, drawn from a seeded generator."""

from __future__ import annotations

import binascii
import copy
import random
from collections.abc import Sequence
from typing import Any

EDGES = (0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF)
NUMBERS = (0, 1, 7, 127, 128, 255, 256, 4096, 32767, 65535, 65536, 2**24, 2**31 - 1, 2**31, 2**32 - 1)
HEADER = 40
"""Half of all damage goes to the first bytes, where formats keep their sizes."""
ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e-9, 1e308, float("nan"), float("inf"), 2**63, -(2**70), "", "0", "x" * 5000, "\0", "ä\n", [],
    [[]], [None], {}, {"": 0}, {1: 2}, {None: None},
)  # fmt: skip
DEEP = 3000


def place(rng: random.Random, length: int) -> int:
    return rng.randrange(min(length, HEADER) if rng.random() < 0.5 else length)


def damaged(rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """One of the seeds after one to four mutations."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        if not data:
            return rng.randbytes(rng.randrange(64))
        _damage(rng, data, seeds)
    return bytes(data)


def _damage(rng: random.Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = place(rng, len(data))
    match rng.randrange(10):
        case 0 | 1:
            data[at] ^= 1 << rng.randrange(8)
        case 2:
            data[at] = rng.choice(EDGES)
        case 3:  # a length field
            size = rng.choice((2, 4))
            order = "big" if rng.random() < 0.5 else "little"
            number = rng.choice(NUMBERS) % 256**size
            data[at : at + size] = number.to_bytes(size, order)  # type: ignore[arg-type]
        case 4:
            del data[at:]
        case 5:
            del data[at : at + rng.choice((1, 2, 4, rng.randrange(1, len(data) + 1)))]
        case 6:
            data[at:at] = data[at : at + rng.randrange(1, 64)] * rng.choice((1, 1, 2, 16))
        case 7:  # the head of one with the tail of another
            other = rng.choice(seeds)
            data[at:] = other[place(rng, len(other)) :] if other else b""
        case 8:
            data[at : at + rng.randrange(1, 9)] = rng.randbytes(rng.randrange(1, 9))
        case _:  # a number of 7 bits a byte, in either order
            data[at : at + 1] = bytes([*rng.randbytes(rng.randrange(5))]).replace(b"\0", b"\xff") + bytes([at & 0x7F])


def resealed(body: bytes) -> bytes:
    """The body of one of our own streams behind a right checksum."""
    return body + binascii.crc_hqx(body, 0xFFFF).to_bytes(2, "big")


def damaged_tree(rng: random.Random, tree: Any) -> Any:
    """A copy of a JSON tree in which one to three places hold something else, or nothing."""
    tree = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 2, 3))):
        parent = tree
        while True:
            keys = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(parent[key], dict | list) and parent[key] and rng.random() < 0.75:
                parent = parent[key]
                continue
            _change(rng, parent, key)
            break
    return tree


def _change(rng: random.Random, parent: Any, key: Any) -> None:
    match rng.randrange(6):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[rng.choice(("unknown", "", 1, None, True, 2.5))] = parent.pop(key)
        case 2 if isinstance(parent[key], int | float):
            parent[key] *= rng.choice((-1, 0, 1.5, 10**6))
        case 3 if isinstance(parent, list):
            parent.extend(parent * rng.choice((1, 20)))
        case 4:
            nested: Any = []
            for _ in range(rng.choice((2, DEEP))):
                nested = [nested]
            parent[key] = nested
        case _:
            parent[key] = copy.deepcopy(rng.choice(ODD_VALUES))
