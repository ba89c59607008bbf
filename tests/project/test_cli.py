"""The scripts as a reader types them: help, round trips, and one line on stderr for everything that can go wrong."""

import io
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from checkout import offline_environment
from pictures import photo
from tiny_models import SRCNN_RECIPE
from warm_start import run_python

from licbench.codecs.base import OperatingPoint
from licbench.codecs.registry import codec_class, codec_ids
from licbench.images.files import read_rgb
from licbench.measurement.rows import read_rows
from licbench.networks.store import ModelStore

SCRIPTS = Path(__file__).parents[2] / "scripts"
CLASSICAL = {
    "jpeg": (".jpg", {"mode": "420-standard", "quality": 40}),
    "jpeg2000": (".j2k", {"bpp": 0.8, "wavelet": "5-3"}),
    "bpg": (".bpg", {"chroma": "444", "qp": 33}),
}


def run(script, *arguments, cwd=None):
    words = [str(word) for word in (SCRIPTS / f"{script}.py", *arguments)]
    return run_python(words, cwd or Path.cwd(), {**offline_environment(), "COLUMNS": "300"})


def succeeds(script, *arguments, cwd=None):
    done = run(script, *arguments, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout


def fails(script, *arguments):
    """The one line on stderr with which a script refuses."""
    done = run(script, *arguments)
    assert done.returncode == 1 and not done.stdout, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    return line


def misused(script, *arguments):
    """argparse's own complaint."""
    done = run(script, *arguments)
    assert done.returncode == 2 and done.stderr.startswith("usage: ") and "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "photo.png"
    PIL.Image.fromarray(photo(60, 70)).save(path)
    return path


def only(folder, *names):
    """Nothing is left behind: no output, no temporary file, no folder."""
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("script", "options"),
    [
        ("encode", codec_ids()),
        ("decode", ["file", "out", "--codec", "--weights"]),
        ("measure", ["originals", "--dataset", "--codec", "--settings", "--weights", "--streams", "--rows"]),
        ("collect", ["rows", "--dataset", "--images", "--settings", "--out"]),
        ("table5", ["rows", "--paper", "--entries", "--target-bpp", "--out"]),
        ("train", ["--recipe", "--data", "--weights", "--log", "--checkpoint", "--threads"]),
        ("verify", ["rows", "--streams", "--weights", "--decode"]),
        ("study", ["originals", "--rows", "--entries", "--settings", "--streams", "--key", "--pairs"]),
        ("study_scores", ["responses", "--key", "--tables", "--drawings"]),
    ],
)
def test_help(script, options):
    text = succeeds(script, "--help")
    assert all(option in text for option in options)


@pytest.mark.parametrize("codec", codec_ids())
def test_help_of_each_codec(codec):
    text = succeeds("encode", codec, "--help")
    assert codec_class(codec).extension in text and "--weights" in text
    for name, schema in codec_class(codec).point_schema.items():
        assert f"--{name.replace('_', '-')}" in text and schema["description"] in text, name


@pytest.mark.parametrize("codec", CLASSICAL)
def test_encode_and_decode(codec, picture, tmp_path):
    extension, settings = CLASSICAL[codec]
    stream, out = tmp_path / f"photo{extension}", tmp_path / "decoded.png"
    options = [text for name, value in settings.items() for text in (f"--{name}", value)]
    said = succeeds("encode", codec, picture, stream, *options)
    size = stream.stat().st_size
    assert said == f"{stream}: {size} bytes, {8 * size / 4200:.4f} bpp\n"
    library = codec_class(codec)(ModelStore(tmp_path))
    assert stream.read_bytes() == library.encode(photo(60, 70), OperatingPoint("x", "x", settings))
    succeeds("decode", stream, out)
    assert np.array_equal(read_rgb(out), library.decode(stream.read_bytes()))
    only(tmp_path, "photo.png", stream.name, "decoded.png")


