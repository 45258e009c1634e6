"""Every sample page in a real browser: does it fit, does it keep anybody out, does it run or fetch what it must not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome

from tests.browser.driven import DESK, PHONE, SCHEMES, axe_source, complaints, set_up, settled, violations, visit
from tests.browser.shown import Shown
from tests.unit.web.samples import PAGES

NARROW = (320, 700)  # what a desk zoomed to 400 % has left
SIZES = (NARROW, PHONE, DESK)
_WIDTHS = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
_FOCUSED = (
    "const e = document.activeElement; return [e.tagName, e.textContent.trim(), getComputedStyle(e).outlineStyle]"
)

pytestmark = pytest.mark.slow  # a browser takes a tenth of what all other tests do
_SMALL = """
return [...document.querySelectorAll('button, .button, input:not([type=hidden]):not([type=checkbox]), select')]
  .filter(e => e.getBoundingClientRect().height < 44).map(e => [e.outerHTML, e.getBoundingClientRect().height])
"""
_CROWDED = """
const all = [...document.querySelectorAll('button, .button')].map(e => [e.outerHTML, e.getBoundingClientRect()])
const seen = all.filter(([, at]) => at.width)
const near = (a, b) => a.left < b.right + 8 && b.left < a.right + 8 && a.top < b.bottom + 8 && b.top < a.bottom + 8
const others = i => seen.slice(i + 1)
return seen.flatMap(([e, at], i) => others(i).filter(([, to]) => near(at, to)).map(([other]) => [e, other]))
"""
_RUNS_OVER = """
const wide = [...document.querySelectorAll('main *')].filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth)
const isMeant = e => ['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)
return wide.filter(e => !isMeant(e) && !e.closest('.away, thead, .scroll, select, input')).map(e => e.outerHTML)
"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    found = axe_source(Path(tmp_path_factory.mktemp("axe")))
    if found is None:
        pytest.skip("axe-core is not here, and npm cannot fetch it")
    return found


@dataclass(frozen=True)
class Look:
    """What was seen of a page: at each width what it needs, has, and what runs over; which buttons are so near each
    other that a thumb may miss; what is small on a phone; and what the browser complained of."""

    widths: dict[int, tuple[int, int, list[str]]]
    crowded: list[Any]
    small: list[Any]
    complaints: list[str]


@pytest.fixture(scope="module")
def looks(driver: Chrome, site: Shown) -> dict[str, Look]:
    """Each page, loaded once: to lay it out anew at another width is what takes least."""
    complaints(driver)
    return {name: _look(driver, f"{site.address}/samples/{name}") for name in PAGES}


def _look(driver: Chrome, address: str) -> Look:
    visit(driver, address)
    widths, crowded, small = {}, [], []
    for size in SIZES:
        set_up(driver, size)
        settled(driver, size)
        widths[size[0]] = (*driver.execute_script(_WIDTHS), driver.execute_script(_RUNS_OVER))
        crowded += driver.execute_script(_CROWDED)
        if size is PHONE:
            small = driver.execute_script(_SMALL)
    return Look(widths, crowded, small, complaints(driver))


@pytest.mark.parametrize("size", SIZES, ids=["narrow", "phone", "desk"])
def test_no_page_is_wider_than_its_window(looks: dict[str, Look], size: tuple[int, int]) -> None:
    for name, look in looks.items():
        needed, has, runs_over = look.widths[size[0]]
        assert needed <= has == size[0], name
        assert runs_over == [], name


def test_the_policy_forbids_nothing_that_a_page_needs(
    driver: Chrome, site: Shown, looks: dict[str, Look]
) -> None:
    for name, look in looks.items():
        if not name.startswith("run"):  # whose events are a matter of test_live
            assert look.complaints == [], name
    visit(driver, f"{site.address}/samples/new")
    complaints(driver)
    driver.execute_script("document.body.setAttribute('onclick', 'never()'); document.body.click()")
    assert "Content Security Policy" in complaints(driver)[0], "the browser would tell"


def test_what_is_pressed_is_large_enough_for_a_thumb(looks: dict[str, Look]) -> None:
    assert {name: look.small for name, look in looks.items() if look.small} == {}


def test_no_two_buttons_touch(looks: dict[str, Look]) -> None:
    assert {name: look.crowded for name, look in looks.items() if look.crowded} == {}


def test_the_first_step_of_the_keyboard_leads_past_the_header(driver: Chrome, site: Shown) -> None:
    set_up(driver, DESK)
    visit(driver, f"{site.address}/samples/check")
    _press(driver, "Tab")
    assert driver.execute_script(_FOCUSED) == ["A", "Skip to the page", "solid"]
    _press(driver, "Enter")
    assert driver.execute_script("return document.activeElement.id") == "main"
    _press(driver, "Tab")
    assert driver.execute_script(_FOCUSED)[1] == "All 19 rows left out for this: the amount cannot be read"


def test_live_stays_on_the_screen(driver: Chrome, site: Shown) -> None:
    for size in (PHONE, DESK):
        set_up(driver, size)
        visit(driver, f"{site.address}/samples/check-live")
        top = "scrollTo(0, 99999); return [scrollY, document.querySelector('header').getBoundingClientRect().top]"
        scrolled, at = driver.execute_script(top)
        assert scrolled > 100 and at == 0
        visit(driver, f"{site.address}/samples/check")
        assert driver.execute_script(top)[1] < 0, "a test site is calm"


def test_on_paper_there_is_no_form(driver: Chrome, site: Shown) -> None:
    visit(driver, f"{site.address}/samples/result-review")
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    shown = "return [...document.querySelectorAll('form, nav')].filter(e => e.offsetHeight).length"
    try:
        assert driver.execute_script(shown) == 0
        assert "2 rows need a person" in driver.execute_script("return document.querySelector('main').innerText")
    finally:
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert driver.execute_script(shown) > 0


@pytest.mark.slow
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_that_keeps_anybody_out(
    driver: Chrome, site: Shown, axe: str, size: tuple[int, int], scheme: str
) -> None:
    set_up(driver, size, scheme)
    found: dict[str, Any] = {}
    for name in PAGES:
        visit(driver, f"{site.address}/samples/{name}")
        if wrong := violations(driver, axe):
            found[name] = wrong
    assert found == {}


@pytest.mark.slow
def test_axe_would_tell(driver: Chrome, site: Shown, axe: str) -> None:
    visit(driver, f"{site.address}/samples/new")
    driver.execute_script("document.querySelector('label').remove()")
    assert "label" in [rule for rule, _ in violations(driver, axe)]


def _press(driver: Chrome, key: str) -> None:
    codes = {"Tab": 9, "Enter": 13}
    for kind in ("rawKeyDown", "char", "keyUp") if key == "Enter" else ("rawKeyDown", "keyUp"):
        event = {"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": codes[key]}
        driver.execute_cdp_cmd("Input.dispatchKeyEvent", {**event, "text": "\r"} if kind == "char" else event)
