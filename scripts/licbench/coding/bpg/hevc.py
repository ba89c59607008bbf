"""One HEVC intra picture: planes to a byte stream through libx265, and back through libavcodec's decoder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import numpy as np

from licbench.coding.bpg.chroma import Chroma, Plane, Planes
from licbench.errors import CorruptStreamError

PIXEL_FORMATS: Mapping[Chroma, str] = {"420": "yuv420p", "444": "yuv444p"}
"""libavutil's names."""

PADDING = bytes(64)
"""libavcodec reads on behind a cut-off slice: it must find zeros there (AV_INPUT_BUFFER_PADDING_SIZE)."""

MIN_SIDE = 16
"""Of a picture that libx265 takes, in luma samples."""

PRESET = {"preset": "veryslow", "tune": "ssim"}
"""What bpgenc 0.9.8 asks of x265 at its default level (x265_glue.c)."""

PARAMETERS = {
    # as bpgenc: intra only; BPG fixes amp_enabled_flag to 1, and x265 wants rect with it
    "keyint": "1",
    "rect": "1",
    "amp": "1",
    # neither wanted in a file that has no place for it
    "info": "0",
    "vui-timing-info": "0",
    # one thread: the same bytes on every machine
    "pools": "none",
    "frame-threads": "1",
    "wpp": "0",
    "log-level": "none",
}


def encode(planes: Planes, chroma: Chroma, qp: int, min_coding_block: int) -> bytes:
    """The byte stream (VPS, SPS, PPS, slice) of one intra picture.

    Args:
        planes: Y, Cb, Cr; the sides of Y at least ``MIN_SIDE`` and multiples of ``min_coding_block``.
        chroma: the format of ``planes``.
        qp: x265's constant QP, 0 .. 51. An intra picture is coded three lower (x265's ipratio of 1.4).
        min_coding_block: side of the smallest coding block, 8 or 16 luma samples.
    """
    return _encode(planes, chroma, {**PARAMETERS, "qp": str(qp), "min-cu-size": str(min_coding_block)})


def decode(stream: bytes, chroma: Chroma, width: int, height: int) -> Planes:
    """The Y, Cb and Cr planes of the first picture in a byte stream, ``width`` by ``height`` luma samples large.

    Raises:
        CorruptStreamError: libavcodec refuses the stream, or finds no such picture in it.
    """
    import av  # noqa: PLC0415  listing the points should work without it
    from av.video.codeccontext import VideoCodecContext  # noqa: PLC0415

    context = VideoCodecContext.create("hevc", "r")
    context.thread_count = 1
    context.options = {"err_detect": "explode"}
    try:
        frames = [*context.decode(av.Packet(stream + PADDING)), *context.decode(None)]
    except (av.FFmpegError, MemoryError) as error:
        raise CorruptStreamError(f"BPG stream holds no valid HEVC picture ({error}); fetch the file again") from error
    if not frames or (frames[0].format.name, frames[0].width, frames[0].height) != (
        PIXEL_FORMATS[chroma],
        width,
        height,
    ):
        raise CorruptStreamError("BPG stream holds no HEVC picture of the declared size; fetch the file again")
    luma, cb, cr = (_rows(plane, plane.line_size)[: plane.height, : plane.width].copy() for plane in frames[0].planes)
    return luma, cb, cr


@cache
def version() -> str:
    """Of libx265, as it writes it into a stream if asked to, and of libavcodec."""
    import av  # noqa: PLC0415

    grey = np.full((MIN_SIDE, MIN_SIDE), 128, np.uint8)
    found = re.search(rb"x265 \(build \d+\) - ([^:]+)", _encode((grey, grey, grey), "444", {**PARAMETERS, "info": "1"}))
    if found is None:
        raise RuntimeError("libx265 wrote no version into its stream")
    return f"x265 {found[1].decode()}, libavcodec {'.'.join(map(str, av.library_versions['libavcodec']))}"


def _encode(planes: Planes, chroma: Chroma, parameters: Mapping[str, str]) -> bytes:
    import av  # noqa: PLC0415
    from av.video.codeccontext import VideoCodecContext  # noqa: PLC0415

    height, width = planes[0].shape
    context = VideoCodecContext.create("libx265", "w")
    context.width, context.height, context.pix_fmt = width, height, PIXEL_FORMATS[chroma]
    context.time_base = Fraction(1, 25)  # an encoder must be told one, even for a still
    context.thread_count = 1
    context.options = {**PRESET, "x265-params": ":".join(f"{key}={value}" for key, value in parameters.items())}
    frame = av.VideoFrame(width, height, PIXEL_FORMATS[chroma])
    for target, plane in zip(frame.planes, planes, strict=True):
        _rows(target, target.line_size)[: plane.shape[0], : plane.shape[1]] = plane
    return b"".join(bytes(packet) for packet in (*context.encode(frame), *context.encode(None)))


def _rows(plane: object, line_size: int) -> Plane:
    """A view of PyAV's buffer, padding at the ends of the rows included."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, line_size)  # type: ignore[arg-type]
