"""Rows as a real run would leave them, from a plain model of each codec: no encoding, the same every time."""

import json
import math

import pandas as pd

from licbench.measurement.rows import COLUMNS

SIDES = {"beach": (640, 480), "castle": (512, 512), "market": (768, 512), "portrait": (480, 640)}
# dB at 1 bpp, dB a doubling of the rate, for each curve
CURVES = {
    ("jpeg", "444-standard"): (33.0, 4.2),
    ("jpeg", "420-standard"): (33.5, 4.0),
    ("jpeg", "420-optimised"): (34.0, 3.9),
    ("jpeg2000", "9-7"): (35.5, 3.4),
    ("jpeg2000", "5-3"): (35.0, 3.4),
    ("bpg", "420"): (37.0, 3.2),
    ("bpg", "444"): (37.2, 3.3),
    ("cae", "offline"): (34.3, 3.6),
    ("cae", "per_image"): (34.1, 3.7),
    ("cae", "none"): (33.6, 3.6),
    ("gan", "gan_128-b8-pca"): (29.5, 2.0),
    ("gan", "gan_128-b6-pca"): (29.0, 2.1),
}
RATES = (0.06, 0.1, 0.15, 0.25, 0.4, 0.7, 1.2)


def row(image, codec, curve, point, **columns):
    """One row; what is not given is plausible filling."""
    width, height = SIDES.get(image, (200, 200))
    blank = dict.fromkeys(COLUMNS, 0) | {"codec_version": "1", "stream_sha256": "0", "pixels_sha256": "0"}
    ids = {"dataset": "synthetic", "image": image, "codec": codec, "curve": curve, "point": point, "settings": "{}"}
    return blank | ids | {"width": width, "height": height, "branch": None, "pre_psnr_db": math.nan} | columns


def coded(bpp, psnr_db, width, height):
    """Bytes, squared error and MS-SSIM of a picture coded to this rate and quality."""
    sse = round(3 * width * height * 255**2 / 10 ** (psnr_db / 10))
    return {"bytes": round(bpp * width * height / 8), "sse": sse, "ms_ssim": 1 - 0.6 * 10 ** (-psnr_db / 25)}


def synthetic_rows():
    """All codecs on four pictures, as the default config would measure them, with fewer points."""
    rows = []
    for at, (image, (width, height)) in enumerate(SIDES.items()):
        ease = 1.5 * (at - 1.5)
        for (codec, curve), (start, slope) in CURVES.items():
            for rate in RATES:
                quality = start + ease + slope * math.log2(rate)
                rows.append(row(image, codec, curve, f"{curve}-{rate}", **coded(rate, quality, width, height)))
        for branch, loss in (("srcnn", 0.35), ("lanczos", 0.5)):
            for qp in (28, 32, 35, 38, 42):
                rate = loss * 2 ** ((32 - qp) / 5)
                quality = 36.5 + ease + 3 * math.log2(rate)
                settings = json.dumps({"branch": branch, "model": "srcnn", "qp": qp})
                own = {"settings": settings, "branch": branch, "pre_psnr_db": 31.0 + at}
                point = f"{branch}-qp{qp:02d}"
                rows.append(row(image, "sr", branch, point, **own, **coded(rate, quality, width, height)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
