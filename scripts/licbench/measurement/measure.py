"""Images through one codec at every operating point: encode, store, decode from the file alone, score."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from licbench.codecs.base import Codec, Image, OperatingPoint, Settings
from licbench.codecs.registry import codec_class
from licbench.files import write_bytes
from licbench.images.files import read_rgb
from licbench.measurement import contract
from licbench.measurement.batches import stream_folder
from licbench.measurement.rows import Row, digest, write_rows
from licbench.metrics import MIN_SIDE_MS_SSIM
from licbench.metrics.distortion import error_moments
from licbench.metrics.ms_ssim import ms_ssim
from licbench.networks.store import ModelStore
from licbench.schemas import require_valid


def measure_images(
    originals: Mapping[str, Path], ids: tuple[str, str], settings: Settings, *, weights: Path, streams: Path, rows: Path
) -> None:
    """Write a stream for each image and operating point below ``streams`` and one row each into ``rows``.

    Args:
        originals: id -> the original.
        ids: of dataset and codec, as the rows name them.
        settings: the codec's block of the config.
        weights: folder of trained models.
        streams: folder for the streams, ``{image}/{point}{extension}``; see ``batches.stream_folder``.
        rows: CSV file, see ``measurement.rows``; written once all images are measured.

    Raises:
        SettingsError: the settings are not what the codec takes, or give a point twice.
        BadImageError: an original cannot be read.
        ContractError: the codec breaks its contract (``codecs.base``); nothing is written into ``rows``.
    """
    dataset, codec = ids
    require_valid(settings, codec_class(codec).settings_schema, f"settings of {codec}")
    points = contract.points_of(codec_class(codec), settings)
    contract.reject_duplicate_points(codec, points)
    models = ModelStore(weights)
    measured = (
        row
        for image, path in originals.items()
        for row in _measure(read_rgb(path), (dataset, image, codec), points, models, stream_folder(streams, image))
    )
    write_rows(measured, rows)


def _measure(
    original: Image, ids: tuple[str, str, str], points: Sequence[OperatingPoint], models: ModelStore, streams: Path
) -> Iterator[Row]:
    dataset, image, codec = ids
    kind = codec_class(codec)
    # The decoder is another instance, so that nothing but the file can carry over.
    encoder, decoder = kind(models), kind(models)
    untouched = digest(original)
    for point in points:
        file = streams / f"{point.id}{kind.extension}"
        write_bytes(file, contract.encode(encoder, original, point))
        stream = file.read_bytes()
        decoded = contract.decode(decoder, stream, original.shape)
        yield _row(original, decoded, stream, point, encoder, ids=(dataset, image))
    if digest(original) != untouched:
        raise contract.fault(kind, "it changes the image that it is given")


def _row(
    original: Image, decoded: Image, stream: bytes, point: OperatingPoint, codec: Codec, *, ids: tuple[str, str]
) -> Row:
    measured: dict[str, Any] = {**error_moments(original, decoded), **contract.annotate(codec, original, point)}
    return Row(
        dataset=ids[0],
        image=ids[1],
        codec=codec.id,
        point=point.id,
        curve=point.curve,
        settings=json.dumps(dict(point.settings), sort_keys=True),
        codec_version=contract.version(codec),
        width=original.shape[1],
        height=original.shape[0],
        bytes=len(stream),
        stream_sha256=digest(stream),
        pixels_sha256=digest(decoded),
        ms_ssim=_ms_ssim(original, decoded),
        **measured,
    )


def _ms_ssim(original: Image, decoded: Image) -> float | None:
    """CLIC's score: none where a side is too short; 0 for what comes out as no number, as its scorer counts that."""
    if min(original.shape[:2]) < MIN_SIDE_MS_SSIM:
        return None
    score = ms_ssim(original, decoded)
    return 0.0 if math.isnan(score) else score
