"""How long the metrics and each codec take on one 768x512 picture, on one core: `make bench`, never a timed test.

Times are CPU seconds of this process (best of several), beside their ratio to one MS-SSIM, which carries over between
machines better than seconds do.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

from licbench.datasets import describe  # noqa: E402
from licbench.fetching import fetch_image  # noqa: E402
from licbench.images import read_rgb  # noqa: E402
from licbench.metrics import error_moments, ms_ssim  # noqa: E402
from licbench.models import SHIPPED, ModelStore  # noqa: E402
from licbench.registry import codec_class  # noqa: E402
from licbench.resampling import resize  # noqa: E402

REPEATS = 3


def seconds(action: Callable[[], object]) -> float:
    """CPU seconds of the fastest of several runs."""
    times = []
    for _ in range(REPEATS):
        start = time.process_time()
        action()
        times.append(time.process_time() - start)
    return min(times)


def main() -> None:
    """Print one line a measurement."""
    picture = ROOT / "results" / "data" / "embedded" / "rocket.png"
    if not picture.is_file():
        fetch_image(describe("embedded"), "rocket", picture, None)
    image = resize(read_rgb(picture), 768, 512, "bicubic")
    worse = resize(resize(image, 384, 256, "bicubic"), 768, 512, "bicubic")
    unit = seconds(lambda: ms_ssim(image, worse))
    print(f"{'what':28}{'CPU s':>8}{'ratio':>8}")
    print(f"{'MS-SSIM':28}{unit:8.3f}{1:8.1f}")
    print_line("error moments", seconds(lambda: error_moments(image, worse)), unit)
    config = yaml.safe_load((ROOT / "config.yaml").read_text())
    for codec, settings in config["settings"].items():
        kind = codec_class(codec)
        point = (points := kind.points(settings))[len(points) // 2]
        stream = kind(ModelStore(SHIPPED)).encode(image, point)
        # A new instance each time: instances keep what operating points of one picture share.
        print_line(f"{codec} encode", seconds(lambda: kind(ModelStore(SHIPPED)).encode(image, point)), unit)  # noqa: B023
        print_line(f"{codec} decode", seconds(lambda: kind(ModelStore(SHIPPED)).decode(stream)), unit)  # noqa: B023


def print_line(what: str, taken: float, unit: float) -> None:
    """One line of the report."""
    print(f"{what:28}{taken:8.3f}{taken / unit:8.1f}")


if __name__ == "__main__":
    main()