def test_a_trained_codec_with_its_own_weights(picture, tmp_path, weights):
    """The decoder finds the model by the fingerprint in the stream, whatever the file is called."""
    stream, out = tmp_path / "stream", tmp_path / "decoded.png"
    succeeds(
        "encode", "gan", picture, stream, "--model", "tiny_gan", "--scale", 1, "--no-rotated", "--weights", weights
    )
    succeeds("decode", stream, out, "--codec", "gan", "--weights", weights)
    assert np.array_equal(read_rgb(out), codec_class("gan")(ModelStore(weights)).decode(stream.read_bytes()))
    assert stream.read_bytes()[8] >> 6 == 0


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["bpg", "{}/none.png", "{}/out.bpg"], ["none.png", "no such file; check the path"]),
        (["bpg", "{}/bad.png", "{}/out.bpg"], ["bad.png"]),
        (["bpg", "{}/empty.png", "{}/out.bpg"], ["empty.png: is empty"]),
        (["bpg", "{}/photo.png", "{}/out.bpg", "--qp", "52"], ["bpg.qp: 52 is greater than the maximum of 51"]),
        (["jpeg2000", "{}/photo.png", "{}/out.j2k", "--bpp", "0"], ["jpeg2000.bpp: 0"]),
        (["cae", "{}/photo.png", "{}/out.cae", "--step", "1e9"], ["cae.step: 1000000000.0 is greater"]),
        (["cae", "{}/photo.png", "{}/out.cae", "--weights", "{}"], ["cae_096.safetensors is missing; run: snakemake"]),
        (["sr", "{}/photo.png", "{}/out.sr", "--model", "x", "--weights", "{}"], ["x.safetensors is missing; run:"]),
    ],
)
def test_encode_refuses(arguments, parts, picture, tmp_path):
    (tmp_path / "bad.png").write_bytes(picture.read_bytes()[:200])
    (tmp_path / "empty.png").write_bytes(b"")
    message = fails("encode", *(argument.format(tmp_path) for argument in arguments))
    assert all(part in message for part in parts)
    only(tmp_path, "photo.png", "bad.png", "empty.png")


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nosuchcodec", "photo.png", "out"], "invalid choice: 'nosuchcodec'"),
        (["bpg", "photo.png"], "required: out"),
        (["bpg", "photo.png", "out", "--quality", "3"], "unrecognized arguments: --quality 3"),
        (["bpg", "photo.png", "out", "--chroma", "422"], "argument --chroma: invalid choice: '422'"),
        (["bpg", "photo.png", "out", "--qp", "low"], "argument --qp: invalid int value: 'low'"),
        (["cae", "photo.png", "out", "--step", "nan"], "argument --step"),
        (["jpeg2000", "photo.png", "out", "--bpp", "inf"], "argument --bpp"),
    ],
)
def test_encode_misused(arguments, part):
    assert part in misused("encode", *arguments)


@pytest.fixture
def streams(tmp_path):
    """A sound stream under its own name, and others that are not what their names say."""
    codec = codec_class("bpg")(ModelStore(tmp_path))
    stream = codec.encode(photo(60, 70), OperatingPoint("x", "x", {"chroma": "420", "qp": 40}))
    jpeg = io.BytesIO()
    PIL.Image.fromarray(photo(60, 70)).save(jpeg, "JPEG")
    for name, data in {
        "photo.bpg": stream, "photo.jpg": stream, "photo.sr": stream, "photo.nosuch": stream, "photo": stream,
        "cut.bpg": stream[: len(stream) // 2], "cut.jpg": jpeg.getvalue()[:-9], "empty.gan": b"",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["none.bpg"], ["none.bpg: no such file; check the path"]),
        (["cut.bpg"], ["cut.bpg: "]),
        (["cut.jpg"], ["cut.jpg: not a JPEG stream, or cut off"]),
        (["photo.jpg"], ["photo.jpg: not a JPEG stream"]),
        (["photo.sr"], ["photo.sr: not a sr stream"]),
        (["empty.gan"], ["empty.gan: not a gan stream"]),
        (["photo.nosuch"], ["photo.nosuch: no codec writes '.nosuch'; pass --codec"]),
        (["photo"], ["photo: no codec writes 'files without extension'; pass --codec"]),
        (["photo.bpg", "--codec", "cae"], ["photo.bpg: not a cae stream; decode it with the codec that wrote it"]),
    ],
)
def test_decode_refuses(arguments, parts, streams):
    before = sorted(path.name for path in streams.iterdir())
    file, *options = arguments
    message = fails("decode", streams / file, streams / "out.png", *options)
    assert all(part in message for part in parts)
    only(streams, *before)


