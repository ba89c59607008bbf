"""BPG, the still picture format on top of HEVC: complete ``.bpg`` files from images and back.

Written after the BPG specification 0.9.5 by Fabrice Bellard; what bpgenc 0.9.8 makes of an 8-bit RGB image in 4:2:0
or 4:4:4 is read, and bpgdec 0.9.8 reads what is written and decodes the same pixels.
"""

from __future__ import annotations

from licbench.coding.bpg import chroma, container, hevc, nal, parameter_sets
from licbench.coding.bpg.chroma import Chroma
from licbench.coding.bpg.container import BpgFile
from licbench.errors import CorruptStreamError
from licbench.images import Image
from licbench.images.geometry import pad_to_multiple

__all__ = ["Chroma", "decode", "encode", "version"]

MIN_CODING_BLOCK = 8


def encode(image: Image, qp: int, chroma_format: Chroma) -> bytes:
    """The ``.bpg`` file of an image.

    Args:
        image: shape (height, width, 3), dtype uint8, sRGB, from 1x1 up.
        qp: 0 (largest file) .. 51, x265's constant QP like the ``-q`` of bpgenc. x265 has lowered its Lagrange
            multipliers since the release inside bpgenc 0.9.8: at the same ``qp`` files are now a little larger and
            better (on Kodak 4:4:4 at 27 .. 47, 6 to 12 % and 0.3 to 0.5 dB), on the same rate-distortion curve.
        chroma_format: ``"420"`` (bpgenc's default) or ``"444"``.
    """
    height, width = image.shape[:2]
    # BPG pads to whole coding blocks, x265 takes no picture under 16 samples: then the blocks must be of 16.
    block = MIN_CODING_BLOCK if min(width, height) > MIN_CODING_BLOCK else hevc.MIN_SIDE
    halving = 2 if chroma_format == "420" else 1
    luma, cb, cr = chroma.rgb_to_planes(image, chroma_format)
    padded = (
        pad_to_multiple(luma, block),
        pad_to_multiple(cb, block // halving),
        pad_to_multiple(cr, block // halving),
    )
    units = nal.split(hevc.encode(padded, chroma_format, qp, block))
    sps = next(unit for unit in units if nal.kind(unit) == nal.SPS)
    header = parameter_sets.write_header(parameter_sets.read_sps(nal.payload(sps)))
    kept = [unit for unit in units if nal.kind(unit) not in (nal.VPS, nal.SPS)]
    return container.write(BpgFile(width, height, chroma_format, header, nal.START_CODE.join(kept)))


def decode(stream: bytes) -> Image:
    """The image in a ``.bpg`` file: shape (height, width, 3), dtype uint8, sRGB.

    Raises:
        CorruptStreamError: the file is damaged, cut off, not BPG, or of a kind that ``container`` does not read.
    """
    file = container.read(stream)
    tools = parameter_sets.read_header(file.hevc_header)
    units = nal.split(file.hevc_data)
    if any(nal.kind(unit) in (nal.VPS, nal.SPS) or nal.layer(unit) != 0 for unit in units):
        # A second SPS could ask for a picture of any size.
        raise CorruptStreamError("BPG stream holds NAL units that BPG forbids; fetch the file again")
    coded = tools.padded(file.width, file.height)
    sets = parameter_sets.decoder_parameter_sets(tools, *coded, container.PIXEL_FORMATS[file.chroma])
    luma, cb, cr = hevc.decode(nal.join([*sets, *units]), file.chroma, *coded)
    halving = 2 if file.chroma == "420" else 1
    inside = slice(-(-file.height // halving)), slice(-(-file.width // halving))
    return chroma.planes_to_rgb((luma[: file.height, : file.width], cb[inside], cr[inside]))


def version() -> str:
    """Of the libraries that decide the bytes and the pixels."""
    return hevc.version()
