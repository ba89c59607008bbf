"""The plug-ins: what they promise, and their scores against published ones or against a definition."""

import hashlib
import math
import re
from pathlib import Path

import numpy as np
import pytest
from pictures import photo

from licbench.errors import ContractError, SettingsError
from licbench.metrics import registry
from licbench.metrics.base import LINEAR, LOG, Metric, Undefined
from licbench.metrics.registry import make_metric, metric_class, metric_ids, missing_package

ROOT = Path(__file__).parents[3]
EXTRAS = {"ssimulacra2": "metrics", "vmaf": "ffmpeg", "psnr_hvs": "ffmpeg"}


@pytest.fixture
def plain_folder(tmp_path, monkeypatch):
    """A folder in place of the plug-ins', for files that a test writes."""
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "registry.py"))
    for cached in (registry.metric_modules, registry.metric_class):
        cached.cache_clear()
    yield tmp_path
    for cached in (registry.metric_modules, registry.metric_class):
        cached.cache_clear()


def test_the_modules_beside_them_are_no_plug_ins():
    assert {"ssimulacra2", "vmaf", "psnr_hvs", "lpips"} <= set(metric_ids())
    assert {"rate", "distortion", "ms_ssim", "base", "registry", "libvmaf"}.isdisjoint(metric_ids())


@pytest.mark.parametrize("name", metric_ids())
def test_each_says_how_to_read_its_score(name):
    kind = metric_class(name)
    assert kind.domain in (LINEAR, LOG) and kind.bounds[0] < kind.bounds[1] and kind.title
    better, worse = (0.2, 0.4) if not kind.higher_is_better else (0.4, 0.2)
    assert kind.quality(better) > kind.quality(worse)
    assert kind.memory_mb(1.0) > 0


@pytest.mark.parametrize(("name", "extra"), EXTRAS.items())
def test_what_to_install_is_what_is_locked(name, extra):
    assert metric_class(name).requires in (ROOT / "envs" / f"{extra}.lock").read_text().split()


def test_a_file_is_a_plug_in_by_its_metric(plain_folder):
    (plain_folder / "mine.py").write_text("METRIC = 1\n")
    (plain_folder / "helper.py").write_text("OTHER = 1\n")
    assert metric_ids() == ["mine"]


def test_the_example_of_the_docs_is_a_metric():
    (example,) = re.findall(r"```python\n(.+?)```", (ROOT / "docs" / "metrics.md").read_text(), re.DOTALL)
    assert registry.METRIC.search(example)
    module = {"__name__": "mean_error"}
    exec(example, module)
    kind = module["METRIC"]
    assert issubclass(kind, Metric) and kind.id == "mean_error" and "numpy" in kind({}).version()
    assert kind({}).score(uniform(4, 10), uniform(4, 13)) == 3.0


def test_unknown_metrics_and_wrong_settings_are_named():
    with pytest.raises(SettingsError, match="unknown metric 'psnr'; choose from lpips, "):
        metric_class("psnr")
    with pytest.raises(SettingsError, match=r"metric_settings\.vmaf: unknown key model"):
        make_metric("vmaf", {"model": "4k"})
    with pytest.raises(SettingsError, match=r"metric_settings\.lpips: 'weights' is a required property"):
        make_metric("lpips", {})


def test_a_missing_package_is_one_line_with_the_command():
    line = str(missing_package("ssimulacra2", ImportError("No module", name="ssimulacra2")))
    assert line == "metric ssimulacra2 needs ssimulacra2, which is missing; run: pip install ssimulacra2==0.3.0"


def test_quality_in_decibels_where_scores_saturate():
    class Similarity(Metric):
        higher_is_better, domain = True, LOG

    assert Similarity.quality(0.99) == pytest.approx(20)
    assert Similarity.quality(1.0) == math.inf
    assert metric_class("lpips").quality(0.1) == pytest.approx(10)


# SSIMULACRA 2.1: scores of the reference implementation in C++ (tools/ssimulacra2 of libjxl) for images that a few
# lines make, published with their checksums in ssimulacra2/src/reference_data.rs of github.com/imazen/ssimulacra2.


def uniform(side, value):
    return np.full((side, side, 3), value, np.uint8)


