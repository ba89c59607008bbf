"""JPEG 2000 codestreams through glymur's bindings of OpenJPEG: whole photographs, and EBCOT alone for latents.

Both kinds have one tile, one quality layer, one precinct a resolution and no optional marker, so that the size and a
few parameters decide every header byte; a decoder here accepts exactly that layout (ITU-T T.800, annex A) and so
knows, before OpenJPEG allocates anything, how much memory a stream can ask for.
"""

from __future__ import annotations

import ctypes
import importlib
import struct
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL

from licbench.coding.bitstream import check_length, least_bytes
from licbench.errors import CorruptStreamError, LicbenchError, SettingsError
from licbench.images import Image
from licbench.images.limits import check_size

IntArray = npt.NDArray[np.int32]

SOC, SIZ, COD, QCD, COM, SOT, SOD, EOC = 0xFF4F, 0xFF51, 0xFF52, 0xFF5C, 0xFF64, 0xFF90, 0xFF93, 0xFFD9
SIZE_AT = 8
"""Where the SIZ segment gives width and height, 4 bytes each."""
TILE_HEADER_BYTES = 14
"""The SOT segment and the SOD marker."""
MARKER_BYTES = 2
PIXELS_PER_BYTE = 2**15
"""OpenJPEG takes a byte for some 17,000 pixels of a flat image, none for a mid-grey one."""
GUARD_BITS = 2
MAX_LEVELS = 5
PHOTO_CODE_BLOCK = 64
MOSAIC_CODE_BLOCKS = (4, 8, 16, 32, 64)
MAX_DEPTH = 24
"""Bits of a mosaic's sample; OpenJPEG's coder keeps six fractional bits in 32."""


def version() -> str:
    """The version of the OpenJPEG library in use."""
    return f"OpenJPEG {_bindings().version()}"


def encode_photo(image: Image, ratio: float, *, reversible: bool = False) -> bytes:
    """A raw codestream of ``image``: wavelet and colour transform, rate-distortion optimal truncation.

    Args:
        image: uint8, shape (height, width, 3).
        ratio: raw bytes to coded bytes; OpenJPEG lands some bytes off, and never below its shortest stream.
        reversible: the 5/3 wavelet with the reversible colour transform, OpenJPEG's default; otherwise 9/7 with
            YCbCr, which serves lossy coding better.
    """
    height, width, _ = image.shape
    stream = _compress([image[:, :, plane] for plane in range(3)], _photo_format(width, height, reversible), ratio)
    return stream.ljust(least_bytes(width * height, PIXELS_PER_BYTE), b"\0")


def photo_header_bytes(width: int, height: int, *, reversible: bool) -> int:
    """Bytes of a stream of ``encode_photo`` that are markers: the main header, the tile-part's, and the end's."""
    return _photo_format(width, height, reversible).tile_start() + TILE_HEADER_BYTES + MARKER_BYTES


def decode(stream: bytes) -> Image:
    """The image in a stream that ``encode_photo`` wrote: uint8, shape (height, width, 3).

    Raises:
        CorruptStreamError: the stream is damaged, cut off or has another layout.
    """
    if len(stream) < SIZE_AT + 8:
        raise CorruptStreamError("JPEG 2000 stream is cut off in its header; fetch the file again")
    width, height = struct.unpack_from(">II", stream, SIZE_AT)
    check_size(width, height)
    check_length(width * height, len(stream), PIXELS_PER_BYTE)
    if len(stream) == least_bytes(width * height, PIXELS_PER_BYTE):
        stream = stream.rstrip(b"\0")
    for form in (_photo_format(width, height, reversible) for reversible in (False, True)):
        if _has_layout(stream, form):
            return _decompress(stream, form)
    raise CorruptStreamError("not a JPEG 2000 stream of this bench, or a damaged one; fetch the file again")


