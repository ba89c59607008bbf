"""From a dataset's definition to files on this disk: out of the wheel, a local mirror, a folder, or the web."""

from __future__ import annotations

import importlib.util
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from licbench import files
from licbench.datasets import archives
from licbench.datasets.catalogue import Dataset
from licbench.datasets.downloads import RETRY, RemoteFile, RetryPolicy, download, mismatch
from licbench.datasets.folders import placeholder
from licbench.datasets.manifests import ImageFile, SourceFile
from licbench.datasets.progress import byte_bar
from licbench.errors import DatasetError
from licbench.images.files import read_rgb, write_png

if TYPE_CHECKING:
    from licbench.datasets.progress import Bar


def fetch_image(
    dataset: Dataset, image: str, destination: Path, mirror: Path | None = None, retry: RetryPolicy = RETRY
) -> None:
    """Write one image of ``dataset`` to ``destination`` as 8-bit RGB PNG.

    With ``mirror`` the network is never touched: the file must be ``{mirror}/{mirror_folder}/{file}``.

    Raises:
        DatasetError: no such image, unreachable, missing in the mirror, or not the file of the manifest.
        BadImageError: an image that ``images.read_rgb`` refuses.
    """
    if dataset.kind == "archives":
        raise DatasetError(f"{dataset.id} comes in archives; run: fetch.py archive, then fetch.py unpack")
    if dataset.kind == "folder":
        _copy_original(dataset.path(image), destination)
        return
    row = dataset.row(image)
    with _Supply(dataset, mirror, retry).obtained(row) as source:
        pixels = read_rgb(source)
    if pixels.shape != (row.height, row.width, 3):
        found = f"{pixels.shape[1]}x{pixels.shape[0]}"
        raise DatasetError(f"{row.file} is {found}, its manifest says {row.width}x{row.height}; correct the manifest")
    write_png(destination, pixels)


def _copy_original(path: Path, destination: Path) -> None:
    """The user's own image; one that changes meanwhile would not be read again, as Snakemake notes its end state."""
    if found := placeholder(path):
        raise DatasetError(f"{path}: Snakemake would take {found!r} for a placeholder; rename it")
    before = path.stat()
    write_png(destination, read_rgb(path))
    after = path.stat()
    if (before.st_mtime_ns, before.st_size, before.st_ino) != (after.st_mtime_ns, after.st_size, after.st_ino):
        destination.unlink()
        raise DatasetError(f"{path}: changed while it was read; run again")


def fetch_archive(
    dataset: Dataset, archive: str, destination: Path, mirror: Path | None = None, retry: RetryPolicy = RETRY
) -> None:
    """Bring one archive of ``dataset`` to ``destination``; an interrupted download is continued by the next call.

    Raises:
        DatasetError: no such archive, unreachable, missing in the mirror, or wrong checksum.
    """
    source, supply = dataset.archive(archive), _Supply(dataset, mirror, retry)
    if supply.is_local:
        with files.replacing(destination) as temporary:
            shutil.copyfile(supply.local(source), temporary)
    else:
        with byte_bar(source.file, source.bytes) as bar:
            supply.download(source, destination, bar)


def unpack_archives(dataset: Dataset, zips: Sequence[Path], folder: Path) -> tuple[ImageFile, ...]:
    """Unpack the archives of ``dataset``, given in its order, to ``folder`` and return its manifest's rows.

    Notes on stderr if the number of pixels is not the expected one.

    Raises:
        DatasetError: archives missing or not the dataset's, and what ``archives.unpack_images`` raises.
    """
    expected = [archive.file for archive in dataset.archives]
    if not expected:
        raise DatasetError(f"{dataset.id} does not come in archives; run: fetch.py image")
    if len(zips) != len(expected):
        raise DatasetError(f"{dataset.id} needs {len(expected)} archives, not {len(zips)}; give {' '.join(expected)}")
    for path, archive in zip(zips, dataset.archives, strict=True):
        _verify(path, archive, f"fetch {archive.file} of {dataset.id} again")
    rows = archives.unpack_images(zips, folder)
    pixels = sum(row.width * row.height for row in rows)
    if dataset.pixels is not None and abs(pixels - dataset.pixels) > dataset.pixel_tolerance:
        wanted = f"{dataset.pixels} +-{dataset.pixel_tolerance}"
        print(f"note: {dataset.id} has {pixels} pixels, expected {wanted}: not the published set", file=sys.stderr)
    return rows


def pack_training_set(
    dataset: Dataset, destination: Path, mirror: Path | None = None, retry: RetryPolicy = RETRY
) -> None:
    """Put all images of ``dataset`` as they are, in its own order, into one zip that is the same on every run.

    Downloaded files stay in ``.{name}.cache`` in the same folder until the zip is complete.

    Raises:
        DatasetError: the dataset is not downloaded, a file is unreachable, missing or not the expected, or an archive
            holds what ``archives.images_in`` refuses.
    """
    sources = _downloads(dataset)
    cache, supply = destination.with_name(f".{destination.name}.cache"), _Supply(dataset, mirror, retry)
    with byte_bar(dataset.id, sum(source.bytes for source in sources)) as bar:
        archives.pack((image for source in sources for image in supply.images_of(source, cache, bar)), destination)
    shutil.rmtree(cache, ignore_errors=True)


