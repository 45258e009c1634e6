"""The one live part: what a run and a check do to a page that is open, with scripts and without."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driven import DESK, LOAD_SECONDS, complaints, set_up, visit
from tests.browser.shown import Shown
from tests.unit.web.samples import CHECK, CHECKS, LIST, RESULT, RUN, TEST, UNDO, usd

pytestmark = pytest.mark.slow  # a browser takes a tenth of what all other tests do

SOON = replace(TEST, refresh_seconds=1)
STATE: dict[str, Any] = {
    "page": "run",
    "counts": {"credited": 900, "failed": 3, "pending": 581},
    "totals": {"credited": {"USD": {"minor": 748_800, "words": "7,488.00 USD"}}, "pending": {}},
    "percent": 61,
    "pace": "150 credits a minute.",
    "left": "about 4 minutes left",
    "waits": "",
    "notes": ["One.", "<b>Two.</b>"],
    "can_stop": True,
}


@pytest.fixture(autouse=True)
def quiet(site: Shown) -> Iterator[None]:
    """Each test begins with the run as it is, and leaves no stream of events open."""
    site.page, site.frame, site.state, site.is_there = RUN, SOON, dict(STATE), True
    site.loads, site.refused, site.forms = 0, 0, []
    yield
    site.state = None


def until(driver: Chrome, holds: Callable[[], object]) -> None:
    """Wait until it holds, also across the loading of another page."""
    passing = [StaleElementReferenceException]
    WebDriverWait(driver, LOAD_SECONDS, poll_frequency=0.05, ignored_exceptions=passing).until(lambda _: holds())


def opened(driver: Chrome, site: Shown) -> None:
    set_up(driver, DESK)
    visit(driver, f"{site.address}/now")
    driver.execute_script("window.stayed = true")


def stayed(driver: Chrome) -> bool:
    """Whether this is still the document that was opened."""
    return bool(driver.execute_script("return window.stayed === true"))


def value(driver: Chrome, selector: str) -> str | None:
    found = driver.find_elements(By.CSS_SELECTOR, selector)
    return found[0].get_attribute("value") if found else None


def text(driver: Chrome, selector: str) -> str:
    return str(driver.execute_script(f"return document.querySelector('{selector}')?.textContent ?? ''"))


def test_a_run_changes_its_numbers_in_place(driver: Chrome, site: Shown) -> None:
    complaints(driver)
    opened(driver, site)
    until(driver, lambda: value(driver, "[data-count=credited]") == "900")
    assert text(driver, "[data-count=credited]") == "900"
    assert value(driver, '[data-total="credited:USD"]') == "748800"
    assert text(driver, '[data-total="credited:USD"]') == "7,488.00 USD"
    assert driver.find_element(By.TAG_NAME, "progress").get_attribute("value") == "61"
    assert text(driver, "[data-says=left]") == "about 4 minutes left"
    assert text(driver, "[data-says=aloud]").startswith("60 %"), "not every percent is read out"
    assert driver.title.startswith("Sending, 61 %:")
    assert [note.text for note in driver.find_elements(By.CSS_SELECTOR, "[data-says=notes] li")] == [
        "One.",
        "<b>Two.</b>",
    ]
    assert stayed(driver) and complaints(driver) == []


def test_an_outcome_that_was_not_there_comes_in(driver: Chrome, site: Shown) -> None:
    opened(driver, site)
    review = replace(RUN.figures[0], name="review", label="Needs a person", rows=2, total=(usd(500, "EUR"),))
    site.page = replace(RUN, figures=(*RUN.figures, review))
    site.state = {**STATE, "counts": {**STATE["counts"], "review": 2}}
    until(driver, lambda: value(driver, "[data-count=review]") == "2")
    assert value(driver, '[data-total="review:EUR"]') == "500"
    assert stayed(driver)


def test_a_run_becomes_its_result_by_itself(driver: Chrome, site: Shown) -> None:
    opened(driver, site)
    site.page = RESULT
    site.state = {"page": "result"}
    until(driver, lambda: text(driver, "h1") == RESULT.headline)
    assert value(driver, "[data-count=credited]") == "197"


def test_a_server_that_is_away_is_said_and_found_again(driver: Chrome, site: Shown) -> None:
    opened(driver, site)
    until(driver, lambda: value(driver, "[data-count=credited]") == "900")
    lost = driver.find_element(By.CSS_SELECTOR, "[data-says=link]")
    assert not lost.is_displayed()
    site.is_there = False
    until(driver, lambda: driver.find_element(By.CSS_SELECTOR, "[data-says=link]").is_displayed())
    site.is_there = True
    until(driver, lambda: not driver.find_element(By.CSS_SELECTOR, "[data-says=link]").is_displayed())
    assert stayed(driver)


def test_a_server_that_lets_nobody_listen_is_asked_for_the_page(driver: Chrome, site: Shown) -> None:
    site.is_there = False
    opened(driver, site)
    until(driver, lambda: site.refused and driver.find_element(By.CSS_SELECTOR, "[data-says=link]").is_displayed())
    site.page = RESULT
    until(driver, lambda: text(driver, "h1") == RESULT.headline)


def test_who_stops_it_elsewhere_is_seen_here(driver: Chrome, site: Shown) -> None:
    opened(driver, site)
    until(driver, lambda: value(driver, "[data-count=credited]") == "900")
    site.page, site.state = replace(RUN, can_stop=False), {**STATE, "can_stop": False}
    until(driver, lambda: not driver.find_elements(By.CSS_SELECTOR, "form"))
    assert stayed(driver)


def test_a_check_goes_on_by_itself(driver: Chrome, site: Shown) -> None:
    site.page = CHECKS["check-checking"]
    opened(driver, site)
    until(driver, lambda: site.loads > 2)
    assert stayed(driver) and text(driver, "h1") == "Checking the file"
    site.page, site.frame = CHECK, TEST
    until(driver, lambda: text(driver, "h1") == "1,484 credits can be sent")


def test_a_list_changes_but_not_under_somebodys_hands(driver: Chrome, site: Shown) -> None:
    site.page = LIST
    opened(driver, site)
    box = driver.find_element(By.ID, "text")
    box.send_keys("loyal")
    site.page = replace(LIST, entries=LIST.entries[:3])
    before = site.loads
    driver.execute_script("return new Promise(done => setTimeout(done, 1500))")
    assert site.loads == before and box.get_attribute("value") == "loyal"
    driver.execute_script("document.activeElement.blur()")
    until(driver, lambda: len(driver.find_elements(By.CSS_SELECTOR, "[data-batch]")) == 3)
    assert stayed(driver)


def test_a_form_is_sent_once_with_the_name_of_its_button(driver: Chrome, site: Shown) -> None:
    site.page, site.frame = UNDO, TEST
    opened(driver, site)
    driver.execute_script("""
        const button = document.querySelector('button[name=all]')
        button.click()
        setTimeout(() => button.click(), 20)
        setTimeout(() => button.form.requestSubmit?.(), 40)
    """)
    until(driver, lambda: not stayed(driver))
    assert len(site.forms) >= 1
    assert site.forms[0] == [("form_token", TEST.token), ("row:3", "yes"), ("all", "yes")]


def test_without_scripts_a_page_is_loaded_again_until_the_result(plain: Chrome, site: Shown) -> None:
    visit(plain, f"{site.address}/now")
    assert plain.find_element(By.CSS_SELECTOR, "[data-count=credited]").get_attribute("value") == "623"
    site.page, site.frame = RESULT, TEST
    until(plain, lambda: plain.find_element(By.TAG_NAME, "h1").text == RESULT.headline)
    assert site.loads == 2


def test_without_scripts_the_number_is_typed_and_sent(plain: Chrome, site: Shown) -> None:
    site.page, site.frame = CHECK, TEST
    visit(plain, f"{site.address}/now")
    plain.find_element(By.NAME, "confirm").send_keys("1484")
    plain.find_element(By.CSS_SELECTOR, "form[data-action=send] button").click()
    until(plain, lambda: site.forms)
    assert site.forms == [[("form_token", TEST.token), ("confirm", "1484")]]
