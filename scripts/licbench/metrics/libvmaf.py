"""Scores by libvmaf, in the ffmpeg that the package imageio-ffmpeg carries: started as a program, one thread."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from licbench.errors import PointsError
from licbench.images import Image

REQUIRES = "imageio-ffmpeg==0.8.1"
MIN_SIDE = 17
"""With a shorter side libvmaf gives up."""
TO_YUV = (
    "scale=in_range=pc:out_range=tv:out_color_matrix=bt709:flags=bitexact+accurate_rnd+full_chroma_int,format=yuv444p"
)
"""8-bit Y'CbCr after BT.709 in its limited range, as the models were trained; no chroma is subsampled."""
SECONDS = 3600


def versions() -> str:
    """imageio-ffmpeg, whose version decides ffmpeg and libvmaf."""
    return f"imageio-ffmpeg {version('imageio-ffmpeg')}"


def scores(original: Image, reconstruction: Image, options: str) -> dict[str, Any]:
    """What libvmaf logs of one frame: name -> score; None for one that is infinite.

    Args:
        original: uint8 (height, width, 3), sides of at least ``MIN_SIDE``.
        reconstruction: of the same shape and type.
        options: of the filter, such as its model or a feature.

    Raises:
        ImportError: imageio-ffmpeg is missing.
        PointsError: ffmpeg fails, in one line with its last.
    """
    height, width = original.shape[:2]
    raw = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", f"{width}x{height}", "-i"]
    graph = f"[0:v]{TO_YUV}[a];[1:v]{TO_YUV}[b];[a][b]libvmaf=log_path=log.json:log_fmt=json:n_threads=1:{options}"
    with TemporaryDirectory() as folder:
        place = Path(folder)
        for name, image in (("reconstruction", reconstruction), ("original", original)):
            (place / name).write_bytes(image.tobytes())
        command = [_program(), "-nostdin", "-loglevel", "error", *raw, "reconstruction", *raw, "original"]
        command += ["-filter_complex_threads", "1", "-filter_complex", graph, "-f", "null", "-"]
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired as error:
            raise PointsError(f"libvmaf takes over {SECONDS} s for {width}x{height}; scale the image down") from error
        log = place / "log.json"
        if done.returncode or not log.is_file():
            last = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
            raise PointsError(f"ffmpeg fails on {width}x{height} ({last}); run: pip install {REQUIRES}")
        found: dict[str, Any] = json.loads(log.read_text())["frames"][0]["metrics"]
        return found


@cache
def _program() -> str:
    import imageio_ffmpeg  # noqa: PLC0415  an extra

    return str(imageio_ffmpeg.get_ffmpeg_exe())
