"""The report in a real browser, opened from disk: nothing fetched, nothing logged, everything that moves moves."""

from __future__ import annotations

import io
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from report_run import CONTENDERS, PICTURES, reported

from licbench.report.site import PAGES, PROTOCOL_PAGE

NAMES = PAGES | PROTOCOL_PAGE
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = find_spec("axe_playwright_python")
GRAVE = {"serious", "critical"}
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
DRAWN = "() => document.querySelector('#chart .scatterlayer .trace') !== null"

if BROWSER is None:
    pytest.skip(f"no Chromium on this machine ({', '.join(BROWSERS)}); install one", allow_module_level=True)
if find_spec("playwright") is None:
    pytest.skip("playwright is not installed; see envs/dev.lock", allow_module_level=True)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return reported(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, report):
    """Opens a page of the report; at the end, nothing may have been logged or asked from another place."""
    pages, wrong = [], []

    def watch(request):
        if not request.url.startswith((f"file://{report}", "data:", "blob:")):
            wrong.append(f"asked for {request.url}")

    def open_page(name, viewport=WIDE, *, place="", **options):
        context = browser.new_context(viewport=viewport, **options)
        page = context.new_page()
        pages.append(context)
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(f"did not get {request.url}"))
        page.on("request", watch)
        page.goto(f"file://{report}/{name}.html{place}", wait_until="load")
        return page

    yield open_page
    for context in pages:
        context.close()
    assert not wrong


def middle_of(locator):
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def divider(page):
    """Where the right picture begins, in percent of the width, as it is drawn."""
    clip = page.locator("#layer-right").evaluate("layer => getComputedStyle(layer).clipPath")
    return float(re.findall(r"([\d.]+)%", clip)[-1]) if "%" in clip else 0.0


def seen(page, selector):
    """What is drawn there, uint8 (height, width, 3)."""
    return np.asarray(PIL.Image.open(io.BytesIO(page.locator(selector).screenshot())).convert("RGB"))


def slide_to(page, percent):
    page.locator("#split").evaluate(f"split => {{ split.value = {percent}; split.dispatchEvent(new Event('input')); }}")


def loaded(page):
    page.wait_for_function("() => [...document.images].every(image => !image.src || image.loading || image.complete)")
    page.wait_for_function("() => [...document.querySelectorAll('.layer img')].every(i => !i.src || i.naturalWidth)")


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("name", NAMES)
def test_every_page_opens_from_disk_and_fits(visit, name, viewport):
    page = visit(name, viewport)
    assert page.title().startswith(NAMES[name])
    assert page.locator("nav [aria-current]").inner_text() == NAMES[name]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("[...document.images].filter(i => i.src && i.complete && !i.naturalWidth).length") == 0


@pytest.mark.skipif(AXE is None, reason="axe-playwright-python, which carries axe-core, is not installed")
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_grave(visit, name, viewport):
    page = visit(name, viewport)
    if name in ("curves", "bdrate"):
        page.wait_for_function(DRAWN)
    page.evaluate("document.querySelectorAll('details').forEach(details => (details.open = true))")
    page.add_script_tag(content=(Path(AXE.submodule_search_locations[0]) / "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, { preload: false }).then(({ violations }) => violations)")
    grave = [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in found if one["impact"] in GRAVE]
    assert grave == []


def test_the_plot_library_is_asked_for_after_the_first_paint(visit, report):
    page = visit("curves")
    page.wait_for_function(DRAWN)
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"first paint after {painted:.0f} ms")
    assert painted > 0
    assert all("plotly.min.js" not in (report / f"{name}.html").read_text() for name in NAMES)


# --- Curves ---


def test_hover_tells_codec_setting_rate_and_quality(visit):
    page = visit("curves")
    page.wait_for_function(DRAWN)
    trace = "chart.data.findIndex(line => line.name === 'JPEG 4:2:0 optimised' && line.mode === 'lines+markers')"
    x, y, text = page.evaluate(
        f"""() => {{
          const chart = document.getElementById("chart"), number = {trace}, place = 1;
          const {{ xaxis, yaxis, _size: size }} = chart._fullLayout, edge = chart.getBoundingClientRect();
          const line = chart.data[number];
          return [edge.left + size.l + xaxis.d2p(line.x[place]), edge.top + size.t + yaxis.d2p(line.y[place]),
                  line.text[place]];
        }}"""
    )
    assert all(word in text for word in ("JPEG 4:2:0 optimised", "420-optimised-q20", "bit/pixel", "PSNR", "MS-SSIM"))
    page.get_by_label("published points").uncheck()
    page.mouse.move(x - 60, y - 60)
    page.mouse.move(x, y, steps=5)
    shown = page.locator("#chart .hovertext")
    shown.wait_for()
    words = [part for part in re.split(r"<[^>]+>", text) if part]
    assert all(word in shown.text_content() for word in words)
    assert all(word in page.locator("#status").inner_text() for word in words)


