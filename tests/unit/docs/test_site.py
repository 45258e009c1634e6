"""The site of docs/: its reference is the program's, its navigation has every page, and it needs no network."""

import json
import posixpath
import re
from pathlib import Path
from typing import Any

import pytest

from batch_credits.cli.commands import COMMANDS as NAMES
from batch_credits.explanations import all_explanations
from docs.site import hooks, reference, schemas
from tests.unit.docs.pages import COMMANDS, ROOT, Page, pages
from tests.unit.docs.test_links import CHANGELOG, LINK

DOCS = ROOT / "docs"
SETUP = (DOCS / "site" / "mkdocs.yml").read_text(encoding="utf-8")
RENEW = "run `make reference`, and look at the difference"


def test_the_reference_is_what_the_program_says() -> None:
    wanted = reference.pages()
    assert {path.name for path in reference.FOLDER.glob("*")} == wanted.keys(), RENEW
    for name, text in wanted.items():
        assert (reference.FOLDER / name).read_text(encoding="utf-8") == text, f"docs/reference/{name}: {RENEW}"


def test_the_reference_has_every_command_option_and_code() -> None:
    pages = reference.pages()
    assert {f"{name}.md" for name in NAMES} <= pages.keys()
    for words, command in COMMANDS.items():
        page = pages[f"{words.partition(' ')[0]}.md"]
        for each in command.params:
            shown = not getattr(each, "hidden", False) and each.param_type_name == "option"
            assert (f"`{each.opts[-1]}`" in page) == shown or not shown, f"{words} {each.opts}"
            if getattr(each, "envvar", None) and shown:
                assert f"`{each.envvar}`" in pages["settings.md"] and f"`{each.envvar}`" in page
    told = (pages["codes.md"] + pages["glossary.md"]).replace("\\_", "_")
    for explanation in all_explanations():
        assert re.search(rf"^### {explanation.code}( |$)", told, re.MULTILINE), explanation.code


def test_help_that_is_no_markdown_is_said_as_it_is() -> None:
    [line] = [line for line in reference.pages()["run.md"].splitlines() if line.startswith("| `--profile`")]
    assert r"\[profiles.NAME\]" in line
    assert "&" not in "".join(reference.pages().values())
    assert "\b" not in "".join(reference.pages().values())


def test_a_schema_is_told_with_what_it_refers_to(tmp_path: Path) -> None:
    def says(name: str, schema: dict[str, Any]) -> None:
        (tmp_path / name).write_text(json.dumps(schema))

    assert schemas.page("made", str, tmp_path) is None
    says("common.json", {"title": "Shared", "$defs": {"id": {"type": "string", "description": "An id."}}})
    own = {"batch": {"$ref": "common.json#/$defs/id"}, "at": {"type": ["string", "null"], "description": "When."}}
    says("status.json", {"title": "A list", "items": {"properties": own, "required": ["batch"]}})
    parts = {"note": {"description": "A note.", "properties": {"event": {"const": "note"}}, "required": ["event"]}}
    says("event.json", {"title": "An event", "oneOf": [{"$ref": "#/$defs/note"}], "$defs": parts})
    page = schemas.page("made", str, tmp_path)
    assert page is not None
    assert "| `batch` | string | An id. |" in page
    assert "| `at` | string or null, may be missing | When. |" in page
    assert "### event: note\n\nA note." in page and '| `event` | `"note"` |  |' in page


def test_every_page_is_in_the_navigation_once() -> None:
    named = re.findall(r"^ +- (?:[^:\n]+: )?(\S+\.md)$", SETUP, re.MULTILINE)
    named += [each if isinstance(each, str) else next(iter(each.values())) for each in hooks.reference_nav()]
    made = {*hooks.PAGES.values(), "deploy/index.md"} - {"index.md"}
    there = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")} | made
    assert sorted(named) == sorted(there), "each page has one line in docs/site/mkdocs.yml"


