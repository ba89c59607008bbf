"""A study in a real browser, opened from disk: whole sessions by keyboard alone, read back by the evaluation."""

from __future__ import annotations

import io
import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from study_run import designed, measured, written

from licbench.images.files import read_rgb
from licbench.report.reconstructions import central
from licbench.study.design import ACR, DSIS, MOSAIC, ORIGINAL, PAIRS, TRAP
from licbench.study.responses import judged, read_sessions
from licbench.study.scoring import evaluate

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
AXE = find_spec("axe_playwright_python")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
ANSWERS = {"left": "1", "unsure": "2", "right": "3"}
OPEN = "() => document.querySelector('#answers button')?.disabled === false"
READY = "() => !document.querySelector('#stage').classList.contains('blank')"

if BROWSER is None:
    pytest.skip(f"no Chromium on this machine ({', '.join(BROWSERS)}); install one", allow_module_level=True)
if find_spec("playwright") is None:
    pytest.skip("playwright is not installed; see envs/dev.lock", allow_module_level=True)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Method -> (study, page); of one measured run."""
    folder = tmp_path_factory.mktemp("study")
    rows, originals, streams = measured(folder)
    made = {}
    for method in (PAIRS, ACR, DSIS):
        study = designed(rows, method, **({} if method == PAIRS else {"training": 0, "repeats": 0}))
        made[method] = study, written(study, rows, originals, streams, folder / method)
    return made


@pytest.fixture(scope="module")
def driver():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="module")
def browser(driver):
    browser = driver.chromium.launch(executable_path=BROWSER, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def visit(browser):
    """Opens a study's page; at the end, nothing may have been logged or asked from another place than its folder."""
    contexts, wrong = [], []

    def open_page(file: Path, viewport=WIDE, **options):
        context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        contexts.append(context)
        page = context.new_page()
        here = (f"file://{file.parent}", "data:", "blob:")
        page.on("console", lambda message: wrong.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(here) else wrong.append(f"asked for {asked.url}"))
        page.goto(f"file://{file}", wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not wrong


def keys(page, *pressed):
    for key in pressed:
        page.keyboard.press(key)


def shown(page):
    """The ids of the stimuli on the screen, left first."""
    return [
        Path(source).stem
        for source in page.evaluate("[...document.querySelectorAll('.frame img:first-child')].map(i => i.src)")
    ]


def grave(page):
    """What axe finds, of any impact."""
    if AXE is None:
        return []
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate((Path(AXE.submodule_search_locations[0]) / "axe.min.js").read_text())
    found = page.evaluate("axe.run(document, { preload: false }).then(({ violations }) => violations)")
    return [(one["id"], [node["html"][:90] for node in one["nodes"]]) for one in found]


def enter(page, code):
    """Consent and screen check, by keyboard."""
    keys(page, "Tab", "Control+a")
    page.keyboard.type(code)
    keys(page, "Tab", "Space", "Tab", "Space", "Tab", "Enter")


def check_screen(page):
    keys(page, "Tab", "Space", "Tab", "Space", "Tab", "Enter")


def look(page):
    """Waits for a trial, and looks at both sides where one is hidden."""
    page.wait_for_function(READY)
    if page.locator("#toggle").is_visible():
        assert page.locator("#answers button").first.is_disabled()
        keys(page, "t")
    page.wait_for_function(OPEN)
    return shown(page)


LIKED = [ORIGINAL, "JPEG 2000", "JPEG", "JPEG 4:4:4", MOSAIC]


def choice(study, sides):
    """The answer of an observer whose order is ``LIKED``."""
    left, right = (LIKED.index(study.entry(side)) for side in sides)
    return "left" if left < right else "right"


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "390"])
def test_a_whole_session_by_keyboard_alone_is_read_back(visit, pages, viewport, tmp_path):
    study, file = pages[PAIRS]
    page = visit(file, viewport)
    found = {"consent": grave(page)}
    enter(page, "Observer-1")
    found["check"] = grave(page)
    check_screen(page)
    found["instructions"] = grave(page)
    keys(page, "Tab", "Enter")
    given = []
    for number in range(study.shown):
        if number == 2:
            found["ready"] = grave(page)
            keys(page, "Tab", "Enter")
        sides = look(page)
        if number in (0, 5):
            found[f"trial {number}"] = grave(page)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if number == 5:
            # Closed and opened again: the screen check, and on with the same trial
            page.reload()
            assert f"Welcome back: 5 of {study.shown}" in page.locator("#resumed").inner_text()
            check_screen(page)
            assert look(page) == sides
        given.append((*sides, choice(study, sides)))
        keys(page, ANSWERS[given[-1][-1]])
    page.locator("#done").wait_for()
    found["done"] = grave(page)
    assert {screen: problems for screen, problems in found.items() if problems} == {}
    with page.expect_download() as saved:
        keys(page, "Tab", "Enter")
    name = f"study-{study.id}-Observer-1.csv"
    assert saved.value.suggested_filename == name
    saved.value.save_as(tmp_path / name)

    (session,) = read_sessions(study, [tmp_path / name])
    assert [(line[4], line[5], line[6]) for line in csv_lines(tmp_path / name)] == given
    verdict = judged(study, session)
    assert verdict["kept"] and verdict["traps_missed"] == verdict["contradicted"] == 0, verdict
    assert verdict["answered"] == verdict["asked"] == study.shown
    scores = evaluate(study, [session]).scores.set_index("entry")["score"]
    assert list(scores.sort_values(ascending=False).index) == LIKED[1:-1]


