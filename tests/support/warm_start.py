"""Snakemake in a fork of a process that has imported it already: the same program, most of a second sooner."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from unittest import mock


def run_snakemake(
    arguments: Sequence[str], at: Path, environment: Mapping[str, str], timeout: float
) -> tuple[int, str]:
    """What ``python -m snakemake`` gives in a folder: the return code, and stdout and stderr as they came.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was killed.
    """
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        child = _fork_server().Process(target=_snakemake, args=(arguments, str(at), dict(environment), log.name))
        with mock.patch.dict(os.environ, environment, clear=True):
            child.start()  # the first one starts the server, which keeps this environment
        code = _code_of(child, arguments, timeout)
        return code, log.read()


def _code_of(child: BaseProcess, arguments: Sequence[str], timeout: float) -> int:
    child.join(timeout)
    if child.exitcode is None:
        child.kill()
        raise subprocess.TimeoutExpired(["snakemake", *arguments], timeout)
    return child.exitcode


@cache
def _fork_server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(["snakemake.cli", "jsonschema", "requests"])
    return context


def _snakemake(arguments: Sequence[str], at: str, environment: Mapping[str, str], log: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(at)
    output, nothing = os.open(log, os.O_WRONLY), os.open(os.devnull, os.O_RDONLY)
    for stream, descriptor in enumerate((nothing, output, output)):
        os.dup2(descriptor, stream)
    # Without the folders of the tests: only what a user has
    installed = [folder for folder in sys.path if folder.startswith((sys.prefix, sys.base_prefix))]
    sys.path[:] = [at, *environment.get("PYTHONPATH", "").split(os.pathsep), *installed]
    sys.argv = ["snakemake", *arguments]
    runpy.run_module("snakemake", run_name="__main__", alter_sys=True)
