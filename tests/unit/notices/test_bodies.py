"""How a notice reads: a file's name makes no link and names no channel, and no bound of Slack's is passed."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.notices.bodies import Form, body_of, slack_body, teams_body
from batch_credits.notices.mail import letter_of
from batch_credits.notices.message import Mood, message_of
from batch_credits.notices.notice import Standing, as_json, document
from tests.unit.notices.samples import ALL, ENDED, KEY, MAIL, STARTED, STOPPED, SUBJECT

HOSTILE = "<!channel> & [x](https:) *b* `c`\x1b[2J\u202e\n\udcff" + "y" * 400 + ".csv"


def test_a_hostile_file_name() -> None:
    hostile = replace(ENDED, subject=replace(SUBJECT, file=HOSTILE))
    for form in Form:
        text = body_of(hostile, form).decode("utf-8")
        assert text.isprintable()
        json.loads(text)
    teams = json.dumps(teams_body(message_of(hostile)))
    assert "[x](" not in teams.replace("\\\\[", "").replace("\\\\]", "")
    slack = slack_body(message_of(hostile))
    assert all(field["type"] == "plain_text" for block in slack["blocks"] for field in block.get("fields", ()))
    assert len(document(hostile)["data"]["file"]) == 255
    letter = letter_of(MAIL, hostile)
    assert letter["Subject"] == letter_of(MAIL, ENDED)["Subject"] and letter.as_bytes()


def test_where_slack_reads_marks_they_are_escaped() -> None:
    message = replace(message_of(ENDED), title="a <!here> & b", link="https://r.example/?a=1&b=|x>")
    body = slack_body(message)
    assert body["text"].startswith("a &lt;!here&gt; &amp; b\n\nWhy: ") and "<" not in body["text"]
    assert body["blocks"][-1]["text"]["text"] == "<https://r.example/?a=1&amp;b=%7Cx&gt;|Open the report>"


def test_slacks_bounds_hold() -> None:
    totals = {o: {f"A{chr(65 + n)}X": ControlTotal(1, 10**30) for n in range(26)} for o in Outcome}
    much = replace(ENDED, standing=Standing(KEY, CallKind.ADD, 10**9, dict.fromkeys(Outcome, 10**9), totals))
    body = slack_body(replace(message_of(much), title="t" * 500))
    assert len(body["blocks"][0]["text"]["text"]) == 150
    for block in body["blocks"][1:-1]:
        assert len(block["fields"]) <= 10 and all(len(field["text"]) <= 2000 for field in block["fields"])
    assert len(body_of(much, Form.TEAMS)) < 28_000
    assert "21 more" in message_of(much).text


@pytest.mark.parametrize(
    ("notice", "mood"), [(STARTED, Mood.PLAIN), (STOPPED, Mood.BAD), (ENDED, Mood.BAD)]
)
def test_how_it_went_can_be_seen(notice, mood) -> None:
    assert message_of(notice).mood is mood
    assert message_of(replace(ENDED, reasons=(), exit_code=1)).mood is Mood.SOME
    assert message_of(replace(ENDED, reasons=(), exit_code=0)).mood is Mood.GOOD


def test_the_words() -> None:
    assert message_of(STARTED).text == (
        "acme: Started, 200 rows to credit\n\nFile: loyalty_2026_q3.csv\nSite: acme (LIVE site)\nBatch: 3f9a2b1c\n"
        "Pending: 200 rows, 210.00 EUR + 6,511.00 USD\nCommand: run, on jobs-1\n"
    )
    assert message_of(STOPPED).text == (
        "acme: Chargebee did not answer for too long\n\nWhat to do: Run the same command again: it carries on.\n"
        "File: loyalty_2026_q3.csv\nSite: acme (LIVE site)\nExit code: 4\nCommand: run, on jobs-1\n"
    )
    nothing = replace(STOPPED, subject=replace(SUBJECT, site=None, is_live=None, file=None))
    assert message_of(nothing).title.startswith("batch-credits: ")
    assert message_of(replace(ENDED, link="/r/summary.html")).facts[-1] == ("Report", "/r/summary.html")


def test_amounts_in_decimal_and_unread_ones() -> None:
    total = ControlTotal(2, 0, Decimal("12.345"))
    standing = Standing(KEY, CallKind.DEDUCT, 3, {Outcome.CREDITED: 2}, {Outcome.CREDITED: {"": total}}, 1)
    said = document(replace(ENDED, standing=standing))["data"]
    assert said["totals"]["deducted"] == {} and said["totals_in_decimal"]["deducted"] == {"site currency": "12.345"}
    assert said["unreadable_amounts"] == 1 and said["kind"] == "deduct"
    text = message_of(replace(ENDED, standing=standing)).text
    assert "2 rows, 12.345 site currency" in text and "Not in these totals: 1 row" in text


def test_ids_are_one_for_each_event_and_have_no_stop() -> None:
    assert len({notice.id for notice in ALL}) == 3  # two of them are about one event
    assert all("." not in notice.id and notice.id.encode() not in as_json(notice) for notice in ALL)
