"""The paper's figures: their data by hand, every style in place, structures and pipelines true to the code."""

import json
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from matplotlib.patches import BoxStyle
from pictures import photo
from synthetic_rows import row, synthetic_rows
from torch import nn

from licbench.codecs.base import OperatingPoint
from licbench.codecs.cae import MAGIC, Cae, to_coefficients
from licbench.codecs.sr import Sr
from licbench.coding.bitstream import StreamReader
from licbench.coding.mosaic import mosaic_shape
from licbench.coding.openjpeg import decode_mosaic
from licbench.errors import PointsError, SettingsError
from licbench.evaluation.threshold_scan import threshold_scan
from licbench.files import write_csv
from licbench.images.files import write_png
from licbench.metrics.distortion import error_moments, psnr
from licbench.networks.gan import Discriminator
from licbench.networks.store import FINGERPRINT_BYTES
from licbench.paper.figures import latents, pipelines, structures
from licbench.paper.figures.diagrams import draw_structure
from licbench.paper.figures.rate_distortion import (
    COLUMNS,
    ON_FRONT,
    PUBLISHED,
    SPARE,
    STYLES,
    draw_figure6,
    figure6_data,
    styles_of,
)
from licbench.paper.figures.style import save
from licbench.paper.figures.thresholds import draw_threshold_scan
from licbench.paper.figures.training import draw_training_curve
from licbench.report.curves import curve_data

ROOT = Path(__file__).parents[3]
PAPER = ROOT / "workflow" / "resources" / "paper"

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module")
def data():
    return figure6_data(synthetic_rows(), qp=35, threshold_db=33.0)


@pytest.fixture(scope="module")
def published():
    return pd.read_csv(PAPER / "figure6.csv")


# --- Figure 6 ---


def test_figure6_pools_one_point_by_hand():
    rows = [
        row("a", "jpeg", "420-standard", "q10", bytes=500, sse=900_000, ms_ssim=0.8),
        row("b", "jpeg", "420-standard", "q10", bytes=1500, sse=100_000, ms_ssim=0.9),
    ]
    (line,) = figure6_data(pd.DataFrame(rows), 35, 33.0).to_dict("records")
    assert list(line) == COLUMNS
    assert line["bpp"] == 8 * 2000 / 80_000
    assert line["psnr_db"] == round(psnr(1_000_000, 3 * 80_000), 6)
    assert line["ms_ssim"] == pytest.approx(0.85)
    assert (line["bpp_low"], line["bpp_high"]) == (8 * 500 / 40_000, 8 * 1500 / 40_000)


def test_figure6_joins_only_points_that_no_cheaper_one_matches():
    rates, errors, similarities = (100, 200, 300, 400, 400), (900, 500, 600, 500, 100), (0.7, 0.7, 0.8, 0.7, 0.9)
    rows = [
        row("a", "gan", f"gan_{at}-b8-pca", f"p{at}", bytes=size, sse=sse, ms_ssim=similarity)
        for at, (size, sse, similarity) in enumerate(zip(rates, errors, similarities, strict=True))
    ]
    data = figure6_data(pd.DataFrame(rows), 35, 33.0)
    assert data["curve"].unique().tolist() == ["family"]
    assert data.set_index("point")["on_pareto_front_psnr"].to_dict() == {
        "p0": True, "p1": True, "p2": False, "p4": True, "p3": False,
    }  # fmt: skip
    assert set(data.loc[data["on_pareto_front_ms_ssim"], "point"]) == {"p0", "p2", "p4"}


def test_figure6_holds_every_curve_in_the_order_of_the_legend(data):
    keys = list(dict.fromkeys(zip(data["codec"], data["curve"], strict=True)))
    assert keys == list(STYLES)
    assert data.notna().all(axis=None)
    for _, points in data.groupby(["codec", "curve"]):
        assert points["bpp"].is_monotonic_increasing
        for quality, column in ON_FRONT.items():
            assert points.loc[points[column], quality].is_monotonic_increasing


