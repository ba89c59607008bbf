"""The memo of one entry that codecs keep between the operating points of an image."""

from __future__ import annotations

import weakref

import numpy as np

from licbench.coding.memo import LastImage


class Latent:
    """Something whose end can be watched."""


def test_a_value_is_computed_once_for_an_image_and_a_key() -> None:
    memo: LastImage[int] = LastImage()
    image, other = np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2, 3), np.uint8)
    computed = iter(range(10))
    asked = [(image, "a"), (image, "a"), (image, "b"), (image, "b"), (other, "b"), (image, "b")]
    assert [memo.get(each, key, lambda: next(computed)) for each, key in asked] == [0, 0, 1, 1, 2, 3]


def test_the_old_value_is_gone_before_the_new_one_is_computed() -> None:
    memo: LastImage[Latent] = LastImage()
    image = np.zeros((2, 2, 3), np.uint8)
    old = weakref.ref(memo.get(image, 1, Latent))
    alive: list[bool] = []

    def compute() -> Latent:
        alive.append(old() is not None)
        return Latent()

    memo.get(image, 2, compute)
    assert alive == [False]
