"""A static range coder over independent coefficients: the caller's counts are the model (section 2.2, ref [15])."""

from __future__ import annotations

from collections.abc import Sequence

import constriction
import numpy as np
import numpy.typing as npt

from licbench.errors import CorruptStreamError

Indices = npt.NDArray[np.int32]
Counts = Sequence[npt.NDArray[np.uint16]]
"""For each coefficient, how often each level occurred; no zeros."""

WORD = np.dtype("<u4")


def encode(indices: Indices, counts: Counts) -> bytes:
    """Range-coded bytes of (tiles, N) indices, coefficient after coefficient; one with a single level costs nothing."""
    encoder = constriction.stream.queue.RangeEncoder()
    for column, table in zip(indices.T, counts, strict=True):
        if len(table) > 1:
            encoder.encode(np.ascontiguousarray(column, np.int32), _model(table))
    data: bytes = encoder.get_compressed().astype(WORD).tobytes()
    return data.rstrip(b"\0")


def decode(data: bytes, tiles: int, counts: Counts) -> Indices:
    """The indices of ``encode``: int32, (tiles, N).

    Raises:
        CorruptStreamError: the data is not what an encoder with these counts writes.
    """
    padded = data + bytes(-len(data) % WORD.itemsize)
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(padded, WORD).astype(np.uint32))
    indices = np.zeros((tiles, len(counts)), np.int32)
    try:
        for index, table in enumerate(counts):
            if len(table) > 1:
                indices[:, index] = decoder.decode(_model(table), tiles)
    except AssertionError as error:  # what constriction raises for data no encoder writes
        raise CorruptStreamError(f"range-coded data is damaged ({error}); fetch the file again") from error
    return indices


def _model(counts: npt.NDArray[np.uint16]) -> constriction.stream.model.Categorical:
    return constriction.stream.model.Categorical(counts / counts.sum(dtype=np.float64), perfect=False)
