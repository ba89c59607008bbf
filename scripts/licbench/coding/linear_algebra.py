"""Linear algebra that gives the same bits on every machine, whatever its BLAS, LAPACK and number of threads.

The order of additions in a library's product depends on its kernel and its threads. Everything here is integer
arithmetic, or +, -, *, / and square root of whole arrays, which IEEE 754 defines to the bit, in an order that is fixed.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

BLOCK = 32, 4096
"""Rows and columns of a product that are computed at a time, so that they stay in the cache."""
MOMENT_BITS = 20
"""Bits of a sample in second moments: sums over 2**22 samples fit into 63 bits."""
NEGLIGIBLE = 2.0**-44
"""Covariance, relative to the largest moment, that counts as zero; the axes are sent in 12 bits."""
MAX_SWEEPS = 40
"""Jacobi sweeps; at most twelve were ever needed."""


def product(left: npt.NDArray[Any], right: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The matrix product (m, k) x (k, n), added up in the order of k, in the wider of the two float types."""
    dtype = np.result_type(left, right)
    left, right = left.astype(dtype, copy=False), right.astype(dtype, copy=False)
    summed = np.zeros((left.shape[0], right.shape[1]), dtype)
    for top, start in itertools.product(
        *(range(0, side, step) for side, step in zip(summed.shape, BLOCK, strict=True))
    ):
        block = slice(top, top + BLOCK[0]), slice(start, start + BLOCK[1])
        into = summed[block]
        term = np.empty_like(into)
        for index in range(len(right)):
            # Two steps: a fused one rounds once, and not every CPU has it
            np.multiply(left[block[0], index, None], right[index, block[1]], out=term)
            np.add(into, term, out=into)
    return summed


def second_moments(samples: Doubles) -> npt.NDArray[np.int64]:
    """Sums of products of the rows of (n, samples), up to a common factor: exact, of samples rounded to 20 bits."""
    peak = float(np.abs(samples).max(initial=0.0))
    _, exponent = np.frexp(peak)
    rounded = np.rint(np.ldexp(samples, MOMENT_BITS - exponent)).astype(np.int64)
    moments: npt.NDArray[np.int64] = rounded @ rounded.T  # integers: no BLAS, and any order gives the same
    return moments


def principal_axes(moments: npt.NDArray[Any]) -> Doubles:
    """Eigenvectors of a symmetric (n, n) matrix, n even, as columns, the largest eigenvalue first.

    By Jacobi's method, n / 2 disjoint rotations at a time. The entry of largest magnitude of each vector is positive.
    """
    size = len(moments)
    matrix, vectors = moments.astype(np.float64), np.eye(size)
    negligible = NEGLIGIBLE * np.abs(matrix).max(initial=0.0)
    for _ in range(MAX_SWEEPS):
        if np.abs(matrix - np.diag(np.diag(matrix))).max(initial=0.0) <= negligible:
            break
        order = np.arange(size)
        for _ in range(size - 1):
            _rotate(matrix, vectors, (order[: size // 2], order[size // 2 :][::-1]), negligible)
            order[1:] = np.roll(order[1:], 1)  # a round-robin: each pair meets once a sweep
    vectors = vectors[:, np.argsort(-np.diag(matrix), kind="stable")]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(size)]
    axes: Doubles = vectors * np.where(largest < 0, -1.0, 1.0)
    return axes


def _rotate(
    matrix: Doubles, vectors: Doubles, pairs: tuple[npt.NDArray[Any], npt.NDArray[Any]], negligible: float
) -> None:
    """Rotate each pair of coordinates so that their covariance becomes zero."""
    first, second = pairs
    covariance = matrix[first, second]
    related = np.abs(covariance) > negligible
    ratio = np.zeros(len(first))
    np.divide(matrix[second, second] - matrix[first, first], 2 * covariance, out=ratio, where=related)
    tangent = np.where(ratio < 0, -1.0, 1.0) / (np.abs(ratio) + np.sqrt(1 + ratio * ratio))
    tangent = np.where(related, tangent, 0.0)
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    sine = tangent * cosine
    for columns in (matrix, vectors, matrix.T):
        one, other = columns[:, first], columns[:, second]
        columns[:, first] = cosine * one - sine * other
        columns[:, second] = sine * one + cosine * other
