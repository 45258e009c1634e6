"""One browser and one server of pages for all tests of a module; without a browser they are skipped, and say so."""

from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome

from tests.browser.driven import IS_THERE, WHY_NOT, browser
from tests.browser.shown import Shown, shown


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    """A browser that runs scripts."""
    if not IS_THERE:
        pytest.skip(WHY_NOT)
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def plain() -> Iterator[Chrome]:
    """A browser that runs none."""
    if not IS_THERE:
        pytest.skip(WHY_NOT)
    with browser(has_scripts=False) as started:
        yield started


@pytest.fixture(scope="module")
def site() -> Iterator[Shown]:
    """The pages."""
    with shown() as started:
        yield started
