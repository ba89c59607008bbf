"""Where the stream behind a row is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from licbench.codecs.registry import codec_class
from licbench.measurement.batches import batch_of, stream_folder


def stream_file(streams: Path, row: Mapping[Any, Any], images: int) -> Path:
    """The file of a row's stream, of a dataset of so many images.

    Args:
        streams: folder of the streams of a part of the run, such as results/streams/points.
        row: columns dataset, codec, image and point, as measured.
        images: in the dataset, on which the folder depends (``batches``).
    """
    batch = streams / str(row["dataset"]) / str(row["codec"]) / batch_of(str(row["image"]), images)
    return stream_folder(batch, str(row["image"])) / f"{row['point']}{codec_class(row['codec']).extension}"
