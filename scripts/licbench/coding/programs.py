"""A program of somebody else's as encoder or decoder: run without a shell, alone in a folder, on one thread."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import string
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from licbench.errors import LicbenchError, SettingsError

HERE = "here"
"""The placeholder for the folder that the bench was started in."""
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "RAYON_NUM_THREADS", "GOMAXPROCS", "JULIA_NUM_THREADS", "NUMBA_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip
"""Environment variables by which libraries are asked for one thread; a program with an option of its own needs that."""
MOST_SHOWN = 300
"""Letters of what a program said."""
TAIL = 8192
"""Bytes at the end of its output that are read for that."""


class ProgramError(LicbenchError):
    """A program that ended with an error; the message is a phrase, without the fix."""


def split(command: str, allowed: Sequence[str], needed: Sequence[str]) -> list[str]:
    """The words of a command line, placeholders still in them.

    Raises:
        SettingsError: no command, an open quote, a placeholder that is not ``allowed``, or one ``needed`` that is
            missing; a phrase for the caller to put the setting's name before.
    """
    try:
        words = shlex.split(command)
        used = [
            (name, bool(form or conversion))
            for word in words
            for _, name, form, conversion in string.Formatter().parse(word)
            if name is not None
        ]
    except ValueError as error:
        reason = str(error).lower()
        raise SettingsError(f"{reason} in {command!r}; close quotes, and write {{{{ and }}}} for braces") from error
    if not words:
        raise SettingsError("is empty; give the program and its arguments")
    for name, changed in used:
        if name not in allowed or changed:
            known = ", ".join(f"{{{one}}}" for one in allowed)
            raise SettingsError(f"unknown placeholder {{{name}}}{' with a format' * changed}; it may have {known}")
    if missing := [name for name in needed if name not in {name for name, _ in used}]:
        raise SettingsError(f"lacks {{{missing[0]}}}; put it where the program takes it")
    return words


def fill(words: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """The words with ``values``, and the working directory as ``{here}``, in place of their placeholders."""
    return [word.format(**values, **{HERE: str(Path.cwd())}) for word in words]


def named_files(words: Sequence[str]) -> list[Path]:
    """The files that the words name by a path with a slash, an own program, say, or its weights.

    Relative where they are below the working directory, so that it can move.
    """
    paths = (Path(word.replace(f"{{{HERE}}}/", "")) for word in words if "/" in word)
    return [path for path in paths if os.path.isfile(path)]  # noqa: PTH113  Path's raises for a name that is too long


def run(words: Sequence[str], folder: Path, timeout: float) -> str:
    """Run a program in ``folder`` and wait; returns the first line that it wrote, empty where it wrote none.

    Args:
        words: the program, looked for as the caller's shell would, and its arguments.
        folder: its working directory.
        timeout: seconds after which it is killed, with all that it started.

    Raises:
        SettingsError: it is not there, or takes longer.
        ProgramError: it ended with another status than 0; in one line, with the last line that it wrote.
    """
    program = shutil.which(words[0])
    if program is None:
        place = "no executable file" if "/" in words[0] else "not on PATH"
        raise SettingsError(f"{words[0]} is {place}; install it, or give its path ({{here}}/... for your own)")
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        status = _wait([str(Path(program).absolute()), *words[1:]], folder, timeout, (out, errors))
        if status != 0:
            said = _line(errors, last=True) or _line(out, last=True) or "without a word"
            ended = f"was ended by signal {-status}" if status < 0 else f"returned {status}"
            raise ProgramError(f"{words[0]} {ended} ({said})")
        return _line(out) or _line(errors)


def _wait(words: Sequence[str], folder: Path, timeout: float, outputs: tuple[IO[bytes], IO[bytes]]) -> int:
    environment = os.environ | dict.fromkeys(THREADS, "1")
    try:
        # A group of its own, so that what it starts ends with it; files, as a pipe would be held open by those
        process = subprocess.Popen(
            words, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=outputs[0], stderr=outputs[1],
            process_group=0,
        )  # fmt: skip
    except OSError as error:
        raise SettingsError(f"{words[0]} cannot be started ({error.strerror}); check the file") from error
    try:
        return process.wait(timeout)
    except subprocess.TimeoutExpired:
        raise SettingsError(f"{words[0]} takes more than {timeout:g} s; raise timeout, or repair the program") from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _line(file: IO[bytes], *, last: bool = False) -> str:
    """The first or last line with something on it, of what fits a message."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL) if last else 0)
    text = file.read(TAIL).decode(errors="replace")
    lines = [" ".join("".join(c if c.isprintable() else " " for c in line).split()) for line in text.splitlines()]
    return next(filter(None, reversed(lines) if last else lines), "")[:MOST_SHOWN]
