"""Ids of images from the names of their files: safe as a file name, as a wildcard, and as a word of a command line.

A safe name is its own id. Any other is transliterated to Latin letters, shortened, and made unique by a hash.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from anyascii import anyascii

from licbench.errors import DatasetError

SAFE = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*")
PERIODIC = re.compile(r"(.+)\1{19}$", re.DOTALL)
"""What Snakemake takes for a rule that feeds on itself: a value that ends with 20 repetitions, whatever the rule."""
MOST_LETTERS = 100
"""Of an id: room for what is put around it, and for dataset, codec and id in one name, as in a cluster's logs."""
KEPT_LETTERS = 60
"""Of a name that gets a hash: too few for the hash to end one of 20 repetitions."""


def is_safe_id(text: str) -> bool:
    """Whether a text can serve as an id as it is."""
    return SAFE.fullmatch(text) is not None and len(text) <= MOST_LETTERS and PERIODIC.search(text) is None


def image_id(name: str) -> str:
    """The id of a file whose like are not in its dataset: its stem where that is safe, else with a hash of the name."""
    stem = PurePosixPath(name).stem
    return stem if is_safe_id(stem) else _with_hash(name)


def image_ids(names: Sequence[str], where: str) -> tuple[str, ...]:
    """The id of each file of a dataset, in their order.

    Names that would share an id, also where ``A`` and ``a`` are one file, all get a hash.

    Raises:
        DatasetError: two names are equal, or two hashes.
    """
    ids = [image_id(name) for name in names]
    owners = Counter(image.casefold() for image in ids)
    ids = [_with_hash(name) if owners[image.casefold()] > 1 else image for name, image in zip(names, ids, strict=True)]
    known: dict[str, str] = {}
    for name, image in zip(names, ids, strict=True):
        if (key := image.casefold()) in known:
            raise DatasetError(f"{where}: {known[key]} and {name} would share the id {image}; rename one")
        known[key] = name
    return tuple(ids)


def latin(text: str, most: int) -> str:
    """At most ``most`` letters that are safe in a file name, from text in any script."""
    return re.sub(r"[^A-Za-z0-9_.-]|^-|^$", "_", anyascii(text)[:most])


def _with_hash(name: str) -> str:
    digest = hashlib.sha256(os.fsencode(name)).hexdigest()[:8]
    return f"{latin(PurePosixPath(name).stem, KEPT_LETTERS)}-{digest}"
