"""Which files a job depends on: an edit reruns what uses it, and nothing else."""

from pathlib import Path

import pytest

from licbench.codecs.base import Codec
from licbench.codecs.registry import codec_class, codec_ids
from licbench.dependencies import closure

ROOT = Path(__file__).parents[2]
LIBRARY = "scripts/licbench"


def of(*entries):
    return set(closure(ROOT, entries))


def measuring(codec):
    return of("scripts/measure.py", f"{LIBRARY}/codecs/{codec}.py")


@pytest.mark.parametrize("codec", codec_ids())
def test_a_codec_s_job_knows_its_own_codec_and_no_other(codec):
    found = measuring(codec)
    assert (
        "scripts/measure.py" in found
        and f"{LIBRARY}/measurement/rows.py" in found
        and f"{LIBRARY}/codecs/base.py" in found
    )
    known = {Path(path).stem for path in found if Path(path).parent.name == "codecs"}
    parents = {kind.__module__.rpartition(".")[2] for kind in codec_class(codec).__mro__ if issubclass(kind, Codec)}
    assert known == {"__init__", "registry", *parents}
    assert not {path for path in found if "/training/" in path or "/figures/" in path}


def test_bpg_and_gan_do_not_meet():
    bpg, gan = measuring("bpg"), measuring("gan")
    for module in ("container", "nal", "parameter_sets", "hevc"):
        assert f"{LIBRARY}/coding/bpg/{module}.py" in bpg - gan
    for module in ("coding/range_coder", "coding/quantiser", "networks/store", "networks/gan", "networks/inference"):
        assert f"{LIBRARY}/{module}.py" in gan
    for module in ("coding/range_coder", "coding/quantiser", "networks/gan", "networks/cae", "networks/inference"):
        assert f"{LIBRARY}/{module}.py" not in bpg


def test_super_resolution_builds_on_bpg():
    assert measuring("sr") >= {
        f"{LIBRARY}/coding/bpg/__init__.py",
        f"{LIBRARY}/coding/bpg/container.py",
        f"{LIBRARY}/networks/srcnn.py",
    }


def test_imports_inside_functions_count():
    assert f"{LIBRARY}/training/run.py" in of("scripts/train.py")
    assert f"{LIBRARY}/networks/cae.py" in of(f"{LIBRARY}/codecs/cae.py")


def test_the_table_does_not_depend_on_codecs_or_training():
    found = of("scripts/table5.py")
    assert not {path for path in found if "/codecs/" in path or "/training/" in path or "/networks/gan" in path}


@pytest.fixture
def project(tmp_path):
    """A project of few files, given as text."""

    def write(**modules):
        for name, text in modules.items():
            path = tmp_path / "scripts" / Path(*name.split("__")).with_suffix(".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def test_every_form_of_import(project):
    root = project(
        main="import json\nimport licbench.a\nfrom licbench import b\nfrom licbench.c import name\n",
        licbench__a="def f():\n    from licbench.d import deep\n",
        licbench__b="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import licbench.e\n",
        licbench__c="import licbench.a\nname = 1\n",
        licbench__d="import licbench.b\n",
        licbench__e="import licbench.main\n",
        licbench__unused="",
    )
    assert closure(root, ("scripts/main.py",)) == [
        "scripts/licbench/a.py", "scripts/licbench/b.py", "scripts/licbench/c.py", "scripts/licbench/d.py",
        "scripts/licbench/e.py", "scripts/main.py",
    ]  # fmt: skip


def test_circles_end(project):
    root = project(main="import licbench.a\n", licbench__a="import licbench.b\n", licbench__b="import licbench.a\n")
    assert len(closure(root, ("scripts/main.py",))) == 3


def test_other_packages_do_not_count(project):
    root = project(main="import licbench_other.a\nimport numpy\n", licbench_other__a="")
    assert closure(root, ("scripts/main.py",)) == ["scripts/main.py"]


def test_an_unknown_entry_is_an_error():
    with pytest.raises(FileNotFoundError):
        closure(ROOT, ("scripts/licbench/codecs/nosuchcodec.py",))


def test_a_package_s_own_file_counts(project):
    """Python runs it before any module of the package, also where the module is the entry."""
    root = project(main="from licbench.room.chest import name\n")
    for path, text in (("__init__.py", ""), ("room/__init__.py", "import licbench.other\n"), ("room/chest.py", "")):
        (root / "scripts" / "licbench" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "scripts" / "licbench" / path).write_text(text)
    project(licbench__other="")
    assert closure(root, ("scripts/main.py",)) == [
        "scripts/licbench/__init__.py", "scripts/licbench/other.py", "scripts/licbench/room/__init__.py",
        "scripts/licbench/room/chest.py", "scripts/main.py",
    ]  # fmt: skip
    assert "scripts/licbench/other.py" in closure(root, ("scripts/licbench/room/chest.py",))


def test_an_import_from_its_own_place_counts(project):
    root = project(
        main="import licbench.codecs.mine\n",
        licbench__codecs__mine="from .base import Codec\nfrom ..errors import CorruptStreamError\nfrom . import near\n",
        licbench__codecs__base="",
        licbench__codecs__near="",
        licbench__errors="",
    )
    assert {Path(path).stem for path in closure(root, ("scripts/main.py",))} == {
        "main", "mine", "base", "near", "errors",
    }  # fmt: skip