def gradient(side):
    return np.broadcast_to(
        (np.arange(side) * 255 // (side - 1)).astype(np.uint8)[None, :, None], (side, side, 3)
    ).copy()


def noise(side, state):
    """Bytes of a 64-bit linear congruential generator (Knuth's MMIX)."""
    samples = []
    for _ in range(side * side * 3):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        samples.append(state >> 33 & 255)
    return np.array(samples, np.uint8).reshape(side, side, 3)


PUBLISHED = [
    (noise(64, 42), uniform(64, 128), "7f6be7f433ccb0a0", -47.33572558, 0.01),
    (gradient(64), uniform(64, 128), "bfcfaa0618d28284", -64.56872148, 0.01),
    # Without texture the reference's float32 blur counts, too: it and these scores in float64 are up to 2 apart
    (uniform(64, 128), uniform(64, 178), "2203a98fd84adfbd", -8.75942256, 0.1),
    (uniform(128, 128), uniform(128, 178), "2af5ead05032faaf", -9.82383315, 0.1),
    (uniform(32, 128), uniform(32, 178), "753412db29fc2970", 85.01409588, 0.5),
    (uniform(128, 128), uniform(128, 138), "2af5ead05032faaf", 77.84296299, 0.1),
]


@pytest.mark.parametrize(("original", "other", "checksum", "expected", "within"), PUBLISHED)
def test_ssimulacra2_is_the_reference_s(original, other, checksum, expected, within):
    pytest.importorskip("ssimulacra2", reason="needs the extra in envs/metrics.lock")
    assert hashlib.sha256(original.tobytes()).hexdigest().startswith(checksum)
    assert make_metric("ssimulacra2", {}).score(original, other) == pytest.approx(expected, abs=within)


def test_ssimulacra2_of_equal_and_of_tiny_images():
    pytest.importorskip("ssimulacra2", reason="needs the extra in envs/metrics.lock")
    metric = make_metric("ssimulacra2", {})
    assert metric.score(photo(40, 50), photo(40, 50)) == 100
    assert metric.score(photo(7, 50), photo(7, 50)) == Undefined("a side is under 8 pixels")


def blurred(image):
    return np.rint((image.astype(float) + np.roll(image, 1, 0) + np.roll(image, 1, 1)) / 3).astype(np.uint8)


@pytest.mark.parametrize("name", ["vmaf", "psnr_hvs"])
def test_libvmaf_orders_distortions_and_refuses_tiny_images(name):
    pytest.importorskip("imageio_ffmpeg", reason="needs the extra in envs/ffmpeg.lock")
    metric, image = make_metric(name, {}), photo(65, 79)
    once, twice = blurred(image), blurred(blurred(image))
    assert metric.score(image, once) > metric.score(image, twice)
    assert metric.score(image, once) == metric.score(image, once)
    assert metric.score(photo(16, 79), photo(16, 79)) == Undefined("a side is under 17 pixels")
    assert isinstance(metric.score(photo(17, 18), blurred(photo(17, 18))), float)


def test_equal_images_in_libvmaf():
    pytest.importorskip("imageio_ffmpeg", reason="needs the extra in envs/ffmpeg.lock")
    # The score of the model for a frame without motion and without a difference
    assert make_metric("vmaf", {}).score(photo(), photo()) == pytest.approx(97.43, abs=0.01)
    assert "infinite" in make_metric("psnr_hvs", {}).score(photo(), photo()).reason


@pytest.fixture
def distance(tmp_path):
    """A TorchScript file: the mean absolute difference, as a stand-in for a learned distance."""
    import torch

    pair = (torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64))
    path = tmp_path / "distance.pt"
    torch.jit.trace(lambda a, b: (a - b).abs().mean(), pair).save(str(path))
    return path


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lpips_is_what_the_user_s_file_computes(distance):
    metric = make_metric("lpips", {"weights": str(distance)})
    image = photo(64, 80)
    other = image // 2
    expected = np.abs(image.astype(float) - other).mean() / 127.5
    assert metric.score(image, other) == pytest.approx(expected, rel=1e-5)
    assert metric.score(image, image) == 0
    assert metric.score(photo(63, 80), photo(63, 80)) == Undefined("a side is under 64 pixels")
    assert hashlib.sha256(distance.read_bytes()).hexdigest()[:16] in metric.version()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_lpips_files_that_will_not_do(tmp_path):
    import torch

    with pytest.raises(
        SettingsError, match=r"none\.pt: no such file; give its path as metric_settings\.lpips\.weights"
    ):
        make_metric("lpips", {"weights": str(tmp_path / "none.pt")}).version()
    (tmp_path / "text.pt").write_text("no network")
    with pytest.raises(SettingsError, match="is no TorchScript file"):
        make_metric("lpips", {"weights": str(tmp_path / "text.pt")}).score(photo(64, 64), photo(64, 64))
    one = torch.rand(1, 3, 64, 64)
    torch.jit.trace(lambda a, b: a - b, (one, one)).save(str(tmp_path / "map.pt"))
    with pytest.raises(ContractError, match="something else than one number"):
        make_metric("lpips", {"weights": str(tmp_path / "map.pt")}).score(photo(64, 64), photo(64, 64))
    torch.jit.trace(lambda a: a.mean(), (one,)).save(str(tmp_path / "single.pt"))
    with pytest.raises(ContractError, match="does not take two images"):
        make_metric("lpips", {"weights": str(tmp_path / "single.pt")}).score(photo(64, 64), photo(64, 64))
