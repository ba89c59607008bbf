"""How long the metrics and each codec take on one 768x512 image, on one core.

Times are median CPU seconds, with their ratio to one MS-SSIM, which compares between machines better than seconds
do.
"""

from __future__ import annotations

from bench.measuring import config, medians, photograph
from licbench.codecs.registry import codec_class
from licbench.images.geometry import resize
from licbench.locations import SHIPPED
from licbench.metrics.distortion import error_moments
from licbench.metrics.ms_ssim import ms_ssim
from licbench.networks.store import ModelStore

REPEATS = 5


def main() -> None:
    """Print one line a measurement."""
    image = photograph(768, 512)
    worse = resize(resize(image, 384, 256, "bicubic"), 768, 512, "bicubic")
    scores = {"MS-SSIM": lambda: ms_ssim(image, worse), "error moments": lambda: error_moments(image, worse)}
    taken = medians(scores, REPEATS)
    unit = taken["MS-SSIM"]
    print(f"{'what':28}{'CPU s':>8}{'ratio':>8}")
    for codec, settings in config()["settings"].items():
        kind = codec_class(codec)
        point = (points := kind.points(settings))[len(points) // 2]
        stream = kind(ModelStore(SHIPPED)).encode(image, point)
        # A new instance each time: instances keep what operating points of one image share
        ways = {
            f"{codec} encode": lambda: kind(ModelStore(SHIPPED)).encode(image, point),  # noqa: B023
            f"{codec} decode": lambda: kind(ModelStore(SHIPPED)).decode(stream),  # noqa: B023
        }
        taken |= medians(ways, REPEATS)
    for what, seconds in taken.items():
        print(f"{what:28}{seconds:8.3f}{seconds / unit:8.1f}")
