"""Image files: strict reading to 8-bit RGB, and fast PNG writing."""

from __future__ import annotations

import io
import re
import struct
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
import PIL.Image
from PIL.TiffImagePlugin import TiffImageFile

from licbench import files
from licbench.errors import BadImageError
from licbench.images import Image, jpeg2000_files
from licbench.images.limits import MAX_PIXELS, MAX_SIDE

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "TIFF", "PPM", "GIF", "JPEG2000")
SEVERAL_JPEGS = "MPO"
"""What Pillow calls a JPEG file with further images behind the first: a phone's depth or gain map, a second view."""
GIF_END = b";"
ORIENTATION = 0x0112
UPRIGHT = 1
Turn = PIL.Image.Transpose
# Pillow rotates a TIFF by its orientation tag while it loads it, and no other format: the inverse of each rotation
TURNED_BACK = {
    2: Turn.FLIP_LEFT_RIGHT, 3: Turn.ROTATE_180, 4: Turn.FLIP_TOP_BOTTOM, 5: Turn.TRANSPOSE, 6: Turn.ROTATE_90,
    7: Turn.TRANSVERSE, 8: Turn.ROTATE_270,
}  # fmt: skip
CONVERTED = {"1": "grey", "L": "grey", "LA": "grey", "P": "palette", "PA": "palette", "RGBA": "RGBA"}
DEEP_MODES = {"I", "F", "I;16", "I;16B", "I;16L", "I;16N"}
# Pillow's name for 16-bit samples that it is about to cut down to 8 bit, in PNG and TIFF
DEEP_RAW_MODE = re.compile(r";16[BLN]")
# Everything that Pillow's readers were seen to raise on damaged files
DAMAGE = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
# On Kodak a quarter of the default level's time for 6 % more bytes
PNG_LEVEL = 1


def read_rgb(path: Path) -> Image:
    """The image in a file, as 8-bit RGB.

    8-bit RGB is taken as it is. Grey, palette and RGBA or LA images are converted, with one line on stderr, if no
    pixel is transparent. Pixels are taken as stored: gamma and colour profiles are ignored, and an EXIF
    orientation, with one line on stderr. Of a JPEG file with further images the first is taken, with one line, too.

    Returns:
        uint8 array of shape (height, width, 3).

    Raises:
        BadImageError: samples of other than 8 bits, CMYK or YCCK, real transparency, several frames, more than
            ``limits.MAX_PIXELS`` pixels or ``limits.MAX_SIDE`` a side, truncated, empty, missing, or no image.
    """
    if not path.is_file():
        raise BadImageError(f"{path}: no such file; check the path")
    with path.open("rb") as file:
        return _decode(file, str(path))


def decode_rgb(data: bytes, name: str) -> Image:
    """``read_rgb`` for a file's bytes; ``name`` identifies it in messages."""
    return _decode(io.BytesIO(data), name)


def write_png(path: Path, image: Image) -> None:
    """Write a uint8 (height, width, 3) array as PNG in one step, quickly rather than small."""
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"not a uint8 (height, width, 3) array: {image.dtype} {image.shape}")
    with files.replacing(path) as temporary:
        PIL.Image.fromarray(image).save(temporary, format="PNG", compress_level=PNG_LEVEL)


def _decode(file: BinaryIO, name: str) -> Image:
    """Open, refuse by the header, then decode: a false header must not cost memory."""
    try:
        with warnings.catch_warnings():
            # Pillow's own size limit; ours is MAX_PIXELS
            warnings.simplefilter("ignore", PIL.Image.DecompressionBombWarning)
            with PIL.Image.open(file, formats=FORMATS) as image:
                _refuse_by_header(image, name)
                _verify_bytes(image, file, name)
                orientation = _load(image)
                _note(image, orientation, name)
                return np.array(_as_stored(_to_rgb(image, name), image, orientation))
    except PIL.UnidentifiedImageError as error:
        raise BadImageError(_unreadable(file, name)) from error
    except PIL.Image.DecompressionBombError as error:
        raise BadImageError(f"{name}: larger than {MAX_PIXELS} pixels; crop or scale it down") from error
    except DAMAGE as error:
        raise BadImageError(f"{name}: truncated or damaged ({error}); fetch or export it again") from error


