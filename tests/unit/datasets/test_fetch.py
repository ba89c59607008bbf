from __future__ import annotations

import hashlib
import os
import re
import runpy
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bad_pictures import CONVERTED, NOISE, REFUSED, encoded, rgb
from scripted_server import ScriptedServer, dead_address, serving

from licbench import cli
from licbench.datasets import archives
from licbench.datasets.catalogue import Dataset, describe
from licbench.datasets.downloads import CHUNK_BYTES, RetryPolicy
from licbench.datasets.fetching import fetch_archive, fetch_image, pack_training_set, unpack_archives
from licbench.datasets.image_ids import image_id
from licbench.datasets.manifests import NAMES, ImageFile, SourceFile, read_manifest, read_names
from licbench.errors import DatasetError
from licbench.images.files import read_rgb

REPOSITORY = Path(__file__).parents[3]
MIRROR = Path(os.environ.get("LICBENCH_MIRROR", REPOSITORY.parent / "shared" / "mirror"))
IMPATIENT = RetryPolicy(attempts=3, first_wait_s=0.001, timeout_s=5)
Call = Callable[..., tuple[int | str | None, str]]
PNG = encoded(rgb(), "PNG")
# Its half and its quarter are whole chunks of the client's
BLOB = np.random.default_rng(2).bytes(1 << 20)


def source(file: str, data: bytes) -> SourceFile:
    return SourceFile(file, hashlib.sha256(data).hexdigest(), len(data))


def picture(file: str, data: bytes = PNG, size: tuple[int, int] = (40, 24)) -> ImageFile:
    checked = source(file, data)
    return ImageFile(file, checked.sha256, checked.bytes, image_id(file), *size)


def dataset_of(url: str, *more: str) -> Dataset:
    """Two copies of one image; the second's name needs quoting."""
    manifest = (picture("a.png"), picture("sub/b #1.png"))
    return Dataset("test", "Test", "files", urls=(url, *more), mirror_folder="test_folder", manifest=manifest)


def archives_of(url: str, *more: str) -> Dataset:
    archive = (source("big.zip", BLOB),)
    return Dataset("test", "Test", "archives", urls=(url, *more), mirror_folder="test_folder", archives=archive)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with serving() as started:
        started.files = {"a.png": PNG, "sub/b #1.png": PNG, "big.zip": BLOB}
        yield started


