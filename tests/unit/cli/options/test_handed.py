"""What a server hands over to a command: by an open file, whole, or not at all."""

import json
import os
import tempfile
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import click
import pytest

from batch_credits.cli.options.handed import Handed, handed_option
from batch_credits.errors import NotConfirmed
from batch_credits.model import CallKind, Outcome
from batch_credits.process import user
from batch_credits.views.amounts import Total

USD = Total("USD", 2, 1050, Decimal(0), ("10.50 USD",))


def opened(content: object) -> int:
    with tempfile.TemporaryFile() as file:
        file.write(content if isinstance(content, bytes) else json.dumps(content).encode())
        file.flush()
        file.seek(0)
        return os.dup(file.fileno())


@click.command()
@handed_option
@click.pass_context
def command(context: click.Context, handed: Handed | None) -> None:
    """Takes what is handed over."""
    context.obj.append(handed)


def called(*arguments: str) -> Handed | None:
    found: list[Any] = []
    command.main([*arguments], standalone_mode=False, obj=found)
    return found[0] if found else None


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user, "_acts_for", [])


def test_who_acts_and_what_was_agreed_to() -> None:
    owed = {"rows": 2, "totals": {"USD": {"rows": 2, "amount": 1050}}}
    handed = called("--handed-over", str(opened({"actor": " Ada ", "owed": owed, "typed": {"USD": "10.50"}})))
    assert handed == Handed("Ada", 2, {"USD": {"rows": 2, "amount": 1050}}, {"USD": "10.50"})
    assert user.user_name() == "Ada"
    assert called() is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", {}, {"actor": ""}, {"actor": "a\nb"}, {"actor": "a" * 201}, {"actor": "a", "owed": {"rows": "x"}},
     {"actor": "a", "owed": {"rows": 1, "totals": {"USD": {"amount_in_decimal": "many"}}}}, [1]],
)  # fmt: skip
def test_what_is_no_such_document_is_refused(content: object) -> None:
    with pytest.raises(click.BadParameter):
        called("--handed-over", str(opened(content)))


@pytest.mark.parametrize("number", ["0", "2", "x", "99999"])
def test_a_standard_stream_and_no_file_are_refused(number: str) -> None:
    with pytest.raises(click.BadParameter):
        called("--handed-over", number)


def question(*owed: Total, rows: int = 2, to_type: tuple[Total, ...] = ()) -> Any:
    plan = SimpleNamespace(by_outcome={Outcome.PENDING: owed}, counts={Outcome.PENDING: rows}, kind=CallKind.ADD)
    return SimpleNamespace(plan=plan, to_type=to_type)


def test_just_what_was_agreed_to_is_sent() -> None:
    agreed = Handed("Ada", 2, {"USD": {"rows": 2, "amount": 1050}})
    agreed.refuse_other(question(USD))
    eur = Total("EUR", 1, 5, Decimal(0), ("0.05 EUR",))
    for other in (question(USD, rows=3), question(eur), question(USD, eur), question(rows=0)):
        with pytest.raises(NotConfirmed, match="has changed since Ada agreed to it"):
            agreed.refuse_other(other)


def test_a_total_that_must_be_typed_was() -> None:
    agreed = {"USD": {"rows": 2, "amount": 1050}}
    wrong: list[dict[str, str]] = [{}, {"USD": "10.5x"}, {"USD": "1050"}, {"EUR": "10.50"}]
    for typed in wrong:
        with pytest.raises(NotConfirmed, match="must be typed"):
            Handed("Ada", 2, agreed, typed).refuse_other(question(USD, to_type=(USD,)))
    Handed("Ada", 2, agreed, {"USD": " 10.50 "}).refuse_other(question(USD, to_type=(USD,)))


def test_amounts_in_decimal_are_held_as_they_are() -> None:
    total = Total("USD", 1, 0, Decimal("0.000000000001"), ("0.000000000001 USD",))
    said = {"amount": 0, "amount_in_decimal": "0.000000000001"}
    Handed("Ada", 1, {"USD": said}).refuse_other(question(total, rows=1))
    with pytest.raises(NotConfirmed):
        Handed("Ada", 1, {"USD": {"amount_in_decimal": "0.00000000001"}}).refuse_other(question(total, rows=1))