def _downloads(dataset: Dataset) -> Sequence[SourceFile]:
    """The files that a dataset is made of, as they are downloaded."""
    if dataset.kind not in {"files", "archives"}:
        raise DatasetError(f"{dataset.id} is never downloaded; choose one of files or archives, or use it as it is")
    return dataset.archives or dataset.manifest


def mirror_dataset(dataset: Dataset, sums: Path, mirror: Path | None = None, retry: RetryPolicy = RETRY) -> None:
    """Bring all files of ``dataset`` to the folder of ``sums``, placed as ``mirror`` wants them, and write their list.

    The list, as ``sha256sum --check`` reads it, comes last. Files that are there and right are not fetched again.

    Raises:
        DatasetError: nothing of the dataset is ever downloaded, or a file is unreachable, missing or not the expected.
    """
    sources = _downloads(dataset)
    root, supply = sums.parent / dataset.mirror_folder, _Supply(dataset, mirror, retry)
    with byte_bar(dataset.id, sum(source.bytes for source in sources)) as bar:
        for source in sources:
            path, destination = supply.cached(source, root, bar), root / source.file
            if not (destination.exists() and path.samefile(destination)):
                with files.replacing(destination) as temporary:
                    shutil.copyfile(path, temporary)
    files.write_text(sums, "".join(f"{source.sha256}  {dataset.mirror_folder}/{source.file}\n" for source in sources))


@dataclass(frozen=True)
class _Supply:
    """Where the files of a dataset come from on this machine."""

    dataset: Dataset
    mirror: Path | None
    retry: RetryPolicy

    @property
    def is_local(self) -> bool:
        return self.dataset.kind == "embedded" or self.mirror is not None

    def local(self, source: SourceFile) -> Path:
        """The verified file in an installed package or in the mirror."""
        dataset = self.dataset
        if self.mirror is None or dataset.kind == "embedded":
            root, remedy = _package_folder(dataset.package), f"install the pinned version of {dataset.package}"
        else:
            root, remedy = self.mirror, _from_mirror(dataset)
        path = root / dataset.mirror_folder / source.file
        _verify(path, source, remedy)
        return path

    def download(self, source: SourceFile, destination: Path, bar: Bar) -> None:
        if not self.dataset.urls:
            place = f"the folder that holds {self.dataset.mirror_folder}/"
            raise DatasetError(f"{self.dataset.id} has no address to download from; set mirror to {place}, or add urls")
        urls = tuple(f"{url.rstrip('/')}/{quote(source.file)}" for url in self.dataset.urls)
        download(RemoteFile(source.file, urls, source.bytes, source.sha256), destination, bar, self.retry)

    @contextmanager
    def obtained(self, source: SourceFile) -> Iterator[Path]:
        """The verified file, for as long as the block lasts."""
        if self.is_local:
            yield self.local(source)
            return
        with tempfile.TemporaryDirectory() as scratch, byte_bar(source.file, source.bytes) as bar:
            path = Path(scratch) / Path(source.file).name
            self.download(source, path, bar)
            yield path

    def cached(self, source: SourceFile, cache: Path, bar: Bar) -> Path:
        """The verified file, downloaded to ``cache`` unless it is there already, and the bar moved past it."""
        end, path = bar.n + source.bytes, cache / source.file
        if self.is_local:
            path = self.local(source)
        elif not path.is_file() or mismatch(path, source.bytes, source.sha256):
            self.download(source, path, bar)
        bar.update(end - bar.n)
        return path

    def images_of(self, source: SourceFile, cache: Path, bar: Bar) -> Iterator[tuple[str, bytes]]:
        """Name and content of the image that a file is, or of those in an archive, by ``cached``."""
        path = self.cached(source, cache, bar)
        if self.dataset.kind == "archives":
            yield from ((f"{Path(source.file).stem}/{name}", content) for name, content in archives.images_in(path))
        else:
            yield source.file, path.read_bytes()


def _from_mirror(dataset: Dataset) -> str:
    """What to do where a mirror's file is not the expected one."""
    return f"copy it there from {dataset.urls[0]} or run without a mirror" if dataset.urls else "copy it there again"


def _package_folder(package: str) -> Path:
    """The folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(f"package {package} is not installed; install the requirements in envs/")
    return Path(spec.submodule_search_locations[0])


def _verify(path: Path, source: SourceFile, remedy: str) -> None:
    fault = mismatch(path, source.bytes, source.sha256) if path.is_file() else "no such file"
    if fault:
        raise DatasetError(f"{path}: {fault}; {remedy}")
