"""Promise: the site of docs/ is whole, or it is not built; and it can be read and searched without a network.

`make docs` installs what builds it; without that these are skipped. CI runs them after it.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.driven import DESK, IS_THERE, WHY_NOT, browser, complaints, set_up, visit

ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("mkdocs") is None, reason="MkDocs is not here: `make docs` installs it"),
]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the site is made of."""
    copy = tmp_path_factory.mktemp("repository")
    for name in ("docs", "deploy"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"):
        shutil.copy(ROOT / name, copy / name)
    return copy


def built(repository: Path) -> subprocess.CompletedProcess[str]:
    """Build it as `make docs` does."""
    [_, line] = (ROOT / "Makefile").read_text().split("\tNO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs ")
    words = line.partition("\n")[0].split()
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", *words], cwd=repository, capture_output=True, text=True, check=False,
        timeout=120,
        env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1", "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(repository: Path) -> Path:
    """The site."""
    done = built(repository)
    assert done.returncode == 0, done.stderr
    return repository / "build" / "site"


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ("[a](nowhere.md)", "nowhere.md"),
        ("[a](files.md#nowhere)", "#nowhere"),
        ("![a](https://pictures.example/a.png)", "from a network"),
        ("[a](../deploy/nowhere.cfg)", "nowhere.cfg"),
    ],
)
def test_a_site_that_is_not_whole_is_not_built(repository: Path, added: str, said: str) -> None:
    page = repository / "docs" / "results.md"
    before = page.read_text(encoding="utf-8")
    try:
        page.write_text(f"{before}\n{added}\n", encoding="utf-8")
        done = built(repository)
    finally:
        page.write_text(before, encoding="utf-8")
    assert done.returncode != 0
    assert said in done.stderr + done.stdout


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and says nothing of it."""

    def log_message(self, *_words: object) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    """The address of a server of this machine that has the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def driver() -> Iterator[Chrome]:
    """A browser."""
    with browser() as started:
        set_up(started, DESK)
        yield started


@pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
@pytest.mark.parametrize(
    ("asked", "title"), [("quarantine", "Words"), ("resource_not_found", "Codes"), ("--max-total", "Settings")]
)
def test_it_is_searched_from_a_folder(site: Path, driver: Chrome, asked: str, title: str) -> None:
    visit(driver, (site / "index.html").as_uri())
    box = driver.find_element(By.CSS_SELECTOR, ".md-search__input")
    box.click()
    box.send_keys(asked)

    def titles() -> list[str]:
        return [each.text for each in driver.find_elements(By.CSS_SELECTOR, ".md-search-result__item h1")]

    WebDriverWait(driver, 30).until(lambda _: title in titles())
    assert complaints(driver) == []


@pytest.mark.skipif(not IS_THERE, reason=WHY_NOT)
@pytest.mark.parametrize("page", ["index.html", "finance.html", "reference/run.html", "deploy/index.html"])
def test_a_page_asks_nobody_but_who_serves_it(served: str, driver: Chrome, page: str) -> None:
    visit(driver, f"{served}/{page}")
    names = driver.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert names and all(name.startswith(f"{served}/") for name in names)
    assert complaints(driver) == []