def test_figure6_shows_super_resolution_as_the_scan_does(data):
    scan = threshold_scan(synthetic_rows(), 35, 33.0)
    for sweep in ("threshold", "qp"):
        ours = data.query("codec == 'sr' and curve == @sweep")
        theirs = scan[scan["sweep"] == sweep].sort_values("bpp")
        assert np.allclose(ours[["bpp", "psnr_db", "ms_ssim"]], theirs[["bpp", "psnr_db", "ms_ssim"]], atol=1e-6)


def test_curves_of_other_codecs_get_spare_styles_after_the_known(published):
    given = [
        ("other", "lossy"),
        ("jpeg", "411-standard"),
        ("bpg", "420"),
        *(("mine", f"c{at:02d}") for at in range(20)),
    ]
    rows = pd.DataFrame([row("a", *key, "q10", bytes=500, sse=9, ms_ssim=0.8) for key in given])
    data = figure6_data(rows, 35, 33.0)
    styles = styles_of(data)
    assert list(styles) == [("bpg", "420"), *sorted(given[:2] + given[3:])]
    assert styles["bpg", "420"] == STYLES["bpg", "420"]
    assert styles["other", "lossy"].label == "other, lossy"
    looks = [(style.colour, style.marker, style.dashes) for style in styles.values()]
    assert len(set(looks[: 1 + len(SPARE)])) == 1 + len(SPARE)
    legend = draw_figure6(data, published).legends[0]
    assert [text.get_text() for text in legend.get_texts()][: len(styles)] == [s.label for s in styles.values()]


def test_figure6_without_the_scan_s_qp_draws_the_other_sweep():
    data = figure6_data(synthetic_rows(), qp=36, threshold_db=33.0)
    assert set(data.loc[data["codec"] == "sr", "curve"]) == {"qp"}


# --- Degenerate data ---


def lossless(rows):
    return rows.assign(sse=0, ms_ssim=1.0, pre_psnr_db=rows["pre_psnr_db"].where(rows["codec"] != "sr", np.inf))


DEGENERATE = {
    "all lossless": lossless,
    "nothing finite": lambda rows: lossless(rows).assign(ms_ssim=np.nan),
    "one image": lambda rows: rows[rows["image"] == "beach"],
    "one lossless image of many": lambda rows: pd.concat(
        [lossless(rows[rows["image"] == "beach"]), rows[rows["image"] != "beach"]]
    ),
    "one point": lambda rows: rows[
        (rows["image"] == "beach") & (rows["curve"].isin(["srcnn", "lanczos"])) & rows["point"].str.endswith("qp35")
    ],
    "all points alike": lambda rows: rows.assign(bytes=1000, sse=90_000, ms_ssim=0.9),
}


@pytest.mark.parametrize("change", DEGENERATE.values(), ids=DEGENERATE)
def test_degenerate_rows_are_drawn_without_a_warning(change, published, tmp_path):
    """As of flat images: no traceback, no warning, no half of the files."""
    rows = change(synthetic_rows())
    data, scan = figure6_data(rows, 35, 33.0), threshold_scan(rows, 35, 33.0)
    for logarithmic in (False, True):
        save(
            draw_figure6(data, published, logarithmic=logarithmic),
            [tmp_path / f"6{logarithmic}.png", tmp_path / "6.pdf"],
        )
    figure = draw_threshold_scan(scan, pd.read_csv(PAPER / "table1.csv"))
    save(figure, [tmp_path / "scan.png", tmp_path / "scan.pdf"])
    assert all(np.isfinite([*axes.get_xlim(), *axes.get_ylim()]).all() for axes in figure.axes)
    plotted = curve_data(rows, published, 35, 33.0)
    assert plotted["styles"].keys() == plotted["points"][""].keys()
    json.dumps(plotted, allow_nan=False)


def test_no_threshold_takes_a_lossless_picture_from_srcnn():
    scan = threshold_scan(lossless(synthetic_rows()), 35, 33.0)
    share = draw_threshold_scan(scan, pd.read_csv(PAPER / "table1.csv")).axes[0].lines[0]
    assert list(share.get_ydata()) == [1.0, 1.0]


TRAINING = {
    "all lossless": {"psnr_db": np.inf, "ms_ssim": 1.0, "bd_rate_jpeg_rgb": np.nan},
    "nothing finite": {"psnr_db": np.inf, "ms_ssim": np.nan, "bpp": np.inf, "bd_rate_jpeg_rgb": np.nan},
    "all alike": {"psnr_db": 30.0, "ms_ssim": 0.9, "bpp": 0.2, "bd_rate_jpeg_rgb": 0.0},
}


