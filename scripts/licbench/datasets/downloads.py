"""Files over HTTP: retried, resumed, checked. Knows nothing about datasets."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from licbench.datasets.progress import note
from licbench.errors import DatasetError
from licbench.files import sha256_of

if TYPE_CHECKING:
    import requests

    from licbench.datasets.progress import Bar

# What a broken connection can cost at most
CHUNK_BYTES = 1 << 16
WHOLE, PARTIAL, TOO_LARGE_RANGE = 200, 206, 416
BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True)
class RemoteFile:
    """A file with the addresses that serve it, best first, and what it must be."""

    name: str
    urls: tuple[str, ...]
    bytes: int
    sha256: str


@dataclass(frozen=True)
class RetryPolicy:
    """How often a download is tried again; the wait doubles after each failure."""

    attempts: int = 4
    first_wait_s: float = 1.0
    timeout_s: float = 60.0


RETRY = RetryPolicy()


class _PermanentError(Exception):
    """This address will never give the file; the next one may."""


class _TransientError(Exception):
    """A failure that may pass."""


def download(file: RemoteFile, destination: Path, bar: Bar, retry: RetryPolicy = RETRY) -> None:
    """Fetch ``file`` to ``destination``, which appears whole and verified or not at all.

    An interrupted download is kept as ``.{name}.part`` in the same folder and resumed by the next call.

    Raises:
        DatasetError: no address serves the file, or what they serve has another size or checksum.
    """
    import requests  # noqa: PLC0415  slow to import, and local images do not need it

    destination.parent.mkdir(parents=True, exist_ok=True)
    part = destination.with_name(f".{destination.name}.part")
    reasons = []
    with requests.Session() as session:
        attempts = _Download(file, part, bar, retry, session)
        for url in file.urls:
            try:
                attempts.from_address(url)
            except (_PermanentError, _TransientError) as reason:
                reasons.append(f"{url}: {reason}")
            else:
                part.replace(destination)
                return
    resume = ", run again to continue" if part.exists() else ""
    raise DatasetError(
        f"{file.name} was not fetched ({'; '.join(reasons)}); check the network{resume}, or use a mirror"
    )


def mismatch(path: Path, size: int, sha256: str) -> str:
    """What is wrong with a local file, empty if it is the expected one."""
    found = path.stat().st_size
    if found != size:
        return f"has {found} bytes, expected {size}"
    digest = sha256_of(path)
    return "" if digest == sha256 else f"sha256 is {digest[:12]}..., expected {sha256[:12]}..."


class _Download:
    """The attempts to get one file into ``part``."""

    def __init__(self, file: RemoteFile, part: Path, bar: Bar, retry: RetryPolicy, session: requests.Session) -> None:
        self.file, self.part, self.bar, self.retry, self.session = file, part, bar, retry, session
        self.bar_start = bar.n

    def from_address(self, url: str) -> None:
        """Try one address until its retries are used up; afterwards ``part`` is the verified file."""
        import requests  # noqa: PLC0415

        wait, last, reason = self.retry.first_wait_s, self.retry.attempts, ""
        for attempt in range(1, last + 1):
            try:
                if self._finished(url):
                    return
                reason = "the continued file was damaged"
            except (requests.RequestException, _TransientError) as error:
                # The names of requests' errors say enough; their texts run over lines
                reason = str(error) if isinstance(error, _TransientError) else type(error).__name__
                if attempt < last:
                    note(self.bar, f"{url}: {reason}, trying again in {wait:.0f} s")
                    time.sleep(wait)
                    wait *= 2
        raise _TransientError(f"{reason}, {last} attempts")

    def _finished(self, url: str) -> bool:
        """Whether one request made the file whole; a damaged continuation is thrown away and worth another try."""
        have = self._have()
        if have < self.file.bytes:
            self._transfer(url, have)
        fault = mismatch(self.part, self.file.bytes, self.file.sha256)
        if fault:
            self.part.unlink()
            if not have:
                raise _PermanentError(fault)
        return not fault

    def _transfer(self, url: str, have: int) -> None:
        """One request, which continues ``part`` if the server can and else starts it again."""
        # No compression on the way: byte ranges and lengths then speak of the file itself
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
        with self.session.get(url, headers=headers, stream=True, timeout=self.retry.timeout_s) as response:
            continues = response.status_code == PARTIAL
            if response.status_code == TOO_LARGE_RANGE or (continues and not _starts_at(response, have)):
                self.part.unlink(missing_ok=True)
                raise _TransientError("the server cannot continue the file")
            self._refuse(response)
            with self.part.open("ab" if continues else "wb") as out:
                for chunk in response.iter_content(CHUNK_BYTES):
                    out.write(chunk)
                    self.bar.update(self.bar_start + out.tell() - self.bar.n)
                    if out.tell() > self.file.bytes:
                        break
        if self._have() < self.file.bytes:
            raise _TransientError(f"the connection ended after {self._have()} of {self.file.bytes} bytes")

    def _refuse(self, response: requests.Response) -> None:
        """An error or a web page is never saved as data."""
        status = response.status_code
        if status in BUSY or status >= 500:
            raise _TransientError(f"HTTP {status}")
        if status not in {WHOLE, PARTIAL}:
            raise _PermanentError(f"HTTP {status}")
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise _PermanentError("answers with a web page instead of the file")
        length = response.headers.get("Content-Length")
        if status == WHOLE and length is not None and int(length) != self.file.bytes:
            raise _PermanentError(f"has {length} bytes, expected {self.file.bytes}")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0


def _starts_at(response: requests.Response, offset: int) -> bool:
    return response.headers.get("Content-Range", "").startswith(f"bytes {offset}-")
