"""Files that appear whole or not at all, and their hashes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from licbench import files


@pytest.mark.parametrize("size", [0, 1, 3 * 2**18 + 7])
def test_the_hash_is_that_of_the_content(size: int, tmp_path: Path) -> None:
    content = bytes(index % 251 for index in range(size))
    (tmp_path / "a.bin").write_bytes(content)
    assert files.sha256_of(tmp_path / "a.bin") == hashlib.sha256(content).hexdigest()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    files.write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), files.replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
