"""Reports that know more of a batch than the ledger: it was paid with another one."""

import json
from pathlib import Path
from typing import Any

import pytest

from batch_credits.errors import UsageError
from batch_credits.model import CallKind, ControlTotal, Outcome
from batch_credits.planning.earlier_reports import refuse_what_another_ledger_paid
from batch_credits.planning.plan import Plan

KEY = "ab12cd34" * 8
LEDGER = Path("/mine/ledger.sqlite3")
NAMES = ("credited", "already_credited", "failed", "rejected", "in_doubt", "review", "pending")


def plan(*, is_new: bool = True, kind: CallKind = CallKind.ADD, **known: int) -> Plan:
    by_outcome = {Outcome(name): {"USD": ControlTotal(rows, rows)} for name, rows in known.items()}
    return Plan(1, KEY, is_new, 10, {}, by_outcome, {}, {}, kind=kind)


def summary(reports: Path, stem: str = "payout", key: str = KEY, ledger: str = "/theirs/l", **counts: int) -> Path:
    path = reports / f"{stem}-{key[:8]}" / "summary.json"
    path.parent.mkdir(parents=True)
    document: dict[str, Any] = {"batch": key, "counts": {**dict.fromkeys(NAMES, 0), **counts}}
    path.write_text(json.dumps(document | {"settings": {"ledger": ledger}}))
    return path


def check(reports: Path, known: Plan) -> None:
    refuse_what_another_ledger_paid(known, reports, LEDGER)


@pytest.mark.parametrize("stem", ["payout", "renamed-since", "[odd]*"])
@pytest.mark.parametrize("outcome", ["credited", "already_credited", "in_doubt", "review"])
def test_what_may_be_paid_is_not_paid_by_a_ledger_that_does_not_know_it(
    tmp_path: Path, outcome: str, stem: str
) -> None:
    path = summary(tmp_path, stem, **{outcome: 3})  # type: ignore[arg-type]
    with pytest.raises(UsageError) as refused:
        check(tmp_path, plan(pending=10))
    for said in (str(path.parent), "3 rows", str(LEDGER), "of 0", "the ledger /theirs/l"):
        assert said in refused.value.message
    for said in ("--ledger", "reconcile --since", "--verify-first", f"remove {path.parent}"):
        assert said in refused.value.hint
    with pytest.raises(UsageError):
        check(tmp_path, plan(already_credited=2, pending=8))


def test_a_ledger_that_learned_it_all_goes_on(tmp_path: Path) -> None:
    """As `reconcile --since` does after a lost one."""
    summary(tmp_path, credited=3, failed=2, rejected=1, pending=4)
    check(tmp_path, plan(already_credited=3, pending=7))
    check(tmp_path, plan(is_new=False, credited=3, pending=7))


@pytest.mark.parametrize("outcome", ["failed", "rejected", "pending"])
def test_what_was_not_paid_hinders_nobody(tmp_path: Path, outcome: str) -> None:
    summary(tmp_path, **{outcome: 3})  # type: ignore[arg-type]
    check(tmp_path, plan(pending=10))


def test_an_old_copy_of_the_ledger_knows_the_batch_and_not_what_was_paid(tmp_path: Path) -> None:
    summary(tmp_path, credited=3, ledger=str(LEDGER))
    with pytest.raises(UsageError) as refused:
        check(tmp_path, plan(is_new=False, credited=1, pending=9))
    assert "They are of" not in refused.value.message


@pytest.mark.parametrize("outcome", ["in_doubt", "review"])
def test_doubt_of_a_known_batch_may_be_settled_since(tmp_path: Path, outcome: str) -> None:
    """`resolve --not-credited`, or a look that found nothing; the reports are of before."""
    summary(tmp_path, credited=3, **{outcome: 2})  # type: ignore[arg-type]
    check(tmp_path, plan(is_new=False, credited=3, pending=7))


def test_reports_of_a_reversal(tmp_path: Path) -> None:
    summary(tmp_path, deducted=1, already_deducted=1)
    check(tmp_path, plan(kind=CallKind.DEDUCT, already_credited=2))
    with pytest.raises(UsageError, match="2 rows are paid"):
        check(tmp_path, plan(kind=CallKind.DEDUCT, already_credited=1))


def test_reports_of_another_batch(tmp_path: Path) -> None:
    path = summary(tmp_path, credited=3)
    path.write_text(path.read_text().replace(KEY, KEY[:8] + "0" * 56))
    summary(tmp_path, "other", "0" * 64, credited=3)
    check(tmp_path, plan(pending=10))
    check(tmp_path / "nowhere", plan(pending=10))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", f'{{"batch": "{KEY}"}}', f'{{"batch":"{KEY}","counts":{{}}}}',
                                  f'{{"batch":"{KEY}","counts":{{"credited":"x"}}}}', "\ud800"])  # fmt: skip
def test_a_summary_that_cannot_be_read_may_say_anything(tmp_path: Path, text: str) -> None:
    summary(tmp_path).write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(UsageError, match="cannot be read") as refused:
        check(tmp_path, plan(pending=10))
    assert "remove the file" in refused.value.hint


def test_reports_of_version_1_name_no_ledger(tmp_path: Path) -> None:
    path = summary(tmp_path, credited=3)
    document = json.loads(path.read_text())
    del document["settings"]
    path.write_text(json.dumps(document))
    with pytest.raises(UsageError) as refused:
        check(tmp_path, plan(pending=10))
    assert "They are of" not in refused.value.message
