"""Fuzz parsers of our own, guided by the branches that inputs reach, with atheris (libFuzzer for Python).

python -m fuzz.guided                             ten minutes for each of our own parsers
python -m fuzz.guided --seconds 60 own-fields     less, for some

atheris is no dependency of the project: pip install atheris. Only Python code is watched, so that this serves parsers
that are Python, and finds nothing in libraries.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

OWN = ("own-fields", "bpg-container", "hevc-header", "nal-units", "mosaic", "range-coder", "gan-tables", "manifest")
STATISTICS = re.compile(r"cov: (\d+) .*corp: (\d+)")
INPUTS = re.compile(r"number_of_executed_units: (\d+)")


def watch(name: str, options: list[str]) -> None:
    """The process that libFuzzer takes over, and ends."""
    try:
        import atheris
    except ModuleNotFoundError:
        sys.exit("atheris is not installed; pip install atheris, in an environment of Python 3.11")
    with atheris.instrument_imports(include=["licbench"]):
        from fuzz.mutations import resealed
        from fuzz.parsers import PARSERS, OwnFields
        from fuzz.worker import outcome
    parser = PARSERS[name]

    def one_input(data: bytes) -> None:
        result = outcome(parser, resealed(data) if isinstance(parser, OwnFields) else data)
        if result not in ("decoded", "refused"):
            raise RuntimeError(result)

    with tempfile.TemporaryDirectory() as corpus:
        for number, sound in enumerate(parser.sound):
            (Path(corpus) / str(number)).write_bytes(sound[:-2] if isinstance(parser, OwnFields) else sound)
        atheris.Setup([sys.argv[0], *options, corpus], one_input)
        atheris.Fuzz()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parsers", nargs="*", choices=[*OWN, []], help="which (default: all)")
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--watch", choices=OWN, help=argparse.SUPPRESS)
    options = parser.parse_args()
    limits = ["-timeout=5", "-rss_limit_mb=1024", "-print_final_stats=1", f"-max_total_time={options.seconds}"]
    if options.watch:
        watch(options.watch, limits)
        return
    print("| parser | seconds | inputs | branches reached | inputs kept for them | faults |\n|---|---|---|---|---|---|")
    failures = 0
    for name in options.parsers or OWN:
        command = [sys.executable, "-m", "fuzz.guided", "--watch", name, "--seconds", str(options.seconds)]
        done = subprocess.run(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, check=False)
        inputs, statistics = INPUTS.search(done.stderr), STATISTICS.findall(done.stderr)
        if inputs is None or not statistics:
            sys.exit(done.stderr[-2000:])
        failures += done.returncode != 0
        cells = (name, options.seconds, inputs[1], *statistics[-1], int(done.returncode != 0))
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
        if done.returncode:
            print(done.stderr[-2000:], file=sys.stderr)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
