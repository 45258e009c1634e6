"""Pictures of the pages: `python -m tests.browser.pictures` renews those in docs/pictures.

With a folder, it writes every page in every state there, at 390 and 1280 pixels, light and dark.
"""

import base64
import sys
from pathlib import Path

from selenium.webdriver import Chrome

from tests.browser.driven import DESK, IS_THERE, PHONE, SCHEMES, WHY_NOT, browser, set_up, visit
from tests.browser.shown import Shown, shown
from tests.unit.web.samples import PAGES

DOCS = Path(__file__).parents[2] / "docs" / "pictures"
# The page, how wide its window is, how its owner likes it, and how many pixels of its height are shown.
MAIN = (
    ("batches", DESK, "light", 1000),
    ("new", DESK, "light", 900),
    ("columns", DESK, "light", 1000),
    ("check", DESK, "light", 1000),
    ("check", PHONE, "dark", 844),
    ("approve", DESK, "light", 1000),
    ("run", DESK, "light", 900),
    ("run", PHONE, "dark", 844),
    ("result", DESK, "light", 1300),
    ("result", DESK, "dark", 1300),
    ("undo-check", DESK, "light", 900),
)
_WHOLE = 20_000
_HEIGHT = "return document.documentElement.scrollHeight"
_NO_EVENTS = "document.querySelector('[data-says=link]')?.remove()"  # nobody tells any of a sample


def main() -> None:
    """Write them, and say where."""
    if not IS_THERE:
        sys.exit(WHY_NOT)
    everything = [(name, size, scheme, _WHOLE) for name in PAGES for size in (PHONE, DESK) for scheme in SCHEMES]
    folder, wanted = (Path(sys.argv[1]), everything) if len(sys.argv) > 1 else (DOCS, list(MAIN))
    folder.mkdir(parents=True, exist_ok=True)
    with shown() as site, browser() as driver:
        for name, size, scheme, height in wanted:
            picture = folder / f"{name}-{size[0]}-{scheme}.png"
            picture.write_bytes(_picture(driver, site, name, size, scheme, height))
            print(f"{picture}  {picture.stat().st_size / 1000:.0f} kB")


def _picture(driver: Chrome, site: Shown, name: str, size: tuple[int, int], scheme: str, height: int) -> bytes:
    set_up(driver, size, scheme)
    visit(driver, f"{site.address}/samples/{name}")
    driver.execute_script(_NO_EVENTS)
    high = min(height, max(size[1], driver.execute_script(_HEIGHT)))
    clip = {"x": 0, "y": 0, "width": size[0], "height": high, "scale": 1}
    answer = driver.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip})
    return base64.b64decode(answer["data"])


if __name__ == "__main__":
    main()
