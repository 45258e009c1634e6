"""Debian's Chromium without a window, driven by Selenium: how wide it is, light or dark, and what axe-core says."""

import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
IS_THERE = CHROMIUM is not None and DRIVER is not None
WHY_NOT = "Chromium or its driver is not here: apt-get install chromium chromium-driver"
PHONE, DESK = (390, 844), (1280, 900)
SCHEMES = ("light", "dark")
LOAD_SECONDS = 30
_PACK_SECONDS = 60
_NO_SCRIPTS = {"profile.managed_default_content_settings.javascript": 2}
_RUN_AXE = """
const done = arguments[arguments.length - 1]
const told = ({ id, nodes }) => [id, nodes.map(node => node.html)]
axe.run().then(({ violations }) => done(JSON.stringify(violations.map(told))))
"""


@contextmanager
def browser(*, has_scripts: bool = True) -> Iterator[Chrome]:
    """A browser with a profile of its own, which ends with the block; without scripts where a test asks for that."""
    options = ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    if not has_scripts:
        options.add_experimental_option("prefs", _NO_SCRIPTS)
    driver = Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.set_page_load_timeout(LOAD_SECONDS)
    driver.set_script_timeout(LOAD_SECONDS)
    try:
        yield driver
    finally:
        driver.quit()


def set_up(driver: Chrome, size: tuple[int, int], scheme: str = "light") -> None:
    """How large the window is, and what its owner prefers."""
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)


def settled(driver: Chrome, size: tuple[int, int]) -> None:
    """Wait until a page that was there before the window had this size is laid out in it."""
    is_so = f"return innerWidth === {size[0]} && document.documentElement.clientWidth === {size[0]}"
    WebDriverWait(driver, LOAD_SECONDS, poll_frequency=0.02).until(lambda _: driver.execute_script(is_so))


def visit(driver: Chrome, address: str) -> None:
    """Open a page, and wait until all of it is there: now and then the driver comes back before the stylesheet."""
    driver.get(address)
    is_whole = "return document.readyState === 'complete'"
    WebDriverWait(driver, LOAD_SECONDS, poll_frequency=0.02).until(lambda _: driver.execute_script(is_whole))


def complaints(driver: Chrome) -> list[str]:
    """What the browser wrote on its console since it was asked last: scripts that failed, what the policy forbade."""
    return [entry["message"] for entry in driver.get_log("browser")]


def axe_source(folder: Path) -> str | None:
    """axe-core as it is installed beside this project or in NODE_PATH, or else as npm packs it into `folder`.

    None: there is no way to it.
    """
    elsewhere = os.environ.get("NODE_PATH", "").split(os.pathsep)
    for place in (Path(__file__).parents[2] / "node_modules", *map(Path, filter(None, elsewhere))):
        if (found := place / "axe-core" / "axe.min.js").exists():
            return found.read_text(encoding="utf-8")
    npm = shutil.which("npm")
    if npm is None:
        return None
    command = [npm, "pack", "axe-core@4", "--silent", "--pack-destination", str(folder)]
    packed = subprocess.run(command, capture_output=True, text=True, timeout=_PACK_SECONDS, cwd=folder, check=False)
    if packed.returncode:
        return None
    with tarfile.open(folder / packed.stdout.split()[-1]) as archive:
        member = archive.extractfile("package/axe.min.js")
        return None if member is None else member.read().decode()


def violations(driver: Chrome, axe: str) -> list[Any]:
    """What axe-core finds in the page that is shown: the rule, and the elements that break it."""
    driver.execute_script(axe)
    found: list[Any] = json.loads(driver.execute_async_script(_RUN_AXE))
    return found
