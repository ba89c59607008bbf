"""Zip files of images: unpacked without trust, packed the same to the byte every time."""

from __future__ import annotations

import hashlib
import stat
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from licbench import files
from licbench.datasets.folders import is_image_name
from licbench.datasets.image_ids import image_ids
from licbench.datasets.manifests import NAMES, ImageFile, is_safe_path, manifest_text, write_names
from licbench.datasets.progress import byte_bar
from licbench.errors import DatasetError
from licbench.images.files import decode_rgb, write_png

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 2**29
MAX_TOTAL_BYTES = 2**33
ENCRYPTED = 1
# All that zipfile was seen to raise on damaged files: offsets out of the file are an OSError without a name
DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, struct.error)
# The earliest date a zip can hold
TIMESTAMP = (1980, 1, 1, 0, 0, 0)
UNIX, REGULAR_FILE = 3, (stat.S_IFREG | 0o644) << 16


def unpack_images(zips: Iterable[Path], folder: Path) -> tuple[ImageFile, ...]:
    """Write every image of ``zips`` to ``folder`` as ``{id}.png``, 8-bit RGB, their names, and their manifest last.

    Subfolders are flattened. Files in ``folder`` that the manifest does not name are left alone.

    Raises:
        DatasetError: a damaged zip, an unsafe or too large member, an image twice, or no image.
        BadImageError: an image that ``images.read_rgb`` refuses.
    """
    members = [(path, member) for path in zips for member in _members(path)]
    names = [f"{path.name}/{member.filename}" for path, member in members]
    if not members:
        raise DatasetError(f"{folder}: the archives hold no image; fetch them again")
    ids = image_ids(names, str(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as staging:
        rows = sorted(_unpack_all(members, ids, Path(staging)), key=lambda row: row.image)
        folder.mkdir(exist_ok=True)
        for listing in (NAMES, "manifest.tsv"):
            (folder / listing).unlink(missing_ok=True)
        for row in rows:
            (Path(staging) / row.file).replace(folder / row.file)
    write_names(folder / NAMES, dict(zip(ids, names, strict=True)))
    files.write_text(folder / "manifest.tsv", manifest_text(rows))
    return tuple(rows)


def images_in(path: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every image in a zip, as they are.

    Raises:
        DatasetError: a damaged zip, or an unsafe or too large member.
    """
    for member in _members(path):
        yield member.filename, _content(path, member)


def pack(members: Iterable[tuple[str, bytes]], destination: Path) -> None:
    """Put (name, content) pairs, in their order, into an uncompressed zip with fixed timestamps and permissions."""
    with files.replacing(destination) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name, TIMESTAMP)
            entry.create_system, entry.external_attr = UNIX, REGULAR_FILE
            archive.writestr(entry, content)


def _members(path: Path) -> list[zipfile.ZipInfo]:
    """The images in a zip, all of them checked before the first is unpacked."""
    try:
        with zipfile.ZipFile(path) as archive:
            # zipfile's own is_dir() stumbles over an empty name
            members = [member for member in archive.infolist() if not member.filename.endswith("/")]
    except DAMAGE as error:
        raise DatasetError(f"{path}: not a readable zip file ({error}); fetch it again") from error
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
        raise DatasetError(f"{path}: unpacks to more than a dataset should; check where it comes from")
    for member in members:
        _refuse_unsafe(member, path)
    found = [member for member in members if is_image_name(PurePosixPath(member.filename).name)]
    if len(found) < len(members):
        print(f"note: {path}: skipped {len(members) - len(found)} files that are no images", file=sys.stderr)
    return found


def _refuse_unsafe(member: zipfile.ZipInfo, path: Path) -> None:
    kind = stat.S_IFMT(member.external_attr >> 16)
    faults = {
        "leads out of its folder": not is_safe_path(member.filename),
        "is not a regular file": kind not in {0, stat.S_IFREG},
        "is encrypted": member.flag_bits & ENCRYPTED,
        f"is larger than {MAX_MEMBER_BYTES} bytes": member.file_size > MAX_MEMBER_BYTES,
        # zipfile makes room for as much before it reads
        "is larger than the archive": member.compress_size > path.stat().st_size,
    }
    for fault, found in faults.items():
        if found:
            raise DatasetError(f"{path}: {member.filename!r} {fault}; check where the archive comes from")


def _unpack_all(
    members: Sequence[tuple[Path, zipfile.ZipInfo]], ids: Sequence[str], folder: Path
) -> Iterator[ImageFile]:
    with byte_bar("unpack", sum(member.file_size for _, member in members)) as bar:
        for (path, member), image in zip(members, ids, strict=True):
            yield _unpack(path, member, folder / f"{image}.png")
            bar.update(member.file_size)


def _unpack(path: Path, member: zipfile.ZipInfo, png: Path) -> ImageFile:
    pixels = decode_rgb(_content(path, member), f"{path.name}/{member.filename}")
    write_png(png, pixels)
    written = png.read_bytes()
    height, width, _ = pixels.shape
    return ImageFile(png.name, hashlib.sha256(written).hexdigest(), len(written), png.stem, width, height)


def _content(path: Path, member: zipfile.ZipInfo) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            # Never more than the declared size, and the CRC is checked at its end
            return archive.read(member)
    except DAMAGE as error:
        raise DatasetError(f"{path.name}/{member.filename}: damaged ({error}); fetch the archive again") from error
