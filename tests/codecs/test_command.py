"""A codec that is a command of the config: measured like any other, each way to fail is a line with the fix."""

from __future__ import annotations

import copy
import json
import os
import re
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from checkout import ROOT, Checkout, save_pictures
from pictures import photo

from licbench import config as configuration
from licbench.codecs import registry
from licbench.codecs.base import OperatingPoint
from licbench.codecs.command import DEFAULTS, SCHEMA
from licbench.codecs.registry import codec_class, declare_commands
from licbench.dependencies import closure
from licbench.errors import ContractError, CorruptStreamError, LicbenchError, SettingsError
from licbench.locations import SHIPPED
from licbench.measurement import contract
from licbench.measurement.measure import measure_images
from licbench.measurement.rows import digest, read_rows
from licbench.measurement.verify import Task, verify_rows
from licbench.networks.store import ModelStore

PICTURE = photo(40, 30)
PROGRAM = '''
"""A codec of standard Python alone: each sample of a PPM file divided by a step; or it fails as asked."""
import os, subprocess, sys, time, zlib

how, *rest = sys.argv[1:]
if how == "--version":
    print("tiny 1.0\\nand more")
elif how == "encode":
    step, source, target = int(rest[0]), rest[1], rest[2]
    head, body = open(source, "rb").read().split(b"255\\n", 1)
    open(target, "wb").write(zlib.compress(bytes([step]) + head + b"255\\n" + bytes(one // step for one in body)))
elif how == "decode":
    step, *whole = zlib.decompress(open(rest[0], "rb").read())
    head, body = bytes(whole).split(b"255\\n", 1)
    open(rest[1], "wb").write(head + b"255\\n" + bytes(min(255, one * step + step // 2) for one in body))
elif how == "fail":
    print("first line\\nthe last line", file=sys.stderr)
    sys.exit(1)
elif how == "hang":
    subprocess.Popen([sys.executable, "-c", f"import time; time.sleep(4); open({rest[0]!r}, 'w')"])
    time.sleep(60)
elif how == "crash":
    os.abort()
elif how == "elsewhere":
    open("other.bin", "wb").write(b"x")
elif how == "outside":
    open(rest[0], "wb").write(b"x")
elif how == "empty":
    open(rest[0], "wb")
elif how == "text":
    open(rest[-1], "w").write("no image")
elif how == "small":
    open(rest[-1], "wb").write(b"P6\\n2 1\\n255\\n" + bytes(6))
elif how == "deep":
    open(rest[-1], "wb").write(b"P6\\n2 1\\n65535\\n" + bytes(12))
elif how == "report":
    names = sorted(os.listdir(".")), os.environ["OMP_NUM_THREADS"], sys.stdin.read()
    print(names, file=sys.stderr)
    sys.exit(3)
'''


@pytest.fixture(autouse=True)
def nothing_declared() -> Iterator[None]:
    yield
    declare_commands({})


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The program, in the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.py").write_text(PROGRAM)
    return tmp_path / "tiny.py"


def block(**changes: Any) -> dict[str, Any]:
    python = shlex.quote(sys.executable)
    return {
        "codec": "command",
        "encode": f"{python} {{here}}/tiny.py encode {{q}} {{input}} {{stream}}",
        "decode": f"{python} {{here}}/tiny.py decode {{stream}} {{output}}",
        "version": f"{python} {{here}}/tiny.py --version",
        "extension": ".tiny",
        "points": {"q": [40, 4]},
        "input": "ppm",
        "output": "ppm",
    } | changes


def calling(how: str) -> str:
    return f"{shlex.quote(sys.executable)} {{here}}/tiny.py {how}"


def measured(folder: Path, own: dict[str, Any]) -> Path:
    """The rows of one picture; as measure.py does it."""
    declare_commands({"tiny": own})
    save_pictures(folder / "data" / "set", {"cat": PICTURE})
    places = {"weights": SHIPPED, "streams": folder / "streams" / "set" / "tiny" / "cat", "rows": folder / "rows.csv"}
    measure_images({"cat": folder / "data" / "set" / "cat.png"}, ("set", "tiny"), own, **places)
    return folder / "rows.csv"


def refused(own: Any, name: str = "tiny") -> str:
    with pytest.raises(SettingsError) as error:
        declare_commands({name: own})
    assert "\n" not in str(error.value)
    return str(error.value)


# What works


