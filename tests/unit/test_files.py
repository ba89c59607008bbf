"""Files that appear whole or not at all, and one way to write a table."""

import hashlib

import pandas as pd
import pytest

from licbench.files import replacing, sha256_of, write_csv, write_records, write_text


def test_a_table_is_written_the_same_by_both_ways(tmp_path):
    records = [{"image": "a, b", "psnr_db": 1.5}, {"image": "ä", "psnr_db": None}]
    write_csv(tmp_path / "table.csv", pd.DataFrame(records))
    write_records(tmp_path / "records.csv", ["image", "psnr_db"], records)
    expected = 'image,psnr_db\n"a, b",1.5\nä,\n'.encode()
    assert (tmp_path / "table.csv").read_bytes() == (tmp_path / "records.csv").read_bytes() == expected


def test_a_missing_key_is_empty_and_an_unknown_one_leaves_the_old_file(tmp_path):
    path = tmp_path / "new" / "records.csv"
    write_records(path, ["a", "b"], [{"a": 1}])
    assert path.read_text() == "a,b\n1,\n"
    with pytest.raises(ValueError, match="c"):
        write_records(path, ["a", "b"], [{"a": 2}, {"c": 3}])
    assert path.read_text() == "a,b\n1,\n"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 3 * 2**18 + 7])
def test_the_hash_is_that_of_the_content(size, tmp_path):
    content = bytes(index % 251 for index in range(size))
    (tmp_path / "a.bin").write_bytes(content)
    assert sha256_of(tmp_path / "a.bin") == hashlib.sha256(content).hexdigest()


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
