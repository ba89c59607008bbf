"""What a codec computes once for all operating points of an image."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from licbench.images import Image

Value = TypeVar("Value")


class LastImage(Generic[Value]):
    """A memo of one entry: operating points of one image follow each other, and no more must stay in memory."""

    def __init__(self) -> None:
        self._entry: tuple[Image, Hashable, Value] | None = None

    def get(self, image: Image, key: Hashable, compute: Callable[[], Value]) -> Value:
        """The value for this very array and an equal ``key``: the one kept, or ``compute()``.

        Args:
            image: compared by identity; nobody changes it between calls.
            key: whatever else the value depends on, such as the model's fingerprint.
            compute: makes the value.
        """
        if self._entry is None or self._entry[0] is not image or self._entry[1] != key:
            self._entry = None  # frees the old value before the new one takes memory
            self._entry = (image, key, compute())
        return self._entry[2]
