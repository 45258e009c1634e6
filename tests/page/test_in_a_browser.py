"""The page in a real browser: does it fit a phone, does it fetch anything, and what axe-core and html-validate say.

Chromium and node are not needed to build or test the rest: without them these tests are skipped. axe-core and
html-validate are looked for where `npm install axe-core html-validate` puts them, here or in NODE_PATH.
"""

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.page.browser import CHROMIUM, Browser, browser
from tests.unit.reporter.pages import PAGES

ROOT = Path(__file__).parents[2]
PHONE, DESK = (360, 740), (1280, 900)
PAPER = (680, 1001)  # pixels: what the margins leave of A4: 180 by 265 mm
_RUN_AXE = "axe.run().then(found => JSON.stringify(found.violations.map(v => [v.id, v.nodes.map(n => n.html)])))"
_WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


def node_module(path: str) -> Path | None:
    """A file of an npm package, if it is installed."""
    elsewhere = os.environ.get("NODE_PATH", "").split(os.pathsep)
    places = [ROOT / "node_modules", *map(Path, filter(None, elsewhere))]
    return next((place / path for place in places if (place / path).exists()), None)


AXE = node_module("axe-core/axe.min.js")
HTML_VALIDATE = node_module("html-validate/bin/html-validate.mjs")

pytestmark = pytest.mark.slow
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")


@pytest.fixture
def pages(tmp_path: Path) -> list[Path]:
    return [make(tmp_path / name).paths.summary_html for name, make in PAGES.items()]


@needs_chromium
@pytest.mark.parametrize(("width", "height"), [PHONE, DESK])
def test_it_fits_a_phone_and_a_desk(pages: list[Path], width: int, height: int) -> None:
    async def look() -> None:
        async with browser() as tab:
            for page in pages:
                await tab.open(page, width=width, height=height)
                await _open_details(tab)
                needed, has = await tab.evaluate(_WIDTHS)
                assert needed <= has == width, page

    asyncio.run(look())


@needs_chromium
def test_it_fetches_nothing_and_runs_nothing(pages: list[Path]) -> None:
    async def look() -> None:
        async with browser() as tab:
            for page in pages:
                await tab.open(page)
                assert await tab.evaluate("performance.getEntriesByType('resource').length") == 0, page
                assert await tab.evaluate("document.scripts.length") == 0, page

    asyncio.run(look())


@needs_chromium
@pytest.mark.skipif(AXE is None, reason="axe-core is not installed: npm install axe-core")
@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (PHONE, "dark"), (DESK, "light"), (DESK, "dark")])
def test_axe_finds_nothing_that_keeps_anybody_out(pages: list[Path], size: tuple[int, int], scheme: str) -> None:
    assert AXE is not None
    axe = AXE.read_text(encoding="utf-8")

    async def look() -> None:
        async with browser() as tab:
            for page in pages:
                await tab.open(page, width=size[0], height=size[1], scheme=scheme)
                await _open_details(tab)
                await tab.evaluate(axe)
                assert json.loads(await tab.evaluate(_RUN_AXE)) == [], page

    asyncio.run(look())


@needs_chromium
def test_on_paper_there_is_room_to_sign_beside_the_totals(pages: list[Path], tmp_path: Path) -> None:
    shown = "getComputedStyle(document.querySelector('.sign')).display"
    places = """['.sign', '.outcomes'].map(name => {
        const box = document.querySelector(name).getBoundingClientRect()
        return [box.left, box.top, box.right, box.bottom]
    })"""

    async def look() -> None:
        async with browser() as tab:
            await tab.open(pages[0])
            assert await tab.evaluate(shown) == "none"
            for page in pages:
                await tab.open(page, width=PAPER[0])
                await tab.command("Emulation.setEmulatedMedia", media="print")
                assert await tab.evaluate(shown) == "block", page
                [sign, outcomes] = await tab.evaluate(places)
                assert sign[1] == outcomes[1] and sign[0] >= outcomes[2], page
                assert sign[3] <= PAPER[1], page
            await tab.paper(tmp_path / "page.pdf")

    asyncio.run(look())
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.skipif(
    shutil.which("node") is None or HTML_VALIDATE is None,
    reason="html-validate is not installed: npm install html-validate",
)
def test_html_validate_has_nothing_to_say(pages: list[Path]) -> None:
    command = ["node", str(HTML_VALIDATE), "--preset=standard", *map(str, pages)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stdout


async def _open_details(tab: Browser) -> None:
    await tab.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