@pytest.mark.parametrize("values", TRAINING.values(), ids=TRAINING)
def test_a_degenerate_training_is_drawn(values, tmp_path):
    curve = pd.DataFrame(
        [
            {"model": "m", "step": step, "crops": step, "point": "p", "bpp": 0.1, "psnr_db": 30.0, "ms_ssim": 0.9}
            | values
            for step in (100, 200, 400)
        ]
    )
    names = ["psnr_db", "ms_ssim", "bd_rate_jpeg_rgb"]
    figure = draw_training_curve(curve, pd.DataFrame({"quantity": names, "value": 31.0}))
    assert len(figure.axes) == 1 + sum(np.isfinite(values[name]) for name in names)
    save(figure, [tmp_path / "curve.png", tmp_path / "curve.pdf"])


@pytest.mark.parametrize(
    "picture", [np.zeros((64, 64, 3), np.uint8), np.full((3, 5, 3), 255, np.uint8)], ids=["flat", "tiny"]
)
def test_figure5_of_a_flat_or_tiny_picture(picture, models, tmp_path):
    square = latents.centre_square(picture)
    assert min(square.shape[:2]) >= 8
    data = latents.figure5_data(square, models.folder / "tiny_cae.safetensors", 39.2)
    assert list(data["rotation"]) == ["none", "offline", "per_image"]
    maps = latents.luma_maps(square, models.load("tiny_cae", "cae"))
    for shown in (maps, tuple(np.zeros_like(each) for each in maps)):
        figure = latents.draw_figure5(square, shown, data, pd.read_csv(PAPER / "figure5.csv"))
        save(figure, [tmp_path / "5.png", tmp_path / "5.pdf"])


def test_a_published_codec_without_style_is_refused(data, published):
    with pytest.raises(PointsError, match="published codec"):
        draw_figure6(data, published.replace({"codec": {"SR": "WebP"}}))


def test_styles_differ_in_marker_alone_and_cover_what_the_paper_publishes(published):
    assert len({style.marker for style in STYLES.values()}) == len(STYLES)
    assert len({style.label for style in STYLES.values()}) == len(STYLES)
    within_a_codec = {(key[0], style.colour, style.dashes) for key, style in STYLES.items()}
    assert len(within_a_codec) == len(STYLES)
    assert set(published["codec"]) == set(PUBLISHED)
    assert set(PUBLISHED.values()) <= set(STYLES)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_figure6_draws_every_style_and_every_published_point(data, published, logarithmic):
    figure = draw_figure6(data, published, logarithmic=logarithmic)
    (legend,) = figure.legends
    labels = [text.get_text() for text in legend.get_texts()]
    assert labels[: len(STYLES)] == [style.label for style in STYLES.values()]
    for axes, quantity in zip(figure.axes, ("psnr_db", "ms_ssim"), strict=True):
        drawn = {line.get_marker(): line for line in axes.lines if line.get_linestyle() != "None"}
        assert set(drawn) == {style.marker for style in STYLES.values()}
        pale = [line for line in axes.lines if line.get_linestyle() == "None"]
        assert sum(len(line.get_xdata()) for line in pale) == len(published)
        (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
        assert left < published["bpp"].min() and published["bpp"].max() < right
        assert low < published[quantity].min() and published[quantity].max() < high
        assert axes.get_xscale() == ("log" if logarithmic else "linear")
        assert axes.get_xlabel() == "Rate (bit/pixel)" and axes.get_ylabel()


def test_figure6_leaves_room_without_ms_ssim_and_with_lossless_points(published):
    rows = synthetic_rows()
    rows["ms_ssim"] = np.nan
    rows.loc[rows["point"] == "9-7-1.2", "sse"] = 0
    data = figure6_data(rows, 35, 33.0)
    assert np.isinf(data["psnr_db"]).sum() == 1
    figure = draw_figure6(data, published)
    assert figure.axes[0].get_ylim()[1] < 60


def test_the_scan_is_drawn_with_table_1():
    scan = threshold_scan(synthetic_rows(), 35, 33.0)
    figure = draw_threshold_scan(scan, pd.read_csv(PAPER / "table1.csv"))
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == [
        "moving threshold, QP 35",
        "moving QP, threshold 33 dB",
        "published, SRCNN throughout, QP 32",
        "published, adaptive, QP 35",
    ]
    share = figure.axes[0].lines[0]
    assert list(share.get_ydata()) == [1.0, 1.0, 0.75, 0.5, 0.25, 0.0]


def test_rows_become_figures_without_torch():
    modules = (
        "licbench.paper.figures.rate_distortion, licbench.paper.figures.thresholds, licbench.evaluation.threshold_scan"
    )
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT / "scripts")


