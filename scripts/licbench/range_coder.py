"""A range coder over coefficients: the caller's frequencies are the model (section 2.2, ref [15])."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Protocol

import constriction
import numpy as np
import numpy.typing as npt

from licbench.errors import CorruptStreamError

Indices = npt.NDArray[np.int32]
Counts = Sequence[npt.NDArray[Any]]
"""For each coefficient, how often each level occurred; no zeros."""
Group = tuple[npt.NDArray[np.intp] | slice, npt.NDArray[Any]]
"""Tiles that share a table, and the table: for each level a positive weight."""

WORD = np.dtype("<u4")


class Frequencies(Protocol):
    """What encoder and decoder ask, coefficient by coefficient; both must compute the very same numbers."""

    def groups(self, index: int) -> Iterable[Group]:
        """The tables of coefficient ``index``, for all tiles together."""

    def observe(self, index: int, column: Indices) -> None:
        """Coefficient ``index`` of all tiles, (tiles,), which later tables may depend on."""


class Static:
    """One table a coefficient, whatever came before: the coder of the paper."""

    def __init__(self, counts: Counts) -> None:
        self._counts = counts

    def groups(self, index: int) -> Iterable[Group]:
        return [(slice(None), self._counts[index])]

    def observe(self, index: int, column: Indices) -> None:
        pass


def encode(indices: Indices, frequencies: Frequencies) -> bytes:
    """Range-coded bytes of (tiles, N) indices, coefficient after coefficient; one with a single level costs nothing."""
    encoder = constriction.stream.queue.RangeEncoder()
    for index, column in enumerate(indices.T):
        for tiles, weights in frequencies.groups(index):
            if len(weights) > 1:
                encoder.encode(np.ascontiguousarray(column[tiles], np.int32), _model(weights))
        frequencies.observe(index, column)
    data: bytes = encoder.get_compressed().astype(WORD).tobytes()
    return data.rstrip(b"\0")


def decode(data: bytes, shape: tuple[int, int], frequencies: Frequencies) -> Indices:
    """The indices of ``encode``: int32, of the given (tiles, N).

    Raises:
        CorruptStreamError: the data is not what an encoder with these frequencies writes.
    """
    padded = data + bytes(-len(data) % WORD.itemsize)
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(padded, WORD).astype(np.uint32))
    indices = np.zeros(shape, np.int32)
    try:
        for index, column in enumerate(indices.T):
            for tiles, weights in frequencies.groups(index):
                if len(weights) > 1:
                    column[tiles] = decoder.decode(_model(weights), len(column[tiles]))
            frequencies.observe(index, column)
    except AssertionError as error:  # what constriction raises for data no encoder writes
        raise CorruptStreamError(f"range-coded data is damaged ({error}); fetch the file again") from error
    return indices


def _model(weights: npt.NDArray[Any]) -> constriction.stream.model.Categorical:
    return _categorical(weights.tobytes(), weights.dtype.str)


@lru_cache(maxsize=2**12)
def _categorical(table: bytes, kind: str) -> constriction.stream.model.Categorical:
    """Kept for the decoder and the next picture: making one takes longer than coding by it."""
    weights = np.frombuffer(table, kind)
    return constriction.stream.model.Categorical(weights / weights.sum(dtype=np.float64), perfect=False)