def csv_lines(path):
    return [line.split(",") for line in path.read_text().splitlines()[1:]]


@pytest.mark.parametrize("factor", [1, 1.5])
def test_a_pixel_of_the_image_is_a_pixel_of_the_screen(driver, pages, factor):
    """Also where the system scales everything by one and a half; a window's own scale, as it cannot be emulated."""
    _, file = pages[PAIRS]
    browser = driver.chromium.launch(executable_path=BROWSER, args=[*FLAGS, f"--force-device-scale-factor={factor}"])
    page = browser.new_context(no_viewport=True).new_page()
    page.goto(f"file://{file}")
    assert page.evaluate("devicePixelRatio") == factor
    enter(page, "pixels")
    check_screen(page)
    keys(page, "Tab", "Enter")
    look(page)
    place = (
        "(() => { const { left, top } = [...document.images].find(image => image.offsetParent).getBoundingClientRect();"
    )
    left, top = (round(edge * factor) for edge in page.evaluate(f"{place} return [left, top]; }})()"))
    name = page.evaluate("[...document.images].find(image => image.offsetParent).src")
    stored = read_rgb(file.parent / "images" / Path(name).name)
    screen = np.asarray(PIL.Image.open(io.BytesIO(page.screenshot(scale="device"))).convert("RGB"))
    browser.close()
    assert np.array_equal(stored, screen[top : top + stored.shape[0], left : left + stored.shape[1]])


def test_the_original_is_on_a_key_and_a_button(visit, pages):
    _, file = pages[PAIRS]
    page = visit(file)
    enter(page, "original")
    check_screen(page)
    keys(page, "Tab", "Enter")
    look(page)
    seen = "[...document.querySelectorAll('.frame img')].map(i => getComputedStyle(i).visibility)"
    assert page.evaluate(seen) == ["visible", "hidden"] * 2
    page.keyboard.down("o")
    assert page.evaluate(seen) == ["visible", "visible"] * 2
    assert page.locator(".side h2").all_inner_texts() == ["Original", "Original"]
    page.keyboard.up("o")
    assert page.evaluate(seen) == ["visible", "hidden"] * 2
    page.get_by_role("button", name="Original").click()
    assert page.evaluate(seen) == ["visible", "visible"] * 2


def session_of(visit, study, file, code, trials):
    """What is shown to an observer in so many trials: (trial, left, right)."""
    page = visit(file)
    enter(page, code)
    check_screen(page)
    keys(page, "Tab", "Enter")
    for number in range(trials):
        if number == 2:
            keys(page, "Tab", "Enter")
        look(page)
        keys(page, "2")
    page.locator("#done").wait_for() if trials == study.shown else look(page)
    saved = page.evaluate(f"JSON.parse(localStorage.getItem('licbench-study-{study.id}')).answers")
    return [(line[2], line[4], line[5]) for line in saved]


