"""One VVC intra picture: planes to a byte stream through VVenC, and back through libavcodec's decoder.

VVenC comes inside the ffmpeg of the package imageio-ffmpeg, a program of its own; PyAV's libavcodec decodes.
"""

from __future__ import annotations

import re
import subprocess
from functools import cache
from importlib.metadata import version as version_of

import numpy as np

from licbench.coding.bpg import nal
from licbench.coding.vvc.colour import Plane, Planes
from licbench.errors import CorruptStreamError, LicbenchError

PRESETS = ("faster", "fast", "medium", "slow", "slower")
MIN_CODING_BLOCK, MIN_SIDE = 8, 16
PIXEL_FORMAT = "yuv420p10le"
SAMPLE = np.dtype("<u2")
SLICES, SPS, PPS, APS = range(12), 15, 16, 17
"""NAL unit types that a picture needs (H.266, table 5); APS: the parameters of its loop filters."""
OPTIONS = [
    # qpa: perceptual distribution of the bits, which costs PSNR
    *("-c:v", "libvvenc", "-qpa", "0"),
    # One thread: the same bytes everywhere
    *("-threads", "1", "-frames:v", "1", "-bitexact", "-f", "vvc", "-"),
]
PADDING = bytes(64)
"""libavcodec reads on behind a cut-off slice: it must find zeros there (AV_INPUT_BUFFER_PADDING_SIZE)."""


def block_for(height: int, width: int) -> int:
    """What the sides of the picture are multiples of: the smallest coding block, or the least that VVenC takes."""
    return MIN_CODING_BLOCK if min(height, width) > MIN_CODING_BLOCK else MIN_SIDE


def encode(planes: Planes, qp: int, preset: str) -> bytes:
    """The byte stream (SPS, PPS, perhaps APS, slices) of one intra picture.

    Args:
        planes: Y, Cb, Cr; the sides of Y as ``block_for`` says.
        qp: VVenC's, 0 to 63.
        preset: of ``PRESETS``.

    Raises:
        LicbenchError: ffmpeg fails.
    """
    units = nal.split(_run(planes, qp, preset)[0])
    return nal.join([unit for unit in units if _kind(unit) in (SPS, PPS, APS, *SLICES)])


def decode(stream: bytes, width: int, height: int) -> Planes:
    """The Y, Cb and Cr planes of the first picture in a byte stream, ``width`` by ``height`` luma samples large.

    Raises:
        CorruptStreamError: libavcodec refuses the stream, or finds no such picture in it.
    """
    import av  # noqa: PLC0415  listing the points should work without it
    from av.video.codeccontext import VideoCodecContext  # noqa: PLC0415

    context = VideoCodecContext.create("vvc", "r")
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    try:
        frames = [*context.decode(av.Packet(stream + PADDING)), *context.decode(None)]
    except (av.FFmpegError, MemoryError) as error:
        raise CorruptStreamError(f"vvc stream holds no valid picture ({error}); fetch the file again") from error
    if not frames or (frames[0].format.name, frames[0].width, frames[0].height) != (PIXEL_FORMAT, width, height):
        raise CorruptStreamError("vvc stream holds no picture of the declared size; fetch the file again")
    luma, cb, cr = (_samples(plane)[: plane.height, : plane.width].copy() for plane in frames[0].planes)
    return luma, cb, cr


@cache
def version() -> str:
    """Of VVenC and the ffmpeg around it, as they say, of the package, and of libavcodec."""
    import av  # noqa: PLC0415

    grey = np.full((MIN_SIDE, MIN_SIDE), 512, np.uint16)
    _, said = _run((grey, grey[::2, ::2], grey[::2, ::2]), 63, PRESETS[0])
    found = [re.search(pattern, said) for pattern in (r"libvvenc version: (\S+)", r"ffmpeg version (\S+)")]
    if not all(found):
        raise LicbenchError("ffmpeg does not name its VVenC; install envs/ffmpeg.lock again")
    vvenc, ffmpeg = (match[1] for match in found if match)
    decoder = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"VVenC {vvenc}, ffmpeg {ffmpeg}, imageio-ffmpeg {version_of('imageio-ffmpeg')}, libavcodec {decoder}"


def _run(planes: Planes, qp: int, preset: str) -> tuple[bytes, str]:
    """VVenC's byte stream, and what ffmpeg said."""
    import imageio_ffmpeg  # noqa: PLC0415  an extra

    height, width = planes[0].shape
    raw = ["-f", "rawvideo", "-pix_fmt", PIXEL_FORMAT, "-s", f"{width}x{height}", "-r", "25", "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-nostdin", *raw, "-preset", preset, "-qp", str(qp), *OPTIONS]
    samples = b"".join(plane.astype(SAMPLE).tobytes() for plane in planes)
    done = subprocess.run(command, input=samples, capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    if done.returncode != 0 or not done.stdout:
        last = (said.strip().splitlines() or ["nothing"])[-1]
        raise LicbenchError(f"ffmpeg's VVenC ends with {done.returncode} ({last}); install envs/ffmpeg.lock again")
    return done.stdout, said


def _kind(unit: bytes) -> int:
    """The NAL unit's type, in the second byte of its header."""
    return unit[1] >> 3


def _samples(plane: object) -> Plane:
    """A view of PyAV's buffer, padding at the ends of the rows included."""
    row_bytes: int = plane.line_size  # type: ignore[attr-defined]
    return np.frombuffer(memoryview(plane), SAMPLE).reshape(-1, row_bytes // SAMPLE.itemsize)  # type: ignore[arg-type]
