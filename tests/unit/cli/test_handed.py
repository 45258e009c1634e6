"""What the page hands over to a command: read from an open file alone, bounded, and held against what would be sent."""

import json
import os
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import click
import pytest

from batch_credits.cli import batch_credits
from batch_credits.cli.options.handed import MAX_BYTES, MAX_LETTERS, Handed, handed_of
from batch_credits.cli.telling.asking import Asking, require_consent, said_yes_of
from batch_credits.cli.telling.given import again, command_with
from batch_credits.errors import BatchCreditsError, NotConfirmed
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.process import user
from batch_credits.process.user import user_name
from batch_credits.views.amounts import totals_of
from batch_credits.views.question import Question

TAKERS = ("run", "reverse", "resolve")
AGREED = {"actor": "alice", "owed": {"rows": 2, "totals": {"USD": {"rows": 2, "amount": 300}}}}


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user, "_acts_for", [])


@pytest.fixture
def file() -> Iterator[Any]:
    """Writes a file without a name; its number. Whoever reads it has closed it."""
    opened: list[int] = []

    def written(content: bytes) -> int:
        with tempfile.TemporaryFile() as made:
            made.write(content)
            made.flush()
            opened.append(os.dup(made.fileno()))
        os.lseek(opened[-1], 0, os.SEEK_SET)
        return opened[-1]

    yield written
    for number in opened:
        with pytest.raises(OSError):
            os.close(number)


def of(document: object) -> Handed:
    return handed_of(json.dumps(document).encode())


def asked(
    *totals: tuple[str, ControlTotal], kind: CallKind = CallKind.ADD, to_type: tuple[Any, ...] = (), key: str = ""
) -> Question:
    owed = totals_of(dict(totals), {})
    rows = sum(total.rows for total in owed)
    plan = type("Plan", (), {"owed": rows, "counts": {Outcome.PENDING: rows}, "kind": kind, "key": key})()
    plan.by_outcome = {Outcome.PENDING: owed} if owed else {}
    return Question(cast(Any, None), plan, cast(Any, None), to_type)


@pytest.mark.parametrize("name", TAKERS)
def test_no_help_shows_it_and_no_variable_sets_it(call: Any, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    [option] = [each for each in batch_credits.commands[name].params if each.opts == ["--handed-over"]]
    assert isinstance(option, click.Option) and option.hidden and option.envvar is None
    assert "handed" not in call(name, "--help")[1]
    monkeypatch.setenv("BATCH_CREDITS_HANDED_OVER", "3")
    code, _, said = call(name, "0" * 8)
    assert (code, "BATCH_CREDITS_HANDED_OVER sets no option" in said) == (2, True)


def test_no_settings_file_sets_it(call: Any, tmp_path: Path) -> None:
    (tmp_path / "batch-credits.toml").write_text("handed_over = 3\n")
    assert call("run", "payout.csv")[0] == 2
    assert "sets 'handed_over', which is no option" in call("run", "payout.csv")[2]


def test_no_command_to_paste_has_it() -> None:
    words = ["run", "--handed-over=7", "--rate", "0", "--", "--handed-over"]
    assert command_with(words, (("--yes", ""),)) == "batch-credits run --rate 0 --yes -- --handed-over"
    assert again(["run", "a.csv", "--handed-over", "7"], BatchCreditsError("x")) == ["batch-credits run a.csv"]


@pytest.mark.parametrize("name", TAKERS)
def test_whom_it_names_acts_from_then_on(call: Any, file: Any, name: str) -> None:
    own = user_name()
    row = ["--row=1"] if name == "resolve" else []
    call(name, "0" * 8, f"--handed-over={file(json.dumps(AGREED).encode())}", *row)
    assert user_name() == "alice" != own


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Expecting value"),
        (b"alice", "Expecting value"),
        (b"[]", "no table"),
        (b'"alice"', "no table"),
        (b"[" * 20_000, "recursion"),
        (b'{"actor": "\xff"}', "utf-8"),
        (json.dumps({"actor": "alice", "note": "x" * MAX_BYTES}).encode(), "more than 65,536 bytes"),
        (b'{"actor": ""}', "no text"),
        (b'{"actor": " "}', "no text"),
        (b'{"actor": 7}', "no text"),
        (b'{"actor": "a\\nb"}', "no text"),
        (b'{"actor": "a\\u202eb"}', "no text"),
        (json.dumps({"actor": "x" * (MAX_LETTERS + 1)}).encode(), "no text"),
        (b'{"actor": "alice", "key": "secret"}', "'key' is not known"),
        (b'{"owed": []}', "no table"),
        (b'{"owed": {"rows": -1}}', "no number"),
        (b'{"owed": {"rows": true}}', "no number"),
        (b'{"owed": {"rows": 1.5}}', "no number"),
        (b'{"owed": {"batch": 7}}', "no text"),
        (b'{"owed": {"rows": 1, "cents": 1}}', "'cents' is not known"),
        (b'{"owed": {"rows": 1, "totals": {"USD": 100}}}', "no table"),
        (b'{"owed": {"rows": 1, "totals": {"USD": {"amount": "100"}}}}', "no number"),
        (b'{"owed": {"rows": 1, "totals": {"USD": {"amount_in_decimal": "1e3"}}}}', "no amount"),
        (b'{"owed": {"rows": 1, "totals": {"USD": {"amount_in_decimal": "NaN"}}}}', "no amount"),
        (b'{"typed": {"USD": ["1"]}}', "no text"),
    ],
)
def test_anything_else_is_refused_in_words(call: Any, file: Any, content: bytes, why: str) -> None:
    before = user_name()
    code, out, said = call("run", "payout.csv", f"--handed-over={file(content)}")
    assert (code, out) == (2, "")
    assert "is no open file of a server's" in said and why.lower() in said.lower(), said
    assert "Traceback" not in said and user_name() == before


