from batch_credits.model import Money, Outcome, ReportRow
from batch_credits.reporter.people import PersonGroup, person_groups, rows_shown
from batch_credits.reporter.tally import MAX_ROWS_SHOWN, Tally
from tests.unit.reporter.conftest import Report, make_row


def groups_of(
    report: Report, rows: list[ReportRow], mended: frozenset[int] = frozenset()
) -> tuple[Tally, list[PersonGroup]]:
    tally = Tally()
    for row in rows:
        tally.add([row], mended)
    return tally, person_groups(report(rows), tally)


def test_each_reason_says_what_happened_and_what_to_do(report: Report) -> None:
    rows = [
        make_row(2, Outcome.FAILED, error_code="resource_not_found", error="No such customer."),
        make_row(3, Outcome.FAILED, error_code="never_heard_of"),
        make_row(4, Outcome.REJECTED, error_code="two_amounts"),
        make_row(5, Outcome.IN_DOUBT, error_code="internal_error"),
        make_row(6, Outcome.REVIEW),
        make_row(7),
    ]
    _, groups = groups_of(report, rows)
    assert [(g.outcome, g.code) for g in groups] == [
        ("review", ""),
        ("in_doubt", "internal_error"),
        ("failed", "resource_not_found"),
        ("failed", "never_heard_of"),
        ("rejected", "two_amounts"),
    ]
    to_do = [g.to_do for g in groups]
    assert "batch-credits resolve" in to_do[0]
    assert "Do not credit by hand." in to_do[1]
    assert to_do[2].startswith("Correct the customer id in failed.csv")
    assert to_do[3] == "Mend the row in failed.csv and run that file."
    assert to_do[4] == "Keep one of them."
    assert {g.money for g in groups[2:4]} == {"There is no credit: that is proven."}


def test_a_row_says_whose_and_how_much_also_what_could_not_be_read(report: Report) -> None:
    rows = [
        make_row(18, Outcome.REJECTED, money=None, cells=("00018", "12,5O", "USD", ""), error="Not a number."),
        make_row(19, Outcome.REJECTED, money=None, reference=None, cells=()),
        make_row(20, Outcome.IN_DOUBT, money=Money(None, "0.125", "USD")),
    ]
    _, [doubt, rejected] = groups_of(report, rows)
    assert (doubt.lines[0].customer, doubt.lines[0].amount, doubt.lines[0].reference) == ("00020", "0.125 USD", "q3")
    assert [(line.customer, line.amount, line.reason) for line in rejected.lines] == [
        ("00018", "12,5O", "Not a number."),
        ("", "", ""),
    ]


def test_a_reason_is_said_once_for_rows_that_follow_each_other(report: Report) -> None:
    texts = ("Not a number.", "Not a number.", "Not a number.", "Zero.", "Not a number.", "", "")
    rows = [make_row(n, Outcome.REJECTED, error_code="x", error=text) for n, text in enumerate(texts, 2)]
    _, [group] = groups_of(report, rows)
    assert [line.reason for line in group.lines] == [
        "Not a number.", "as above", "as above", "Zero.", "Not a number.",
    ]  # fmt: skip
    assert [line.reason for line in group.folded] == ["", ""]


def test_a_reason_that_all_rows_have_is_said_above_them(report: Report) -> None:
    rows = [make_row(n, Outcome.FAILED, error_code="a", error="Not found.") for n in range(2, 9)]
    rows += [make_row(n, Outcome.FAILED, error_code="b", error=f"{n} not found.") for n in range(9, 11)]
    _, groups = groups_of(report, rows)
    assert [(g.reason, g.reasons_differ, len(g.lines), len(g.folded)) for g in groups] == [
        ("Not found.", False, 5, 2), ("", True, 2, 0),
    ]  # fmt: skip


def test_no_reason_hides_another_and_all_are_counted(report: Report) -> None:
    many = MAX_ROWS_SHOWN + 50
    rows = [make_row(n, Outcome.FAILED, error_code="a") for n in range(many)]
    rows += [make_row(1_000 + n, Outcome.FAILED, error_code="b") for n in range(3)]
    rows += [make_row(2_000 + n, Outcome.REVIEW) for n in range(many)]
    tally, groups = groups_of(report, rows)
    assert [(g.code, g.rows, len(g.lines) + len(g.folded), g.more) for g in groups] == [
        ("", "250 rows", 187, "63 more in results.csv"),
        ("a", "250 rows", 10, "240 more in failed.csv"),
        ("b", "3 rows", 3, ""),
    ]
    assert rows_shown(tally, groups) == "200 of 503 rows, numbered as a spreadsheet shows them."


def test_one_reason_alone_has_all_the_room(report: Report) -> None:
    tally, [group] = groups_of(report, [make_row(n, Outcome.FAILED) for n in range(MAX_ROWS_SHOWN)])
    assert (len(group.lines), len(group.folded), group.more) == (5, MAX_ROWS_SHOWN - 5, "")
    assert rows_shown(tally, [group]) == "200 rows, numbered as a spreadsheet shows them."


def test_hundreds_of_reasons_are_bounded(report: Report) -> None:
    rows = [make_row(n, Outcome.REJECTED, error_code=f"c{n}") for n in range(500)]
    _, groups = groups_of(report, rows)
    shown = [len(g.lines) + len(g.folded) for g in groups]
    assert [g.code for g in groups[:3]] == ["other", "c0", "c1"]
    assert shown[:3] == [100, 1, 1]
    assert (len(groups), sum(shown)) == (101, MAX_ROWS_SHOWN)


def test_what_a_later_file_mends_needs_nobody_here(report: Report) -> None:
    rows = [make_row(n, Outcome.FAILED, error_code="resource_not_found") for n in (2, 3)]
    rows.append(make_row(4, Outcome.REJECTED, error_code="no_amount"))
    tally, [group] = groups_of(report, rows, frozenset({2, 4}))
    assert (group.code, group.rows, [line.row_number for line in group.lines]) == ("resource_not_found", "1 row", [3])
    assert rows_shown(tally, [group]) == "1 row, numbered as a spreadsheet shows them."
    assert tally.reasons.total() == 3