def test_it_is_measured_stored_and_verified_as_any_codec(program: Path, tmp_path: Path) -> None:
    own = block()
    rows = read_rows(measured(tmp_path, own))
    assert list(rows["point"]) == ["q40", "q4"] and set(rows["curve"]) == {"tiny"}
    assert list(rows["settings"]) == ['{"q": 40}', '{"q": 4}']
    assert rows["sse"].iloc[0] > rows["sse"].iloc[1] > 0 and rows["bytes"].iloc[0] < rows["bytes"].iloc[1]
    (version,) = set(rows["codec_version"])
    assert version.startswith("tiny 1.0, command ") and len(version) == len("tiny 1.0, command ") + 12
    tasks = [Task(row, tmp_path / "streams", tmp_path / "data" / "set" / "cat.png") for row in rows.to_dict("records")]
    assert [finding.problem for finding in verify_rows(tasks, SHIPPED, commands={"tiny": own})] == ["", ""]
    (tmp_path / "streams" / "set" / "tiny" / "cat" / "q4.tiny").write_bytes(b"another")
    (wrong,) = [one.problem for one in verify_rows(tasks, SHIPPED, commands={"tiny": own}) if one.problem]
    assert "q4.tiny is not the file that was measured" in wrong


def test_its_samples_are_those_that_the_program_means(program: Path) -> None:
    declare_commands({"tiny": block()})
    codec = codec_class("tiny")(ModelStore(SHIPPED))
    stream = codec.encode(PICTURE, OperatingPoint("q40", "tiny", {"q": 40}))
    expected = np.minimum(255, PICTURE // 40 * 40 + 20)
    assert np.array_equal(codec.decode(stream), expected)


def test_several_parameters_make_the_product_and_one_of_them_the_curves() -> None:
    own = block(encode="tiny {q} {m} {input} {stream}", points={"q": [1, 2.5], "m": ["slow", 0]})
    declare_commands({"tiny": own})
    points = codec_class("tiny").points(own)
    assert [point.id for point in points] == ["q1-mslow", "q1-m0", "q2.5-mslow", "q2.5-m0"]
    assert {point.curve for point in points} == {"tiny"}
    assert points[2].settings == {"q": 2.5, "m": "slow"}
    declare_commands({"tiny": own | {"curve": "m"}})
    assert [point.curve for point in codec_class("tiny").points(own | {"curve": "m"})] == ["mslow", "m0"] * 2


def test_both_programs_run_alone_on_one_thread_without_input(program: Path, tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"returned 3 \(\(\['input.ppm'\], '1', ''\)\) at point q40"):
        measured(tmp_path, block(encode=calling("report {q} {input} {stream}")))
    with pytest.raises(CorruptStreamError, match=r"returned 3 \(\(\['stream.tiny'\], '1', ''\)\)"):
        measured(tmp_path, block(decode=calling("report {stream} {output}")))


def test_no_shell_reads_the_command(program: Path, tmp_path: Path) -> None:
    measured(tmp_path, block(encode=calling("encode {q} {input} {stream} '; touch {here}/made' $(touch made) > made")))
    assert not list(tmp_path.rglob("*made*"))


def test_another_command_line_is_another_version(program: Path) -> None:
    def version(**changes: Any) -> str:
        declare_commands({"tiny": block(**changes)})
        return contract.version(codec_class("tiny")(ModelStore(SHIPPED)))

    assert version() == version(points={"q": [1]}, timeout=5) != version(decode=calling("decode {stream} {output} -x"))


def test_an_edit_of_its_program_or_of_its_module_measures_anew(program: Path) -> None:
    declare_commands({"tiny": block()})
    assert Path("tiny.py") in codec_class("tiny").files()
    (source,) = registry.sources("tiny")
    found = closure(ROOT, ("scripts/measure.py", source))
    assert {"scripts/licbench/codecs/command.py", "scripts/licbench/coding/programs.py"} <= set(found)
    assert not {"scripts/licbench/codecs/command.py", "scripts/licbench/coding/programs.py"} & set(
        closure(ROOT, ("scripts/measure.py", "scripts/licbench/codecs/jpeg.py"))
    )


# What fails while it runs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encode": "nosuchcodec {q} {input} {stream}"}, "nosuchcodec is not on PATH; install it"),
        ({"encode": "./nosuchcodec {q} {input} {stream}"}, "./nosuchcodec is no executable file"),
        ({"encode": "{here}/tiny.py {q} {input} {stream}"}, "tiny.py is no executable file"),
        ({"encode": calling("fail {q} {input} {stream}")}, "returned 1 (the last line) at point q40; try settings"),
        ({"encode": calling("crash {q} {input} {stream}")}, "was ended by signal 6 (without a word)"),
        ({"encode": calling("nothing {q} {input} {stream}")}, "its encoder wrote nothing, not the file {stream}"),
        ({"encode": calling("elsewhere {q} {input} {stream}")}, "its encoder wrote other.bin instead"),
        ({"encode": calling("outside {here}/made {q} {input} {stream}")}, "wrote nothing, not the file {stream} (st"),
        ({"encode": calling("empty {stream} {q} {input}")}, "its encoder wrote an empty file"),
        ({"decode": calling("fail {stream} {output}")}, "its decoder {python} returned 1 (the last line); the"),
        ({"decode": calling("nothing {stream} {output}")}, "its decoder wrote nothing, not the file {output}"),
        ({"decode": calling("text {stream} {output}")}, "is no PPM file; set output to what it writes; fix"),
        ({"decode": calling("deep {stream} {output}")}, "output.ppm: its samples are not 8-bit"),
        ({"decode": calling("small {stream} {output}")}, "it decodes to (1, 2, 3), not (40, 30, 3); fix settings.ti"),
        ({"version": calling("fail")}, "its version: {python} returned 1 (the last line); see settings.tiny.version"),
        ({"version": calling("nothing")}, "its version: {python} says nothing; see settings.tiny.version"),
    ],
)  # fmt: skip
def test_a_failing_command_is_one_line_and_leaves_no_row(
    program: Path, tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    with pytest.raises(LicbenchError) as error:
        measured(tmp_path, block(**changes))
    text = str(error.value)
    assert text.startswith("codec tiny: ") and "\n" not in text
    assert message.replace("{python}", sys.executable) in text
    assert not (tmp_path / "rows.csv").exists()


def test_a_command_that_hangs_ends_with_all_that_it_started(program: Path, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(SettingsError, match=r"takes more than 1 s; raise timeout, or repair the program"):
        measured(tmp_path, block(encode=calling("hang {here}/late {q} {input} {stream}"), timeout=1))
    assert time.monotonic() - started < 30
    time.sleep(max(0.0, started + 6 - time.monotonic()))
    assert not (tmp_path / "late").exists()


# What is refused before any work


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"encode": "tiny {q} {input}"}, "settings.tiny.encode: lacks {stream}; put it where"),
        ({"encode": "tiny {input} {stream}"}, "settings.tiny.encode: lacks {q}"),
        ({"decode": "tiny {stream}"}, "settings.tiny.decode: lacks {output}"),
        ({"encode": "tiny {q} {x} {input} {stream}"}, "encode: unknown placeholder {x}; it may have {input}, {stream}"),
        ({"decode": "tiny {q} {stream} {output}"}, "unknown placeholder {q}; it may have {stream}, {output}, {here}"),
        ({"decode": "tiny {stream.__class__} {stream} {output}"}, "unknown placeholder {stream.__class__}"),
        ({"encode": "tiny {q:>1000000000} {input} {stream}"}, "unknown placeholder {q} with a format"),
        ({"encode": "tiny {} {q} {input} {stream}"}, "unknown placeholder {}"),
        ({"encode": "tiny } {q} {input} {stream}"}, "for braces"),
        ({"encode": "tiny 'open {q} {input} {stream}"}, "no closing quotation"),
        ({"version": " "}, "settings.tiny.version: is empty"),
        ({"codec": "jpeg"}, "settings.tiny.codec: 'command' was expected"),
        ({"extension": "/../x"}, "settings.tiny.extension"),
        ({"points": {}}, "settings.tiny.points"),
        ({"points": {"q": []}}, "settings.tiny.points.q"),
        ({"points": {"q": ["../up"]}}, "settings.tiny.points.q.0"),
        ({"points": {"q": [True]}}, "settings.tiny.points.q.0"),
        ({"points": {"input": [1], "q": [1]}}, "points: input names a file"),
        ({"points": {"Q/": [1]}}, "points: 'Q/' is not up to 40"),
        ({"curve": "m"}, "curve: 'm' is not in points; choose from q"),
        ({"input": "jpg"}, "settings.tiny.input"),
        ({"timeout": 0}, "settings.tiny.timeout"),
        ({"quality": 3}, "unknown key quality"),
        ({"encode": None}, "settings.tiny.encode"),
    ],
)  # fmt: skip
def test_a_faulty_block_is_refused(changes: dict[str, Any], message: str) -> None:
    assert message in refused(block(**changes))


