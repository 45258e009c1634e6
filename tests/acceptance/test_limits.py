"""Promise: what the operator says must hold does hold, or nothing is sent and the ledger remembers nothing of it."""

import pytest

from tests.acceptance.harness import Command, Row, Site, write_csv
from tests.examples import each_value

ROWS: list[Row] = [
    ("limit-1", 1000, "USD", "Loyalty", "q3"),
    ("limit-2", 2050, "USD", "Loyalty", "q3"),
    ("limit-3", 700, "EUR", "Loyalty", "q3"),
]
BROKEN = [
    ("--expect-rows", "4"),
    ("--expect-total", "USD=30.51"),
    ("--expect-total", "EUR=0.01"),
    ("--expect-total", "GBP=1"),
    ("--max-amount", "USD=20.49"),
    ("--max-total", "USD=30.49"),
    ("--max-total", "EUR=6.99"),
    ("--max-total", "USD=99"),  # says nothing of the EUR
    ("--max-total", "JPY=1"),
    ("--max-amount", "USD=99"),
    ("--expect-total", "USD=30.50"),
]
HELD = [
    "--strict",
    "--expect-rows", "3",
    "--expect-total", "USD=30.50",
    "--expect-total", "EUR=7",
    "--max-amount", "USD=20.50",
    "--max-amount", "EUR=7",
    "--max-total", "USD=30.50",
    "--max-total", "EUR=7",
]  # fmt: skip


def test_what_does_not_hold_sends_nothing_and_leaves_no_trace(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "payout.csv", ROWS)
    posts = shared_site.posts
    for option, value in BROKEN:
        ended = command.run(file, option, value).exited(2)
        assert f"{option} " in ended.err, ended.err
    assert shared_site.posts == posts
    assert command("status").exited(0).out == "The ledger holds no batch.\n"
    assert not command.reports.exists()
    command.run(file, *HELD).exited(0)
    assert shared_site.posts == posts + 3


def test_everything_that_does_not_hold_is_named_at_once(command: Command) -> None:
    file = write_csv(command.folder / "payout.csv", [*ROWS, ("", 5, "USD", "Loyalty", "q3")])
    ended = command.run(file, "--strict", "--expect-rows", 5, "--expect-total", "USD=1").exited(2)
    assert all(option in ended.err for option in ("--strict", "--expect-rows", "--expect-total"))


def test_strict_refuses_a_file_with_a_rejected_row(command: Command, shared_site: Site) -> None:
    file = write_csv(
        command.folder / "payout.csv", [("strict-1", 5, "USD", "x", "q3"), ("strict-2", 0, "USD", "x", "q3")]
    )
    ended = command.run(file, "--strict").exited(2)
    assert "--strict" in ended.err
    assert not shared_site.credits("strict-")
    assert "holds no batch" in command("status").out
    command.run(file).exited(1)
    assert len(shared_site.credits("strict-")) == 1


def test_the_largest_total_counts_what_is_still_to_be_paid(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("paid-1", 1000, "USD", "Loyalty", "q3")]
    command.run(write_csv(command.folder / "first.csv", rows)).exited(0)
    rows.append(("paid-2", 500, "USD", "Loyalty", "q3"))
    command.run(write_csv(command.folder / "second.csv", rows), "--max-total", "USD=5").exited(0)
    assert len(shared_site.credits("paid-")) == 2


def test_the_largest_total_counts_failed_rows_that_are_tried_again(command: Command, shared_site: Site) -> None:
    file = write_csv(command.folder / "first.csv", [("missing-again", 1000, "USD", "Loyalty", "q3")])
    command.run(file).exited(1)
    posts = shared_site.posts
    assert "--max-total" in command.run(file, "--retry-failed", "--max-total", "USD=9.99").exited(2).err
    assert shared_site.posts == posts


@pytest.mark.parametrize("limit", ["--max-amount", "--max-total", "--expect-total"])
def test_a_limit_that_cannot_be_checked_does_not_look_as_if_it_held(
    command: Command, shared_site: Site, limit: str
) -> None:
    """Rows that name no currency may well be in the limit's: nobody here can tell."""
    file = write_csv(
        command.folder / "payout.csv", [(f"tell{limit}", 100_000, "Loyalty", "q3")],
        ("customer_id", "amount", "description", "reference"),
    )  # fmt: skip
    ended = command.run(file, limit, "USD=1").exited(2)
    assert "currency" in ended.err
    assert not shared_site.credits(f"tell{limit}")
    command.run(file, limit, "USD=1000", "--currency", "USD").exited(0)


@pytest.mark.parametrize(
    ("place", "limit"), each_value(["option", "environment", "file"], ["max-amount", "max-total", "expect-total"])
)
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["UDS=1"], "no currency 'UDS'"),
        (["EURO=1"], "no currency 'EURO'"),
        (["XXX=1"], "no currency 'XXX'"),
        (["XTS=1"], "no currency 'XTS'"),
        (["USD=1", "usd=99999"], "USD is given twice"),
        (["JPY=1"], "names JPY"),
    ],
)
def test_a_limit_that_holds_nothing(
    command: Command, shared_site: Site, place: str, limit: str, values: list[str], said: str
) -> None:
    file = write_csv(command.folder / "payout.csv", [("holds-nothing", 5_000_000, "USD", "Loyalty", "q3")])
    options, environment = [], {}
    if place == "option":
        options = [f"--{limit}={value}" for value in values]
    elif place == "environment":
        environment = {f"BATCH_CREDITS_{limit.replace('-', '_').upper()}": " ".join(values)}
    else:
        (command.folder / "batch-credits.toml").write_text(f"{limit} = {values}")
    ended = command.run(file, *options, **environment).exited(2)  # type: ignore[arg-type]
    assert said in ended.err
    assert not shared_site.credits("holds-nothing")
