"""Threads and BLAS decide nothing; another CPU's arithmetic no stream, and of an image a level here and there."""

from __future__ import annotations

from typing import Any

import pytest
from arithmetic import ARITHMETICS, SURROUNDINGS, Place, computed
from pictures import photo

from licbench.images.files import write_png
from licbench.locations import SHIPPED
from licbench.measurement.measure import measure_images

BOUND_DB = 0.001
LADDER = {"cae_096": [1.0]}
SETTINGS: dict[str, Any] = {
    "jpeg": {"modes": ["420-optimised"], "quality": [20]},
    "jpeg2000": {"bpp": [0.5], "reversible_bpp": [0.5]},
    "bpg": {"chroma": ["420", "444"], "qp": [38]},
    "cae": {"rotation": ["none", "offline", "per_image"], "ladder": LADDER},
    "gan": {
        "families": [
            {"model": ["gan_64"], "scale": [2], "bits": [5, 8], "rotated": [True, False]},
            {"model": ["gan_256"], "scale": [3], "bits": [8], "rotated": [True]},
        ]
    },
    "sr": {"model": "srcnn", "qp": [36]},
    "gan_switch": {"models": ["gan_64", "gan_128"], "scale": 2, "lambda": [9000, 2000]},
    "sr_restored": {"model": "restorer", "qp": [36], "size": ["adaptive", "0.7"]},
}
INTEGERS = ("jpeg", "bpg")
"""Codecs that compute with integers alone, but for the colours that they are given."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Rows and streams of all codecs on a photograph, from this process."""
    root = tmp_path_factory.mktemp("determinism")
    write_png(root / "cat.png", photo(120, 168))
    lines = []
    for codec, settings in SETTINGS.items():
        rows = root / f"{codec}.csv"
        places = {"weights": SHIPPED, "streams": root / "streams" / "set" / codec / "cat", "rows": rows}
        measure_images({"cat": root / "cat.png"}, ("set", codec), settings, **places)
        header, *own = rows.read_text().splitlines()
        lines += own
    (root / "rows.csv").write_text("\n".join([header, *lines]) + "\n")
    return Place(root / "rows.csv", root / "streams", root)


def test_the_same_arithmetic_gives_the_same_bytes(place: Place) -> None:
    found = computed(place, "as here")
    assert set(found["codec"]) == set(SETTINGS)
    assert not found[["other_picture", "other_stream"]].any(axis=None)


@pytest.mark.parametrize("surroundings", SURROUNDINGS)
def test_threads_and_blas_decide_nothing(surroundings: str, place: Place) -> None:
    found = computed(place, surroundings)
    assert not found[["other_picture", "other_stream"]].any(axis=None), found


@pytest.mark.long
@pytest.mark.parametrize("arithmetic", [name for name in ARITHMETICS if name != "as here"])
def test_another_cpu_writes_the_same_streams_and_verifies_these(arithmetic: str, place: Place) -> None:
    """A stream whose entropy decoding depended on rounding would come out as another picture altogether."""
    found = computed(place, arithmetic)
    assert (found["psnr_change"] <= BOUND_DB).all(), found
    assert not found.loc[found["codec"].isin(INTEGERS), "other_picture"].any()
    assert not found["other_stream"].any(), found
    assert (found["verified"] == "").all(), found["verified"].tolist()
