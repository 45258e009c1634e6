"""What MkDocs does besides: pages of files that lie outside docs/, links to them, and no resource of a network.

In the repository a page may link to `../deploy/` or `../CONTRIBUTING.md`. The site has a page for each of these, so
that it is whole wherever it is read.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
FOLDERS = {"deploy": "deploy/index.md", "docs/schemas": "reference/schemas.md", "docs/reference": "reference/index.md"}
_LINK = re.compile(r"(\]\()([^)\s#]+)(#[^)\s]*)?\)")
_CODE = re.compile(r"^(```.*?^```$)", re.MULTILINE | re.DOTALL)
_NAMED_FENCE = re.compile(r"^(`{3,}\w+) .*$", re.MULTILINE)
_LANGUAGES = {".py": "python", ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".cfg": "ini", ".service": "ini",
              ".timer": "ini", ".sh": "bash", ".json": "json"}  # fmt: skip
_UNSEARCHED = "---\nsearch:\n  exclude: true\n---\n"  # who looks for a word means the pages, not a lock file
_LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href", "object": "data"}
_FOR_PEOPLE = ("canonical", "prev", "next", "alternate", "license")  # links that no browser follows by itself
_IN_STYLE = re.compile(r"""(?:url\(|@import)\s*["']?(?:https?:)?//""")


class Loading(HTMLParser):
    """What a page has a browser load from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it names, if that is an address of a network."""
        given = dict(attrs)
        address = given.get(_LOADED.get(tag, "")) or ""
        if re.match(r"(https?:)?//", address) and given.get("rel") not in _FOR_PEOPLE:
            self.found.append(address)
        if "mermaid" in (given.get("class") or "").split():
            self.found.append("mermaid, which comes from a network")


def on_config(config: Any) -> Any:
    """Put the pages of the reference into the navigation."""
    config["nav"] = [
        {"Reference": reference_nav()} if each == {"Reference": "reference/"} else each for each in config["nav"]
    ]
    return config


def reference_nav(folder: Path = ROOT / "docs" / "reference") -> list[Any]:
    """The reference's own page, those of several commands, and then those of one, in the order of its page."""
    text = (folder / "index.md").read_text(encoding="utf-8")
    of_commands = re.findall(r"^\| \[`([\w ]+)`\]\((\w+\.md)\)", text, re.MULTILINE)
    of_all = re.findall(r"^- \[([\w ]+)\]\((\w+\.md)\)", text, re.MULTILINE)
    return ["reference/index.md", *({title: f"reference/{name}"} for title, name in [*of_all, *of_commands])]


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of what lies outside docs/."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        if page != "index.md":
            files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    for name, text in pages_of_deploy().items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    """Have links that leave docs/ lead to the site's pages."""
    uri = page.file.src_uri
    markdown = _NAMED_FENCE.sub(r"\1", markdown)  # which MkDocs would take for no fence
    return relinked(markdown, uri, next((name for name, of_site in PAGES.items() if of_site == uri), f"docs/{uri}"))


def on_post_build(config: Any) -> None:
    """Refuse a site that asks anything of a network.

    Raises:
        PluginError: it names a resource that is elsewhere.
    """
    from mkdocs.exceptions import PluginError

    if elsewhere := list(loaded_from_elsewhere(Path(config["site_dir"]))):
        raise PluginError("A browser would load this from a network:\n" + "\n".join(elsewhere))


def pages_of_deploy(folder: Path = ROOT / "deploy") -> dict[str, str]:
    """A page for each file of deploy/, and one that lists them."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    found = {}
    for path in files:
        name = path.relative_to(folder).as_posix()
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".md":
            found[f"deploy/{name}"] = text
            continue
        fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
        language = _LANGUAGES.get(path.suffix, "docker" if path.name.startswith("Dockerfile") else "text")
        code = f"{fence}{language}\n{text.rstrip()}\n{fence}\n"
        found[f"deploy/{name}.md"] = f"{_UNSEARCHED}# {name}\n\n`deploy/{name}`\n\n{code}"
    listed = "".join(f"- [`{path.relative_to(folder).as_posix()}`]({_page(path, folder)})\n" for path in files)
    words = "What lies in `deploy/`, to copy and to change. The pages for operators say what each is for."
    return {"deploy/index.md": f"# Files of deploy/\n\n{words}\n\n{listed}", **found}


def _page(path: Path, folder: Path) -> str:
    name = path.relative_to(folder).as_posix()
    return name if path.suffix == ".md" else f"{name}.md"


def relinked(markdown: str, uri: str, source: str) -> str:
    """The text of the site's page `uri`, which is the repository's file `source`, with the links that leave docs/ led
    to the site's pages. Fenced code stays as it is."""

    def led(match: re.Match[str]) -> str:
        opening, target, anchor = match[1], match[2], match[3] or ""
        if re.match(r"[a-z]+:", target):
            return match[0]
        here = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        page = _of_the_site(here)
        return (
            match[0] if page is None else f"{opening}{posixpath.relpath(page, posixpath.dirname(uri) or '.')}{anchor})"
        )

    parts = _CODE.split(markdown)
    return "".join(part if part.startswith("```") else _LINK.sub(led, part) for part in parts)


def _of_the_site(path: str) -> str | None:
    """Where the site has this file of the repository; None: it has it not."""
    if path in FOLDERS:
        return FOLDERS[path]
    if path.startswith("docs/"):
        return path.removeprefix("docs/")
    if path.startswith("deploy/"):
        return path if path.endswith(".md") else f"{path}.md"
    return PAGES.get(path)


def loaded_from_elsewhere(site: Path) -> Iterator[str]:
    """Every resource that a browser would load from a network, with the file that names it."""
    for path in sorted(site.rglob("*")):
        if path.suffix == ".html":
            parser = Loading()
            parser.feed(path.read_text(encoding="utf-8"))
            yield from (f"{path.relative_to(site)}: {address}" for address in parser.found)
        elif path.suffix == ".css" and _IN_STYLE.search(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)}: a style"
