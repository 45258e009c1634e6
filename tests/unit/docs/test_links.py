"""Every link of a page leads somewhere: to a file of the repository, and to a heading that is there."""

import re
from pathlib import Path

import pytest

from tests.unit.docs.pages import FENCE, ROOT, Page, pages

LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
CHANGELOG = Page("CHANGELOG.md", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


def anchors(text: str) -> set[str]:
    """The anchors of its headings, as both the repository's host and the site make them."""
    found: dict[str, int] = {}
    every = set()
    for heading in re.findall(r"^#{1,6} +(.+?) *$", FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"[`*\\]|\]\([^)]*\)|\[", "", heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).strip().replace(" ", "-")
        every |= {anchor, f"{anchor}_{found.get(anchor, 0)}", f"{anchor}-{found.get(anchor, 0)}"}
        found[anchor] = found.get(anchor, 0) + 1
    return every


@pytest.mark.parametrize("page", [*pages(), CHANGELOG], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    folder = (ROOT / page.name).parent
    for target in LINK.findall(page.prose):
        if re.match(r"https?://|mailto:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (folder / name).resolve() if name else (ROOT / page.name).resolve()
        assert file.exists(), f"{page.name} leads to {target}, where nothing is"
        assert file.is_relative_to(ROOT), f"{page.name} leads out of the repository: {target}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{page.name}: {name} has no heading #{anchor}"


def test_what_this_takes_for_links_are_links() -> None:
    assert sum(len(LINK.findall(page.prose)) for page in pages()) > 100
    assert anchors("# One `--two` *thing*\n## credited\\_here\n## A\n## A\n```\n# none\n```") == {
        "one---two-thing", "one---two-thing_0", "one---two-thing-0", "credited_here", "credited_here_0",
        "credited_here-0", "a", "a_0", "a-0", "a_1", "a-1",
    }  # fmt: skip


def test_every_picture_is_shown() -> None:
    shown = {Path(target).name for page in pages() for target in LINK.findall(page.text) if target.endswith(".png")}
    kept = {path.name for path in (ROOT / "docs" / "pictures").glob("*-1280-light.png")}
    assert kept <= shown


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_a_list_begins_after_a_blank_line(page: Page) -> None:
    """Else the site would take it for the end of the paragraph; the repository's host would not."""
    before = ""
    for line in page.prose.splitlines():
        if re.match(r"(- |\d+\. )", line):
            assert not before or re.match(r"(- |\d+\. |  |#)", before), f"{page.name}: {line}"
        before = line
