"""Check an unpacked pack: every file, every stream decoded and compared, every table computed from its rows.

In the pack this is check.py. It needs the packages of requirements.txt, and says so where they are missing.
"""

import argparse
import hashlib
import sys
from pathlib import Path

LIST = "files.sha256"
AGAIN = "unpack the archive again"
NEEDS = (
    "error: {} is missing; check.py needs Python 3.11 and the packages of requirements.txt: python3.11 -m venv "
    ".venv && .venv/bin/pip install -r requirements.txt && .venv/bin/python check.py"
)


def main() -> None:
    """Parse the command line and check; 0 where all agrees, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    here = Path(__file__).resolve().parent
    parser.add_argument("pack", nargs="?", type=Path, default=here, help="its folder (default: where check.py is)")
    parser.add_argument("--images", type=Path, help="the originals, {image}.png, to score what is not exact")
    parser.add_argument("--processes", type=int, default=1, help="streams decoded at a time (default: 1)")
    options = parser.parse_args()
    damaged = damaged_files(options.pack)
    print(*damaged, sep="\n", end="\n" if damaged else "")
    if damaged:
        sys.exit(1)
    sys.exit(decode(options.pack, options.images, options.processes))


def damaged_files(pack: Path) -> list[str]:
    """A line for each file of the pack that is missing or not as packed; with Python's own library alone."""
    try:
        listed = [line.split("  ", 1) for line in (pack / LIST).read_text().splitlines()]
    except (OSError, UnicodeDecodeError):
        return [f"{LIST} cannot be read in {pack}; {AGAIN}"]
    if not listed or any(len(line) != 2 for line in listed):
        return [f"{LIST} is damaged; {AGAIN}"]
    lines = []
    for expected, name in listed:
        if not (pack / name).is_file():
            lines.append(f"{name} is missing; {AGAIN}")
        elif hashlib.sha256((pack / name).read_bytes()).hexdigest() != expected:
            lines.append(f"{name} is not the file that was packed; {AGAIN}")
    return lines


def decode(pack: Path, images: Path | None, processes: int) -> int:
    """Decode and compare with the pack's own library, a line for each codec and table; the exit status."""
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(pack / "scripts"))
    try:
        from licbench.errors import LicbenchError  # noqa: PLC0415
        from licbench.report.pack import check_pack  # noqa: PLC0415
    except ModuleNotFoundError as error:
        print(NEEDS.format(error.name), file=sys.stderr)
        return 1
    wrong = 0
    try:
        for line, problems in check_pack(pack, images, processes):
            print(line, *problems, sep="\n", flush=True)
            wrong += len(problems)
    except (LicbenchError, ModuleNotFoundError) as error:
        missing = isinstance(error, ModuleNotFoundError)
        print(NEEDS.format(error.name) if missing else f"error: {error}", file=sys.stderr)
        return 1
    print(f"NOT REPRODUCED: {wrong} things differ" if wrong else "CHECKED: all of it agrees")
    return 1 if wrong else 0


if __name__ == "__main__":
    main()