def test_decode_without_the_model(picture, tmp_path, weights):
    stream, empty = tmp_path / "photo.cae", tmp_path / "empty"
    empty.mkdir()
    point = OperatingPoint("x", "x", {"model": "tiny_cae", "step": 2.0, "rotation": "offline"})
    stream.write_bytes(codec_class("cae")(ModelStore(weights)).encode(photo(60, 70), point))
    message = fails("decode", stream, tmp_path / "out.png", "--weights", empty)
    assert f"no model in {empty} has fingerprint {stream.read_bytes()[3:7].hex()}" in message and "--weights" in message
    only(tmp_path, "photo.png", "photo.cae", "empty")


def test_decode_misused(streams):
    arguments = (streams / "photo.bpg", streams / "out.png", "--codec", "nosuchcodec")
    assert "invalid choice: 'nosuchcodec'" in misused("decode", *arguments)


# From the image to the table


def measure_arguments(picture, codec, settings, folder, weights):
    return [
        picture, "--dataset", "set", "--codec", codec, "--settings", json.dumps(settings),
        "--weights", weights, "--streams", folder / "streams" / "set" / codec / picture.stem,
        "--rows", folder / "points" / codec / f"{picture.stem}.csv",
    ]  # fmt: skip


def test_measure_collect_table_verify(picture, weights, tmp_path):
    settings = {"jpeg": {"modes": ["420-optimised"], "quality": [5, 50]}, "bpg": {"chroma": ["420"], "qp": [40]}}
    for codec, block in settings.items():
        succeeds("measure", *measure_arguments(picture, codec, block, tmp_path, weights))
    (tmp_path / "pictures").mkdir()
    picture.rename(tmp_path / "pictures" / picture.name)
    asked = [tmp_path / "points", "--dataset", "set", "--images", tmp_path / "pictures"]
    asked += ["--settings", json.dumps(settings), "--out"]
    succeeds("collect", *asked, tmp_path / "all.csv")
    assert len(read_rows(tmp_path / "all.csv")) == 3
    (tmp_path / "paper.csv").write_text("codec,psnr_db,ms_ssim,bpp\nBPG,30.85,0.948,0.149\n")
    entries = json.dumps({"JPEG": {"codec": "jpeg"}, "BPG": {"codec": "bpg", "curve": "420"}})
    published = ["--paper", tmp_path / "paper.csv", "--entries", entries, "--target-bpp", "0.5"]
    succeeds("table5", "table5", tmp_path / "all.csv", *published, "--out", tmp_path / "table5.csv")
    header, jpeg, bpg = (tmp_path / "table5.csv").read_text().splitlines()
    assert header == "dataset,codec,psnr_db,ms_ssim,bpp,paper_psnr_db,paper_ms_ssim,paper_bpp,setting,meets_target_rate"
    # JPEG's headers alone cost more than half a bit a pixel of so small an image: the cheapest point stands.
    assert jpeg.endswith(",420-optimised-q05,False")
    assert bpg.endswith(",30.85,0.948,0.149,420-qp40,True")
    # A table of one codec alone keeps its curve 420 text
    alone = json.dumps({"BPG": {"codec": "bpg", "curve": "420"}})
    succeeds(
        "table5",
        "table5",
        tmp_path / "points" / "bpg" / "photo.csv",
        *published[:2],
        "--entries",
        alone,
        *published[4:],
        "--out",
        tmp_path / "b.csv",
    )

    streams = ["--streams", tmp_path / "streams"]
    assert succeeds("verify", tmp_path / "all.csv", *streams) == "3 rows agree with their files\n"
    said = succeeds("verify", tmp_path / "all.csv", *streams, "--decode", "--weights", weights)
    assert said == "3 rows agree with their files and decode to what was scored\n"

    rows = tmp_path / "points" / "jpeg" / "photo.csv"
    measured = rows.read_text()
    for text, said in ((measured * 2, "no table of points"), (measured[: measured.rindex("set,")], "q50 is missing")):
        rows.write_text(text)
        assert said in fails("collect", *asked, tmp_path / "never.csv")
    assert "comes in archives; give the folder" in fails(
        "collect", *asked[:4], "clic2018_valid", *asked[5:], "never.csv"
    )
    assert "no measured point fits GAN" in fails(
        "table5", "table5", tmp_path / "all.csv", *published[:2], "--entries", '{"GAN": {"codec": "gan"}}',
        *published[4:], "--out", tmp_path / "never.csv",
    )  # fmt: skip
    file = tmp_path / "streams" / "set" / "bpg" / "photo" / "420-qp40.bpg"
    file.write_bytes(file.read_bytes()[:-1])
    damaged = run("verify", tmp_path / "all.csv", *streams)
    assert damaged.returncode == 1 and "Traceback" not in damaged.stderr
    assert f"{file} is not the file that was measured" in damaged.stderr
    assert not (tmp_path / "never.csv").exists() and not list(tmp_path.glob(".*"))