def test_links_that_leave_docs_lead_to_pages_of_the_site() -> None:
    text = "[a](../deploy/caddy/Caddyfile) [b](../CONTRIBUTING.md#how) [c](web.md#x) [d](../deploy/) [e](https://x.example/)"
    assert hooks.relinked(text, "web.md", "docs/web.md") == (
        "[a](deploy/caddy/Caddyfile.md) [b](contributing.md#how) [c](web.md#x) [d](deploy/index.md) [e](https://x.example/)"
    )
    assert hooks.relinked("[a](docs/web.md)", "contributing.md", "CONTRIBUTING.md") == "[a](web.md)"
    assert hooks.relinked("[a](../results.md)", "reference/run.md", "docs/reference/run.md") == "[a](../results.md)"
    assert hooks.relinked("```\n[a](../deploy/)\n```", "web.md", "docs/web.md") == "```\n[a](../deploy/)\n```"


@pytest.mark.parametrize("page", [*pages(), CHANGELOG], ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere_on_the_site_too(page: Page) -> None:
    """What `make docs` would refuse: there are files of the repository that the site has not."""
    uri = hooks.PAGES.get(page.name) or (page.name.removeprefix("docs/") if page.name.startswith("docs/") else None)
    if uri is None or page.name == "README.md":
        return
    made = {*hooks.PAGES.values(), *hooks.pages_of_deploy()}
    for target in LINK.findall(hooks.relinked(page.prose, uri, page.name)):
        name = target.partition("#")[0]
        if name and not re.match(r"https?://|mailto:", name):
            there = (DOCS / uri).parent / name
            on_site = posixpath.normpath(posixpath.join(posixpath.dirname(uri), name))
            assert on_site in made or there.is_file(), f"{page.name}: the site has no {target}"


def test_the_site_shows_every_file_of_deploy(tmp_path: Path) -> None:
    (tmp_path / "job.timer").write_text("[Timer]\n# ```\n")
    (tmp_path / "README.md").write_text("# Recipes\n")
    found = hooks.pages_of_deploy(tmp_path)
    assert found.keys() == {"deploy/index.md", "deploy/job.timer.md", "deploy/README.md"}
    assert "````ini\n[Timer]\n# ```\n````" in found["deploy/job.timer.md"]
    assert "(job.timer.md)" in found["deploy/index.md"] and "(README.md)" in found["deploy/index.md"]


@pytest.mark.parametrize(
    "html",
    ['<script src="https://cdn.example/x.js"></script>', '<link rel="stylesheet" href="//fonts.example/css">',
     '<img src="http://x.example/a.png">', '<link rel="preconnect" href="https://fonts.example">',
     '<pre class="mermaid"><code>graph</code></pre>'],
)  # fmt: skip
def test_what_a_page_would_load_from_a_network_is_found(html: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(f"<p>{html}</p>")
    assert len(list(hooks.loaded_from_elsewhere(tmp_path))) == 1


def test_what_is_of_the_site_and_links_for_people_are_fine(tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text(
        '<a href="https://x.example">x</a><script src="assets/x.js"></script><link rel="canonical" href="https://x.example/">'
    )
    (tmp_path / "own.css").write_text("@import 'a.css'; b { background: url(data:image/svg+xml;x) }")
    assert not list(hooks.loaded_from_elsewhere(tmp_path))
    (tmp_path / "theirs.css").write_text("@font-face { src: url(https://fonts.example/x.woff2) }")
    assert list(hooks.loaded_from_elsewhere(tmp_path)) == ["theirs.css: a style"]


def test_the_readme_is_what_a_newcomer_needs() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 130
    assert any(line.startswith("$ make test") for line in lines[:15])
    assert any(re.match(r"!\[.+\]\(docs/pictures/.+\.png\)", line) for line in lines)


def test_the_search_needs_no_network() -> None:
    """The plugin `offline` would name a script of a network, unless it is given ours."""
    [script] = re.findall(r"polyfills:\n +- (\S+)", SETUP)
    assert "iframe-worker" in script and (DOCS / "site" / "theme" / script).is_file()
    assert re.search(r"^  font: false$", SETUP, re.MULTILINE)