@pytest.mark.parametrize("name", ["../up", "a/b", "", "Upper", "x" * 41, "ä", "-q"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    assert "cannot name a codec; take at most 40 of a-z, 0-9, _" in refused(block(), name)


def test_the_name_of_another_codec_is_refused() -> None:
    assert refused(block(), "jpeg") == (
        "config: settings.jpeg is a command, but scripts/licbench/codecs/jpeg.py has that codec; give it another name"
    )


def test_the_extension_of_another_codec_is_refused() -> None:
    declare_commands({"tiny": block(extension=".jpg")})
    with pytest.raises(SettingsError, match=r"jpeg\.py and settings\.tiny of the config both write \.jpg files"):
        registry.extensions()


def test_the_whole_config_is_checked_with_it() -> None:
    config = copy.deepcopy(yaml.safe_load((ROOT / "config.yaml").read_text()))
    config["codecs"].append("tiny")
    config["settings"]["tiny"] = block()
    config["table5"]["Tiny"] = {"codec": "tiny", "curve": "tiny"}
    declare_commands(config["settings"])
    configuration.check(configuration.with_typed_values(config))
    config["ablations"]["tiny"] = block(points={"q": [8]})
    configuration.check(config)
    config["ablations"]["tiny"]["decode"] = "another {stream} {output}"
    with pytest.raises(SettingsError, match=r"ablations\.tiny\.decode: '.*' was expected"):
        configuration.check(config)


# By hand, and real programs


def write_config(folder: Path, settings: dict[str, Any]) -> Path:
    path = folder / "my.yaml"
    path.write_text(yaml.safe_dump({"settings": settings}))
    return path


def by_hand(folder: Path, script: str, *arguments: str | Path) -> str:
    done = Checkout(ROOT).run(sys.executable, ROOT / "scripts" / f"{script}.py", *arguments, at=folder)
    assert done.returncode == 0, done.output
    return done.output


def test_its_files_are_encoded_and_decoded_by_hand(program: Path, tmp_path: Path) -> None:
    config = write_config(tmp_path, {"tiny": block()})
    save_pictures(tmp_path, {"cat": PICTURE})
    by_hand(tmp_path, "encode", "--config", config, "tiny", "cat.png", "cat.tiny", "--q", "16")
    by_hand(tmp_path, "decode", "--config", config, "cat.tiny", "out.png")
    declare_commands({"tiny": block()})
    codec = codec_class("tiny")(ModelStore(SHIPPED))
    stream = (tmp_path / "cat.tiny").read_bytes()
    assert stream == codec.encode(PICTURE, OperatingPoint("x", "x", {"q": 16}))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cat.png", "cat.tiny", "my.yaml", "out.png", "tiny.py"]


PAGE = (ROOT / "docs" / "commands.md").read_text()
SHOWN = {
    codec: own
    for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    for codec, own in yaml.safe_load(text)["settings"].items()
}
"""The blocks of the page."""
REAL = {
    "cwebp": SHOWN["cwebp"] | {"points": {"q": [1, 90]}},
    "cjxl": block(
        encode="cjxl --quiet --num_threads=0 -d {d} {input} {stream}",
        decode="djxl --quiet --num_threads=0 {stream} {output}",
        version="cjxl --version",
        extension=".cjxl",
        points={"d": [15, 1]},
    ),
}
"""Programs of Debian's packages webp and libjxl-tools."""


@pytest.mark.parametrize("codec", SHOWN)
def test_the_page_s_blocks_are_codecs(codec: str) -> None:
    declare_commands({codec: SHOWN[codec]})
    assert codec_class(codec).points(SHOWN[codec])


def test_the_page_s_table_has_every_key_with_its_default() -> None:
    cells = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| `")]
    said = {key: default.strip(" `") for keys, _, default in cells for key in re.findall(r"`(\w+)`", keys)}
    said["curve"] = said["curve"].removeprefix("all points are one curve, called as the block")
    assert said == {key: str(DEFAULTS.get(key, "")) for key in SCHEMA["properties"] if key != "codec"}


@pytest.mark.parametrize("name", REAL)
def test_a_real_program_fills_rows(name: str, tmp_path: Path) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed; apt install {'webp' if name == 'cwebp' else 'libjxl-tools'}")
    own = REAL[name] | {"extension": ".tiny"}
    rows = read_rows(measured(tmp_path, own))
    assert rows["bytes"].is_monotonic_increasing and rows["sse"].is_monotonic_decreasing
    kept = (tmp_path / "streams" / "set" / "tiny" / "cat" / f"{rows['point'].iloc[1]}.tiny").read_bytes()
    codec = codec_class("tiny")(ModelStore(SHIPPED))
    assert digest(codec.decode(kept)) == rows["pixels_sha256"].iloc[1]
    for damaged in (b"", kept[: len(kept) // 2], os.urandom(64)):
        with pytest.raises(CorruptStreamError, match=r"codec tiny: its decoder .* returned"):
            codec.decode(damaged)
    ((setting, values),) = own["points"].items()
    assert [json.loads(text) for text in rows["settings"]] == [{setting: value} for value in values]
