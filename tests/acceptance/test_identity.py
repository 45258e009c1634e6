"""Promise: one customer gets one credit for one reference, for ever, from whatever file it comes."""

from tests.acceptance.harness import Command, Row, Site, write_csv


def test_the_same_identity_with_other_money_is_never_sent(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "first.csv", [("c-1", 1000, "USD", "Loyalty", "q3")])).exited(0)
    posts = shared_site.posts
    others: list[Row] = [
        ("c-1", 1001, "USD", "Loyalty", "q3"),
        ("c-2", 5, "USD", "Loyalty", "q3"),
    ]
    command.run(write_csv(command.folder / "second.csv", others)).exited(1)
    assert shared_site.posts == posts + 1
    assert [c["amount"] for c in shared_site.credits("c-1")] == [1000]
    conflict = command.report("second").results[0]
    assert (conflict["credit_outcome"], conflict["credit_error_code"]) == ("rejected", "conflict")
    assert "1000 " in conflict["credit_error"] and "1001 " in conflict["credit_error"]
    assert "first.csv" in conflict["credit_error"]
    for changed in (("c-1", 1000, "EUR", "Loyalty", "q3"),):
        file = write_csv(command.folder / "third.csv", [changed])
        command.run(file).exited(1)
        assert command.report("third").results[0]["credit_error_code"] == "conflict"
    assert len(shared_site.credits("c-1")) == 1


def test_the_same_credit_from_another_file_is_already_credited(command: Command, shared_site: Site) -> None:
    """Another description is not another credit; only money is."""
    command.run(write_csv(command.folder / "first.csv", [("d-1", 1000, "USD", "Loyalty", "q3")])).exited(0)
    posts = shared_site.posts
    command.run(write_csv(command.folder / "second.csv", [(" d-1 ", 1000, "usd", "Other words", " q3 ")])).exited(0)
    assert shared_site.posts == posts
    row = command.report("second").results[0]
    assert row["credit_outcome"] == "already_credited"
    assert row["credit_id"] == shared_site.credits("d-1")[0]["id"]
    assert row["customer_id"] == " d-1 ", "the source's own cells stay as they are"