def encode_mosaic(values: npt.NDArray[np.integer[Any]], code_block: int = 64) -> bytes:
    """A quantised latent, losslessly, by the bit-plane coder of JPEG 2000 alone, without a wavelet.

    The main header (80 bytes, a matter at low rates) follows from the shape, the bit depth and the code-block size, so
    the last two are kept in one byte and the rest is left out; ``decode_mosaic`` puts it back.

    Args:
        values: signed integers of at most ``MAX_DEPTH`` bits, shape (height, width).
        code_block: side of the independently coded squares; one of ``MOSAIC_CODE_BLOCKS``.

    Raises:
        SettingsError: a value or the code block is out of range.
    """
    if code_block not in MOSAIC_CODE_BLOCKS:
        raise SettingsError(f"code block {code_block} is not one of {MOSAIC_CODE_BLOCKS}; choose one of these")
    depth = _signed_bits(values)
    if depth > MAX_DEPTH:
        raise SettingsError(f"latents need {depth} bits but the coder takes {MAX_DEPTH}; use a coarser step")
    form = _mosaic_format(values.shape, depth, code_block)
    codestream = _compress([values], form, ratio=0)
    return bytes([MOSAIC_CODE_BLOCKS.index(code_block) << 5 | depth]) + _packets(codestream, form)


def decode_mosaic(stream: bytes, shape: tuple[int, int]) -> IntArray:
    """The latent of ``encode_mosaic``: int32, of the given (height, width).

    Raises:
        CorruptStreamError: the stream is damaged or cut off.
    """
    block, depth = (stream[0] >> 5, stream[0] & 31) if stream else (0, 0)
    if block >= len(MOSAIC_CODE_BLOCKS) or not 1 <= depth <= MAX_DEPTH:
        raise CorruptStreamError("coded latents have an impossible header; fetch the file again")
    check_size(shape[1], shape[0])
    form = _mosaic_format(shape, depth, MOSAIC_CODE_BLOCKS[block])
    # One subband without gain: its exponent is the bit depth (T.800, E.1.1).
    quantisation = struct.pack(">HHBB", QCD, 4, GUARD_BITS << 5, depth << 3)
    return _decompress(form.header() + quantisation + _tile(stream[1:]), form)[:, :, 0]


@dataclass(frozen=True)
class _Format:
    """What decides the main header."""

    width: int
    height: int
    components: int
    depth: int
    signed: bool
    levels: int
    code_block: int
    reversible: bool

    def header(self) -> bytes:
        """SOC, SIZ and COD (T.800, A.4.1, A.5.1, A.6.1)."""
        width, height, count = self.width, self.height, self.components
        size = struct.pack(
            ">HHHIIIIIIIIH", SIZ, 38 + 3 * count, 0, width, height, 0, 0, width, height, 0, 0, count
        ) + count * bytes([self.signed << 7 | self.depth - 1, 1, 1])
        exponent = self.code_block.bit_length() - 3
        coding = struct.pack(
            ">HHBBHBBBBBB", COD, 12, 0, 0, 1, count == 3, self.levels, exponent, exponent, 0, self.reversible
        )
        return struct.pack(">H", SOC) + size + coding

    def tile_start(self) -> int:
        """Offset of the SOT marker: after the QCD segment, which holds one step for each subband."""
        step_bytes = 1 if self.reversible else 2
        return len(self.header()) + 5 + step_bytes * (3 * self.levels + 1)


def _photo_format(width: int, height: int, reversible: bool) -> _Format:
    # OpenJPEG refuses to halve an image below one sample.
    levels = min(MAX_LEVELS, max(0, min(width, height).bit_length() - 1))
    return _Format(width, height, 3, 8, False, levels, PHOTO_CODE_BLOCK, reversible)


def _mosaic_format(shape: tuple[int, ...], depth: int, code_block: int) -> _Format:
    height, width = shape
    return _Format(width, height, 1, depth, True, 0, code_block, True)


