"""A folder of the user's: what is measured, what is left out and said to be, what is refused by name."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from licbench.datasets.folders import MOST_SHOWN, scan
from licbench.errors import DatasetError


def filled(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")
    return folder


def test_every_ending_that_can_be_read_is_taken(tmp_path: Path) -> None:
    names = ["a.png", "b.pgm", "c.jfif", "d.JPE", "e.pnm", "f.gif", "g.jp2", "h.tif"]
    found = scan(filled(tmp_path, *names, ".hidden.png", ".DS_Store"))
    assert [path.name for path in found.images] == names
    assert found.left_out == ""


def test_what_is_left_out_is_named_with_the_reason_in_one_line(tmp_path: Path) -> None:
    folder = filled(
        tmp_path, "a.png", "notes\n.txt", "b.heic", "raw/c.png", "deep/er/d.jpg", "empty/x.txt", ".git/e.png"
    )
    (folder / "gone").symlink_to("nowhere")
    (folder / "pipe.png").parent.mkdir(exist_ok=True)
    os.mkfifo(folder / "pipe.png")
    line = scan(folder).left_out
    assert "\n" not in line
    assert line.startswith(f"{folder}: left out b.heic, gone, notes .txt, pipe.png (no file that ends with bmp, ")
    assert line.endswith("and the images in deep/, raw/ (sub-folders are not searched)")


def test_a_long_list_is_counted(tmp_path: Path) -> None:
    line = scan(filled(tmp_path, "a.png", *(f"{number}.txt" for number in range(MOST_SHOWN + 3)))).left_out
    assert ", 3 more (no file" in line


def test_pictures_in_sub_folders_alone_are_named(tmp_path: Path) -> None:
    folder = filled(tmp_path, "one/a.png", "two/b/c.jpg", "readme.txt")
    with pytest.raises(DatasetError) as caught:
        scan(folder)
    assert str(caught.value) == (
        f"{folder}: holds images only in its sub-folders one, two; give one of them, as {folder}/one"
    )


@pytest.mark.parametrize("target", ["nowhere.png", "i.png"])
def test_a_link_to_nothing_with_a_pictures_ending_is_refused(tmp_path: Path, target: str) -> None:
    (filled(tmp_path, "a.png") / "i.png").symlink_to(target)
    with pytest.raises(DatasetError, match=f"i.png: a link to {target}, which is not there; correct or remove it"):
        scan(tmp_path)


def test_a_link_to_a_picture_is_a_picture(tmp_path: Path) -> None:
    (filled(tmp_path, "a.png") / "b.png").symlink_to("a.png")
    assert [path.name for path in scan(tmp_path).images] == ["a.png", "b.png"]


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png")).write_bytes(b"")
    with pytest.raises(DatasetError, match=r"caf\\udce9\.png: its name is not UTF-8; rename it"):
        scan(tmp_path)
