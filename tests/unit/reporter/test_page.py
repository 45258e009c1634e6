import html
import json
import re
from collections import Counter
from html.parser import HTMLParser

import pytest

from batch_credits.ledger.runs import Course, History, Slice
from batch_credits.model import CallKind, Money, Outcome
from batch_credits.reporter.summary import Summary
from batch_credits.reporter.tally import MAX_ROWS_SHOWN
from batch_credits.settings import InputOptions
from tests.unit.reporter.conftest import Report, make_row, make_run

VOID = {"meta", "br"}


class Page(HTMLParser):
    """What the tests ask of a page: its tags, well nested, and its text."""

    def __init__(self, summary: Summary) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self._open: list[str] = []
        self.source = summary.paths.summary_html.read_text()
        self.feed(self.source)
        self.close()
        assert self._open == []
        self.words = " ".join(self.words.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += attrs
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data + " "


def test_a_good_batch(report: Report) -> None:
    page = Page(report([make_row(n) for n in range(2, 202)], make_run()))
    assert "All 200 rows credited" in page.words
    assert "2,500.00 USD" in page.words
    assert "TEST site, no real credits" in page.words
    assert "In balance" in page.words
    assert "2026-10-01 08:00:00 UTC finance , 0.2.0" in page.words
    assert "12 2 1 finished , took 12 min 31 s" in page.words
    assert "Rows that need a person" not in page.words


def test_a_batch_that_was_reversed(report: Report) -> None:
    page = Page(report([make_row(2, reversed_by="57718102" * 8), make_row(3)], make_run()))
    assert "1 of 2 rows reversed" in page.words
    assert "25.00 USD credited, 12.50 USD of it reversed" in page.words
    assert "1 row of these, 12.50 USD, reversed by batch 57718102: the credit was deducted again" in page.words
    assert "batch-credits explain reversed" in page.words
    assert ("class", "warn") in page.attributes
    assert "Rows that need a person" not in page.words


def test_money_without_a_currency_is_not_taken_for_hundredths(report: Report) -> None:
    page = Page(report([make_row(2, money=Money(1234, None, None))]))
    assert "1,234 minor units (site currency)" in page.words
    assert "site currency, in minor units 1 1,234 minor units (site currency)" in page.words
    assert "12.34" not in page.words


def test_a_live_site_is_called_one(report: Report) -> None:
    assert "LIVE site, real credits" in Page(report([make_row(2)], site="acme")).words


def test_nothing_runs_and_nothing_is_fetched(report: Report) -> None:
    page = Page(report([make_row(2, Outcome.FAILED)], make_run()))
    assert not page.tags.keys() & {"script", "img", "link", "iframe", "form"}
    links = {value for name, value in page.attributes if name in ("href", "src")}
    assert links == {"results.csv", "failed.csv", "summary.json"}
    assert "http" not in page.source.replace("http-equiv", "")
    assert "url(" not in page.source


def test_screen_readers_find_language_captions_and_headers(report: Report) -> None:
    page = Page(report([make_row(2, Outcome.FAILED, error_code="a"), make_row(3, Outcome.REVIEW)], make_run()))
    assert ("lang", "en") in page.attributes
    assert page.tags["h1"] == page.tags["main"] == 1
    assert page.tags["caption"] == page.tags["table"] == 6
    assert page.tags["th"] == sum(name == "scope" for name, _ in page.attributes)
    identities = [value for name, value in page.attributes if name == "id"]
    assert len(identities) == len(set(identities))
    assert {value for name, value in page.attributes if name == "aria-labelledby"} <= set(identities)


def test_values_from_files_and_answers_are_text(report: Report) -> None:
    evil = "<script>alert('x')</script>&\"\x00"
    row = make_row(
        2, Outcome.FAILED, cells=(evil, "1", "USD", ""), reference=evil, error=evil, error_code=evil, money=None
    )
    summary = report([row], make_run(user=evil, stopped=evil), file_name=evil, site=evil)
    page = Page(summary)
    assert page.tags["script"] == 0
    assert "\x00" not in page.source
    assert page.words.count("<script>alert('x')</script>&\"") >= 6


def test_the_rows_that_need_a_person_are_bounded(report: Report) -> None:
    rows = [make_row(n, Outcome.FAILED) for n in range(MAX_ROWS_SHOWN + 7)]
    page = Page(report(rows))
    assert "200 of 207 rows" in page.words
    assert "7 more in failed.csv" in page.words
    assert page.source.count('data-label="Customer"><bdi>') == MAX_ROWS_SHOWN


def test_a_row_says_whose_how_much_and_why(report: Report) -> None:
    row = make_row(17, Outcome.REVIEW, error_code="conflict", error="Other money under this reference.")
    words = Page(report([row])).words
    assert "review conflict , 1 row" in words
    assert "Of this row: Other money under this reference. To do:" in words
    assert "Row Customer Amount Reference 17 00017 12.50 USD q3" in words


def test_the_settings_are_on_the_page(report: Report) -> None:
    options = InputOptions(reference="q3", number_duplicates=True, header_map=(("customer_id", "Account"),))
    words = Page(report([], make_run(ended_at=None), options_json=options.as_json())).words
    assert "header_map customer_id=Account, number_duplicates yes, reference q3" in words
    assert "broken off" in words


def test_a_batch_without_a_run(report: Report) -> None:
    assert "There was no run yet." in Page(report([make_row(2, Outcome.PENDING)])).words


def test_each_colour_has_its_dark_twin(report: Report) -> None:
    light, dark = re.findall(r":root \{(.*?)\}", Page(report([])).source, re.DOTALL)
    assert re.findall(r"(--\w+):", light) == re.findall(r"(--\w+):", dark)


def test_the_money_is_told_in_one_line_where_it_is_short_enough(report: Report) -> None:
    rows = [make_row(2), make_row(3, money=Money(7, None, "EUR")), make_row(4, Outcome.FAILED)]
    assert "0.07 EUR + 12.50 USD credited, 12.50 USD not credited" in Page(report(rows)).words
    rows += [make_row(n, money=Money(1, None, code)) for n, code in enumerate(("GBP", "CHF"), 5)]
    assert "EUR +" not in Page(report(rows)).words


def test_what_could_not_be_read_as_money_is_no_money_that_is_not_there(report: Report) -> None:
    unread = [make_row(n, Outcome.REJECTED, money=None, is_unread=True) for n in (4, 5)]
    page = Page(report([make_row(2), make_row(3, Outcome.REJECTED), *unread])).words
    assert "12.50 USD credited, at least 12.50 USD not credited; 2 rows have no readable amount" in page
    assert "at least 25.00 USD 2 rows have no readable amount" in page, "in the sum of the outcomes"
    assert "2 rows have no readable amount: the file asks for at least 25.00 USD." in page
    assert "Without a readable amount 2 in no sum" in page
    known = make_row(4, Outcome.REJECTED, money=None, error_code="looks_like_total")
    assert "readable amount" not in Page(report([make_row(2), known])).words


def test_an_option_in_an_advice_is_kept_whole(report: Report) -> None:
    page = Page(report([make_row(2, Outcome.FAILED, error_code="resource_not_found")]))
    assert '<span class="whole">--retry-failed.</span>' in page.source


def test_a_tab_and_a_printed_page_say_which_batch_it_is(report: Report) -> None:
    page = Page(report([make_row(2), make_row(3, Outcome.REJECTED, money=None)], make_run()))
    assert "<title>payout.csv, batch ab12cd34, 2026-10-01</title>" in page.source
    assert '@bottom-left { content: "payout.csv, batch ab12cd34";' in page.source
    assert '@bottom-right { content: "2 rows, at least 12.50 USD, page " counter(page)' in page.source


def test_no_name_of_a_file_ends_the_style(report: Report) -> None:
    name = '"; } </style><script>alert(1)</script> \\ \n.csv'
    source = report([make_row(2)], file_name=name).paths.summary_html.read_text()
    style = source[source.index("<style>") : source.index("</style>")]
    assert r'content: "\22 \3b  \7d  \3c \2f style\3e \3c script\3e alert\28 1\29 \3c \2f script\3e  \5c  ' in style
    assert r"\a .csv, batch ab12cd34" in style


def test_the_runs_say_from_where_they_sent_where_those_are_several_hosts(report: Report) -> None:
    runs = [make_run(run_id=2, user="maria", hosts=("pay-1", "pay-2")), make_run(user="ben")]
    words = Page(report([make_row(2)], history=History(runs, 2))).words
    assert "maria , 0.2.0, sent from pay-1, pay-2" in words
    assert words.count("sent from") == 1


def test_the_head_says_when_what_and_who(report: Report) -> None:
    runs = [make_run(run_id=2, user="maria"), make_run(user="ben", ended_at=None)]
    rows = [make_row(n, reference=f"q{n}") for n in range(2, 9)]
    words = Page(report(rows, history=History(runs, 2))).words
    assert (
        "Date 2026-10-01 08:00:00 UTC, took 12 min 31 s, the last of 2 runs Payout payout.csv, batch ab12cd34 "
        "Reference q2, q3, q4 and more Run by ben, maria Approved by" in words
    )
    words = Page(report([make_row(2, Outcome.PENDING)])).words
    assert "Date not run yet; read 2026-10-01 08:00:00 UTC Payout" in words
    assert "Reference q3 Run by nobody yet" in words
    words = Page(report([], kind=CallKind.DEDUCT, reverses="57718102" * 8)).words
    assert "Reversal of 57718102 payout.csv, batch ab12cd34" in words


def test_outcomes_without_rows_are_folded_away(report: Report) -> None:
    words = Page(report([make_row(2), make_row(3, Outcome.FAILED)])).words
    assert "Amount credited this batch added the credit, and Chargebee proved it 1 12.50 USD failed" in words
    assert "No rows: already credited, rejected, in doubt, review, pending" in words


def test_rows_beyond_the_fifth_of_a_reason_are_folded(report: Report) -> None:
    source = Page(report([make_row(n, Outcome.FAILED) for n in range(2, 9)])).source
    before, after = source.split("<summary>2 more rows</summary>")
    assert before.count('data-label="Customer"') == 5
    assert after.count('data-label="Customer"') == 2
    assert "more row" not in Page(report([make_row(n, Outcome.FAILED) for n in range(2, 7)])).words


@pytest.mark.parametrize(
    ("seconds", "throttled", "runs", "drawn"), [(59, 0, 1, False), (60, 0, 1, True), (1, 1, 1, True), (1, 0, 2, True)]
)
def test_the_sending_is_drawn_where_there_is_something_to_see(
    report: Report, seconds: int, throttled: int, runs: int, drawn: bool
) -> None:
    courses = [
        Course(run, "2026-10-01T08:00:00.000Z", seconds, [Slice(0, 1, 1, 0, 0, throttled)]) for run in range(runs)
    ]
    page = Page(report([make_row(2)], history=History([make_run()], 1, 1_000, courses)))
    assert ("role", "img") in page.attributes if drawn else ("role", "img") not in page.attributes
    assert "told to wait" in page.words


def test_amounts_are_drawn_where_they_are_many_and_unlike(report: Report) -> None:
    alike = [make_row(n) for n in range(2, 40)]
    few = [make_row(n, money=Money(n, None, "USD")) for n in range(2, 20)]
    for rows, bounds in ((alike, "USD 38 12.50 USD 12.50 USD"), (few, "USD 18 0.02 USD 0.19 USD")):
        page = Page(report(rows))
        assert bounds in page.words
        assert page.tags["rect"] == 0
    assert Page(report(alike + few)).tags["rect"] > 0


def test_credit_types_are_told_apart_only_where_there_are_two(report: Report) -> None:
    rows = [make_row(2, credit_type="general"), make_row(3, Outcome.REJECTED, credit_type=None)]
    words = Page(report(rows)).words
    assert "By currency and credit type" not in words
    assert "Credit type general" in words
    words = Page(report([*rows, make_row(4, credit_type="loyalty_credits")])).words
    assert "By currency and credit type" in words


def test_a_single_row_among_many_has_a_bar(report: Report) -> None:
    rows = [make_row(n) for n in range(2, 3000)] + [make_row(3000, money=Money(9999, None, "USD"))]
    assert '<rect width="0.5" height="10"/>' in Page(report(rows)).source


def test_a_command_to_paste_names_the_ledger_of_the_run(report: Report) -> None:
    """Without it, it paid with the ledger of whoever pasted it, which knew nothing of the payout."""
    rows = [make_row(2, Outcome.FAILED, error_code="resource_not_found"), make_row(3, Outcome.REVIEW)]
    record = json.dumps({"ledger": "/data/my ledger.sqlite3"})
    page = report(rows, make_run(settings_json=record)).paths.summary_html.read_text()
    commands = [html.unescape(each) for each in re.findall(r"<code[^>]*>(batch-credits [^<]*)</code>", page)]
    assert [each.split()[1] for each in commands if "--ledger '/data/my ledger.sqlite3'" in each] == ["resolve", "run"]
    assert "--ledger" not in report(rows, make_run()).paths.summary_html.read_text()