def test_measure_refuses(picture, weights, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no image")
    folder, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    bpg = {"chroma": ["420"], "qp": [40]}
    assert "bad.png" in fails("measure", *measure_arguments(tmp_path / "bad.png", "bpg", bpg, folder, weights))
    assert "none.png: no such file" in fails(
        "measure", *measure_arguments(tmp_path / "none.png", "bpg", bpg, folder, weights)
    )
    assert "unknown codec 'nosuchcodec'; choose from " in fails(
        "measure", *measure_arguments(picture, "nosuchcodec", {}, folder, weights)
    )
    sr = {"model": "srcnn", "qp": [40]}
    assert "srcnn.safetensors is missing; run:" in fails(
        "measure", *measure_arguments(picture, "sr", sr, folder, empty)
    )
    assert not [path for path in folder.rglob("*") if path.is_file()]
    arguments = measure_arguments(picture, "bpg", bpg, folder, weights)
    arguments[arguments.index("--settings") + 1] = "{qp: 40"
    assert "argument --settings" in misused("measure", *arguments)


def test_verify_refuses_what_is_no_table(tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    assert "its columns are not those of this version" in fails("verify", tmp_path / "rows.csv")
    assert "none.csv: no table of points" in fails("verify", tmp_path / "none.csv")


def test_train(pack, tmp_path):
    pictures = tmp_path / "pictures.safetensors"

    def arguments(recipe, data=pictures, *more):
        return [
            "--recipe", json.dumps(recipe), "--data", data, "--sets", "synthetic", "--validation", pictures,
            "--weights", tmp_path / "m.safetensors", "--log", tmp_path / "m.csv", "--checkpoint", tmp_path / "m.pt",
            "--snapshots", tmp_path / "snapshots", "--threads", 1, *more,
        ]  # fmt: skip

    assert "none.zip: unreadable training set" in fails("decode_training_set", tmp_path / "none.zip", "--out", pictures)
    only(tmp_path)
    succeeds("decode_training_set", pack, "--out", pictures)
    assert "unknown network 'vgg'" in fails("train", *arguments({**SRCNN_RECIPE, "network": "vgg"}))
    missing = tmp_path / "none.safetensors"
    assert "none.safetensors: no decoded training images" in fails("train", *arguments(SRCNN_RECIPE, missing))
    only(tmp_path, pictures.name)
    stopped = run("train", *arguments(SRCNN_RECIPE, pictures, "--max-seconds", 0))
    assert stopped.returncode == 1
    assert stopped.stderr.endswith("error: tiny_srcnn: 1 of 3 steps in the time allowed; run again to resume\n")
    succeeds("train", *arguments(SRCNN_RECIPE))
    only(tmp_path, pictures.name, "m.safetensors", "m.json", "m.csv", "m.pt", "snapshots")
    assert ModelStore(tmp_path).load("m", "srcnn").card["steps"] == 3


def test_super_resolution(decoded, weights, tmp_path):
    out = tmp_path / "gain.csv"
    said = succeeds("evaluate_srcnn", decoded, "--model", weights / "tiny_srcnn.safetensors", "--out", out)
    assert "2 images, means: bicubic_db" in said
    assert "is a cae network" in fails(
        "evaluate_srcnn", decoded, "--model", weights / "tiny_cae.safetensors", "--out", tmp_path / "none.csv"
    )
    only(tmp_path, "gain.csv")