def test_controls_choose_what_is_drawn(visit):
    page = visit("curves")
    page.wait_for_function(DRAWN)
    names = "() => [...new Set(document.getElementById('chart').data.map(line => line.name))]"
    assert {"JPEG 4:2:0 optimised", "JPEG 2000, 9/7", "BPG, published"} <= set(page.evaluate(names))
    page.get_by_label("JPEG 2000, 9/7").uncheck()
    page.get_by_label("published points").uncheck()
    assert page.evaluate(names) == ["JPEG 4:2:0 optimised"]
    pooled = page.evaluate("document.getElementById('chart').data[1].y")
    page.locator("#image").select_option("second#2")
    assert "second#2" in page.locator("#status").inner_text()
    assert page.evaluate("document.getElementById('chart').data[1].y") != pooled
    page.get_by_label("MS-SSIM").check()
    assert page.locator("#chart .ytitle").inner_html() == "MS-SSIM"
    page.get_by_label("logarithmic, all").check()
    assert page.evaluate("document.getElementById('chart')._fullLayout.xaxis.type") == "log"
    page.get_by_role("button", name="none").click()
    assert page.evaluate(names) == []
    page.get_by_role("button", name="all").click()
    assert len(page.evaluate(names)) == 2
    page.locator("#points summary").click()
    # Filled when it opens, which the browser tells after the click
    page.wait_for_function("document.querySelectorAll('#points tbody tr').length == 5")


def test_the_keyboard_walks_the_curves(visit):
    page = visit("curves")
    page.wait_for_function(DRAWN)
    page.locator("#chart").focus()
    shown = []
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowLeft"):
        page.keyboard.press(key)
        shown.append(page.locator("#status").inner_text())
    assert "420-optimised-q05" in shown[0] and "420-optimised-q20" in shown[1]
    assert shown[2].startswith("JPEG 2000") and shown[3].startswith("JPEG 2000") and shown[2] != shown[3]
    assert page.locator("#chart .hovertext").count() == 1


# --- BD-rates ---


def test_anchor_quality_and_average_choose_table_and_plot(visit):
    page = visit("bdrate")
    page.wait_for_function(DRAWN)
    heads = page.locator("#bdrates tbody:visible th")
    assert heads.all_inner_texts() == ["against JPEG 4:2:0 optimised, PSNR, RGB, pooled curve"]
    names = "() => document.getElementById('chart').data.map(line => line.name)"
    assert page.evaluate(names) == ["JPEG 4:4:4", "JPEG 4:2:0", "BPG 4:2:0", "BPG 4:4:4"]
    page.locator("#anchor").select_option(label="BPG 4:2:0")
    page.locator("#metric").select_option(label="MS-SSIM in dB")
    page.locator("#average").select_option(label="mean of the images' BD-rates")
    assert heads.all_inner_texts() == ["against BPG 4:2:0, MS-SSIM in dB, mean of the images' BD-rates"]
    assert page.evaluate(names) == ["JPEG 4:4:4", "JPEG 4:2:0", "JPEG 4:2:0 optimised", "BPG 4:4:4"]
    assert "(drawn: curve of means)" in page.locator("#status").inner_text()


def test_the_table_of_bd_rates_is_sorted_by_its_headings(visit):
    page = visit("bdrate")
    shown = page.locator("#bdrates tbody:visible tr[data-values] td:nth-child(2)")
    values = lambda: [float(text.replace("−", "-")) for text in shown.all_inner_texts()]  # noqa: E731
    assert len(values()) == 4
    page.get_by_role("button", name="BD-rate (%)").click()
    assert values() == sorted(values())
    page.get_by_role("button", name="BD-rate (%)").click()
    assert values() == sorted(values(), reverse=True) and len(set(values())) == 4
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "descending"


# --- Pictures ---


@pytest.fixture
def viewer(visit):
    page = visit("images")
    loaded(page)
    return page


def test_the_slider_follows_keyboard_and_mouse(viewer):
    split, stage = viewer.locator("#split"), viewer.locator("#stage")
    assert divider(viewer) == 50
    split.focus()
    viewer.keyboard.press("ArrowRight")
    viewer.keyboard.press("ArrowRight")
    assert divider(viewer) == 51
    viewer.keyboard.press("Home")
    assert divider(viewer) == 0
    assert "0 %" in split.get_attribute("aria-valuetext")
    stage.scroll_into_view_if_needed()
    box, (x, y) = stage.bounding_box(), middle_of(stage)
    viewer.mouse.move(x, y)
    viewer.mouse.down()
    viewer.mouse.move(box["x"] + 0.8 * box["width"], y, steps=4)
    assert divider(viewer) == pytest.approx(80, abs=0.6)
    viewer.mouse.up()
    viewer.mouse.move(x, y)
    assert divider(viewer) == pytest.approx(80, abs=0.6)
    assert float(split.input_value()) == pytest.approx(80, abs=0.6)