# --- Files ---


def test_equal_figures_are_equal_files_with_fonts_inside(tmp_path, data, published):
    names = [tmp_path / f"{turn}.{kind}" for turn in "ab" for kind in ("png", "pdf")]
    for turn in (names[:2], names[2:]):
        save(draw_figure6(data, published), turn)
    png, pdf, png_again, pdf_again = (path.read_bytes() for path in names)
    assert png == png_again and pdf == pdf_again
    assert b"/FontFile2" in pdf and b"CreationDate" not in pdf and b"/Producer" not in pdf
    assert b"tEXt" not in png
    assert sorted(tmp_path.iterdir()) == sorted(names)


def test_other_formats_are_refused_and_leave_nothing(tmp_path, data, published):
    with pytest.raises(SettingsError, match=r"figure\.svg: figures are written as \.png or \.pdf; rename it"):
        save(draw_figure6(data, published), [tmp_path / "figure.svg"])
    assert not list(tmp_path.iterdir())


def test_data_survive_the_file(tmp_path, data):
    write_csv(tmp_path / "figure6.csv", data)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "figure6.csv", dtype={"curve": str}), data, check_dtype=False)


# --- Figures 2 and 3 ---

CAE_LAYERS = """
Encoder Conv1   3x3 1 32 128x128x32
Encoder Conv2   3x3 2 32 64x64x32
Encoder Conv3   3x3 1 64 64x64x64
Encoder Conv4   3x3 2 64 32x32x64
Encoder Conv5   3x3 1 64 32x32x64
Encoder Conv6   3x3 2 32 16x16x32
Decoder Deconv1 3x3 1 64 16x16x64
Decoder Deconv2 4x4 2 64 32x32x64
Decoder Deconv3 3x3 1 64 32x32x64
Decoder Deconv4 4x4 2 64 64x64x64
Decoder Deconv5 3x3 1 32 64x64x32
Decoder Deconv6 4x4 2 1  128x128x1
"""
# Fig. 3; the deconvolutions carry their output widths, the paper's labels are the input widths.
GAN_LAYERS = """
Encoder       Conv0   5x5 2 32  64x64x32
Encoder       Conv1   5x5 2 64  32x32x64
Encoder       Conv2   5x5 2 128 16x16x128
Encoder       Conv3   5x5 2 256 8x8x256
Encoder       Conv4   5x5 2 512 4x4x512
Generator     Deconv1 5x5 2 256 8x8x256
Generator     Deconv2 5x5 2 128 16x16x128
Generator     Deconv3 5x5 2 64  32x32x64
Generator     Deconv4 5x5 2 32  64x64x32
Generator     Deconv5 5x5 2 3   128x128x3
Discriminator Conv0   5x5 2 32  64x64x32
Discriminator Conv1   5x5 2 64  32x32x64
Discriminator Conv2   5x5 2 128 16x16x128
Discriminator Conv3   5x5 2 256 8x8x256
Discriminator Conv4   5x5 2 512 4x4x512
"""


def overlaps(texts):
    """Pairs of texts that stand on each other, at the size in which they are printed."""
    extents = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    return [(one, other) for (one, box), (other, next_box) in combinations(extents, 2) if box.overlaps(next_box)]


def holds(outer, inner):
    return outer.x0 <= inner.x0 and inner.x1 <= outer.x1 and outer.y0 <= inner.y0 and inner.y1 <= outer.y1


def convolutions(structure):
    layers = structure[structure["kernel"] != ""]
    return [
        [str(value) for value in line]
        for line in layers[["part", "layer", "kernel", "stride", "maps", "output"]].to_numpy()
    ]


