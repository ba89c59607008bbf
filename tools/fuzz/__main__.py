"""Fuzz parsers and print the table of docs/dev/robustness.md.

python -m fuzz                          20,000 inputs for every parser
python -m fuzz --inputs 500 jpeg bpg    fewer, for some
python -m fuzz --show 1234 jpeg         write that input to a file, to look at
"""

from __future__ import annotations

import argparse
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from fuzz.harness import SEED, fuzz
from fuzz.parsers import PARSERS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parsers", nargs="*", metavar="PARSER", help=", ".join(PARSERS))
    parser.add_argument("--inputs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--show", type=int, metavar="INDEX")
    options = parser.parse_args()
    names = options.parsers or list(PARSERS)
    if options.show is not None:
        data = PARSERS[names[0]].damaged(random.Random(f"{options.seed} {names[0]} {options.show}"))
        Path(f"{names[0]}-{options.show}.bin").write_bytes(data)
        return
    print("| parser | inputs | decoded | refused | slowest, CPU s | largest memory, MiB | faults |")
    print("|---|---|---|---|---|---|---|", flush=True)
    faults = []
    for name in names:
        (tally,) = fuzz([name], options.inputs, options.seed)
        faults += tally.faults
        cells = (name, tally.inputs, tally.decoded, tally.refused, f"{tally.slowest:.2f}", f"{tally.largest_mib:.0f}")
        print(f"| {' | '.join(map(str, cells))} | {len(tally.faults)} |", flush=True)
    print(*faults, sep="\n", file=sys.stderr)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
