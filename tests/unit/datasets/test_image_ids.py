"""Ids of images: safe wherever an id goes, the file's own name where that can be, never two the same."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from snakemake.io import PeriodicityDetector

from licbench.datasets.image_ids import MOST_LETTERS, image_id, image_ids, is_safe_id
from licbench.errors import DatasetError

FIXED = {
    "kodim01.png": "kodim01",
    "IMG_20161102.v2.JPG": "IMG_20161102.v2",
    "a-b.png": "a-b",
    "a" * 19 + ".png": "a" * 19,
    "東京.png": "DongJing-1d6f7df8",
    "two words.png": "two_words-4c7ee91b",
    "фотографияссобакойнапляже.png": "fotografiyassobakoynaplyazhe-920a435c",
    f"frame_{'0' * 20}.png": f"frame_{'0' * 20}-cc2fd795",
}
"""Ids that results were kept under: another one would measure them anew."""

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters="/\0")
# Half of them repeat themselves, as the names of frames do
STEMS = st.one_of(
    st.text(LETTERS, min_size=1, max_size=300),
    st.builds(
        lambda head, part, times: head + part * times,
        st.text("ab_", max_size=9),
        st.text("a0é_-", min_size=1, max_size=4),
        st.integers(1, 60),
    ),
)


@pytest.mark.parametrize("name", FIXED, ids=str.isascii)
def test_ids_stay(name: str) -> None:
    assert image_id(name) == FIXED[name]


@given(STEMS)
def test_every_name_gets_an_id_that_is_safe_everywhere(stem: str) -> None:
    image = image_id(f"{stem}.png")
    assert re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*", image) and len(image) <= MOST_LETTERS
    # Snakemake's own judgement, for what it would take as a wildcard that feeds on itself
    assert PeriodicityDetector().is_periodic(image) is None
    assert image == PurePosixPath(f"{stem}.png").stem or re.search(r"-[0-9a-f]{8}$", image)


@given(STEMS.filter(lambda stem: stem.isascii()))
def test_our_judgement_of_repetition_is_snakemakes(stem: str) -> None:
    assert is_safe_id(stem) <= (PeriodicityDetector().is_periodic(stem) is None)


def test_temporary_names_of_the_longest_id_fit_a_file_system(tmp_path: Path) -> None:
    from licbench.files import write_bytes

    image = image_id("é" * 120 + ".png")
    for kept in (image, ("xy" * MOST_LETTERS)[: MOST_LETTERS - 1] + "z"):
        assert is_safe_id(kept)
        write_bytes(tmp_path / f"{kept}.png", b"")
    # All three in one name, as in the folder of a cluster's logs
    dataset = f"folder-{'x' * 80}-01234567"
    (tmp_path / f"{dataset}_jpeg2000_{'x' * MOST_LETTERS}.log").touch()


@pytest.mark.parametrize(
    "names",
    [
        ("A.png", "a.png"),
        ("x.png", "x.jpg"),
        ("a b.png", "a_b.png"),
        ("é.png", "e.png"),
        ("京都.png", "大阪.png", "東京.png"),
    ],
)
def test_names_that_look_alike_get_ids_of_their_own(names: tuple[str, ...]) -> None:
    ids = image_ids(names, "here")
    assert len({image.casefold() for image in ids}) == len(names)
    assert image_ids(names[::-1], "here") == ids[::-1]


def test_only_names_that_collide_are_changed() -> None:
    assert image_ids(["a.png", "b.png", "c.png"], "here") == ("a", "b", "c")
    ids = image_ids(["a.png", "b.png", "A.png"], "here")
    assert ids[1] == "b" and ids[0].startswith("a-") and ids[2].startswith("A-")


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(DatasetError, match=r"here: a b\.png and a b\.png would share the id a_b-.*; rename one"):
        image_ids(["a b.png", "a b.png"], "here")
    taken = image_id("a b.png")
    with pytest.raises(DatasetError, match="would share the id"):
        image_ids(["a b.png", f"{taken}.png", f"{taken}.png"], "here")