def _tile(packets: bytes) -> bytes:
    """The only tile-part, and the end of the codestream."""
    length = TILE_HEADER_BYTES + len(packets)
    return struct.pack(">HHHIBBH", SOT, 10, 0, length, 0, 1, SOD) + packets + struct.pack(">H", EOC)


def _has_layout(codestream: bytes, form: _Format) -> bool:
    """Whether header and tile-part are as ``form`` demands, to the last byte; the QCD segment lies between them."""
    tile = codestream[form.tile_start() :]
    return codestream.startswith(form.header()) and tile == _tile(_packets(codestream, form))


def _packets(codestream: bytes, form: _Format) -> bytes:
    """The coded data between the SOD and EOC markers."""
    return codestream[form.tile_start() + TILE_HEADER_BYTES : -MARKER_BYTES]


def _signed_bits(values: npt.NDArray[np.integer[Any]]) -> int:
    """Bits of the shortest two's complement that holds every value."""
    low, high = int(values.min()), int(values.max())
    return 1 + max((-low - 1).bit_length() if low < 0 else 0, max(high, 0).bit_length())


def _without_comment(codestream: bytes) -> bytes:
    """Drop the optional COM segments of the main header (T.800, A.9.2), which OpenJPEG always writes."""
    kept, at = codestream[:MARKER_BYTES], MARKER_BYTES
    while True:
        marker, length = struct.unpack_from(">HH", codestream, at)
        if marker == SOT:
            return kept + codestream[at:]
        end = at + MARKER_BYTES + length
        if marker != COM:
            kept += codestream[at:end]
        at = end


def _compress(planes: Sequence[npt.NDArray[Any]], form: _Format, ratio: float) -> bytes:
    """OpenJPEG's codestream of the sample planes; ``ratio`` 0 keeps every coded bit."""
    lib = _bindings()
    parameters = lib.set_default_encoder_parameters()
    parameters.cp_comment = b""
    parameters.cp_disto_alloc = 1
    parameters.tcp_numlayers = 1
    parameters.tcp_rates[0] = ratio
    parameters.tcp_mct = form.components == 3
    parameters.numresolution = form.levels + 1
    parameters.cblockw_init = parameters.cblockh_init = form.code_block
    parameters.irreversible = not form.reversible
    messages = _Messages()
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.NamedTemporaryFile(suffix=".j2k"))
        image = _filled_image(planes, form)
        stack.callback(lib.image_destroy, image)
        codec = lib.create_compress(lib.CODEC_J2K)
        stack.callback(lib.destroy_codec, codec)
        messages.listen(codec)
        try:
            lib.setup_encoder(codec, parameters, image)
            with _file_stream(file.name, reading=False) as stream:
                lib.start_compress(codec, image, stream)
                lib.encode(codec, stream)
                lib.end_compress(codec, stream)
        except lib.OpenJPEGLibraryError as error:
            raise LicbenchError(f"OpenJPEG cannot encode: {messages}; check the disk of TMPDIR") from error
        codestream = _without_comment(file.read())
    if not _has_layout(codestream, form):
        raise LicbenchError(f"{version()} writes another header than 2.5; install the locked requirements")
    return codestream


def _filled_image(planes: Sequence[npt.NDArray[Any]], form: _Format) -> Any:
    """OpenJPEG's image structure, holding a copy of the samples."""
    lib = _bindings()
    components = (lib.ImageComptParmType * form.components)()
    for component in components:
        component.dx = component.dy = 1
        component.w, component.h = form.width, form.height
        component.prec = component.bpp = form.depth
        component.sgnd = form.signed
    image = lib.image_create(components, lib.CLRSPC_SRGB if form.components == 3 else lib.CLRSPC_GRAY)
    image.contents.x1, image.contents.y1 = form.width, form.height
    for index, plane in enumerate(planes):
        samples = np.ascontiguousarray(plane, dtype=np.int32)
        ctypes.memmove(image.contents.comps[index].data, samples.ctypes.data, samples.nbytes)
    return image