def test_traced_cae_is_the_papers():
    structure = structures.figure2_data()
    assert convolutions(structure) == [line.split() for line in CAE_LAYERS.strip().splitlines()]
    assert structure["parameters"].sum() == 325_985
    assert set(structure.loc[structure["kernel"] != "", "then"]) == {"PReLU"}


def test_traced_gan_is_the_papers():
    structure = structures.figure3_data(code_size=128)
    assert convolutions(structure) == [line.split() for line in GAN_LAYERS.strip().splitlines()]
    projections = structure[structure["operation"] == "projection"]
    assert projections["output"].tolist() == ["128", "4x4x512", "1"]
    features = structure.query("part == 'Discriminator' and feature != ''")["feature"].tolist()
    maps, _ = Discriminator()(torch.zeros(1, 3, 128, 128))
    assert features == [f"h{at}" for at in range(len(maps) + 1)]


def test_traced_gan_follows_dcgan():
    followers = structures.figure3_data().set_index(["part", "layer"])["then"]
    assert followers["Encoder"].tolist() == ["", "LReLU", *["BN, LReLU"] * 4, ""]
    assert followers["Generator"].tolist() == ["", *["BN, ReLU"] * 5, "tanh"]
    assert followers["Discriminator"].tolist() == followers["Encoder"].tolist()


def test_a_call_without_a_name_is_an_error_not_a_gap():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Softplus())
    with pytest.raises(ValueError, match="no name for Softplus"):
        structures._traced(structures.Part("New", network, "Conv", 1), (1, 8, 8))


@pytest.mark.parametrize("structure", [structures.figure2_data(), structures.figure3_data(64, 64)], ids=["2", "3"])
def test_structures_are_drawn_with_every_layer(structure, tmp_path):
    figure = draw_structure(structure)
    texts = [text.get_text() for text in figure.axes[0].texts]
    for layer in structure.to_dict("records"):
        assert any(layer["output"].replace("x", "×") in text for text in texts)
        assert layer["layer"] in texts or layer["operation"] == "input"
    assert not overlaps(figure.axes[0].texts)
    save(figure, [tmp_path / "structure.png", tmp_path / "structure.pdf"])


# --- Figures 1 and 4 ---


def called(codes, work):
    """Which of these code objects run during ``work``, in order, without repetitions in a row."""
    seen = []

    def watch(frame, event, _argument):
        if event == "call" and frame.f_code in codes and codes[frame.f_code] not in seen[-1:]:
            seen.append(codes[frame.f_code])

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return seen


def functions_of(boxes):
    return {box.function.__code__: box.function.__name__ for box in boxes if hasattr(box.function, "__code__")}


def in_order(boxes):
    return [name for box in boxes if (name := getattr(box.function, "__name__", "")) in functions_of(boxes).values()]


def test_figure1_is_the_order_in_which_the_cae_codec_works(models):
    boxes = pipelines.figure1().steps
    codec, image = Cae(models), photo(40, 48)
    point = OperatingPoint("p", "c", {"model": "tiny_cae", "step": 1.0, "rotation": "offline"})
    streams = []
    seen = called(functions_of(boxes), lambda: streams.append(codec.encode(image, point)))
    seen += called(functions_of(boxes), lambda: codec.decode(streams[0]))
    once = in_order(boxes)
    # What stands in the frame happens for each of Y, Cb and Cr.
    encoded, decoded = once[1:3], once[3:5]
    assert seen == [once[0], *encoded * 3, *decoded * 3, once[-1]]


@pytest.mark.parametrize(("branch", "threshold"), [("srcnn", 0.0), ("lanczos", 99.0)])
def test_figure4_is_the_order_in_which_the_sr_codec_works(models, branch, threshold):
    boxes = {box.key: box for box in pipelines.figure4().steps}
    functions, image = functions_of(boxes.values()), photo(40, 48)
    settings = {"model": "tiny_srcnn", "qp": 35, "branch": "adaptive", "threshold_db": threshold}
    streams = []
    seen = called(functions, lambda: streams.append(Sr(models).encode(image, OperatingPoint("p", "c", settings))))
    seen += called(functions, lambda: Sr(models).decode(streams[0]))
    way = ["trial", "choice", *(f"{branch}_{step}" for step in ("down", "code", "decode"))]
    # The enlargement before SRCNN is a resize too, also in the trial: other calls may stand between these.
    rest = iter(seen)
    assert all(boxes[key].function.__name__ in rest for key in way)
    assert seen[-1] == "resize"


