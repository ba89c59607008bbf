"""A range coder over coefficients: the caller's frequencies are the model (section 2.2, ref [15])."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeAlias

import constriction
import numpy as np
import numpy.typing as npt

from licbench.errors import CorruptStreamError

Indices = npt.NDArray[np.int32]
Counts = Sequence[npt.NDArray[Any]]
"""For each coefficient, how often each level occurred; no zeros."""
Table: TypeAlias = "constriction.stream.model.Categorical | None"
"""None where there is a single level, which takes no bits."""
Group = tuple[npt.NDArray[np.intp] | slice, Table]
"""Tiles that share a table, and the table."""

EVERY_TILE = slice(None)
WORD = np.dtype("<u4")


class Frequencies(Protocol):
    """The probability model, coefficient by coefficient; encoder and decoder must compute the very same tables."""

    def groups(self, index: int) -> Iterable[Group]:
        """The tables of coefficient ``index``, for all tiles together."""

    def observe(self, index: int, column: Indices) -> None:
        """Coefficient ``index`` of all tiles, (tiles,), which later tables may depend on."""


class Static:
    """One table for each coefficient, whatever was coded before: the coder of the paper."""

    def __init__(self, counts: Counts) -> None:
        self._groups = [[(EVERY_TILE, table_of(weights))] for weights in counts]

    def groups(self, index: int) -> Iterable[Group]:
        return self._groups[index]

    def observe(self, index: int, column: Indices) -> None:
        pass


def table_of(weights: npt.NDArray[Any]) -> Table:
    """The table of levels that occur in proportion to ``weights``, which are positive, of any dtype."""
    if len(weights) == 1:
        return None
    table: Table = constriction.stream.model.Categorical(weights / weights.sum(dtype=np.float64), perfect=False)
    return table


class Encoder:
    """Writes parts one after the other into one range-coded message."""

    def __init__(self) -> None:
        self._encoder = constriction.stream.queue.RangeEncoder()

    def write(self, indices: Indices, frequencies: Frequencies) -> None:
        """(tiles, N) indices, coefficient after coefficient."""
        for index, column in enumerate(np.ascontiguousarray(indices.T, np.int32)):
            for tiles, table in frequencies.groups(index):
                if table is not None:
                    self._encoder.encode(column[tiles], table)
            frequencies.observe(index, column)

    def finish(self) -> bytes:
        """The message, without the zeros at its end."""
        data: bytes = self._encoder.get_compressed().astype(WORD).tobytes()
        return data.rstrip(b"\0")


class Decoder:
    """Reads the parts of an ``Encoder``'s message."""

    def __init__(self, data: bytes) -> None:
        padded = data + bytes(-len(data) % WORD.itemsize)
        self._decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(padded, WORD).astype(np.uint32))

    def read(self, shape: tuple[int, int], frequencies: Frequencies) -> Indices:
        """The indices of a part: int32, of the given (tiles, N); 0 where ``frequencies`` has no group for them.

        Raises:
            CorruptStreamError: the data is not what an encoder with these frequencies writes.
        """
        columns = np.zeros(shape[::-1], np.int32)
        try:
            for index, column in enumerate(columns):
                for tiles, table in frequencies.groups(index):
                    if table is not None:
                        column[tiles] = self._decoder.decode(table, len(column[tiles]))
                frequencies.observe(index, column)
        except AssertionError as error:  # what constriction raises for data no encoder writes
            raise CorruptStreamError(f"range-coded data is damaged ({error}); fetch the file again") from error
        return np.ascontiguousarray(columns.T)


def encode(indices: Indices, frequencies: Frequencies) -> bytes:
    """Range-coded bytes of (tiles, N) indices, a message of one part."""
    encoder = Encoder()
    encoder.write(indices, frequencies)
    return encoder.finish()


def decode(data: bytes, shape: tuple[int, int], frequencies: Frequencies) -> Indices:
    """The indices of ``encode``: int32, of the given (tiles, N).

    Raises:
        CorruptStreamError: the data is not what an encoder with these frequencies writes.
    """
    return Decoder(data).read(shape, frequencies)
