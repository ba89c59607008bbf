"""The process that may die: parses inputs FIRST .. LAST, and reports each before and after.

python -m fuzz.worker PARSER,PARSER FIRST LAST SEED LIMIT_MIB        (in tools/, with scripts/ on PYTHONPATH)

The parsers take turns: of n parsers, number k gets the inputs k, k + n, k + 2n, ...
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
import warnings
from pathlib import Path

from fuzz.parsers import PARSERS, Parser

MIB = 2**20


def peak_mib() -> float:
    """The largest resident memory since ``forget_peak``."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def outcome(parser: Parser, data: bytes) -> str:
    """``decoded``, ``refused``, or the name and text of what should not have been raised."""
    try:
        parser.parse(data)
    except parser.refusals as error:
        one_line = str(error) and ("\n" not in str(error) or type(error).__module__.startswith("yaml"))
        return "refused" if one_line else f"message of no or several lines: {str(error)[:300]!r}"
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    return "decoded"


def main() -> None:
    names, (first, last, seed, limit_mib) = sys.argv[1].split(","), map(int, sys.argv[2:])
    warnings.simplefilter("ignore")
    for name in names:
        for sound in PARSERS[name].sound if name != "weights" else ():
            result = outcome(PARSERS[name], sound)
            assert result == "decoded", (name, result)
    # Address space for what is loaded by now, and for what an input may cost.
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + limit_mib * MIB,) * 2)
    for turn in range(first, last):
        name, index = names[turn % len(names)], turn // len(names)
        data = PARSERS[name].damaged(random.Random(f"{seed} {name} {index}"))
        print(json.dumps({"begin": turn}), flush=True)
        forget_peak()
        started = time.process_time()
        result = outcome(PARSERS[name], data)
        spent = time.process_time() - started
        print(json.dumps({"end": turn, "result": result, "seconds": spent, "mib": peak_mib()}), flush=True)


if __name__ == "__main__":
    main()
