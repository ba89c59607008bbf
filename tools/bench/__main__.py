"""Print the tables of docs/dev/performance.md.

python -m bench codecs coders     some subjects
python -m bench                    every subject, an hour
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "tests" / "support")]

from bench import codecs, coders, compressai, memory, overhead, scale, tiles  # noqa: E402

SUBJECTS: dict[str, Callable[[], None]] = {
    "codecs": codecs.main,
    "coders": coders.main,
    "tiles": tiles.main,
    "scale": scale.main,
    "memory": memory.main,
    "overhead": overhead.main,
    "compressai": compressai.main,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", choices=[*SUBJECTS, []], help=", ".join(SUBJECTS))
    asked = parser.parse_args().subjects or SUBJECTS
    print(f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.release()}")
    for name in asked:
        print(f"\n{name}", flush=True)
        SUBJECTS[name]()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").is_file() else ():
        if line.startswith("model name"):
            return line.partition(": ")[2]
    return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
