"""Our classical codecs on Kodak against curves that others have published: nobody's JPEG may be better than ours."""

import csv
import os
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from licbench.codecs.registry import codec_class
from licbench.images.files import read_rgb
from licbench.metrics.distortion import error_moments, psnr
from licbench.metrics.rate import bd_rate, bits_per_pixel
from licbench.networks.store import ModelStore

ROOT = Path(__file__).parents[2]
KODAK = Path(os.environ.get("LICBENCH_MIRROR", ROOT.parent / "shared" / "mirror")) / "kodak"
CURVES = ROOT / "workflow" / "resources" / "published" / "kodak_curves.csv"
WORST_PERCENT = 3.0

J2K_RATES = [0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0]
SETTINGS = {
    "jpeg": {"modes": ["420-standard"], "quality": [5, 10, 20, 35, 50, 70, 80, 90, 95]},
    "jpeg2000": {"bpp": J2K_RATES, "reversible_bpp": J2K_RATES},
    "bpg": {"chroma": ["420", "444"], "qp": [24, 30, 36, 42]},
}
OURS_FOR = {
    ("jpeg", "compressai-420"): "420-standard",
    ("jpeg", "tensorflow-420"): "420-standard",
    ("jpeg2000", "compressai-openjpeg"): "9-7",
    ("jpeg2000", "compressai-openjpeg-revised"): "9-7",
    ("jpeg2000", "tensorflow-openjpeg"): "5-3",
    ("jpeg2000", "tensorflow-kakadu"): "9-7",
    ("bpg", "compressai-444"): "444",
    ("bpg", "tensorflow-420"): "420",
    ("bpg", "tensorflow-444"): "444",
}
"""(codec, published variant) -> the curve of ours that uses the same chroma format, tables or wavelet."""

SAME = {("jpeg2000", "tensorflow-openjpeg")}
"""Made by the same library with the same settings: neither curve may be better."""

Curve = tuple[list[float], list[float]]

pytestmark = [
    pytest.mark.kodak,
    pytest.mark.skipif(not (KODAK / "kodim01.png").is_file(), reason=f"no Kodak pictures in {KODAK}"),
]


def published(codec: str, variant: str) -> Curve:
    with CURVES.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["codec"], row["variant"]) == (codec, variant)]
    return [float(row["bpp"]) for row in rows], [float(row["psnr_db"]) for row in rows]


@cache
def measured(codec: str) -> dict[str, Curve]:
    """Curve -> mean bpp and mean RGB PSNR over the 24 pictures, point by point: the average that was published."""
    samples: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for path in sorted(KODAK.glob("kodim*.png")):
        for curve, point, bpp, quality in measure_picture(codec, path):
            samples[curve, point].append((bpp, quality))
    curves: dict[str, Curve] = defaultdict(lambda: ([], []))
    for (curve, _), pairs in samples.items():
        assert len(pairs) == 24
        for values, mean in zip(curves[curve], np.mean(pairs, axis=0), strict=True):
            values.append(float(mean))
    return curves


def measure_picture(codec: str, path: Path) -> Iterator[tuple[str, str, float, float]]:
    image, kind = read_rgb(path), codec_class(codec)
    coder = kind(ModelStore(Path("no-models")))
    for point in kind.points(SETTINGS[codec]):
        stream = coder.encode(image, point)
        sse = error_moments(image, coder.decode(stream))["sse"]
        yield point.curve, point.id, bits_per_pixel(len(stream), image.size // 3), psnr(sse, image.size)


@pytest.mark.parametrize(("codec", "variant"), OURS_FOR)
def test_no_published_curve_beats_ours(codec, variant, record_property):
    difference = bd_rate(*published(codec, variant), *measured(codec)[OURS_FOR[codec, variant]])
    record_property("bd_rate_percent", round(difference, 2))
    print(f"BD-rate against {variant}: {difference:+.2f} %")
    assert difference <= WORST_PERCENT
    assert (codec, variant) not in SAME or difference >= -WORST_PERCENT
