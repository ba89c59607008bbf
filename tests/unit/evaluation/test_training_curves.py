"""Snapshots of a training, measured like any model."""

import pytest
from pictures import photo, textured

from licbench.errors import ModelError, PointsError
from licbench.evaluation.training_curves import COLUMNS, Anchor, Measurement, measure_snapshots
from licbench.images.files import write_png
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import read_rows

JPEG = {"modes": ["420-optimised"], "quality": [5, 20, 50, 90]}
LADDER = {"rotation": ["offline"], "ladder": {"tiny_cae": [0.5, 1.0, 2.0]}}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, picture in (("one", photo(170, 176)), ("two", textured(164, 180))):
        write_png(folder / f"{name}.png", picture)
    return sorted(folder.glob("*.png"))


@pytest.fixture(scope="module")
def anchor(pictures, weights, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anchor")
    places = {"weights": weights, "streams": folder / "streams", "rows": folder / "rows.csv"}
    measure_images({picture.stem: picture for picture in pictures}, ("d", "jpeg"), JPEG, **places)
    return Anchor("jpeg", read_rows(folder / "rows.csv"))


def test_every_snapshot_has_its_points_and_differences(weights, pictures, anchor):
    table = measure_snapshots(weights / "snapshots", "tiny_cae", Measurement(LADDER, pictures, [anchor]))
    qualities = ("rgb", "y", "611", "ms_ssim")
    assert tuple(table.columns) == (*COLUMNS, *(f"bd_rate_jpeg_{quality}" for quality in qualities))
    assert table["step"].tolist() == [1, 1, 1, 3, 3, 3] and table["crops"].tolist() == [2, 2, 2, 6, 6, 6]
    assert table["point"].tolist() == 2 * [f"offline-tiny_cae-x{step:.3f}" for step in (0.5, 1, 2)]
    assert (table.groupby("step")["bpp"].diff().dropna() < 0).all()
    assert table.notna().all(axis=None) and (table.groupby("step")["bd_rate_jpeg_rgb"].nunique() == 1).all()


def test_a_single_point_has_no_difference(weights, pictures, anchor):
    families = [{"model": ["tiny_gan"], "scale": [1], "bits": [8], "rotated": [True]}]
    table = measure_snapshots(
        weights / "snapshots", "tiny_gan", Measurement({"families": families}, pictures, [anchor])
    )
    assert table["step"].tolist() == [1, 3] and table["bd_rate_jpeg_rgb"].isna().all()


def test_what_cannot_be_compared_is_refused(weights, pictures, anchor):
    with pytest.raises(ModelError, match="holds no snapshot of vgg; train the model: --config weights=trained"):
        measure_snapshots(weights / "snapshots", "vgg", Measurement(LADDER, pictures, [anchor]))
    half = Anchor("jpeg", anchor.rows[anchor.rows["image"] == "one"])
    with pytest.raises(PointsError, match="jpeg is not measured on all the images"):
        measure_snapshots(weights / "snapshots", "tiny_cae", Measurement(LADDER, pictures, [half]))
