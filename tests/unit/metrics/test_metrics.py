import io
import math

import numpy as np
import PIL.Image
import pytest
from scipy import ndimage, signal
from skimage import data

from licbench.metrics import MIN_SIDE_MS_SSIM, distortion
from licbench.metrics.distortion import error_moments, psnr
from licbench.metrics.ms_ssim import ms_ssim

RANDOM = np.random.default_rng(18)
PHOTO = data.chelsea()


def reference_ms_ssim(original, decoded):
    """The definition, literally: float64, two-dimensional window, every map kept."""
    y, x = np.mgrid[-5:6, -5:6]
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window = (window / window.sum())[:, :, np.newaxis]
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    a, b = original.astype(np.float64), decoded.astype(np.float64)
    similarity, structure = [], []
    for _ in range(5):
        mean_a, mean_b, square_a, square_b, product = (
            signal.fftconvolve(image, window, mode="valid") for image in (a, b, a * a, b * b, a * b)
        )
        covariance = product - mean_a * mean_b
        variances = square_a - mean_a**2 + square_b - mean_b**2
        cs = (2 * covariance + c2) / (variances + c2)
        luminance = (2 * mean_a * mean_b + c1) / (mean_a**2 + mean_b**2 + c1)
        similarity.append((luminance * cs).mean())
        structure.append(cs.mean())
        a, b = (ndimage.convolve(image, np.full((2, 2, 1), 0.25), mode="reflect")[::2, ::2] for image in (a, b))
    values = [*structure[:4], similarity[4]]
    with np.errstate(invalid="ignore"):
        return float(np.prod(np.power(values, (0.0448, 0.2856, 0.3001, 0.2363, 0.1333))))


def jpeg(image, quality):
    file = io.BytesIO()
    PIL.Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(file))


def flat(height, width, level):
    return np.full((height, width, 3), level, np.uint8)


def squares(shape):
    """Blocks of black and white: the largest local variances there are."""
    return (
        np.kron(RANDOM.integers(0, 2, (9, 9, 3)), np.ones((25, 25, 1)))[: shape[0], : shape[1]].astype(np.uint8) * 255
    )


def test_moments_by_hand():
    original = np.array([[[10, 20, 30], [0, 0, 255]]], np.uint8)
    decoded = np.array([[[12, 19, 30], [0, 3, 0]]], np.uint8)
    assert error_moments(original, decoded) == {
        "sse_rr": 4,
        "sse_gg": 1 + 9,
        "sse_bb": 255**2,
        "sse_rg": -2,
        "sse_rb": 0,
        "sse_gb": -3 * 255,
        "sse": 4 + 10 + 255**2,
    }


def test_moments_are_exact_python_integers_at_the_extreme():
    moments = error_moments(flat(1000, 1003, 0), flat(1000, 1003, 255))
    assert all(type(value) is int for value in moments.values())
    assert {moments[name] for name in distortion.MOMENTS} == {1000 * 1003 * 255**2}