def test_a_reference_in_another_spelling_is_no_other_one(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [
        ("e-1", 10, "USD", "Loyalty", "q3 a"),
        ("e-1", 10, "USD", "Loyalty", "Q3 a"),
        ("e-1", 10, "USD", "Loyalty", "q3  a"),
        ("e-01", 10, "USD", "Loyalty", "q3 a"),
    ]
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(1)
    assert shared_site.times("e-") == {("e-1", "q3 a"): 1, ("e-01", "q3 a"): 1}
    for row in command.report("payout").results[1:3]:
        assert (row["credit_outcome"], row["credit_error_code"]) == ("rejected", "reference_resembles")
        assert "'q3 a' (row 2 of payout.csv)" in row["credit_error"]
    command.run(write_csv(command.folder / "again.csv", rows[1:2])).exited(1)
    assert shared_site.times("e-") == {("e-1", "q3 a"): 1, ("e-01", "q3 a"): 1}


def test_duplicates_in_one_file_name_the_first_row(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [
        ("f-1", 10, "USD", "Loyalty", "q3"),
        ("f-2", 10, "USD", "Loyalty", "q3"),
        ("f-1", 10, "USD", "Loyalty", "q3"),
        ("f-1", 99, "USD", "Loyalty", "q3"),
    ]
    command.run(write_csv(command.folder / "payout.csv", rows)).exited(1)
    assert shared_site.times("f-") == {("f-1", "q3"): 1, ("f-2", "q3"): 1}
    third, fourth = command.report("payout").results[2:]
    for row in (third, fourth):
        assert (row["credit_outcome"], row["credit_error_code"]) == ("rejected", "duplicate")
        assert "row 2" in row["credit_error"] and "--number-duplicates" in row["credit_error"]


def test_numbered_duplicates_are_credits_of_their_own(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("g-1", 10, "USD", "Loyalty", "q3")] * 3
    file = write_csv(command.folder / "payout.csv", rows)
    command.run(file, "--number-duplicates").exited(0)
    assert shared_site.times("g-") == {("g-1", "q3"): 1, ("g-1", "q3 #2"): 1, ("g-1", "q3 #3"): 1}
    posts = shared_site.posts
    command.run(file, "--number-duplicates").exited(0)
    other = write_csv(command.folder / "other.csv", [*rows, ("g-2", 1, "USD", "Loyalty", "q3")])
    command.run(other, "--number-duplicates").exited(0)
    assert shared_site.posts == posts + 1


def test_a_numbered_file_that_was_edited_pays_nobody_twice(command: Command, shared_site: Site) -> None:
    def run(*amounts: int) -> list[str]:
        rows: list[Row] = [("moved", amount, "USD", "Loyalty", "q3") for amount in amounts]
        file = write_csv(command.folder / f"{'-'.join(map(str, amounts))}.csv", rows)
        command("check", file, "--number-duplicates")
        command.run(file, "--number-duplicates")
        report = command.report(file.stem)
        command.run(report.directory / "failed.csv", BATCH_CREDITS_NUMBER_DUPLICATES="1", BATCH_CREDITS_REFERENCE="q3")
        return [row["credit_error_code"] or row["credit_outcome"] for row in report.results]

    assert run(1000, 2000) == ["credited", "credited"]
    posts = shared_site.posts
    assert run(500, 1000, 2000) == ["conflict", "conflict", "numbering_moved"]
    assert run(2000, 1000) == ["conflict", "conflict"]
    assert run(2000) == ["conflict"]
    assert shared_site.posts == posts
    assert run(1000, 2000, 500) == ["already_credited", "already_credited", "credited"]
    assert sorted(c["amount"] for c in shared_site.credits("moved")) == [500, 1000, 2000]


def test_a_failed_row_in_another_file_takes_its_own_money(command: Command, shared_site: Site) -> None:
    command.run(write_csv(command.folder / "first.csv", [("missing-h", 1000, "USD", "Loyalty", "q3")])).exited(1)
    posts = shared_site.posts
    command.run(command.folder / "first.csv").exited(1)
    assert shared_site.posts == posts, "the same file does not try a refused row again"
    command.run(write_csv(command.folder / "second.csv", [("missing-h", 500, "USD", "Loyalty", "q3")])).exited(1)
    assert shared_site.posts == posts + 1
    ended = command.run(command.folder / "first.csv", "--retry-failed", "--max-total", "USD=1").exited(1)
    assert "To credit  nothing that is still owed" in ended.err
    assert shared_site.posts == posts + 1, "its identity now has other money, so the older row is not owed"


def test_an_unfinished_row_is_taken_over_by_the_next_file(command: Command, shared_site: Site) -> None:
    """A row that one batch left pending is credited by another, once, and both say so."""
    rows: list[Row] = [("i-1", 10, "USD", "Loyalty", "q3"), ("missing-i", 10, "USD", "Loyalty", "q3")]
    rows += [(f"i-{n}", 10, "USD", "Loyalty", "q3") for n in range(2, 30)]
    first = write_csv(command.folder / "first.csv", rows)
    command.run(first, "--max-failures", 0, "--concurrency", 1).exited(4)
    assert command.report("first").counts["pending"] > 0
    second = write_csv(command.folder / "second.csv", [row for row in reversed(rows) if row[0] != "missing-i"])
    command.run(second).exited(0)
    command.run(first).exited(1)
    assert set(shared_site.times("i-").values()) == {1}
    assert len(shared_site.credits("i-")) == 29
    counts = command.report("first").counts
    assert counts["failed"] == 1 and counts["credited"] + counts["already_credited"] == 29
