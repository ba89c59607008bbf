"""Other arithmetic, as of another machine: streams decode to the same picture within 0.001 dB, and none goes astray."""

from __future__ import annotations

from typing import Any

import pytest
from arithmetic import ARITHMETICS, Place, computed
from pictures import photo

from licbench.images import write_png
from licbench.locations import SHIPPED
from licbench.measuring import measure_images

BOUND_DB = 0.001
LADDER = {"cae_096": [1.0]}
SETTINGS: dict[str, Any] = {
    "jpeg": {"modes": ["420-optimised"], "quality": [20]},
    "jpeg2000": {"bpp": [0.5], "reversible_bpp": [0.5]},
    "bpg": {"chroma": ["420", "444"], "qp": [38]},
    "cae": {"rotation": ["none", "offline", "per_image"], "ladder": LADDER},
    "gan": {"families": [{"model": ["gan_64"], "scale": [2], "bits": [5, 8], "rotated": [True, False]}]},
    "sr": {"model": "srcnn", "qp": [36]},
}
INTEGERS = ("jpeg", "bpg")
"""Codecs that compute with integers alone, but for the colours that they are given."""
SAME_STREAMS = (*INTEGERS, "cae")
"""Codecs whose encoder must write the same bytes everywhere: the CAE's analysis is in 64 bits."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Rows and streams of all codecs on a photograph, from this process."""
    root = tmp_path_factory.mktemp("determinism")
    write_png(root / "cat.png", photo(120, 168))
    lines = []
    for codec, settings in SETTINGS.items():
        rows = root / f"{codec}.csv"
        places = {"weights": SHIPPED, "streams": root / "streams" / codec / "cat", "rows": rows}
        measure_images({"cat": root / "cat.png"}, ("set", codec), settings, **places)
        header, *own = rows.read_text().splitlines()
        lines += own
    (root / "rows.csv").write_text("\n".join([header, *lines]) + "\n")
    return Place(root / "rows.csv", root / "streams", root)


def test_the_same_arithmetic_gives_the_same_bytes(place: Place) -> None:
    found = computed(place, "as here")
    assert set(found["codec"]) == set(SETTINGS)
    assert not found[["other_picture", "other_stream"]].any(axis=None)


@pytest.mark.parametrize("arithmetic", [name for name in ARITHMETICS if name != "as here"])
def test_other_arithmetic_gives_the_same_picture_within_the_bound(arithmetic: str, place: Place) -> None:
    """A stream whose entropy decoding depended on rounding would come out as another picture altogether."""
    found = computed(place, arithmetic)
    assert (found["psnr_change"] <= BOUND_DB).all(), found
    assert not found.loc[found["codec"].isin(INTEGERS), "other_picture"].any()
    assert not found.loc[found["codec"].isin(SAME_STREAMS), "other_stream"].any()