def test_order_and_sides_come_from_the_observer_and_sides_change_in_repeats(visit, pages):
    study, file = pages[PAIRS]
    one = session_of(visit, study, file, "one", study.shown)
    assert session_of(visit, study, file, "one", 5) == one[:5]
    assert session_of(visit, study, file, "two", 5) != one[:5]
    sides = {trial: (left, right) for trial, left, right in one}
    again = [trial for trial in sides if trial.endswith("-again")]
    assert len(again) == study.plan.repeats
    assert all(sides[trial] == sides[trial.removesuffix("-again")][::-1] for trial in again)


@pytest.mark.parametrize("method", [ACR, DSIS])
def test_a_session_of_ratings_is_read_back(visit, pages, method, tmp_path):
    study, file = pages[method]
    page = visit(file, NARROW)
    enter(page, "rater")
    check_screen(page)
    keys(page, "Tab", "Enter")
    for number in range(study.shown):
        sides = look(page)
        if number == 3:
            assert grave(page) == []
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        psnr = study.stimuli[sides[-1]].psnr_db
        entry = study.entry(sides[-1])
        keys(page, "5" if entry == ORIGINAL else "1" if psnr is None else "3")
    page.locator("#done").wait_for()
    with page.expect_download() as saved:
        keys(page, "Tab", "Enter")
    saved.value.save_as(tmp_path / "rater.csv")
    (session,) = read_sessions(study, [tmp_path / "rater.csv"])
    assert judged(study, session)["kept"]
    scores = evaluate(study, [session]).scores.set_index("entry")["score"]
    assert scores[ORIGINAL] == 5 and set(scores.drop(ORIGINAL)) == {3}


def test_a_session_that_was_stopped_is_saved_and_left_out(visit, pages, tmp_path):
    study, file = pages[PAIRS]
    page = visit(file)
    enter(page, "early")
    check_screen(page)
    keys(page, "Tab", "Enter")
    look(page)
    keys(page, "1")
    page.get_by_role("button", name="Stop and save").click()
    assert f"1 of {study.shown} answers" in page.locator("#outcome").inner_text()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the answers").click()
    saved.value.save_as(tmp_path / "early.csv")
    (session,) = read_sessions(study, [tmp_path / "early.csv"])
    assert judged(study, session)["reason"] == "unfinished"
    page.get_by_role("button", name="Go on").click()
    look(page)
    assert page.locator("#progress").inner_text() == "Practice 2 of 2"


def test_a_browser_that_keeps_nothing_says_so_and_still_works(visit, pages):
    _, file = pages[PAIRS]
    page = visit(file)
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })")
    page.reload()
    enter(page, "forgetful")
    assert "does not keep data" in page.locator("#findings").inner_text()
    check_screen(page)
    keys(page, "Tab", "Enter")
    look(page)
    keys(page, "1")
    look(page)
    assert page.locator("#progress").inner_text() == "Practice 2 of 2"


def test_the_page_names_no_codec_and_no_address(pages):
    study, file = pages[PAIRS]
    text = file.read_text()
    data = re.findall(r'<script type="application/json" id="study-data">(.*?)</script>', text)[0]
    assert not any(name.lower() in data.lower() for name in (*study.entries, "420", "b1.0"))
    assert not re.findall(r"https?://", text)
    assert sorted(path.stem for path in (file.parent / "images").iterdir()) == sorted(study.stimuli)


def test_a_trap_shows_the_original_next_to_blocks_of_it(pages):
    study, file = pages[PAIRS]
    trap = study.trials[study.of_kind(TRAP)[0]]
    original, blocks = (read_rgb(file.parent / "images" / f"{name}.webp") for name in (trap.first, trap.second))
    image = study.stimuli[trap.first].image
    source = read_rgb(next(file.parents[1].glob(f"data/{image}.png")))
    assert np.array_equal(original, central(source, study.plan.side).crop(source))
    assert len(np.unique(blocks[:16, :16].reshape(-1, 3), axis=0)) == 1
    assert np.abs(blocks[:16, :16].mean() - original[:16, :16].mean()) < 1