def _decompress(codestream: bytes, form: _Format) -> npt.NDArray[Any]:
    """The samples, shape (height, width, components); anything OpenJPEG complains of is damage."""
    lib = _bindings()
    messages = _Messages()
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.NamedTemporaryFile(suffix=".j2k"))
        file.write(codestream)
        file.flush()
        stream = stack.enter_context(_file_stream(file.name, reading=True))
        codec = lib.create_decompress(lib.CODEC_J2K)
        stack.callback(lib.destroy_codec, codec)
        messages.listen(codec)
        try:
            lib.setup_decoder(codec, lib.set_default_decoder_parameters())
            image = lib.read_header(stream, codec)
            stack.callback(lib.image_destroy, image)
            lib.decode(codec, stream, image)
            lib.end_decompress(codec, stream)
        except lib.OpenJPEGLibraryError as error:
            raise CorruptStreamError(f"JPEG 2000 stream is damaged ({messages}); fetch it again") from error
        if messages:
            # Before 2.5 the library only warned of data that end too early.
            raise CorruptStreamError(f"JPEG 2000 stream is damaged ({messages}); fetch it again")
        samples = np.empty((form.height, form.width, form.components), np.int32 if form.signed else np.uint8)
        for index in range(form.components):
            samples[:, :, index] = _view(image.contents.comps[index], form)
        return samples


def _view(component: Any, form: _Format) -> IntArray:
    """One component's samples where OpenJPEG keeps them, shape (height, width)."""
    if (component.w, component.h) != (form.width, form.height) or not component.data:
        raise CorruptStreamError("JPEG 2000 stream lacks a component; fetch it again")
    return np.ctypeslib.as_array(component.data, shape=(form.height, form.width))


@contextmanager
def _file_stream(name: str, *, reading: bool) -> Iterator[Any]:
    lib = _bindings()
    stream = lib.stream_create_default_file_stream(name, reading)
    try:
        yield stream
    finally:
        lib.stream_destroy(stream)


class _Messages(list[str]):
    """OpenJPEG's warnings and errors, collected in place of printing them; must outlive the codec it listens to."""

    def listen(self, codec: Any) -> None:
        lib = _bindings()
        # ctypes keeps no reference to a callback.
        self._callback = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p)(self._collect)
        lib.set_warning_handler(codec, self._callback)
        lib.set_error_handler(codec, self._callback)

    def _collect(self, message: bytes, _: Any) -> None:
        self.append(message.decode(errors="replace").strip())

    def __str__(self) -> str:
        return self[0] if self else "no reason given"


@cache
def _bindings() -> Any:
    """glymur's ctypes layer, bound to the libopenjp2 that Pillow's wheel carries, or else to the system's.

    The wheel's version is in the lock file, so that every machine runs the same. glymur itself looks for the system's,
    once, at import, and lays out its structures by the version that it finds.

    Raises:
        LicbenchError: there is no libopenjp2.
    """
    from glymur import config  # noqa: PLC0415
    from glymur.lib import openjp2  # noqa: PLC0415

    bundled = _bundled_library()
    if bundled:
        system_search, config.find_library = config.find_library, lambda _: bundled
        try:
            openjp2 = importlib.reload(openjp2)
        finally:
            config.find_library = system_search
    if openjp2.OPENJP2 is None:
        raise LicbenchError("no libopenjp2 found; install Pillow from its wheel, or OpenJPEG (apt: libopenjp2-7)")
    return openjp2


def _bundled_library() -> str | None:
    """Path of the libopenjp2 in Pillow's wheel (Linux, macOS) or in a conda environment."""
    packages = Path(PIL.__file__).parents[1]
    for folder in (packages / "pillow.libs", packages / "PIL" / ".dylibs", Path(sys.prefix) / "lib"):
        for path in (*folder.glob("libopenjp2*.so*"), *folder.glob("libopenjp2*.dylib")):
            return str(path)
    return None