def test_the_slider_follows_a_finger(visit):
    page = visit("images", NARROW, has_touch=True, is_mobile=True)
    loaded(page)
    page.locator("#stage").scroll_into_view_if_needed()
    box = page.locator("#stage").bounding_box()
    page.touchscreen.tap(box["x"] + 0.25 * box["width"], box["y"] + box["height"] / 2)
    page.wait_for_function("() => document.getElementById('split').value < 40")
    assert divider(page) == pytest.approx(25, abs=1)


def test_each_side_shows_its_codec(viewer):
    left, right = viewer.locator("#left"), viewer.locator("#right")
    assert left.locator("option").all_inner_texts() == ["Original", *CONTENDERS]
    left.select_option("Original")
    right.select_option("JPEG")
    viewer.locator("#zoom").select_option("1")
    loaded(viewer)
    slide_to(viewer, 100)
    drawn = seen(viewer, "#stage")[20:60, 20:60]
    # The viewer shows the middle 200 of 220 columns
    assert (drawn == PICTURES["first"][20:60, 30:70]).all()
    assert "bit/pixel" in viewer.locator("#caption-right").inner_text()
    assert viewer.locator("#caption-left").inner_text() == "Original"


def test_an_error_map_is_the_difference_enlarged(viewer):
    viewer.locator("#left").select_option("Original")
    viewer.locator("#zoom").select_option("1")
    viewer.get_by_label("error map").check()
    viewer.locator("#gain").select_option("2")
    loaded(viewer)
    folder = Path(viewer.url.removeprefix("file://").split("#")[0]).parent / "images" / "first"
    one, other = (
        np.asarray(PIL.Image.open(folder / f"{name}.webp").convert("RGB"), np.int16)[20:60, 20:180]
        for name in ("original", "2-jpeg-2000")
    )
    error = np.minimum(2 * np.abs(one - other), 255)
    slide_to(viewer, 100)
    assert seen(viewer, "#stage")[20:60, 20:180].max() == 0
    slide_to(viewer, 0)
    assert error.max() > 0
    assert np.abs(seen(viewer, "#stage")[20:60, 20:180].astype(int) - error).max() <= 2


def test_a_zoomed_picture_is_moved_and_the_divider_stays(viewer):
    viewer.locator("#zoom").select_option("8")
    stage = viewer.locator("#stage")
    stage.scroll_into_view_if_needed()
    moved = "() => document.querySelector('#layer-left img').style.transform"
    before = viewer.evaluate(moved)
    stage.focus()
    viewer.keyboard.press("ArrowRight")
    after_key = viewer.evaluate(moved)
    assert after_key != before
    box = stage.bounding_box()
    viewer.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 100)
    viewer.mouse.down()
    viewer.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 60, steps=3)
    viewer.mouse.up()
    assert viewer.evaluate(moved) != after_key and divider(viewer) == 50
    x, y = middle_of(stage)
    viewer.mouse.move(x, y)
    viewer.mouse.down()
    viewer.mouse.move(x - 0.2 * box["width"], y, steps=3)
    viewer.mouse.up()
    assert divider(viewer) == pytest.approx(30, abs=0.6)


def test_a_detail_is_shown_on_the_right_and_near(viewer):
    viewer.locator("#details button").nth(1).click()
    assert viewer.locator("#right").input_value() == "JPEG"
    assert viewer.locator("#zoom").input_value() == "4"
    assert viewer.locator("#details li").count() == 1 + len(CONTENDERS)


def test_another_picture_is_loaded_when_it_is_chosen(visit):
    page = visit("images")
    loaded(page)
    assert "second%232/1-jpeg" not in page.content()
    asked = []
    page.on("request", lambda request: asked.append(request.url.split("/")[-2:]))
    page.get_by_role("button", name="second#2").click()
    loaded(page)
    assert ["second%232", "1-jpeg.webp"] in asked and ["second%232", "2-jpeg-2000.webp"] in asked
    assert ["second%232", "original.webp"] not in asked
    assert page.url.endswith("#second%232")
    assert page.get_by_role("button", name="second#2").get_attribute("aria-pressed") == "true"
    assert "second#2" in page.locator("#layer-left img").first.get_attribute("alt")


def test_a_link_opens_its_picture(visit):
    page = visit("index")
    page.locator(".strip a").nth(1).click()
    page.wait_for_url("**/images.html#second%232")
    assert page.get_by_role("button", name="second#2").get_attribute("aria-pressed") == "true"


# --- Claims and models ---


def test_claims_are_filtered_by_verdict(visit):
    page = visit("claims")
    assert page.locator(".claim:visible").count() == 3
    page.get_by_label("not decidable here").uncheck()
    assert page.locator(".claim:visible").count() == 2
    assert page.locator("#shown").inner_text() == "2 of 3 statements shown"
    page = visit("claims", place="#fails")
    assert page.locator(".claim:visible h2").all_inner_texts() == ["does not hold A claim that does not hold"]


def test_every_column_of_a_log_is_drawn(visit):
    page = visit("models")
    page.wait_for_function("() => document.querySelectorAll('.losses .js-line').length === 2")
    assert [text.strip() for text in page.locator(".losses .annotation").all_text_contents()] == ["loss", "psnr valid"]