@pytest.mark.parametrize("pipeline", [pipelines.figure1(), pipelines.figure4()], ids=["1", "4"])
def test_pipelines_are_drawn_whole(pipeline, tmp_path):
    keys = {box.key for box in pipeline.steps}
    assert {end for link in pipeline.links for end in (link.start, link.end)} == keys
    assert all(set(frame.steps) <= keys for frame in pipeline.frames)
    data = pipelines.pipeline_data(pipeline)
    assert data["step"].is_unique and (data.loc[data["kind"].isin(["network", "coder"]), "function"] != "").all()
    figure = pipelines.draw_pipeline(pipeline)
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert all(box.text in texts for box in pipeline.steps)
    boxes = [patch for patch in figure.axes[0].patches if isinstance(patch.get_boxstyle(), BoxStyle.Round)]
    assert len(boxes) == len(pipeline.steps)
    for box, text in zip(boxes, figure.axes[0].texts[-len(boxes) :], strict=True):
        assert holds(box.get_window_extent(), text.get_window_extent())
    assert not overlaps(figure.axes[0].texts)
    save(figure, [tmp_path / "pipeline.png"])


def test_the_numbers_in_the_pipelines_are_the_codecs_own():
    texts = {box.key: box.text for box in pipelines.figure4().steps}
    assert "33 dB" in texts["choice"] and "0.7H" in texts["lanczos_down"] and "9-1-5" in texts["srcnn_up"]
    assert "H/8×W/8×32" in {box.key: box.text for box in pipelines.figure1().steps}["analysis"]


# --- Figure 5 ---


def test_the_square_is_the_middle_of_the_picture():
    picture = np.zeros((50, 83, 3), np.uint8)
    picture[1:49, 17:65] = 200
    square = latents.centre_square(picture)
    assert square.shape == (48, 48, 3) and (square == 200).all()


@pytest.mark.parametrize(("asked", "reached"), [(21.0, True), (90.0, False)])
def test_rates_are_compared_at_one_quality(models, asked, reached):
    picture = latents.centre_square(photo(64, 64))
    data = latents.figure5_data(picture, models.folder / "tiny_cae.safetensors", asked)
    assert data["rotation"].tolist() == ["none", "offline", "per_image"]
    target = asked if reached else data["psnr_db"].min()
    assert data["psnr_db"].between(target, target + 0.15).all() and target <= asked
    codec = Cae(models)
    for line in data.to_dict("records"):
        settings = {name: line[name] for name in ("model", "step", "rotation")}
        stream = codec.encode(picture, OperatingPoint("p", "c", settings))
        assert line["bytes"] == len(stream) and line["bpp"] == 8 * len(stream) / 64**2
        assert line["psnr_db"] == psnr(error_moments(picture, Cae(models).decode(stream))["sse"], 3 * 64**2)


def test_the_maps_shown_are_the_maps_in_the_stream(models):
    picture = photo(64, 64)
    model = models.load("tiny_cae", "cae")
    for maps, rotation in zip(latents.luma_maps(picture, model), ("none", "offline"), strict=True):
        settings = {"model": "tiny_cae", "step": 0.5, "rotation": rotation}
        reader = StreamReader(Cae(models).encode(picture, OperatingPoint("p", "c", settings)), MAGIC, "cae")
        reader.size()
        reader.raw(FINGERPRINT_BYTES + 1)
        reader.varint()
        coded = decode_mosaic(reader.blob(), mosaic_shape(maps.shape))
        assert (latents.tile_channels(np.rint(to_coefficients(maps) / 0.5)) == coded).all()


def test_mosaics_number_the_maps_as_the_paper_does():
    maps = np.arange(32, dtype=np.float32)[:, None, None] * np.ones((1, 2, 3), np.float32)
    raster, vertical = latents._raster(maps)[::2, ::3], latents.tile_channels(maps)[::2, ::3]
    assert (raster == np.arange(32).reshape(4, 8)).all()
    assert (vertical == np.arange(32).reshape(8, 4).T).all()


