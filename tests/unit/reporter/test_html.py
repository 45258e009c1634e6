"""Every kind of page, held against the HTML standard and what WCAG 2.2 says of structure and contrast."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from justhtml import JustHTML

from tests.unit.reporter.pages import PAGES

TEXT_COLOURS = ("ink", "soft", "link", "good", "warn", "bad")
GROUNDS = ("paper", "fill", "line", "alarm", "on-alarm")
PICTURE_COLOURS = ("bar", "good", "warn", "soft")
AA_TEXT, AA_PICTURE = 4.5, 3.0
PACKAGE = Path(__file__).parents[3] / "batch_credits"
CSS = (PACKAGE / "reporter" / "look.css").read_text()
OTHERS = (PACKAGE / "reporter" / "summary.css", PACKAGE / "web" / "static" / "style.css")


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return PAGES[request.param](tmp_path).paths.summary_html.read_text()


def parsed(page: str) -> JustHTML:
    return JustHTML(page, collect_errors=True, sanitize=False, max_errors=10)


def attrs(node: Any) -> dict[str, Any]:
    """The attributes of an element."""
    return dict(node.attrs or {})


def test_it_is_html_without_any_error_of_syntax(page: str) -> None:
    assert parsed(page).errors == []
    assert parsed(page.replace("</tr>", "</tx>", 1)).errors, "the parser would tell"


def test_nothing_from_outside_becomes_markup(page: str) -> None:
    document = parsed(page)
    assert not document.query("script, img, iframe, object, form, input, base, link, image, [onmouseover], [src]")
    assert {attrs(link)["href"] for link in document.query("a")} <= {"results.csv", "failed.csv", "summary.json"}
    assert len(document.query("h1")) == len(document.query("main")) == len(document.query("title")) == 1
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0\ufffe\U0001ffff\u202a-\u202e\u2066-\u2069]", page)
    assert "49" not in document.query("h1")[0].to_text()


def test_headings_go_down_one_step_at_a_time_and_every_section_has_its_own(page: str) -> None:
    document = parsed(page)
    levels = [int(heading.name[1]) for heading in document.query("h1, h2, h3, h4")]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = [attrs(node)["id"] for node in document.query("[id]")]
    assert len(ids) == len(set(ids))
    named = [attrs(node)["aria-labelledby"] for node in document.query("[aria-labelledby]")]
    assert set(named) <= set(ids)
    assert all("aria-labelledby" in attrs(section) for section in document.query("section"))


def test_tables_have_captions_and_headers_that_say_what_they_head(page: str) -> None:
    document = parsed(page)
    tables = document.query("table")
    assert tables and all(len(table.query("caption")) == 1 for table in tables)
    assert all(attrs(header).get("scope") in ("col", "row", "rowgroup") for header in document.query("th"))
    for table in tables:
        width = len(table.query("thead th"))
        for row in table.query("tr"):
            cells = row.query("th, td")
            assert sum(int(attrs(cell).get("colspan", 1)) for cell in cells) == width


def test_pictures_have_a_text_or_are_passed_over(page: str) -> None:
    document = parsed(page)
    assert all(attrs(picture).get("aria-hidden") == "true" for picture in document.query("svg"))
    assert all(len(attrs(named)["aria-label"]) > 40 for named in document.query("[role=img]"))
    assert len(document.query("details.screen")) == len(document.query("[role=img]"))
    assert all(len(part.query("summary")) == 1 for part in document.query("details"))


def test_it_is_small_enough_to_be_mailed(page: str) -> None:
    assert len(page) < 300_000


# -- Colours ------------------------------------------------------------------------------------------------


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio: 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)
    found = (("light", light), ("dark", dark))
    return {name: dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", text)) for name, text in found}


def test_contrast_is_what_wcag_says() -> None:
    assert contrast("#ffffff", "#000000") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


def test_each_colour_has_its_dark_twin_and_no_colour_is_elsewhere() -> None:
    found = palettes()
    assert found["light"].keys() == found["dark"].keys() == {*TEXT_COLOURS, *PICTURE_COLOURS, *GROUNDS}
    assert len(re.findall("#[0-9a-fA-F]{3,8}", CSS)) == 2 * len(found["light"])
    assert not re.search(r"rgb|hsl|opacity", CSS)
    for sheet in OTHERS:
        assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl|opacity", sheet.read_text()), sheet


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_and_every_picture_stands_out(scheme: str) -> None:
    colours = palettes()[scheme]
    for name in TEXT_COLOURS:
        assert contrast(colours[name], colours["paper"]) >= AA_TEXT, name
        assert contrast(colours[name], colours["fill"]) >= AA_TEXT, name  # panels, and fields of a form
    assert contrast(colours["on-alarm"], colours["alarm"]) >= AA_TEXT  # what a button says
    assert contrast(colours["alarm"], colours["paper"]) >= AA_PICTURE
    for name in PICTURE_COLOURS:
        assert contrast(colours[name], colours["paper"]) >= AA_PICTURE, name
