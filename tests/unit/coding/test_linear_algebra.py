"""Products and axes to the bit, against Python's own numbers and under other libraries' kernels and threads."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from arithmetic import SURROUNDINGS

from licbench.coding import linear_algebra

DIGESTS = """
import hashlib, sys
import numpy as np
from licbench.coding import linear_algebra
random = np.random.default_rng(1)
left, right = (random.normal(size=shape).astype(sys.argv[1]) for shape in ((400, 256), (256, 256)))
latents = random.normal(size=(32, 32)) @ random.normal(size=(32, 3000))
axes = linear_algebra.principal_axes(linear_algebra.second_moments(latents))
print(*(hashlib.sha256(made.tobytes()).hexdigest() for made in (linear_algebra.product(left, right), axes)))
"""


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_product_is_added_in_order(dtype: type) -> None:
    random = np.random.default_rng(0)
    left, right = (random.normal(size=shape).astype(dtype) for shape in ((40, 30), (30, 5000)))
    made = linear_algebra.product(left, right)
    assert made.dtype == dtype
    for row, column in ((0, 0), (31, 4095), (32, 4096), (39, 4999)):
        expected = dtype(0)
        for index in range(30):
            expected = expected + left[row, index] * right[index, column]
        assert made[row, column] == expected
    assert np.allclose(made, left @ right, rtol=0, atol=1e-4)


def test_mixed_types_meet_in_the_wider() -> None:
    left, right = np.full((1, 3), 1 / 3), np.full((3, 1), 1 / 3, np.float32)
    assert linear_algebra.product(left, right).dtype == np.float64
    assert linear_algebra.product(np.zeros((0, 3)), right).shape == (0, 1)


def test_moments_are_whole_numbers_without_rounding() -> None:
    samples = np.random.default_rng(0).normal(size=(4, 1000)) * 1e5
    whole = [[round(value) for value in row] for row in (samples * 2.0 ** (20 - np.frexp(np.abs(samples).max())[1]))]
    expected = [[sum(a * b for a, b in zip(one, other, strict=True)) for other in whole] for one in whole]
    assert linear_algebra.second_moments(samples).tolist() == expected
    assert not linear_algebra.second_moments(np.zeros((4, 9))).any()


def test_the_largest_picture_does_not_overflow() -> None:
    samples = np.full((2, 2**20), 0.999999)
    assert linear_algebra.second_moments(samples).min() > 2**59


def test_axes_are_eigenvectors_largest_first() -> None:
    random = np.random.default_rng(0)
    samples = (random.normal(size=(32, 32)) * 4.0 ** -np.arange(32)) @ random.normal(size=(32, 500))
    moments = linear_algebra.second_moments(samples)
    axes = linear_algebra.principal_axes(moments)
    assert np.abs(axes.T @ axes - np.eye(32)).max() < 1e-13
    turned = axes.T @ moments @ axes
    assert np.abs(turned - np.diag(np.diag(turned))).max() < 1e-12 * turned[0, 0]
    assert (np.diff(np.diag(turned)) <= 1e-12 * turned[0, 0]).all()
    assert (axes[np.abs(axes).argmax(axis=0), np.arange(32)] > 0).all()


@pytest.mark.parametrize("moments", [np.zeros((32, 32)), np.eye(32), np.ones((32, 32)), np.diag(np.arange(32.0))])
def test_axes_of_degenerate_moments(moments: np.ndarray) -> None:
    axes = linear_algebra.principal_axes(moments)
    assert np.abs(axes.T @ axes - np.eye(32)).max() < 1e-13
    values = np.diag(axes.T @ moments @ axes)
    assert np.allclose(values, np.sort(np.linalg.eigvalsh(moments))[::-1], rtol=0, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_threads_and_kernels_of_blas_change_no_bit(dtype: str) -> None:
    scripts = str(Path(__file__).parents[3] / "scripts")
    made = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS, dtype],
            env={**os.environ, **surroundings, "PYTHONPATH": scripts},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
        for surroundings in SURROUNDINGS.values()
    }
    assert len(made) == 1