def test_figure5_tells_rate_and_quality_of_both(models, tmp_path):
    picture = photo(64, 64)
    data = pd.DataFrame(
        {"rotation": ["none", "offline", "per_image"], "psnr_db": [30.0, 30.1, 30.2], "bpp": [2, 1.5, 1.8]}
    )
    maps = latents.luma_maps(picture, models.load("tiny_cae", "cae"))
    figure = latents.draw_figure5(picture, maps, data, pd.read_csv(PAPER / "figure5.csv"))
    labels = [axes.get_xlabel() for axes in figure.axes]
    assert labels[1:] == [
        "30.0 dB, 2.00 bit/pixel\npublished: 39.2 dB, 1.31 bit/pixel",
        "30.1 dB, 1.50 bit/pixel\npublished: 39.2 dB, 0.99 bit/pixel",
    ]
    assert [axes.images[0].get_array().shape[:2] for axes in figure.axes] == [(64, 64), (32, 64), (32, 64)]
    save(figure, [tmp_path / "figure5.png", tmp_path / "figure5.pdf"])


def test_the_rotation_keeps_the_energy(models):
    picture = np.full((8, 8, 3), 128, np.uint8)
    plain, rotated = latents.luma_maps(picture, models.load("tiny_cae", "cae"))
    assert plain.shape == rotated.shape == (32, 1, 1)
    assert (plain**2).sum() == pytest.approx((rotated**2).sum(), rel=1e-4)


# --- The scripts ---


def run(script, *arguments):
    command = [sys.executable, "-W", "error", ROOT / "scripts" / script, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_scripts_leave_data_and_pictures(tmp_path, weights):
    rows, picture = tmp_path / "rows.csv", tmp_path / "picture.png"
    synthetic_rows().to_csv(rows, index=False)
    write_png(picture, photo(40, 48))
    adaptive = ("--qp", 35, "--threshold-db", 33)
    model = weights / "tiny_cae.safetensors"
    for name, script, *arguments in (
        ("figure6", "figure6.py", rows, "--paper", PAPER / "figure6.csv", *adaptive),
        ("scan", "threshold_scan.py", rows, "--paper", PAPER / "table1.csv", *adaptive),
        (
            "figure5",
            "figure5.py",
            picture,
            "--paper",
            PAPER / "figure5.csv",
            "--models",
            model,
            weights / "snapshots" / "tiny_cae-0000001.safetensors",
            "--psnr-db",
            25,
            "--dataset",
            "synthetic",
        ),
    ):
        csv, pictures = tmp_path / f"{name}.csv", [tmp_path / f"{name}.png", tmp_path / f"{name}.pdf"]
        done = run(script, *arguments, "--csv", csv, "--drawings", *pictures)
        assert (done.returncode, done.stderr) == (0, "")
        assert len(pd.read_csv(csv)) and all(path.stat().st_size > 5000 for path in pictures)
    assert pd.read_csv(tmp_path / "figure5.csv")["model"].tolist() == ["tiny_cae"] * 3 + ["tiny_cae-0000001"] * 3


def test_one_script_draws_figures_1_to_4(tmp_path):
    done = run("figures1to4.py", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for number in range(1, 5):
        assert len(pd.read_csv(tmp_path / f"figure{number}.csv"))
        assert all((tmp_path / f"figure{number}{suffix}").stat().st_size > 5000 for suffix in (".png", ".pdf"))


def test_a_qp_that_is_not_measured_is_one_line_and_leaves_nothing(tmp_path):
    rows = tmp_path / "rows.csv"
    synthetic_rows().to_csv(rows, index=False)
    places = ("--csv", tmp_path / "scan.csv", "--drawings", tmp_path / "scan.png")
    settings = ("--paper", PAPER / "table1.csv", "--qp", 36, "--threshold-db", 33)
    done = run("threshold_scan.py", rows, *settings, *places)
    assert done.returncode == 1 and done.stderr.startswith(
        "error: threshold scan: QP 36 is not measured; choose one of"
    )
    assert list(tmp_path.iterdir()) == [rows]
