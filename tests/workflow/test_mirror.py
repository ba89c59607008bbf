"""The target mirror: what a run downloads, collected for a machine without a network."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator

import pytest
from bad_pictures import encoded, rgb
from checkout import TINY_SETTINGS, Checkout, Outcome, complaints, copy_project
from scripted_server import ScriptedServer, serving

from licbench.datasets.manifests import ImageFile, manifest_text

SETTINGS = {**TINY_SETTINGS, "dataset": "served"}
PICTURES = {"one.png": encoded(rgb((24, 30)), "PNG"), "two #2.png": encoded(rgb((30, 24)), "PNG")}
TABLE = "results/table5.csv"
MIRROR = '-my "mirror" {it\'s}\n$(touch owned) 鏡'
OFFLINE = SETTINGS | {"mirror": MIRROR}


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedServer]:
    with serving() as server:
        server.files = {f"set/{name}": content for name, content in PICTURES.items()}
        yield server


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, server: ScriptedServer) -> Checkout:
    """A copy of the project with a dataset that the server holds."""
    project = copy_project(tmp_path_factory.mktemp("mirror") / "project")
    urls = [f"{server.url}set/"]
    project.add_dataset("served", {"title": "Two", "kind": "files", "urls": urls, "mirror_folder": "two"})
    rows = [
        ImageFile(name, hashlib.sha256(content).hexdigest(), len(content), name.split(".")[0].replace(" #", "_"), *size)
        for (name, content), size in zip(PICTURES.items(), [(30, 24), (24, 30)], strict=True)
    ]
    (project.root / "workflow" / "resources" / "manifests" / "served.tsv").write_text(manifest_text(rows))
    return project


def online(project: Checkout, target: str) -> Outcome:
    return project.run("env", "no_proxy=127.0.0.1", *project.command(target, settings=SETTINGS))


def measured(project: Checkout) -> dict[str, bytes]:
    """Every result that must not depend on where the images came from."""
    names = [name for name in project.files() if name.split("/")[1] in {"data", "points", "streams", "table5.csv"}]
    assert TABLE in names
    return {name: (project.root / name).read_bytes() for name in names}


def test_a_run_from_the_mirror_gives_the_same_bytes(project: Checkout, server: ScriptedServer) -> None:
    done = online(project, TABLE)
    assert done.returncode == 0, done.output
    expected = measured(project)
    done = online(project, "mirror")
    assert done.returncode == 0, done.output
    assert "results/mirror holds served" in done.output
    mirror = project.root / MIRROR
    shutil.move(project.root / "results" / "mirror", mirror)
    shutil.rmtree(project.root / "results")
    asked = len(server.requests)
    done = project.snakemake(TABLE, settings=OFFLINE)
    assert done.returncode == 0, done.output
    assert len(server.requests) == asked
    assert measured(project) == expected
    checked = project.run("env", "-C", mirror, "sha256sum", "--check", "--strict", "served.sha256")
    assert checked.returncode == 0, checked.output
    assert sorted(path.name for path in (mirror / "two").iterdir()) == sorted(PICTURES)


def test_a_mirror_is_made_from_a_mirror(project: Checkout, server: ScriptedServer) -> None:
    asked = len(server.requests)
    done = project.snakemake("mirror", settings=OFFLINE)
    assert done.returncode == 0, done.output
    assert len(server.requests) == asked
    for name, content in PICTURES.items():
        assert (project.root / "results" / "mirror" / "two" / name).read_bytes() == content


def test_a_broken_mirror_goes_on_where_it_stopped(project: Checkout, server: ScriptedServer) -> None:
    shutil.rmtree(project.root / "results" / "mirror", ignore_errors=True)
    server.script["set/two #2.png"] = ["404"]
    done = online(project, "mirror")
    assert done.returncode == 1
    assert complaints(done.output)[0].startswith("error: two #2.png was not fetched")
    assert not (project.root / "results" / "mirror" / "served.sha256").exists()
    asked = len(server.requests)
    assert online(project, "mirror").returncode == 0
    assert [path for path, _ in server.requests[asked:]] == ["set/two #2.png"]


BSDS500 = {f"bsds500_{part}" for part in ("train", "test", "val")}


@pytest.mark.parametrize(
    ("settings", "held"),
    [
        ({"dataset": "embedded"}, set()),
        ({"dataset": "kodak"}, {"kodak"}),
        ({"dataset": "clic2018_valid", "weights": "trained"}, {"clic2018_valid", "imagenet_sample", *BSDS500}),
    ],
)
def test_what_a_run_downloads_is_planned(project: Checkout, settings: dict[str, str], held: set[str]) -> None:
    planned = project.snakemake("-n", "mirror", settings=settings)
    assert planned.returncode == 0, planned.output
    assert planned.values("mirror_dataset", "source") == held
