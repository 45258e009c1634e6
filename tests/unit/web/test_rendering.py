"""Every page in every state, held against the HTML standard, against the names that others rely on, and against what
WCAG says of structure."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, get_args

import pytest
from justhtml import JustHTML

from batch_credits.web.pages import Alert, CheckPage, Page, State
from batch_credits.web.rendering import TEMPLATES, TONES, render, script, stylesheet
from tests.each import each
from tests.unit.web.samples import (
    APPROVALS,
    APPROVE,
    BATCHES,
    CHECK,
    CHECKS,
    COLUMNS_PAGE,
    HOSTILE,
    LIST,
    LIVE,
    MENDING,
    NEW,
    PAGES,
    RESULT,
    RESULTS,
    REVIEW,
    RUN,
    TEST,
    UNDO,
    UNDO_CHECK,
    frame_of,
)

MAX_STYLE_BYTES, MAX_SCRIPT_BYTES = 20_000, 4_096
FIELDS = "input:not([type=hidden]), select, textarea"


@pytest.fixture(params=PAGES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def text(name: str) -> str:
    return render(PAGES[name], frame_of(name))


def parsed(text: str) -> JustHTML:
    return JustHTML(text, collect_errors=True, sanitize=False, max_errors=10)


def shown(page: Page, **frame: Any) -> JustHTML:
    return parsed(render(page, replace(TEST, **frame)))


def attrs(node: Any) -> dict[str, Any]:
    """The attributes of an element."""
    return dict(node.attrs or {})


def one(document: JustHTML, selector: str) -> Any:
    [found] = document.query(selector)
    return found


def every(document: JustHTML, selector: str, attribute: str) -> list[Any]:
    return [attrs(node).get(attribute) for node in document.query(selector)]


# -- Any page -----------------------------------------------------------------------------------------------


def test_there_is_a_template_for_each_page_and_a_tone_for_each_state() -> None:
    assert set(TEMPLATES) == set(get_args(Page)) == {type(page) for page in PAGES.values()}
    assert set(TONES) == set(State)


def test_it_is_html_without_any_error_of_syntax(text: str) -> None:
    assert parsed(text).errors == []
    assert parsed(text.replace("</main>", "</mein>", 1)).errors, "the parser would tell"


def test_nothing_from_outside_becomes_markup_and_nothing_of_ours_runs_inline(text: str) -> None:
    document = parsed(text)
    signs = bool(document.query("form[data-passkey]"))
    assert every(document, "script", "src") in (["/static/live.js"], ["/static/live.js", "/static/passkey.js"])
    assert "/static/passkey.js" in every(document, "script", "src") or not signs
    assert every(document, "link[rel=stylesheet]", "href") == ["/static/style.css"]
    assert not document.query("img, iframe, object, embed, base, style, [style], svg")
    assert not [key for node in document.query("*") for key in attrs(node) if key.startswith("on")]
    assert "49" not in document.query("h1")[0].to_text(), "a template in a text is none"
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", text)


def test_texts_that_turn_around_are_shown_as_what_they_are(name: str, text: str) -> None:
    document = parsed(text)
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", document.query("body")[0].to_text())
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", document.query("title")[0].to_text())
    if name.endswith("hostile"):
        assert "[U+202E]" in text


def test_headings_go_down_one_step_at_a_time_and_every_id_is_there_once(text: str) -> None:
    document = parsed(text)
    levels = [int(heading.name[1]) for heading in document.query("h1, h2, h3, h4")]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    ids = every(document, "[id]", "id")
    assert len(ids) == len(set(ids))
    for attribute in ("aria-labelledby", "aria-describedby"):
        named = [word for value in every(document, f"[{attribute}]", attribute) for word in value.split()]
        assert set(named) <= set(ids), attribute
    assert all(attrs(section).get("aria-labelledby") in ids for section in document.query("section"))
    assert set(every(document, "label", "for")) <= set(ids)
    assert {href[1:] for href in every(document, "a", "href") if re.match("#.", href)} <= set(ids)


def test_every_field_has_a_name_that_is_read_out(text: str) -> None:
    document = parsed(text)
    labelled = set(every(document, "label", "for"))
    for field in document.query(FIELDS):
        assert attrs(field).get("aria-label") or attrs(field).get("id") in labelled, attrs(field)
    for button in document.query("button, a"):
        assert button.to_text().strip(), attrs(button)


def test_tables_have_captions_and_headers_that_say_what_they_head(text: str) -> None:
    for table in parsed(text).query("table"):
        assert len(table.query("caption")) == 1
        assert all(attrs(header).get("scope") in ("col", "row", "rowgroup") for header in table.query("th"))
        widths = {len(row.query("th, td")) for row in table.query("tr")}
        assert len(widths) == 1 or "mend" in attrs(table)["class"], "only rows to mend can be ragged"


def test_every_form_that_changes_something_has_the_token_and_says_what_it_does(name: str, text: str) -> None:
    document = parsed(text)
    for form in document.query("form"):
        method = attrs(form)["method"]
        token = [attrs(field) for field in form.query("input[name=form_token]")]
        if method == "get":
            assert not token and "data-action" not in attrs(form)
        else:
            assert [field["value"] for field in token] == [frame_of(name).token]
            fields = [attrs(field) for field in form.query("input, select, textarea, button")]
            names = [field["name"] for field in fields if "name" in field]
            assert names[0] == "form_token" and attrs(form)["data-action"]
            assert len(names) == len(set(names)), "a field that comes twice is refused"


def test_where_and_for_whom_it_is_stands_on_top(name: str, text: str) -> None:
    document, frame = parsed(text), frame_of(name)
    assert len(document.query("main")) == len(document.query("header")) == len(document.query("title")) == 1
    if not frame.actor:
        assert not document.query("[data-actor], [data-go], [data-site]")
        return
    assert attrs(one(document, "header [data-live]"))["data-live"] == ("live" if frame.is_live else "test")
    assert ("LIVE" if frame.is_live else "TEST") in one(document, "header").to_text()
    assert ("TEST" if frame.is_live else "LIVE") not in one(document, "header").to_text()
    assert one(document, "header [data-site]").to_text() == frame.site
    assert len(document.query("header [data-actor]")) == 1
    assert every(document, "a[data-go]", "data-go") == ["batches", "new"]
    assert ("| LIVE " if frame.is_live else "| TEST ") in one(document, "title").to_text()


def test_without_javascript_it_is_loaded_again(name: str, text: str) -> None:
    seconds = frame_of(name).refresh_seconds
    assert (f'<noscript><meta http-equiv="refresh" content="{seconds}"></noscript>' in text) == bool(seconds)
    assert ("data-refresh-seconds" in text) == bool(seconds)


def test_a_refusal_is_an_alert_in_words_and_tied_to_its_field() -> None:
    document = shown(CHECK, alert=Alert("1483 was typed.", "Type it again.", "confirm"))
    assert "1483 was typed." in one(document, "[role=alert]").to_text()
    field = attrs(one(document, "input[name=confirm]"))
    assert field["aria-invalid"] == "true" and field["aria-describedby"] == "alert"
    assert not shown(CHECK).query("[role=alert], [aria-invalid]")


# -- The names that others rely on --------------------------------------------------------------------------


def test_every_page_says_which_it_is() -> None:
    names = {type(page): one(shown(page), "main").attrs["data-page"] for page in PAGES.values()}
    assert sorted(names.values()) == sorted(
        ["batches", "new", "columns", "check", "approve", "enrol", "left-out", "run", "result", "undo", "undo-check",
         "refused"]
    )


def figures(document: JustHTML) -> Iterator[tuple[str, int]]:
    for selector, attribute in (("[data-count]", "data-count"), ("[data-total]", "data-total")):
        for node in document.query(selector):
            yield attrs(node)[attribute], int(attrs(node)["value"])


@each("page", [CHECK, APPROVE, RUN, RESULT, UNDO_CHECK])
def test_figures_carry_their_numbers_once(page: Any) -> None:
    found = list(figures(shown(page)))
    expected = [(figure.name, figure.rows) for figure in page.figures]
    expected += [(f"{figure.name}:{total.currency}", total.minor) for figure in page.figures for total in figure.total]
    assert sorted(found) == sorted(expected)
    assert "pending" in dict(found)


def test_a_batch_is_found_by_its_id_and_leads_to_its_page() -> None:
    document = shown(LIST)
    assert sorted(every(document, "[data-batch]", "data-batch")) == sorted(entry.key for entry in LIST.entries)
    for entry in LIST.entries:
        row = one(document, f'[data-batch="{entry.key}"]')
        assert every_href(row) == [entry.href]
    assert not shown(replace(LIST, entries=(replace(LIST.entries[0], key=""),))).query("[data-batch]")


def every_href(node: Any) -> list[str]:
    return [attrs(link)["href"] for link in node.query("a")]


def test_those_that_wait_come_first_and_lead_to_all_of_them() -> None:
    document = shown(replace(LIST, waiting_href="/?state=x"), waiting=9)
    assert [heading.to_text() for heading in document.query("h2")] == ["Waiting for you (9)", "All others"]
    assert "/?state=x" in every_href(document)
    found = shown(BATCHES["batches-none-found"])
    assert [heading.to_text() for heading in found.query("h2")] == ["Found"]


def test_pages_of_a_list_keep_what_it_is_narrowed_to() -> None:
    narrowed = replace(LIST.narrowed, text="q3 & more", state="finished", page=2)
    hrefs = every_href(one(shown(replace(LIST, narrowed=narrowed)), "nav.pager"))
    assert hrefs == ["?text=q3+%26+more&state=finished&page=1", "?text=q3+%26+more&state=finished&page=3"]


def test_a_sum_of_two_kinds_may_stand_on_two_lines() -> None:
    found = {cell.to_text(): dict(cell.attrs or {})["class"] for cell in shown(LIST).query("td .amount")}
    assert (found["5.00 EUR + 12.345678 EUR"], found["10,682.88 USD"]) == ("amount", "amount whole")


def test_an_upload_has_its_file_last() -> None:
    form = one(shown(NEW), 'form[data-action="upload"]')
    names = [attrs(field)["name"] for field in form.query("input, select")]
    assert names == ["form_token", "reference", "amount_unit", "profile", "file"]
    assert (attrs(form)["action"], attrs(form)["enctype"]) == ("/uploads", "multipart/form-data")
    assert set(every(shown(NEW), "select[name=amount_unit] option", "value")) == {"", "minor", "major"}
    again = shown(replace(NEW, reference=HOSTILE, unit="major", profile="shop"))
    assert attrs(one(again, "input[name=reference]"))["value"] == HOSTILE.replace("\x00", "\ufffd")
    assert [attrs(option)["value"] for option in again.query("option[selected]")] == ["major", "shop"]


def test_columns_are_selects_by_their_place() -> None:
    document = shown(COLUMNS_PAGE)
    form = one(document, 'form[data-action="columns"]')
    names = [attrs(field)["name"] for field in form.query("input, select")]
    assert names[1:] == ["map:0", "map:1", "map:2", "map:3", "amount_unit", "locale", "reference", "sheet", "remember"]
    chosen = [attrs(option)["value"] for option in document.query('select[name="map:1"] option[selected]')]
    assert chosen == ["amount"]
    assert {"customer_id", "amount", ""} <= set(every(document, 'select[name="map:0"] option', "value"))
    assert every(document, 'select[name="amount_unit"] option[selected]', "value") == [""], "nothing is guessed"


def test_the_number_is_typed_before_anything_is_sent() -> None:
    document = shown(CHECK)
    form = one(document, 'form[data-action="send"]')
    assert attrs(form)["action"] == "/uploads/8f3a/send"
    label = one(document, "label[for=confirm]").to_text()
    assert label == "Type 1484 to send 1,484 credits (12,345.60 USD) to acme-test"
    field = attrs(one(form, "input[name=confirm]"))
    assert field["inputmode"] == "numeric" and field["autocomplete"] == "off" and "value" not in field
    live = parsed(render(CHECKS["check-live"], LIVE))
    assert every(live, "input[name^='total:']", "name") == ["total:AUD", "total:CAD"]
    assert "Type 12345.67, the total in AUD" in [each.to_text() for each in live.query("label")]
    assert "real money" in one(live, ".panel").to_text() and "no real money" not in one(live, ".panel").to_text()


def test_where_others_approve_nothing_is_sent_by_a_number() -> None:
    document = shown(CHECKS["check-submit"])
    form = one(document, "form[data-action]")
    assert attrs(form)["data-action"] == "submit-for-approval" and attrs(form)["action"] == "/uploads/8f3a/submit"
    assert [attrs(field)["name"] for field in form.query("input")] == ["form_token"]
    assert "before 2 other people have approved it" in one(document, ".panel").to_text()


def test_an_order_is_signed_or_turned_down_or_it_says_why_not() -> None:
    document = shown(APPROVE)
    assert [attrs(form)["data-action"] for form in document.query("form")] == ["approve", "reject"]
    form = attrs(document.query("form")[0])
    assert form["data-passkey"] == "sign" and form["data-options"] == '{"challenge": "AA", "rpId": "localhost"}'
    names = [attrs(field)["name"] for field in document.query("form")[0].query("input")]
    assert names == ["form_token", "answer", "at"]
    assert every(document, "a[data-file]", "data-file") == ["order.json"]
    assert "12 rows were credited before" in document.query("main")[0].to_text()
    own = shown(APPROVALS["approve-own"])
    assert [attrs(form)["data-action"] for form in own.query("form")] == ["reject"]
    assert "nobody approves their own" in own.query("main")[0].to_text()
    assert not shown(APPROVALS["approve-checking"]).query("form")


def test_whoever_is_to_approve_makes_a_passkey() -> None:
    form = attrs(one(shown(APPROVALS["enrol"]), 'form[data-action="enrol"]'))
    assert form["data-passkey"] == "make"
    assert not shown(APPROVALS["enrol-done"]).query("form")


def test_what_another_person_must_do_has_a_sentence_in_place_of_its_form() -> None:
    document = shown(RESULTS["result-another"])
    assert [attrs(form)["data-action"] for form in document.query("form")] == ["mend"]
    assert "/undo" not in " ".join(every_href(document))
    said = document.query("main")[0].to_text()
    assert "must take its credits back" in said and "must settle its rows" in said


@pytest.mark.parametrize("kind", ["check-checking", "check-refused", "check-nothing"])
def test_nothing_can_be_sent_before_the_check_or_without_it(kind: str) -> None:
    page = CHECKS[kind]
    assert isinstance(page, CheckPage) and page.send is None
    assert not shown(page).query("form[data-action]")


def test_a_run_says_where_its_events_are_and_can_be_stopped() -> None:
    document = shown(RUN)
    assert attrs(one(document, "main"))["data-events-url"] == RUN.events_href
    assert attrs(one(document, "progress"))["value"] == "42"
    assert attrs(one(document, 'form[data-action="stop"]'))["action"] == RUN.stop_href
    assert not shown(replace(RUN, can_stop=False)).query("form")
    assert one(document, "title").to_text().startswith("Sending, 42 %:")


def test_a_result_has_its_files_and_what_is_left_to_do() -> None:
    document = shown(REVIEW)
    assert every(document, "a[data-file]", "data-file") == [file.name for file in REVIEW.downloads]
    assert [attrs(form)["data-action"] for form in document.query("form")] == ["send", "resolve", "resolve", "mend"]
    form = document.query('form[data-action="resolve"]')[0]
    assert [attrs(field)["name"] for field in form.query("input, select")][1:] == ["row", "word", "credit_id", "reason"]
    assert {"credited", "not_credited"} <= set(every(document, "select[name=word] option", "value"))


def test_cells_are_mended_by_their_row_and_place_and_as_they_are() -> None:
    text = "\u202e12 \u00bd"
    row = replace(MENDING.rows[0], row=7, cells=("a", text, "two\nlines", "bell\x07"), wrong=(1,))
    mending = replace(MENDING, rows=(row,), columns=("one", "two", "three", "four"))
    form = one(shown(replace(RESULT, mending=mending)), 'form[data-action="mend"]')
    cells = {attrs(field)["name"]: attrs(field) for field in form.query("input[name^='cell:']")}
    assert list(cells) == ["cell:7:0", "cell:7:1"], "what a browser would change is not sent"
    assert cells["cell:7:1"]["value"] == text and cells["cell:7:1"]["class"] == "wrong"
    assert "class" not in cells["cell:7:0"]
    assert len(form.query("textarea[disabled]")) == 2
    assert [attrs(field)["name"] for field in form.query("input[type=checkbox]")] == ["again:7"]


def test_credits_are_ticked_by_row_or_all_taken() -> None:
    form = one(shown(UNDO), 'form[data-action="choose"]')
    ticks = [attrs(field) for field in form.query("input[type=checkbox]")]
    assert [tick["name"] for tick in ticks] == [f"row:{row.row}" for row in UNDO.rows]
    assert [tick["name"] for tick in ticks if "checked" in tick] == ["row:3"]
    assert [attrs(button).get("name") for button in form.query("button")] == [None, "all"]
    document = shown(UNDO_CHECK)
    assert attrs(one(document, "form"))["data-action"] == "reverse"
    assert one(document, "label[for=confirm]").to_text() == "Type 11 to take back 11 credits (90.00 USD) at acme-test"


def test_times_are_as_people_write_them() -> None:
    entry = replace(LIST.entries[0], at="2026-11-27T14:05:59.123456+00:00")
    assert "2026-11-27 14:05 UTC" in shown(replace(LIST, entries=(entry,))).query("main")[0].to_text()
    facts = (("Began", "2026-11-27T14:05:59+00:00"), ("Batch", "20261127"))
    values = [node.to_text() for node in shown(replace(RESULT, facts=facts)).query("dd")]
    assert values == ["2026-11-27 14:05 UTC", "20261127"]


# -- What is served beside the pages ------------------------------------------------------------------------


def test_style_and_script_are_small_and_fetch_nothing() -> None:
    style, scripts = stylesheet().decode(), [script(name).decode() for name in ("live.js", "passkey.js")]
    assert len(style) < MAX_STYLE_BYTES
    assert not re.search(r"@import|url\(|https?:", style)
    for code in scripts:
        assert len(code) < MAX_SCRIPT_BYTES
        assert not re.search(r"https?:|eval|innerHTML =|insertAdjacent|document\.write", code)
    assert ":root {" in style and "prefers-color-scheme: dark" in style and "prefers-reduced-motion" in style


def test_every_class_that_a_template_uses_is_in_the_stylesheet() -> None:
    used = {word for name in PAGES for node in parsed(render(PAGES[name], frame_of(name))).query("[class]")
            for word in attrs(node)["class"].split()}  # fmt: skip
    styled = set(re.findall(r"\.([a-z][a-z_-]*)", stylesheet().decode()))
    names = {figure.name for page in PAGES.values() for figure in getattr(page, "figures", ())}
    assert used - styled - names == set()


def test_a_sum_without_the_rows_that_nobody_could_read_is_said_to_be_one() -> None:
    entry = LIST.entries[0]
    for at_least in (True, False):
        document = shown(replace(LIST, entries=(replace(entry, at_least=at_least),)))
        assert one(document, 'td[data-label="Amount"]').to_text().startswith("at least") == at_least
