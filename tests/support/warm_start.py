"""Python programs in forks of a process that has imported their libraries already: the same, a second or two sooner.

They share one seed of hashes; the jobs that Snakemake starts have their own, so that an order by chance still shows.
"""

from __future__ import annotations

import atexit
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from unittest import mock

LIBRARIES = ["snakemake.cli", "jsonschema", "requests", "seaborn", "torch", "torch.fx", "torch.optim.swa_utils"]


def run_python(
    arguments: Sequence[str],
    at: Path,
    environment: Mapping[str, str],
    timeout: float = 120,
    *,
    merged: bool = False,
) -> subprocess.CompletedProcess[str]:
    """What ``python`` gives in a folder; stderr goes to stdout where they are ``merged``.

    Args:
        arguments: -m and a module, or a script, and what the program is given.
        at: the working directory.
        environment: of the program; the libraries were imported in that of the first call.
        timeout: seconds.
        merged: whether stdout and stderr come as one.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    with ExitStack() as stack:
        logs = [stack.enter_context(tempfile.NamedTemporaryFile("r")) for _ in range(1 if merged else 2)]
        given = (arguments, str(at), dict(environment), logs[0].name, logs[-1].name)
        child = _fork_server().Process(target=_program, args=given)
        with mock.patch.dict(os.environ, environment, clear=True):
            child.start()  # the first one starts the server, which keeps this environment
        child.join(timeout)
        if child.exitcode is None:
            child.kill()
            raise subprocess.TimeoutExpired(["python", *arguments], timeout)
        written = [log.read() for log in logs]
        return subprocess.CompletedProcess(["python", *arguments], child.exitcode, written[0], written[-1])


@cache
def _fork_server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def _program(arguments: Sequence[str], at: str, environment: Mapping[str, str], output: str, errors: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(at)
    for stream, path in enumerate((os.devnull, output, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND if stream else os.O_RDONLY), stream)
    # Without the folders of the tests: only what a user has
    installed = [folder for folder in sys.path if folder.startswith((sys.prefix, sys.base_prefix))]
    named = [folder for folder in environment.get("PYTHONPATH", "").split(os.pathsep) if folder]
    try:
        if arguments[0] == "-m":
            sys.path[:], sys.argv = [at, *named, *installed], list(arguments[1:])
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.path[:], sys.argv = [str(Path(arguments[0]).parent), *named, *installed], list(arguments)
            runpy.run_path(arguments[0], run_name="__main__")
    finally:
        atexit._run_exitfuncs()