def _refuse_by_header(image: PIL.Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        limit = f"{MAX_PIXELS} pixels or {MAX_SIDE} a side"
        raise BadImageError(f"{name}: {width}x{height} is more than {limit}; crop or scale it down")
    if getattr(image, "n_frames", 1) > 1 and image.format != SEVERAL_JPEGS:
        raise BadImageError(f"{name}: holds several frames; export the one that is meant as a still image")
    if image.mode in DEEP_MODES or _cuts_samples(image):
        raise BadImageError(f"{name}: its samples are not 8-bit (16-bit or float); convert it to 8-bit RGB first")
    if image.mode != "RGB" and image.mode not in CONVERTED:
        raise BadImageError(f"{name}: colour model {image.mode}; convert it to 8-bit RGB first")


def _cuts_samples(image: PIL.Image.Image) -> bool:
    """Whether Pillow would rescale to 8 bit silently: 16-bit PNG and TIFF, PPM with a maximum other than 255."""
    for codec, _extents, _offset, arguments in getattr(image, "tile", ()):
        if DEEP_RAW_MODE.search(str(arguments)):
            return True
        if codec in {"ppm", "ppm_plain"} and arguments[0] in {"L", "RGB"} and arguments[1] != 255:
            return True
    return False


def _verify_bytes(image: PIL.Image.Image, file: BinaryIO, name: str) -> None:
    """Check what Pillow does not when it opens and decodes; the file's position is restored.

    Raises:
        BadImageError: pixels that Pillow would invent: shifted to 8 bit, or outside a GIF's frame.
        OSError: a damaged or cut off PNG, GIF or JPEG 2000.
    """
    start = file.tell()
    file.seek(0)
    if image.format == "PNG":
        # verify() closes what it has opened, so it gets its own reader
        with PIL.Image.open(io.BytesIO(file.read()), formats=["PNG"]) as again:
            again.verify()
    elif image.format == "GIF":
        _verify_gif(image, file.read(), name)
    elif image.format == "JPEG2000":
        _verify_jpeg2000(image, file.read(), name)
    file.seek(start)


def _verify_gif(image: PIL.Image.Image, data: bytes, name: str) -> None:
    """A file without its end may have lost frames; a frame smaller than its canvas leaves pixels without a value."""
    if not data.endswith(GIF_END):
        raise OSError("no end mark")
    if any(tile[1] != (0, 0, *image.size) for tile in getattr(image, "tile", ())):
        raise BadImageError(f"{name}: its frame does not cover it; export it again as a still image")


def _verify_jpeg2000(image: PIL.Image.Image, data: bytes, name: str) -> None:
    if jpeg2000_files.is_cut_off(data) or jpeg2000_files.size(data) != image.size:
        raise OSError("no end mark, or two sizes")
    if not jpeg2000_files.holds_8_bit(data):
        raise BadImageError(
            f"{name}: its samples are not 8-bit, not one for each pixel, or of a palette; convert it to 8-bit RGB first"
        )


def _load(image: PIL.Image.Image) -> int:
    """Load the image; returns its EXIF orientation, 1 to 8; 1 where its EXIF data are damaged."""
    # Loading a TIFF drops its tag; other formats may have theirs behind the pixels
    found = image.tag_v2.get(ORIENTATION, UPRIGHT) if isinstance(image, TiffImageFile) else None
    image.load()
    if found is not None:
        return found if found in TURNED_BACK else UPRIGHT
    try:
        found = image.getexif().get(ORIENTATION, UPRIGHT)
    except DAMAGE:
        return UPRIGHT
    return found if found in TURNED_BACK else UPRIGHT


def _as_stored(pixels: PIL.Image.Image, image: PIL.Image.Image, orientation: int) -> PIL.Image.Image:
    turned = image.format == "TIFF" and orientation != UPRIGHT
    return pixels.transpose(TURNED_BACK[orientation]) if turned else pixels


def _note(image: PIL.Image.Image, orientation: int, name: str) -> None:
    """One line on stderr for each thing that a viewer would show differently."""
    if image.format == SEVERAL_JPEGS:
        count = getattr(image, "n_frames", 1)
        print(f"note: {name}: holds {count} images (MPO); the first is taken", file=sys.stderr)
    if orientation != UPRIGHT:
        print(f"note: {name}: taken as stored, not turned by its EXIF orientation {orientation}", file=sys.stderr)


def _to_rgb(image: PIL.Image.Image, name: str) -> PIL.Image.Image:
    if image.has_transparency_data and image.convert("RGBA").getchannel("A").getextrema()[0] != 255:
        raise BadImageError(f"{name}: has transparent pixels; flatten it onto a background first")
    if image.mode == "RGB":
        return image
    print(f"note: {name}: {CONVERTED[image.mode]} converted to RGB", file=sys.stderr)
    return image.convert("RGB")


def _unreadable(file: BinaryIO, name: str) -> str:
    if file.seek(0, io.SEEK_END) == 0:
        return f"{name}: is empty (0 bytes); fetch or export it again"
    return f"{name}: not an image that can be read; use an undamaged {', '.join(FORMATS)} file"
