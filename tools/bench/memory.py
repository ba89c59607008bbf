"""Memory of one measuring job on a photograph of 24 megapixels: encode, decode, all scores."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.measuring import photograph, usage_of
from licbench.codecs.registry import codec_class
from licbench.images.files import write_png

WIDTH, HEIGHT = 6000, 4000
LIMIT_MIB = 4096
GAN = {"model": ["gan_128"], "bits": [7], "rotated": [True]}
SWITCH = {"models": ["gan_64", "gan_128"], "scale": 4, "lambda": [3000]}
CASES: list[tuple[str, Mapping[str, Any]]] = [
    ("jpeg", {"modes": ["444-standard"], "quality": [50]}),
    ("jpeg", {"modes": ["444-standard"], "quality": [10, 30, 50, 70, 90]}),
    ("jpeg2000", {"bpp": [0.15], "reversible_bpp": []}),
    ("jpeg2000", {"bpp": [0.15, 0.5, 2.0], "reversible_bpp": []}),
    ("bpg", {"chroma": ["444"], "qp": [37]}),
    ("bpg", {"chroma": ["420", "444"], "qp": [37]}),
    ("cae", {"rotation": ["offline"], "ladder": {"cae_096": [1.0]}}),
    ("cae", {"rotation": ["offline"], "ladder": {"cae_048": [1.0], "cae_096": [1.0]}}),
    ("sr", {"model": "srcnn", "qp": [37]}),
    ("sr_restored", {"model": "restorer", "qp": [37], "size": ["adaptive"]}),
    ("gan", {"families": [GAN | {"scale": [1]}]}),
    ("gan", {"families": [GAN | {"scale": [4]}]}),
    ("avif", {"chroma": ["420"], "quality": [20], "speed": 4}),
    ("webp", {"quality": [20]}),
    ("jpegxl", {"distance": [8], "effort": 7}),
    ("vvc", {"qp": [38], "preset": "medium"}),
    ("cae_search", {"rounds": 1, "ladder": {"cae_096": [1.0]}}),
    ("gan_switch", SWITCH),
    ("best_of", {"members": {"bpg": {"chroma": ["420"], "qp": [37]}, "gan_switch": SWITCH}, "lambda": [3000]}),
]


def main() -> None:
    """Print a line a codec and number of points."""
    print(f"{'codec':10}{'points':>7}{'peak, MiB':>11}{'CPU s':>8}  settings")
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch) / "large.png"
        write_png(image, photograph(WIDTH, HEIGHT))
        for codec, settings in CASES:
            places = ["--streams", Path(scratch) / "streams", "--rows", Path(scratch) / "rows.csv"]
            command = [sys.executable, "scripts/measure.py", image, "--dataset", "large", "--codec", codec]
            weights = ["--weights", "workflow/resources/weights"]
            used = usage_of([*command, "--settings", json.dumps(settings), *weights, *places])
            points = len(codec_class(codec).points(settings))
            over = "" if used.peak_mib <= LIMIT_MIB else f"  over {LIMIT_MIB} MiB"
            print(
                f"{codec:10}{points:7}{used.peak_mib:11.0f}{used.cpu_s:8.0f}  {json.dumps(settings)}{over}", flush=True
            )