def test_colour_errors_from_moments_equal_those_of_converted_pictures():
    decoded = jpeg(PHOTO, 20)
    moments, pixels = error_moments(PHOTO, decoded), PHOTO.size // 3
    red, green, blue = np.moveaxis(PHOTO.astype(np.float64) - decoded, -1, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = (blue - luma) / 1.772, (red - luma) / 1.402
    assert distortion.mse_rgb(moments, pixels) == pytest.approx(np.mean((PHOTO.astype(np.float64) - decoded) ** 2))
    assert distortion.mse_y(moments, pixels) == pytest.approx(np.mean(luma**2))
    weighted = (6 * np.mean(luma**2) + np.mean(cb**2) + np.mean(cr**2)) / 8
    assert distortion.mse_ycbcr_611(moments, pixels) == pytest.approx(weighted)


def test_moments_add_up_over_pictures():
    decoded = jpeg(PHOTO, 20)
    whole = error_moments(PHOTO, decoded)
    parts = error_moments(PHOTO[:100], decoded[:100]), error_moments(PHOTO[100:], decoded[100:])
    assert whole == {name: parts[0][name] + parts[1][name] for name in whole}


@pytest.mark.parametrize(
    ("sse", "samples", "expected"),
    [(0, 3, math.inf), (3 * 255**2, 3, 0.0), (300, 3, 10 * math.log10(255**2 / 100)), (1, 255**2, 2 * 48.130803608679)],
)
def test_psnr(sse, samples, expected):
    assert psnr(sse, samples) == pytest.approx(expected)


@pytest.mark.parametrize("size", [(161, 161), (161, 200), (162, 163), (300, 451)])
@pytest.mark.parametrize("quality", [1, 30, 95])
def test_ms_ssim_equals_the_definition_on_photographs(size, quality):
    original = PHOTO[: size[0], : size[1]]
    decoded = jpeg(original, quality)
    assert ms_ssim(original, decoded) == pytest.approx(reference_ms_ssim(original, decoded), abs=1e-6)


@pytest.mark.parametrize(
    "decoded",
    [
        pytest.param(RANDOM.integers(0, 256, (200, 211, 3)).astype(np.uint8), id="noise"),
        pytest.param(flat(200, 211, 0), id="black"),
        pytest.param(PHOTO[:200, :211] // 64 * 64, id="posterised"),
        pytest.param(PHOTO[1:201, 3:214], id="shifted"),
        pytest.param(
            np.where(np.arange(200)[:, None, None] < 150, PHOTO[:200, :211], squares((200, 211))), id="squares"
        ),
    ],
)
def test_ms_ssim_equals_the_definition_on_ruins(decoded):
    original = PHOTO[:200, :211]
    assert ms_ssim(original, decoded) == pytest.approx(reference_ms_ssim(original, decoded), abs=1e-6)


def test_ms_ssim_equals_the_definition_at_the_highest_contrast():
    first, second = squares((200, 211)), squares((200, 211))
    second[:, :130] = first[:, :130]
    assert ms_ssim(first, second) == pytest.approx(reference_ms_ssim(first, second), abs=1e-5)


def test_ms_ssim_equals_the_definition_without_contrast():
    first, second = flat(170, 180, 3), flat(170, 180, 200)
    assert ms_ssim(first, second) == pytest.approx(reference_ms_ssim(first, second), abs=1e-6)


def test_ms_ssim_of_equal_pictures_is_one():
    assert ms_ssim(PHOTO, PHOTO) == 1.0


def test_ms_ssim_of_black_and_white_by_hand():
    # No variance: structure is 1 at every scale; the means leave C1 / (255^2 + C1), to the last weight.
    c1 = (0.01 * 255) ** 2
    expected = (c1 / (255**2 + c1)) ** 0.1333
    assert ms_ssim(flat(161, 161, 0), flat(161, 161, 255)) == pytest.approx(expected, abs=1e-6)


def test_ms_ssim_of_a_negative_is_not_a_number_as_in_the_original():
    assert math.isnan(reference_ms_ssim(PHOTO, 255 - PHOTO))
    assert math.isnan(ms_ssim(PHOTO, 255 - PHOTO))


def test_ms_ssim_averages_channels_before_the_product():
    """One ruined channel: the product of averages is not the average of products."""
    decoded = PHOTO.copy()
    decoded[:, :, 1] = 128
    assert ms_ssim(PHOTO, decoded) == pytest.approx(reference_ms_ssim(PHOTO, decoded), abs=1e-6)


@pytest.mark.parametrize("size", [(160, 161), (161, 160), (1, 1)])
def test_ms_ssim_refuses_short_sides(size):
    assert min(size) < MIN_SIDE_MS_SSIM
    with pytest.raises(ValueError, match="sides of 161"):
        ms_ssim(flat(*size, 0), flat(*size, 0))


@pytest.mark.parametrize("measure", [error_moments, ms_ssim])
def test_pictures_of_two_sizes_are_refused(measure):
    with pytest.raises(ValueError, match="one size"):
        measure(flat(170, 170, 0), flat(170, 171, 0))
