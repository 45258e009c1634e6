"""Four eyes in a real browser, with its virtual passkey: enrolled, uploaded, approved by another, paid once."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions
from selenium.webdriver.support.ui import WebDriverWait

from tests.acceptance.harness import Site
from tests.acceptance.office import Office, needs_namespaces
from tests.browser.driven import LOAD_SECONDS, complaints, visit

pytestmark = [needs_namespaces, pytest.mark.slow]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with Site("--api-key", "k") as site:
        yield Office(tmp_path, site, most={})


@pytest.fixture
def passkeys(driver: Chrome) -> Iterator[Chrome]:
    """The browser, with a passkey of its own that says yes for its owner."""
    options = VirtualAuthenticatorOptions()
    options.protocol, options.transport = "ctap2", "internal"
    options.has_resident_key = options.has_user_verification = options.is_user_verified = True
    driver.add_virtual_authenticator(options)
    complaints(driver)
    yield driver
    driver.remove_virtual_authenticator()


def press(driver: Chrome, action: str) -> None:
    driver.find_element(By.CSS_SELECTOR, f'form[data-action="{action}"] button').click()


def wait_for(driver: Chrome, selector: str) -> None:
    WebDriverWait(driver, LOAD_SECONDS, poll_frequency=0.05).until(
        lambda found: found.find_elements(By.CSS_SELECTOR, selector)
    )


def shown_in(driver: Chrome, selector: str) -> str:
    wait_for(driver, selector)
    return driver.find_element(By.CSS_SELECTOR, selector).text


def test_enrolled_uploaded_approved_by_another_and_paid_once(passkeys: Chrome, office: Office) -> None:
    driver = passkeys
    with office.serving("approvers", "enrol", "bob", "--most", "USD=5000") as served:
        visit(driver, served.link)
        press(driver, "enrol")
        assert served.ended().code == 0
    with (
        office.serving("web", "--port", 0, "--no-browser", "--actor", "alice") as hers,
        office.serving("web", "--port", 0, "--no-browser", "--actor", "bob") as his,
    ):
        visit(driver, hers.link)
        visit(driver, f"http://localhost:{hers.port}/new")
        driver.find_element(By.NAME, "amount_unit").send_keys("c")
        driver.find_element(By.NAME, "file").send_keys(str(office.file))
        press(driver, "upload")
        wait_for(driver, 'form[data-action="submit-for-approval"]')
        assert not driver.find_elements(By.CSS_SELECTOR, 'form[data-action="send"]')
        press(driver, "submit-for-approval")
        assert "nobody approves their own" in shown_in(driver, "main[data-page=approve] .panel")
        assert not driver.find_elements(By.CSS_SELECTOR, 'form[data-action="approve"]')

        visit(driver, his.link)
        driver.find_element(By.CSS_SELECTOR, "[data-batch] a").click()
        wait_for(driver, 'form[data-action="approve"]')
        assert driver.find_element(By.CSS_SELECTOR, '[data-total="pending:USD"]').get_attribute("value") == "1550"
        assert complaints(driver) == []
        press(driver, "approve")
        wait_for(driver, "main[data-page=result]")
        assert driver.find_element(By.CSS_SELECTOR, '[data-count="credited"]').get_attribute("value") == "2"
        assert office.paid == 2
    [summary] = (office.folder / "reports").glob("*/summary.json")
    said = json.loads(summary.read_text())
    assert said["user"] == "alice" and [each["approver"] for each in said["approvals"]] == ["bob"]


def test_a_browser_without_that_passkey_says_so_and_nothing_is_sent(passkeys: Chrome, office: Office) -> None:
    driver = passkeys
    with office.serving("approvers", "enrol", "bob", "--most", "USD=5000") as served:
        visit(driver, served.link)
        press(driver, "enrol")
        assert served.ended().code == 0
    driver.remove_all_credentials()
    with office.web("alice") as alice, office.serving("web", "--port", 0, "--no-browser", "--actor", "bob") as his:
        page = alice.send(alice.upload(office.file, amount_unit="minor"), "submit-for-approval")
        visit(driver, his.link)
        visit(driver, f"http://localhost:{his.port}{page.path}")
        wait_for(driver, 'form[data-action="approve"]')
        press(driver, "approve")
        WebDriverWait(driver, LOAD_SECONDS).until(
            lambda found: "gave no answer" in found.find_element(By.CSS_SELECTOR, "[data-says=trouble]").text
        )
        assert driver.find_element(By.CSS_SELECTOR, 'form[data-action="approve"] button').is_enabled()
        assert office.paid == 0