class TestDownload:
    """One archive; images and training sets pass through the same code."""

    def fetch(self, dataset: Dataset, folder: Path) -> bytes:
        fetch_archive(dataset, "big.zip", folder / "out.zip", retry=IMPATIENT)
        assert left_in(folder) == ["out.zip"]
        return (folder / "out.zip").read_bytes()

    def fails(self, dataset: Dataset, folder: Path, *left: str) -> str:
        with pytest.raises(DatasetError) as caught:
            fetch_archive(dataset, "big.zip", folder / "out.zip", retry=IMPATIENT)
        assert left_in(folder) == list(left)
        message = str(caught.value)
        assert message.startswith("big.zip was not fetched (http") and "\n" not in message and "mirror" in message
        return message

    def test_200(self, server: ScriptedServer, tmp_path: Path) -> None:
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert server.requests == [("big.zip", None)]

    def test_404_is_not_tried_again(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["404"]
        assert "HTTP 404" in self.fails(archives_of(server.url), tmp_path)
        assert len(server.requests) == 1

    @pytest.mark.parametrize("status", ["500", "503", "429"])
    def test_passing_trouble(self, status: str, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = [status, status]
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert len(server.requests) == 3

    def test_lasting_trouble(self, server: ScriptedServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        server.script["big.zip"] = ["500"] * 9
        assert "HTTP 500, 3 attempts" in self.fails(archives_of(server.url), tmp_path)
        assert len(server.requests) == 3
        assert capsys.readouterr().err.count("big.zip: HTTP 500, trying again in") == 2

    def test_drop_then_resume(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["drop", "drop"]
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert server.requests == [("big.zip", None), ("big.zip", "bytes=524288-"), ("big.zip", "bytes=786432-")]

    @pytest.mark.parametrize(("step", "then"), [("no-range", []), ("416", [None]), ("elsewhere", [None])])
    def test_drop_then_server_cannot_resume(
        self, step: str, then: list[None], server: ScriptedServer, tmp_path: Path
    ) -> None:
        server.script["big.zip"] = ["drop", step]
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert [asked for _, asked in server.requests] == [None, "bytes=524288-", *then]

    def test_resume_on_the_next_run(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["drop", "500", "500"]
        assert "run again to continue" in self.fails(archives_of(server.url), tmp_path, ".out.zip.part")
        server.requests.clear()
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert server.requests == [("big.zip", "bytes=524288-")]

    @pytest.mark.parametrize("length", [10, len(BLOB), len(BLOB) + 10])
    def test_foreign_partial_file_is_thrown_away(self, length: int, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / ".out.zip.part").write_bytes(bytes(length))
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert server.requests[-1] == ("big.zip", None)

    def test_resume_at_the_second_address(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.files["two/big.zip"] = BLOB
        server.script["big.zip"] = ["drop", "404"]
        assert self.fetch(archives_of(server.url, server.url + "two/"), tmp_path) == BLOB
        assert server.requests[-1] == ("two/big.zip", "bytes=524288-")

    def test_web_page_with_status_200(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["html"]
        assert "web page" in self.fails(archives_of(server.url), tmp_path)

    def test_wrong_bytes(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["wrong"]
        message = self.fails(archives_of(server.url), tmp_path)
        found = hashlib.sha256(bytes(byte ^ 1 for byte in BLOB)).hexdigest()
        assert found[:12] in message and hashlib.sha256(BLOB).hexdigest()[:12] in message

    def test_wrong_length(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.files["big.zip"] = BLOB[:-1]
        assert "has 1048575 bytes, expected 1048576" in self.fails(archives_of(server.url), tmp_path)

    def test_endless_answer_is_cut(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["longer"]
        server.files["big.zip"] = BLOB * 20
        message = self.fails(archives_of(server.url), tmp_path)
        assert int(message.split(" has ")[1].split()[0]) <= len(BLOB) + CHUNK_BYTES

    def test_answer_without_length(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["unsized"]
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB

    def test_short_answer_without_length(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = ["unsized-drop"]
        assert self.fetch(archives_of(server.url), tmp_path) == BLOB
        assert server.requests[-1] == ("big.zip", "bytes=524288-")

    @pytest.mark.parametrize("step", ["404", "html", "wrong"])
    def test_second_address_after_a_bad_first(self, step: str, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["big.zip"] = [step]
        assert self.fetch(archives_of(server.url, server.url), tmp_path) == BLOB

    def test_second_address_after_a_dead_first(self, server: ScriptedServer, tmp_path: Path) -> None:
        assert self.fetch(archives_of(dead_address(), server.url), tmp_path) == BLOB

    def test_nothing_listens(self, tmp_path: Path) -> None:
        assert "ConnectionError, 3 attempts" in self.fails(archives_of(dead_address()), tmp_path)

    def test_existing_file_survives_a_failure(self, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / "out.zip").write_bytes(b"before")
        server.script["big.zip"] = ["wrong"]
        self.fails(archives_of(server.url), tmp_path, "out.zip")
        assert (tmp_path / "out.zip").read_bytes() == b"before"


class TestImages:
    def test_download(self, server: ScriptedServer, tmp_path: Path) -> None:
        for image in ("a", image_id("sub/b #1.png")):
            fetch_image(dataset_of(server.url), image, tmp_path / "x.png", retry=IMPATIENT)
            assert np.array_equal(read_rgb(tmp_path / "x.png"), NOISE)
            assert left_in(tmp_path) == ["x.png"]

    def test_mirror_is_enough(self, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / "test_folder" / "sub").mkdir(parents=True)
        (tmp_path / "test_folder" / "sub" / "b #1.png").write_bytes(PNG)
        fetch_image(dataset_of(server.url), image_id("sub/b #1.png"), tmp_path / "x.png", mirror=tmp_path)
        with pytest.raises(DatasetError, match=r"test_folder/a\.png: no such file; copy it there from http"):
            fetch_image(dataset_of(server.url), "a", tmp_path / "y.png", mirror=tmp_path)
        (tmp_path / "test_folder" / "a.png").write_bytes(bytes(len(PNG)))
        with pytest.raises(DatasetError, match=r"a\.png: sha256 is \w{12}\.\.\., expected \w{12}\.\.\.; copy"):
            fetch_image(dataset_of(server.url), "a", tmp_path / "y.png", mirror=tmp_path)
        assert left_in(tmp_path) == ["test_folder", "x.png"] and server.requests == []

    def test_archive_from_the_mirror(self, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / "test_folder").mkdir()
        (tmp_path / "test_folder" / "big.zip").write_bytes(BLOB)
        fetch_archive(archives_of(server.url), "big.zip", tmp_path / "out.zip", mirror=tmp_path)
        assert (tmp_path / "out.zip").read_bytes() == BLOB and server.requests == []

    def test_wrong_size_in_the_manifest(self, server: ScriptedServer, tmp_path: Path) -> None:
        dataset = replace(dataset_of(server.url), manifest=(picture("a.png", size=(24, 40)),))
        with pytest.raises(DatasetError, match=r"a\.png is 40x24, its manifest says 24x40; correct the manifest"):
            fetch_image(dataset, "a", tmp_path / "x.png", retry=IMPATIENT)
        assert left_in(tmp_path) == []

    def test_not_in_the_manifest(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"test has no image 'c'; choose from a, b__1"):
            fetch_image(dataset_of(dead_address()), "c", tmp_path / "x.png")

    def test_archives_have_no_single_images(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match=r"fetch\.py archive, then fetch\.py unpack"):
            fetch_image(archives_of(dead_address()), "a", tmp_path / "x.png")

    def test_a_picture_that_changes_while_it_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.png").write_bytes(PNG)

        def read_and_replace(path: Path) -> np.ndarray:
            pixels = read_rgb(path)
            path.write_bytes(PNG + b"new")
            return pixels

        monkeypatch.setattr("licbench.datasets.fetching.read_rgb", read_and_replace)
        with pytest.raises(DatasetError, match=r"in/a\.png: changed while it was read; run again"):
            fetch_image(describe(str(tmp_path / "in")), "a", tmp_path / "x.png")
        assert left_in(tmp_path) == ["in"]

    def test_every_embedded_image(self, tmp_path: Path) -> None:
        dataset = describe("embedded")
        for row in dataset.manifest:
            fetch_image(dataset, row.image, tmp_path / "x.png")
            assert read_rgb(tmp_path / "x.png").shape == (row.height, row.width, 3)

    def test_embedded_in_no_package(self, tmp_path: Path) -> None:
        dataset = replace(describe("embedded"), package="no_such_package")
        with pytest.raises(DatasetError, match="no_such_package is not installed"):
            fetch_image(dataset, "coffee", tmp_path / "x.png")
        changed = replace(describe("embedded"), manifest=(picture("coffee.png"),))
        with pytest.raises(DatasetError, match=r"coffee\.png: has 466706 bytes, expected .*install the pinned version"):
            fetch_image(changed, "coffee", tmp_path / "x.png")

    @pytest.mark.skipif(not (MIRROR / "kodak").is_dir(), reason="no mirror of Kodak")
    def test_kodak_from_the_mirror(self, tmp_path: Path) -> None:
        dataset = describe("kodak")
        for row in dataset.manifest:
            fetch_image(dataset, row.image, tmp_path / "x.png", mirror=MIRROR)
            assert np.array_equal(read_rgb(tmp_path / "x.png"), read_rgb(MIRROR / "kodak" / row.file))


class TestTrainingSet:
    def test_the_same_zip_from_web_and_mirror(self, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / "mirror" / "test_folder" / "sub").mkdir(parents=True)
        for file in ("a.png", "sub/b #1.png"):
            (tmp_path / "mirror" / "test_folder" / file).write_bytes(PNG)
        pack_training_set(dataset_of(dead_address()), tmp_path / "1" / "t.zip", tmp_path / "mirror")
        pack_training_set(dataset_of(server.url), tmp_path / "2" / "t.zip", retry=IMPATIENT)
        assert left_in(tmp_path / "1") == left_in(tmp_path / "2") == ["t.zip"]
        assert (tmp_path / "1" / "t.zip").read_bytes() == (tmp_path / "2" / "t.zip").read_bytes()
        with zipfile.ZipFile(tmp_path / "1" / "t.zip") as packed:
            assert packed.namelist() == ["a.png", "sub/b #1.png"] and packed.testzip() is None
            assert {member.compress_type for member in packed.infolist()} == {zipfile.ZIP_STORED}
            assert packed.read("a.png") == PNG

    def test_resume(self, server: ScriptedServer, tmp_path: Path) -> None:
        server.script["sub/b #1.png"] = ["404"]
        with pytest.raises(DatasetError, match=r"sub/b #1\.png was not fetched"):
            pack_training_set(dataset_of(server.url), tmp_path / "t.zip", retry=IMPATIENT)
        assert left_in(tmp_path) == [".t.zip.cache"]
        server.requests.clear()
        pack_training_set(dataset_of(server.url), tmp_path / "t.zip", retry=IMPATIENT)
        assert server.requests == [("sub/b #1.png", None)] and left_in(tmp_path) == ["t.zip"]

    def test_damaged_cache_is_fetched_again(self, server: ScriptedServer, tmp_path: Path) -> None:
        (tmp_path / ".t.zip.cache").mkdir()
        (tmp_path / ".t.zip.cache" / "a.png").write_bytes(bytes(len(PNG)))
        pack_training_set(dataset_of(server.url), tmp_path / "t.zip", retry=IMPATIENT)
        assert ("a.png", None) in server.requests and left_in(tmp_path) == ["t.zip"]

    def test_pictures_of_archives(self, tmp_path: Path) -> None:
        folder = tmp_path / "mirror" / "test_folder"
        folder.mkdir(parents=True)
        one = make_zip(folder / "one.zip", {"train/": b"", "train/b.png": PNG, "train/READ.me": b"hello"})
        two = make_zip(folder / "two.zip", {"b.png": PNG, "../a.png": PNG})
        archives = (source(one.name, one.read_bytes()),)
        dataset = Dataset(
            "test", "Test", "archives", urls=(dead_address(),), mirror_folder="test_folder", archives=archives
        )
        pack_training_set(dataset, tmp_path / "t.zip", tmp_path / "mirror")
        with zipfile.ZipFile(tmp_path / "t.zip") as packed:
            assert packed.namelist() == ["one/train/b.png"] and packed.read("one/train/b.png") == PNG
        unsafe = replace(dataset, archives=(source(two.name, two.read_bytes()),))
        with pytest.raises(DatasetError, match="leads out of its folder"):
            pack_training_set(unsafe, tmp_path / "u.zip", tmp_path / "mirror")
        assert left_in(tmp_path) == ["mirror", "t.zip"]

    def test_what_is_not_downloaded(self, tmp_path: Path) -> None:
        with pytest.raises(DatasetError, match="embedded is never downloaded"):
            pack_training_set(describe("embedded"), tmp_path / "t.zip")


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def unpack(folder: Path, *zips: Path, pixels: int | None = None) -> tuple[ImageFile, ...]:
    """Unpack ``zips`` as a dataset that consists of them."""
    sources = tuple(source(path.name, path.read_bytes()) for path in zips)
    return unpack_archives(Dataset("test", "Test", "archives", archives=sources, pixels=pixels), zips, folder)


class TestUnpack:
    def test_pictures_and_manifest(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        grey = encoded(rgb((3, 5)).convert("L"), "PNG")
        one = make_zip(tmp_path / "1.zip", {"valid/": b"", "valid/b c.png": PNG, "valid/READ.me": b"hello"})
        two = make_zip(tmp_path / "2.zip", {"deep/er/a.PNG": grey, "__MACOSX/deep/._a.png": b"junk"})
        rows = unpack(tmp_path / "out", one, two, pixels=24 * 40 + 15)
        spaced = image_id("1.zip/valid/b c.png")
        assert left_in(tmp_path / "out") == ["a.png", f"{spaced}.png", "manifest.tsv", NAMES]
        assert left_in(tmp_path) == ["1.zip", "2.zip", "out"]
        assert read_manifest(tmp_path / "out" / "manifest.tsv") == rows
        assert [(row.image, row.file, row.width, row.height) for row in rows] == [
            ("a", "a.png", 5, 3),
            (spaced, f"{spaced}.png", 40, 24),
        ]
        names = {spaced: "1.zip/valid/b c.png", "a": "2.zip/deep/er/a.PNG"}
        assert read_names(tmp_path / "out" / NAMES) == names
        for row in rows:
            data = (tmp_path / "out" / row.file).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (row.bytes, row.sha256)
        assert np.array_equal(read_rgb(tmp_path / "out" / f"{spaced}.png"), NOISE)
        notes = capsys.readouterr().err.splitlines()
        assert len(notes) == 3 and "2.zip/deep/er/a.PNG: grey converted to RGB" in notes[2]
        assert notes[:2] == [f"note: {path}: skipped 1 files that are no images" for path in (one, two)]

    def test_hostile_names(self, tmp_path: Path) -> None:
        names = ["-rf.png", "a b/'c' \"d\".png", "new\nline.png", "{x}<y>.png", "$(touch owned).png", "日本.png"]
        rows = unpack(tmp_path / "out", make_zip(tmp_path / "1.zip", dict.fromkeys(names, PNG)))
        assert read_manifest(tmp_path / "out" / "manifest.tsv") == rows and len(rows) == len(names)
        assert all(re.fullmatch(r"[A-Za-z0-9_.][A-Za-z0-9_.-]*", row.image) for row in rows)

    def test_again_over_itself(self, tmp_path: Path) -> None:
        one = make_zip(tmp_path / "1.zip", {"a.png": PNG})
        first = unpack(tmp_path / "out", one)
        (tmp_path / "out" / "own.txt").write_text("mine")
        assert unpack(tmp_path / "out", one) == first
        assert left_in(tmp_path / "out") == ["a.png", "manifest.tsv", NAMES, "own.txt"]

    def test_no_manifest_over_a_broken_folder(self, tmp_path: Path) -> None:
        one = make_zip(tmp_path / "1.zip", {"a.png": PNG})
        unpack(tmp_path / "out", one)
        (tmp_path / "out" / "a.png").unlink()
        (tmp_path / "out" / "a.png").mkdir()
        with pytest.raises(OSError, match=r"a\.png"):
            unpack(tmp_path / "out", one)
        assert left_in(tmp_path / "out") == ["a.png"] and left_in(tmp_path) == ["1.zip", "out"]

    def test_another_number_of_pixels_is_said(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        unpack(tmp_path / "out", make_zip(tmp_path / "1.zip", {"a.png": PNG}), pixels=961)
        assert capsys.readouterr().err == "note: test has 960 pixels, expected 961 +-0: not the published set\n"

    def refused(self, tmp_path: Path, fault: str, *zips: Path) -> None:
        before = left_in(tmp_path)
        with pytest.raises(Exception, match=fault) as caught:
            unpack(tmp_path / "out", *zips)
        assert isinstance(caught.value, cli.LicbenchError) and left_in(tmp_path) == before

    @pytest.mark.parametrize("name", ["../a.png", "/a.png", "x/../../a.png", "..\\a.png", "C:/a.png"])
    def test_paths_that_lead_out(self, name: str, tmp_path: Path) -> None:
        self.refused(tmp_path, "leads out of its folder", make_zip(tmp_path / "1.zip", {"b.png": PNG, name: PNG}))
        assert not (tmp_path.parent / "a.png").exists()

    def test_links(self, tmp_path: Path) -> None:
        link = zipfile.ZipInfo("a.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        with zipfile.ZipFile(tmp_path / "1.zip", "w") as archive:
            archive.writestr(link, "/etc/passwd")
        self.refused(tmp_path, "is not a regular file", tmp_path / "1.zip")

    def test_encrypted(self, tmp_path: Path) -> None:
        data = bytearray(make_zip(tmp_path / "1.zip", {"a.png": PNG}).read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1
        (tmp_path / "1.zip").write_bytes(data)
        self.refused(tmp_path, "is encrypted", tmp_path / "1.zip")

    def test_bombs(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = make_zip(tmp_path / "1.zip", {"a.png": PNG, "b.png": PNG})
        for limit, value, fault in (
            ("MAX_MEMBERS", 1, "unpacks to more"),
            ("MAX_TOTAL_BYTES", len(PNG), "unpacks to more"),
            ("MAX_MEMBER_BYTES", len(PNG) - 1, "is larger than"),
        ):
            with monkeypatch.context() as patch:
                patch.setattr(archives, limit, value)
                self.refused(tmp_path, fault, bomb)

    def test_a_member_that_unpacks_to_more_than_it_says(self, tmp_path: Path) -> None:
        """A hundred megabytes of zeros under a declared size of 99 bytes: no more than that is unpacked."""
        with zipfile.ZipFile(tmp_path / "1.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.png", bytes(10**8))
        data = bytearray((tmp_path / "1.zip").read_bytes())
        for start, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
            place = data.index(start) + at
            data[place : place + 4] = (99).to_bytes(4, "little")
        (tmp_path / "1.zip").write_bytes(data)
        self.refused(tmp_path, r"1\.zip/a\.png: damaged", tmp_path / "1.zip")

    def test_a_member_that_is_larger_than_the_archive(self, tmp_path: Path) -> None:
        data = bytearray(make_zip(tmp_path / "1.zip", {"a.png": PNG}).read_bytes())
        place = data.index(b"PK\x01\x02") + 20
        data[place : place + 4] = (2**31).to_bytes(4, "little")
        (tmp_path / "1.zip").write_bytes(data)
        self.refused(tmp_path, "'a.png' is larger than the archive", tmp_path / "1.zip")

    def test_a_member_without_a_name(self, tmp_path: Path) -> None:
        data = bytearray(make_zip(tmp_path / "1.zip", {"a.png": PNG}).read_bytes())
        directory = data.index(b"PK\x01\x02")
        data[directory + 28], data[directory + 32] = 0, len("a.png")  # the name turned into a comment
        (tmp_path / "1.zip").write_bytes(data)
        self.refused(tmp_path, "'' leads out of its folder", tmp_path / "1.zip")

    def test_offsets_that_lead_nowhere(self, tmp_path: Path) -> None:
        """zipfile seeks to before the file and gets an OSError without a name, which must not end in a traceback."""
        data = bytearray(make_zip(tmp_path / "1.zip", {"a.png": PNG}).read_bytes())
        place = data.index(b"PK\x05\x06") + 16  # offset of the directory
        for offset in (0xFFFFFFFE, 10**6, 1):
            data[place : place + 4] = offset.to_bytes(4, "little")
            (tmp_path / "1.zip").write_bytes(data)
            self.refused(tmp_path, r"1\.zip.*(not a readable zip|damaged)", tmp_path / "1.zip")

    def test_names_that_look_alike(self, tmp_path: Path) -> None:
        one = make_zip(tmp_path / "1.zip", {"p/a.png": PNG})
        two = make_zip(tmp_path / "2.zip", {"q/a.jpg": PNG})
        rows = unpack(tmp_path / "out", one, two)
        assert len({row.image for row in rows}) == 2 and all(row.image.startswith("a-") for row in rows)

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_same_name_twice(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "1.zip", "w") as archive:
            archive.writestr("a.png", PNG)
            archive.writestr("a.png", PNG)
        self.refused(tmp_path, "would share the id a", tmp_path / "1.zip")

    def test_no_picture_no_zip(self, tmp_path: Path) -> None:
        self.refused(tmp_path, "hold no image", make_zip(tmp_path / "1.zip", {"a.txt": b"x"}))
        (tmp_path / "1.zip").write_bytes(b"<html>")
        self.refused(tmp_path, r"1\.zip: not a readable zip file", tmp_path / "1.zip")

    def test_damaged_member(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "1.zip", {"a.png": PNG, "b.png": PNG})
        data = bytearray(path.read_bytes())
        data[-len(PNG)] ^= 1
        path.write_bytes(data)
        self.refused(tmp_path, r"1\.zip/b\.png: damaged .*; fetch the archive again", path)

    def test_bad_picture_inside(self, tmp_path: Path) -> None:
        path = make_zip(tmp_path / "1.zip", {"a.png": PNG, "b.png": REFUSED["rgb16.png"][0]})
        self.refused(tmp_path, r"1\.zip/b\.png: its samples are not 8-bit", path)

    def test_not_the_archives_of_the_dataset(self, tmp_path: Path) -> None:
        one, other = (make_zip(tmp_path / name, {name: PNG}) for name in ("1.png.zip", "2.png.zip"))
        dataset = Dataset("test", "Test", "archives", archives=(source(one.name, one.read_bytes()),))
        with pytest.raises(DatasetError, match=r"2\.png\.zip: .*expected .*; fetch 1\.png\.zip of test again"):
            unpack_archives(dataset, [other], tmp_path / "out")
        with pytest.raises(DatasetError, match=r"needs 1 archives, not 2; give 1\.png\.zip"):
            unpack_archives(dataset, [one, other], tmp_path / "out")
        with pytest.raises(DatasetError, match=r"gone\.zip: no such file"):
            unpack_archives(dataset, [tmp_path / "gone.zip"], tmp_path / "out")
        assert not (tmp_path / "out").exists()


class TestCommandLine:
    @pytest.fixture
    def call(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
        def run_script(*arguments: str | Path) -> tuple[int | str | None, str]:
            monkeypatch.setattr(sys, "argv", ["fetch.py", *map(str, arguments)])
            code: int | str | None = 0
            try:
                runpy.run_path(str(REPOSITORY / "scripts" / "fetch.py"), run_name="__main__")
            except SystemExit as exit:
                code = exit.code
            return code, capsys.readouterr().err

        return run_script

    @pytest.mark.parametrize("name", REFUSED)
    def test_bad_pictures(self, name: str, call: Call, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / name).write_bytes(REFUSED[name][0])
        code, error = call("image", "--dataset", tmp_path / "in", "--image", Path(name).stem, tmp_path / "x.png")
        lines = error.splitlines()
        assert code == 1 and lines[-1].startswith("error: ") and name in lines[-1] and REFUSED[name][1] in lines[-1]
        assert len(lines) == 1 and left_in(tmp_path) == ["in"]

    @pytest.mark.parametrize("name", CONVERTED)
    def test_converted_pictures(self, name: str, call: Call, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / name).write_bytes(CONVERTED[name][0])
        code, error = call("image", "--dataset", tmp_path / "in", "--image", Path(name).stem, tmp_path / "x.png")
        assert code == 0 and error.startswith("note: ") and error.count("\n") == 1
        assert read_rgb(tmp_path / "x.png").shape[2] == 3

    @pytest.mark.parametrize(
        ("arguments", "fault"),
        [
            (["image", "--dataset", "kodac", "--image", "a", "OUT"], "unknown dataset 'kodac'"),
            (["image", "--dataset", "kodak", "--image", "a", "OUT"], "kodak has no image 'a'"),
            (["image", "--dataset", "kodak", "--image", "kodim01", "--mirror", "NONE", "OUT"], "no such file; copy"),
            (["archive", "--dataset", "clic2018_valid", "--archive", "x.zip", "OUT"], "has no archive 'x.zip'"),
            (["archive", "--dataset", "kodak", "--archive", "x.zip", "OUT"], "its archives: none"),
            (["unpack", "--dataset", "clic2018_valid", "OUT", "a.zip", "b.zip"], "a.zip: no such file"),
            (["unpack", "--dataset", "kodak", "OUT", "a.zip"], "kodak does not come in archives"),
            (["training-set", "--dataset", "bsds500_train", "--mirror", "NONE", "OUT"], "no such file; copy"),
            (["training-set", "--dataset", "embedded", "OUT"], "embedded is never downloaded"),
        ],
    )
    def test_one_line(self, arguments: list[str], fault: str, call: Call, tmp_path: Path) -> None:
        places = {"OUT": str(tmp_path / "out"), "NONE": str(tmp_path / "none")}
        code, error = call(*(places.get(argument, argument) for argument in arguments))
        assert code == 1 and error.startswith("error: ") and fault in error and error.count("\n") == 1
        assert left_in(tmp_path) == []

    def test_image(self, call: Call, tmp_path: Path) -> None:
        assert call("image", "--dataset", "embedded", "--image", "chelsea", tmp_path / "x.png") == (0, "")
        assert read_rgb(tmp_path / "x.png").shape == (300, 451, 3)

    def test_without_installation(self, tmp_path: Path) -> None:
        script = REPOSITORY / "scripts" / "fetch.py"
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        command = [sys.executable, script, "image", "--help"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
        assert "kodak" in done.stdout and "--mirror" in done.stdout

    def test_interrupted(self, capsys: pytest.CaptureFixture[str]) -> None:
        def interrupted() -> None:
            raise KeyboardInterrupt

        with pytest.raises(SystemExit) as caught:
            cli.run(interrupted)
        assert caught.value.code == 130 and capsys.readouterr().err == "interrupted\n"

    def test_errors_stay_one_line_and_bugs_stay_tracebacks(self, capsys: pytest.CaptureFixture[str]) -> None:
        def fails(error: Exception) -> None:
            raise error

        with pytest.raises(SystemExit) as caught:
            cli.run(lambda: fails(DatasetError("two\nlines")))
        assert caught.value.code == 1 and capsys.readouterr().err == "error: two lines\n"
        with pytest.raises(ZeroDivisionError):
            cli.run(lambda: fails(ZeroDivisionError()))