@pytest.mark.parametrize("number", ["0", "2", "-1", "999999", "three", ""])
def test_standard_streams_and_numbers_of_no_file_are_refused(call: Any, number: str) -> None:
    code, _, said = call("run", "payout.csv", f"--handed-over={number}")
    assert (code, "is no open file of a server's" in said) == (2, True), said


def test_a_pipe_that_stays_open_holds_nobody_up(call: Any) -> None:
    reading, writing = os.pipe()
    try:
        assert call("run", "payout.csv", f"--handed-over={reading}")[0] == 2
    finally:
        os.close(reading)
        os.close(writing)


def test_each_part_may_be_left_out() -> None:
    for document in ({}, {"actor": None, "owed": None, "typed": None}):
        assert of(document) == Handed(user_name())
    assert of({"actor": " alice "}) == Handed("alice")
    assert of({"owed": AGREED["owed"]}).rows == 2
    assert of({"typed": {"USD": " 3.00", "EUR": ""}}).typed == {"USD": "3.00"}


def test_what_was_agreed_to_is_sent() -> None:
    of(AGREED).refuse_other(asked(("USD", ControlTotal(2, 300))))
    of({"actor": "alice"}).refuse_other(asked())
    decimals = {"USD": {"rows": 2, "amount": 100, "amount_in_decimal": "1.50"}, "EUR": {"rows": 0, "amount": 0}}
    both = of({"owed": {"rows": 2, "totals": decimals}})
    both.refuse_other(asked(("USD", ControlTotal(2, 100, Decimal("1.5")))))


def test_what_an_order_says_of_rows_in_doubt_is_what_was_agreed_to() -> None:
    question = asked(("USD", ControlTotal(1, 100)))
    plan = cast(Any, question.plan)
    plan.counts[Outcome.IN_DOUBT] = 1
    plan.by_outcome[Outcome.IN_DOUBT] = totals_of({"USD": ControlTotal(1, 200)}, {})
    of(AGREED).refuse_other(question)
    of({"owed": {"rows": 1, "totals": {"USD": {"amount": 100}}}}).refuse_other(question)
    plan.by_outcome[Outcome.IN_DOUBT] = totals_of({"USD": ControlTotal(1, 201)}, {})
    with pytest.raises(NotConfirmed):
        of(AGREED).refuse_other(question)


def test_as_much_of_another_batch_is_not_what_was_agreed_to() -> None:
    agreed = of({"actor": "alice", "owed": {"batch": "a" * 64, "rows": 2, "totals": {"USD": {"amount": 300}}}})
    agreed.refuse_other(asked(("USD", ControlTotal(2, 300)), key="a" * 64))
    with pytest.raises(NotConfirmed, match="alice agreed to batch aaaaaaaa, and this is batch bbbbbbbb"):
        agreed.refuse_other(asked(("USD", ControlTotal(2, 300)), key="b" * 64))


@pytest.mark.parametrize(
    "now",
    [
        [],
        [("USD", ControlTotal(1, 300))],
        [("USD", ControlTotal(2, 299))],
        [("EUR", ControlTotal(2, 300))],
        [("USD", ControlTotal(2, 300, Decimal("0.1")))],
        [("USD", ControlTotal(1, 300)), ("EUR", ControlTotal(1, 0))],
    ],
)
def test_anything_else_is_not(now: list[tuple[str, ControlTotal]]) -> None:
    with pytest.raises(NotConfirmed):
        of(AGREED).refuse_other(asked(*now))


def test_both_figures_are_said() -> None:
    with pytest.raises(NotConfirmed) as no:
        of(AGREED).refuse_other(asked(("USD", ControlTotal(1_480, 1_234_560))))
    assert no.value.message == (
        "Nothing was sent: what is to be sent changed since alice agreed to it: 2 credits (3.00 USD) then, 1,480"
        " (12,345.60 USD) now."
    )
    with pytest.raises(NotConfirmed, match=r"0 deductions then, 1 \(1.00 EUR\) now"):
        of({}).refuse_other(asked(("EUR", ControlTotal(1, 100)), kind=CallKind.DEDUCT))


@pytest.mark.parametrize(("typed", "is_it"), [("3.00", True), ("3", True), ("3.01", False), ("", False)])
def test_a_total_that_must_be_typed_was_typed_on_the_page(typed: str, is_it: bool) -> None:
    totals = totals_of({"USD": ControlTotal(2, 300)}, {})
    question = asked(("USD", ControlTotal(2, 300)), to_type=totals)
    handed = of({**AGREED, "typed": {"USD": typed}})
    if is_it:
        handed.refuse_other(question)
    else:
        with pytest.raises(NotConfirmed, match="the total in USD must be typed"):
            handed.refuse_other(question)


def test_the_page_alone_says_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    question = asked(("USD", ControlTotal(2, 300)))
    require_consent(Asking(), question, yes=True, handed=of(AGREED))
    with pytest.raises(NotConfirmed, match="there is no terminal to ask"):
        require_consent(Asking(), question, yes=False, handed=of(AGREED))
    with pytest.raises(NotConfirmed, match="0 credits then"):
        require_consent(Asking(), question, yes=True, handed=of({"actor": "alice"}))


def test_how_somebody_said_yes_is_on_record() -> None:
    assert said_yes_of(yes=True, handed=of(AGREED)) == "typed on the page by alice"
    assert said_yes_of(yes=False, handed=of(AGREED)) == "asked at the terminal"
    assert said_yes_of(yes=True, handed=None) == "--yes"
