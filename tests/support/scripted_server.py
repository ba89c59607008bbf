"""A web server on 127.0.0.1 that misbehaves as told."""

from __future__ import annotations

import http.server
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import unquote


class ScriptedServer(http.server.ThreadingHTTPServer):
    """Serves ``files`` by path; ``script[path]`` holds the steps of its next answers, "ok" once they are used up.

    Steps: ok, no-range, drop (half of the body, then the connection ends), html, wrong (other bytes, same length),
    longer, unsized and unsized-drop (no Content-Length), elsewhere (another range than asked for), or an HTTP status.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.script: dict[str, list[str]] = {}
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: ScriptedServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = unquote(self.path.lstrip("/"))
        asked = self.headers.get("Range")
        self.server.requests.append((path, asked))
        steps = self.server.script.get(path, [])
        step = steps.pop(0) if steps else "ok"
        if path not in self.server.files:
            step = "404"
        self.close_connection = True
        self._answer(step, self.server.files.get(path, b""), int(asked[6:-1]) if asked else None)

    def _answer(self, step: str, body: bytes, start: int | None) -> None:
        kind, status, headers, sent = "application/octet-stream", 200, {}, None
        if step.isdigit():
            status, kind, body = int(step), "text/html", b"<html>error</html>"
        elif step == "html":
            kind, body = "text/html; charset=utf-8", b"<html>please log in</html>"
        elif step == "wrong":
            body = bytes(byte ^ 1 for byte in body)
        elif step == "longer":
            body = body + b"more"
        if start is not None and step in {"ok", "drop", "elsewhere"}:
            status, first = 206, start + (step == "elsewhere")
            headers["Content-Range"] = f"bytes {first}-{len(body) - 1}/{len(body)}"
            body = body[first:]
        if step.endswith("drop"):
            sent = len(body) // 2
        self.send_response(status)
        self.send_header("Content-Type", kind)
        if step not in {"unsized", "unsized-drop", "longer"}:
            self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body[:sent])

    def log_message(self, format: str, *args: object) -> None:
        """Keep stderr for the code under test."""


@contextmanager
def serving() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


def dead_address() -> str:
    """An address at which nothing listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"
