"""Promise: who lives in no terminal uploads, checks, sends, mends and undoes in a browser, by the same rules."""

import json
import os
import pwd
import signal
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openpyxl
import pytest

from tests.acceptance.harness import HEADERS, Command, Site, each_once, finish, payout, wait_until, write_csv
from tests.acceptance.test_resolve import ids_of, leave_to_a_person
from tests.acceptance.visitor import Shown, Visitor, Web


@pytest.fixture
def site() -> Iterator[Site]:
    with Site() as site:
        yield site


@pytest.fixture
def command(tmp_path: Path, site: Site) -> Command:
    return Command(tmp_path, site.url)


@pytest.fixture
def web(command: Command) -> Iterator[Web]:
    with Web(command) as web:
        yield web


def agrees_with_its_summary(page: Shown, visitor: Visitor) -> dict[str, object]:
    """Every number of a result, held against summary.json as it is downloaded and as it lies on disk."""
    summary = json.loads(visitor.get(page.one('a[data-file="summary.json"]')["href"]).body)
    for name, rows in summary["counts"].items():
        assert page.count(name) == rows or (rows == 0 and page.count(name) is None and name != "pending"), name
        for currency, amount in summary["totals"][name].items():
            assert page.total(f"{name}:{currency}") == amount
    return dict(summary)


def asked_by(page: Shown) -> str:
    """Where the answer to a pilot goes: two buttons, each with a form."""
    return str(page.all('form[data-action="pilot"]')[0]["action"])


def test_a_file_is_checked_sent_and_read_back(tmp_path: Path, command: Command, web: Web, site: Site) -> None:
    rows = [*payout("c", 5), ["missing-1", 700, "USD", "Loyalty", "q3"], ["c-9", "x", "USD", "Loyalty", "q3"]]
    visitor = web.visitor()
    check = visitor.upload(write_csv(tmp_path / "loyalty.csv", rows))
    assert (check.page, check.count("rows"), check.count("pending"), check.count("rejected")) == ("check", 7, 6, 1)
    assert site.posts == 0
    refused = visitor.send(check, "send", confirm="5")
    assert (refused.status, refused.page) == (422, "check")
    assert "type 6" in refused.alert
    assert site.posts == 0
    result = visitor.result(visitor.send(check, "send", confirm="6"))
    assert (result.page, result.count("credited"), result.count("failed")) == ("result", 5, 1)
    summary = agrees_with_its_summary(result, visitor)
    assert summary["user"] == "Ada"
    assert summary["file"] == "loyalty.csv"
    assert "typed on the page by Ada" in str(summary["settings"])
    assert site.times("c-") == each_once(payout("c", 5))
    [entry] = visitor.get("/").dom.query("[data-batch]")
    assert dict(entry.attrs or {})["data-batch"] == summary["batch"]
    report = command.report("loyalty")
    for name in ("results.csv", "failed.csv", "summary.json", "summary.html"):
        shown = visitor.get(result.one(f'a[data-file="{name}"]')["href"])
        assert shown.body == (report.directory / name).read_bytes()
        assert shown.headers["content-disposition"].startswith("attachment")
        assert (report.directory / name).stat().st_mode & 0o777 == 0o600


def test_a_messy_file_is_explained_once_and_the_next_like_it_never(tmp_path: Path, web: Web, site: Site) -> None:
    visitor = web.visitor()
    headers = ("cust", "Name", "Amount ($)")
    messy = write_csv(tmp_path / "messy.csv", [["c-1", "Ann", "12.50"], ["c-2", "Bob", "7.25"]], headers)
    columns = visitor.upload(messy, reference="q3")
    assert columns.page == "columns"
    said = columns.form("columns")[1]
    assert {value for name, value in said.items() if name.startswith("map:")} == {"customer_id", "amount", ""}
    assert said["amount_unit"] == "major"
    check = visitor.checked(visitor.send(columns, "columns", description="Loyalty", remember="on"))
    assert (check.page, check.count("pending"), check.total("pending:USD")) == ("check", 2, 1975)
    again = visitor.get(check.one('a[href$="/columns"]')["href"])
    assert again.page == "columns"
    assert again.form("columns")[1]["amount_unit"] == "major"
    check = visitor.checked(visitor.send(again, "columns"))
    assert check.total("pending:USD") == 1975
    visitor.result(visitor.send(check, "send", confirm="2"))
    assert {credit["amount"] for credit in site.credits("c-")} == {1250, 725}
    later = write_csv(tmp_path / "later.csv", [["c-3", "Cy", "1.00"]], headers)
    check = visitor.upload(later, reference="q4")
    assert (check.page, check.total("pending:USD")) == ("check", 100)


def amount_in_list(visitor: Visitor) -> str:
    """What the newest entry of the list of batches says that it comes to."""
    return " ".join(visitor.get("/").dom.query('td[data-label="Amount"]')[0].to_text(" ", strip=True).split())


def test_what_was_not_credited_is_mended_in_the_page_and_belongs_to_the_payout(
    tmp_path: Path, web: Web, site: Site, command: Command
) -> None:
    visitor = web.visitor()
    rows = [*payout("c", 2), ["missing-1", 700, "USD", "Loyalty", "q3"], ["c-9", "x", "USD", "Loyalty", "q3"]]
    check = visitor.upload(write_csv(tmp_path / "loyalty.csv", rows))
    assert amount_in_list(visitor) == "at least 9.01 USD"
    result = visitor.result(visitor.send(check, "send", confirm=str(check.count("pending"))))
    assert amount_in_list(visitor) == "at least 9.01 USD"  # it forgot the row that it could not read
    where, said = result.form("mend")
    cells = {name: value for name, value in said.items() if name.startswith("cell:")}
    nothing = visitor.post(where, said)
    assert (nothing.status, nothing.page) == (422, "result")
    assert "No cell was changed" in nothing.alert
    [customer] = [name for name, value in cells.items() if value == "missing-1"]
    [amount] = [name for name, value in cells.items() if value == "x"]
    check = visitor.post(where, said | {customer: "c-7", amount: "250"})
    check = visitor.until(check.path, lambda page: page.has('form[data-action="send"]'))
    assert (check.count("rows"), check.count("pending")) == (2, 2)
    mended = visitor.result(visitor.send(check, "send", confirm="2"))
    assert (mended.count("credited"), mended.count("pending")) == (2, 0)
    first = visitor.get(result.path)
    assert "mended" in first.text
    # It went on to have them corrected in failed.csv, which has them no more.
    assert "To do:" not in first.text and "no row: there is none to mend" in first.text
    assert agrees_with_its_summary(first, visitor)["mended_in"]
    assert sum(site.times("c-").values()) == 4


def test_the_result_offers_only_what_can_be_done(tmp_path: Path, web: Web, site: Site) -> None:
    """It had rows mended that were mended since, and credits ticked that only another batch can take back."""
    visitor = web.visitor()
    visitor.result(visitor.send(visitor.upload(write_csv(tmp_path / "a.csv", payout("c", 1))), "send", confirm="1"))
    rows = [*payout("c", 2), ["missing-1", 700, "USD", "Loyalty", "q3"], ["c-9", "x", "USD", "Loyalty", "q3"]]
    result = visitor.result(visitor.send(visitor.upload(write_csv(tmp_path / "b.csv", rows)), "send", confirm="2"))
    choose = visitor.get(f"{result.path}/undo")
    assert [row.to_text(" ", strip=True).split()[1] for row in choose.dom.query("tbody tr")] == ["c-1"]
    where, said = result.form("mend")
    [customer] = [name for name, value in said.items() if value == "missing-1"]
    check = visitor.post(where, said | {customer: "c-7"})
    visitor.result(visitor.send(visitor.until(check.path, lambda page: page.has('form[data-action="send"]')), "send",
                                confirm="1"))  # fmt: skip
    first = visitor.get(result.path)
    assert "There is no such customer" in first.text and "Correct the customer id" not in first.text
    assert "To do: Write digits only" in first.text


def test_a_form_that_was_filled_in_meanwhile_mends_the_rows_that_it_showed(
    tmp_path: Path, web: Web, command: Command
) -> None:
    visitor = web.visitor()
    rows = [["missing-1", 700, "USD", "x", "r-1"], ["missing-2", 800, "USD", "x", "r-2"], ["c-1", 1, "USD", "x", "r-3"]]
    check = visitor.upload(write_csv(tmp_path / "loyalty.csv", rows), amount_unit="minor")
    result = visitor.result(visitor.send(check, "send", confirm="3"))
    where, said = result.form("mend")
    [first] = [name for name, value in said.items() if value == "missing-1"]
    [second] = [name for name, value in said.items() if value == "missing-2"]
    check = visitor.checked(visitor.post(where, said | {first: "c-7"}))
    assert visitor.result(visitor.send(check, "send", confirm="1")).count("credited") == 1
    visitor.get(result.path)
    command("report", result.path.rpartition("/")[2]).exited(1)
    check = visitor.checked(visitor.post(where, said | {second: "c-8"}))  # of before the first was mended
    assert (check.count("rows"), check.count("pending"), check.total("pending:USD")) == (1, 1, 800), check.text


def test_one_credit_is_taken_back_after_a_check_of_its_own(tmp_path: Path, web: Web, site: Site) -> None:
    visitor = web.visitor()
    check = visitor.upload(write_csv(tmp_path / "loyalty.csv", payout("c", 4)))
    result = visitor.result(visitor.send(check, "send", confirm="4"))
    choose = visitor.get(f"{result.path}/undo")
    where, said = choose.form("choose")
    asked = visitor.post(where, said | {"row:3": "on"})
    asked = visitor.until(asked.path, lambda page: page.has('form[data-action="reverse"]'))
    assert (asked.count("pending"), asked.total("pending:USD")) == (1, asked.total("pending:USD"))
    assert site.posts == 4
    wrong = visitor.send(asked, "reverse", confirm="4")
    assert (wrong.status, site.posts) == (422, 4)
    undone = visitor.result(visitor.send(asked, "reverse", confirm="1"))
    assert (undone.page, undone.count("deducted")) == ("result", 1)
    agrees_with_its_summary(undone, visitor)
    first = visitor.get(result.path)
    assert first.count("reversed") == 1
    assert site.posts == 5


def test_five_clicks_two_browsers_and_the_command_line_are_one_run(
    tmp_path: Path, command: Command, site: Site
) -> None:
    file = write_csv(tmp_path / "loyalty.csv", payout("c", 60))
    with Web(command) as one, Web(command, actor="Grace") as other:
        visitors = [one.visitor(), other.visitor()]
        checks = [visitor.upload(file) for visitor in visitors]
        with ThreadPoolExecutor(8) as pool:
            clicks = [
                pool.submit(visitor.send, check, "send", confirm="60")
                for visitor, check in zip(visitors, checks, strict=True)
                for _ in range(5)
            ]
            typed = pool.submit(command.run, file, "--wait-for-ledger", 30)
            pages = [click.result() for click in clicks]
        assert typed.result().code == 0
        assert all(page.status == 200 for page in pages)
        for visitor in visitors:
            result = visitor.until(pages[0].path, lambda page: page.page == "result")
            assert result.count("credited") == 60
            assert len(visitor.get("/").dom.query("[data-batch]")) == 1
    assert site.times() == each_once(payout("c", 60))


def test_a_run_outlives_its_server_and_is_found_again(tmp_path: Path, command: Command) -> None:
    with Site("--faults", "latency_ms=30") as site:
        command.url = site.url
        rows = payout("c", 120)
        web = Web(command, BATCH_CREDITS_CONCURRENCY="2")
        visitor = web.visitor()
        check = visitor.upload(write_csv(tmp_path / "loyalty.csv", rows))
        run = visitor.send(check, "send", confirm="120")
        assert run.page == "run"
        web.kill()
        with Web(command) as again:
            visitor = again.visitor()
            assert visitor.get(run.path).page == "run"
            result = visitor.until(run.path, lambda page: page.page == "result")
            assert result.count("credited") == 120
        assert site.times() == each_once(rows)


@pytest.mark.slow
def test_a_run_is_stopped_in_order_and_the_rest_sent_later(tmp_path: Path, command: Command) -> None:
    with Site("--faults", "latency_ms=30") as site:
        command.url = site.url
        rows = payout("c", 200)
        with Web(command, BATCH_CREDITS_CONCURRENCY="2") as web:
            visitor = web.visitor()
            check = visitor.upload(write_csv(tmp_path / "loyalty.csv", rows))
            run = visitor.send(check, "send", confirm="200")
            run = visitor.until(run.path, lambda page: (page.count("credited") or 0) > 2)
            result = visitor.result(visitor.send(run, "stop"))
            assert result.page == "result"
            left = result.count("pending") or 0
            assert 0 < left < 200
            assert not result.count("in_doubt")
            summary = agrees_with_its_summary(result, visitor)
            assert summary["exit_code"] == 4
            assert visitor.send(result, "send", confirm=str(left + 1)).status == 422
            result = visitor.result(visitor.send(result, "send", confirm=str(left)))
            assert result.count("credited") == 200
        assert site.times() == each_once(rows)


def test_what_was_stopped_while_it_was_taken_back_is_taken_back_to_the_end(tmp_path: Path, command: Command) -> None:
    with Site("--faults", "latency_ms=30") as site:
        command.url = site.url
        with Web(command, BATCH_CREDITS_CONCURRENCY="2") as web:
            visitor = web.visitor()
            check = visitor.upload(write_csv(tmp_path / "loyalty.csv", payout("c", 200)))
            paid = visitor.result(visitor.send(check, "send", confirm="200"))
            choice = visitor.send(visitor.get(f"{paid.path}/undo"), "choose", **{"row:2": None, "all": "yes"})
            choice = visitor.until(choice.path, lambda page: not page.has("main[aria-busy]"))
            run = visitor.send(choice, "reverse", confirm="200")
            run = visitor.until(run.path, lambda page: (page.count("deducted") or 0) > 2)
            stopped = visitor.result(visitor.send(run, "stop"))
            left = stopped.count("pending") or 0
            assert 0 < left < 200 and f"{left} rows not taken back yet. You can take back the rest" in stopped.text
            assert visitor.send(stopped, "reverse", confirm="200").status == 422
            done = visitor.result(visitor.send(stopped, "reverse", confirm=str(left)))
            assert (done.path, done.count("deducted")) == (stopped.path, 200), done.text
        assert site.posts == 400


def test_what_began_elsewhere_goes_on_here_once_its_file_is_uploaded(tmp_path: Path, command: Command) -> None:
    rows = payout("c", 100)
    file = write_csv(tmp_path / "loyalty.csv", rows)
    with Site("--faults", "latency_ms=30") as site:
        command.url = site.url
        run = command.start("run", file, "--yes", "--concurrency", 2)
        wait_until(lambda: site.posts > 2)
        run.send_signal(signal.SIGTERM)
        assert finish(run).code == 4
        with Web(command) as web:
            visitor = web.visitor()
            [batch] = [each["data-batch"] for each in visitor.get("/").all("[data-batch]")]
            stopped = visitor.get(f"/batches/{batch}")
            assert "To send the rest here, upload the same file again with the same reference" in stopped.text
            assert not stopped.has('form[data-action="send"]')
            stopped = visitor.upload(("copy.csv", file.read_bytes()))
            assert (stopped.page, stopped.path) == ("result", f"/batches/{batch}"), stopped.text
            left = stopped.count("pending")
            assert visitor.result(visitor.send(stopped, "send", confirm=str(left))).count("credited") == 100
        assert site.times() == each_once(rows)


@pytest.mark.slow
def test_what_changed_since_the_check_is_not_sent_by_the_number_typed_then(
    tmp_path: Path, command: Command, web: Web, site: Site
) -> None:
    visitor = web.visitor()
    check = visitor.upload(write_csv(tmp_path / "all.csv", payout("c", 6)))
    command.run(write_csv(tmp_path / "some.csv", payout("c", 2))).exited(0)  # meanwhile, elsewhere
    by = visitor.get("/?text=some.csv").dom.query('td[data-label="By"] bdi')
    assert [cell.to_text() for cell in by] == [pwd.getpwuid(os.getuid()).pw_name]
    after = visitor.send(check, "send", confirm="6")
    after = visitor.until(after.path, lambda page: page.page == "check" and page.count("pending") == 4)
    assert site.posts == 2
    result = visitor.result(visitor.send(after, "send", confirm="4"))
    assert (result.count("credited"), result.count("already_credited")) == (4, 2)
    assert site.posts == 6


def test_a_row_in_review_is_settled_with_a_reason_and_held_against_chargebee(
    tmp_path: Path, command: Command, web: Web, site: Site
) -> None:
    visitor = web.visitor()
    check = visitor.upload(write_csv(tmp_path / "loyalty.csv", payout("own", 3)))
    result = visitor.result(visitor.send(check, "send", confirm="3"))
    leave_to_a_person(command, "own-0")
    with sqlite3.connect(command.ledger) as ledger:
        ledger.execute("DELETE FROM sealed")  # a row that a person must settle never was
    ledger.close()
    result = visitor.get(result.path)
    assert (result.count("credited"), result.count("review")) == (2, 1)
    agrees_with_its_summary(result, visitor)
    said: dict[str, str | None] = {
        "row": "2",
        "word": "credited",
        "credit_id": "NoSuchCredit",
        "reason": "seen in Chargebee",
    }
    refused = visitor.send(result, "resolve", **said)
    assert (refused.status, refused.count("review")) == (422, 1)
    assert "lists no credit NoSuchCredit" in refused.alert
    no_reason = visitor.send(refused, "resolve", **(said | {"reason": " "}))
    assert "how you know" in no_reason.alert
    credit_id = ids_of(site, "own-")["own-0", "q3"]
    settled = visitor.send(no_reason, "resolve", **(said | {"credit_id": credit_id}))
    assert (settled.status, settled.count("credited"), settled.count("review")) == (200, 3, None)
    agrees_with_its_summary(settled, visitor)
    page = visitor.get(settled.one('a[data-file="summary.html"]')["href"]).text
    assert "seen in Chargebee" in page
    assert "Ada" in page
    assert site.posts == 3


def test_two_people_who_settle_rows_at_once_are_each_told_of_their_own(
    tmp_path: Path, command: Command, web: Web
) -> None:
    with Web(command, actor="Ben") as other:
        people = [web.visitor(), other.visitor()]
        check = people[0].upload(write_csv(tmp_path / "loyalty.csv", payout("own", 4)))
        result = people[0].result(people[0].send(check, "send", confirm="4"))
        leave_to_a_person(command, *(f"own-{number}" for number in range(4)))
        with sqlite3.connect(command.ledger) as ledger:
            ledger.execute("DELETE FROM sealed")
        ledger.close()
        tokens = [str(each.get("/new").all("input[name=form_token]")[0]["value"]) for each in people]

        def settle(number: int) -> str:
            said = {"form_token": tokens[number % 2], "row": str(number + 2), "word": "credited", "reason": "seen"}
            said |= {"credit_id": f"NoSuchCredit{number}"}
            return people[number % 2].post(f"{result.path}/resolve", said).alert

        with ThreadPoolExecutor(4) as pool:
            for number, alert in enumerate(pool.map(settle, range(4))):
                assert f"lists no credit NoSuchCredit{number}" in alert and "batch-credits" not in alert, alert


@pytest.mark.slow
def test_several_uploads_wait_their_turn(tmp_path: Path, command: Command) -> None:
    with Site("--faults", "latency_ms=25") as site:
        command.url = site.url
        with Web(command, BATCH_CREDITS_CONCURRENCY="2") as web:
            visitor = web.visitor()
            files = {"one": 300, "two": 20, "three": 20}
            checks = [visitor.upload(write_csv(tmp_path / f"{name}.csv", payout(name, n))) for name, n in files.items()]
            runs = [visitor.send(check, "send", confirm=str(check.count("pending"))) for check in checks]
            for run in runs[1:]:
                visitor.until(run.path, lambda page: "Waiting for one.csv" in page.text)
            assert [visitor.result(run).count("credited") for run in runs] == list(files.values())
        assert site.times() == sum((each_once(payout(name, n)) for name, n in files.items()), each_once([]))


def test_a_workbook_with_hidden_rows_is_asked_about_and_nothing_is_chosen_for_a_person(
    tmp_path: Path, web: Web
) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (HEADERS, *payout("c", 6)):
        sheet.append([*row])
    sheet.row_dimensions[4].hidden = True
    book.save(tmp_path / "filtered.xlsx")
    visitor = web.visitor()
    columns = visitor.upload(tmp_path / "filtered.xlsx")
    assert (columns.page, columns.form("columns")[1]["hidden_rows"]) == ("columns", "")
    assert "row 4 is hidden or filtered out, with" in columns.text
    refused = visitor.send(columns, "columns")
    assert (refused.status, refused.page) == (422, "columns")
    assert "only you can know it" in refused.alert
    check = visitor.checked(visitor.send(refused, "columns", hidden_rows="skip"))
    assert (check.page, check.count("pending")) == ("check", 5)


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_after_a_pilot_the_page_asks_and_nothing_goes_on_before_the_answer(
    tmp_path: Path, command: Command, site: Site, answer: str
) -> None:
    with Web(command, BATCH_CREDITS_PILOT="2") as web:
        visitor = web.visitor()
        check = visitor.upload(write_csv(tmp_path / "loyalty.csv", payout("c", 6)))
        run = visitor.send(check, "send", confirm="6")
        run = visitor.until(run.path, lambda page: page.has('form[data-action="pilot"]'))
        assert (run.page, site.posts, run.count("pending")) == ("run", 2, 4)
        token = run.form("stop")[1]
        asked = asked_by(run)
        assert visitor.post(asked, token | {"answer": "perhaps"}).status == 400
        assert visitor.post(f"{run.path}/pilot", token | {"answer": answer}).status == 409
        visitor.post(asked, token | {"answer": answer})
        result = visitor.until(run.path, lambda page: page.page == "result")
        assert result.count("credited") == (6 if answer == "yes" else 2)
        assert site.posts == result.count("credited")


def test_the_answer_to_one_pilot_is_none_to_the_next(tmp_path: Path, command: Command, site: Site) -> None:
    with Web(command, BATCH_CREDITS_PILOT="2") as web:
        visitor = web.visitor()
        run = visitor.send(visitor.upload(write_csv(tmp_path / "l.csv", payout("c", 9))), "send", confirm="9")
        first = visitor.until(run.path, lambda page: page.has('form[data-action="pilot"]'))
        said = first.form("stop")[1]
        visitor.post(asked_by(first), said | {"answer": "no"})
        left = visitor.until(run.path, lambda page: page.page == "result")
        visitor.send(left, "send", confirm="7")
        second = visitor.until(run.path, lambda page: page.has('form[data-action="pilot"]'))
        stale = visitor.post(asked_by(first), said | {"answer": "yes"})
        assert (stale.status, site.posts) == (409, 4) and "an earlier run" in stale.alert
        visitor.post(asked_by(second), said | {"answer": "yes"})
        assert visitor.result(second).count("credited") == 9


def test_each_amount_is_shown_with_its_decimals_and_its_currency(tmp_path: Path, web: Web, site: Site) -> None:
    visitor = web.visitor()
    rows: list[list[object]] = [
        ["=c|1", 1050, "", "USD", "x", "=1+1"],
        ["c-2", "", "12.345678", "USD", "x", "q4"],
        ["c-3", 550, "", "JPY", "x", "q4"],
    ]
    headers = ("customer_id", "amount", "amount_in_decimal", "currency_code", "description", "reference")
    file = write_csv(tmp_path / "loyalty.csv", rows, headers)
    unread = write_csv(tmp_path / "unread.csv", [["c", "1"]], ("Who?", "How much?"))
    assert visitor.upload(unread).page == "columns"
    assert [cell.to_text() for cell in visitor.get("/").dom.query('td[data-label="Rows"]')] == [""]
    check = visitor.upload(file, amount_unit="minor")
    sums = ["550 JPY", "10.50 USD + 12.345678 USD"]
    assert [cell.to_text(" ", strip=True) for cell in visitor.get("/").dom.query("td .amount")] == sums
    result = visitor.result(visitor.send(check, "send", confirm="3"))
    assert [cell.to_text(" ", strip=True) for cell in visitor.get("/").dom.query("td .amount")] == sums
    assert "no row: there is none to mend" in result.text
    choose = visitor.get(f"{result.path}/undo")
    shown = [row.to_text(" ", strip=True) for row in choose.dom.query("tbody tr")]
    assert [" ".join(row.split()) for row in shown] == [
        "2 =c|1 =1+1 10.50 USD", "3 c-2 q4 12.345678 USD", "4 c-3 q4 550 JPY"
    ]  # fmt: skip
    assert len(visitor.get(f"{result.path}/undo?text=%3Dc").dom.query("tbody tr")) == 1


def test_a_content_that_was_paid_is_told_before_it_is_paid_under_another_reference(
    tmp_path: Path, command: Command, web: Web, site: Site
) -> None:
    visitor = web.visitor()
    headers = ("customer_id", "amount", "currency_code", "description")
    file = write_csv(tmp_path / "loyalty.csv", [[f"c-{row}", 100, "USD", "x"] for row in range(3)], headers)
    check = visitor.upload(file, amount_unit="minor", reference="q3")
    assert "came before" not in check.text
    assert visitor.result(visitor.send(check, "send", confirm="3")).count("credited") == 3
    again = visitor.upload(file.rename(tmp_path / "again.csv"), amount_unit="minor", reference="Q-3")
    [told] = again.dom.query('[aria-labelledby="warnings"] li')
    said = "The same content came before, as loyalty.csv: batch "
    assert again.count("pending") == 3 and told.to_text().startswith(said), again.text
    checked = command("check", tmp_path / "again.csv", "--reference", "Q-3").exited(0)
    assert said in " ".join(checked.out.split())
    assert site.posts == 3


def test_a_number_is_typed_for_what_the_page_showed_and_not_for_what_became_of_it(
    tmp_path: Path, command: Command, site: Site
) -> None:
    """In two tabs, or two people: the file is read in another way while somebody looks at it."""
    with Web(command, actor="Ada") as web, Web(command, actor="Bob") as other:
        ada, bob = web.visitor(), other.visitor()
        shown = ada.upload(write_csv(tmp_path / "loyalty.csv", payout("c", 3)), amount_unit="minor")
        theirs = bob.get(f"{shown.path}/columns")
        again = bob.checked(bob.send(theirs, "columns", amount_unit="major"))
        assert again.total("pending:USD") == 100 * (shown.total("pending:USD") or 0)
        refused = ada.send(shown, "send", confirm="3")
        assert refused.status == 422 and "changed since this page was shown" in refused.alert, refused.text
        assert refused.total("pending:USD") == again.total("pending:USD") and site.posts == 0
        sent = ada.result(ada.send(refused, "send", confirm="3"))
        assert sent.count("credited") == 3


def test_the_rest_of_a_batch_is_read_as_the_first_of_it_was(tmp_path: Path) -> None:
    """Read in another way it is another batch: as many credits, of as much, under another reference."""
    with Site("--api-key", "right") as site:
        command = Command(tmp_path, site.url)
        file = write_csv(tmp_path / "loyalty.csv", [(f"c-{n}", 1000, "USD", "Loyalty", "") for n in range(3)])
        with Web(command, CHARGEBEE_API_KEY="wrong") as web:
            ada = web.visitor()
            check = ada.upload(file, amount_unit="minor", reference="q3")
            columns = ada.get(f"{check.path}/columns")  # in another tab
            stopped = ada.result(ada.send(check, "send", confirm="3"))
            assert stopped.count("pending") == 3 and "refused the API key" in stopped.text
            assert ada.get(columns.path).status == 409
            late = ada.send(columns, "columns", reference="q4")
            assert late.status == 409 and "upload it again" in late.alert, late.text
        # A server before this one let it be read in another way.
        [upload] = command.folder.glob("ledger.sqlite3.web/uploads/*/upload.json")
        said = json.loads(upload.read_text())
        with Web(command, CHARGEBEE_API_KEY="right") as web:
            ada = web.visitor()
            upload.write_text(json.dumps(said | {"options": said["options"] | {"reference": ["q4"]}}))
            shown = ada.send(ada.get(stopped.path), "send", confirm="3")
            refused = ada.until(shown.path, lambda page: page.page == "result" and bool(page.alert))
            assert "is read in another way since" in refused.alert and not site.times(), refused.text
            upload.write_text(json.dumps(said))
            sent = ada.result(ada.send(refused, "send", confirm="3"))
            assert sent.count("credited") == 3
        assert site.times() == {(f"c-{n}", "q3"): 1 for n in range(3)}


def test_decimals_that_were_stated_are_shown_before_while_and_after(tmp_path: Path, command: Command) -> None:
    rows = [["c-1", 1050, "CLP", "x", "q4"], ["c-2", 20, "CLP", "x", "q4"]]
    with Web(command, BATCH_CREDITS_CURRENCY_EXPONENT="CLP=2", BATCH_CREDITS_PILOT="1") as web:
        ada = web.visitor()
        check = ada.upload(write_csv(tmp_path / "loyalty.csv", rows), amount_unit="major")
        listed = ada.get("/")
        asked = ada.send(check, "send", confirm="2")
        asked = ada.until(asked.path, lambda page: page.has('form[data-action="pilot"]'))
        token = str(asked.all('form[data-action="pilot"] input[name=form_token]')[0]["value"])
        done = ada.result(ada.post(asked_by(asked), {"form_token": token, "answer": "yes"}))
        assert done.count("credited") == 2, done.text
    for page, words in ((check, "1,070.00 CLP"), (listed, "1,070.00 CLP"), (asked, "1,050.00 CLP"),
                        (done, "1,070.00 CLP")):  # fmt: skip
        [main] = page.dom.query("main")
        said = " ".join(main.to_text(" ", strip=True).split())
        assert words in said and "minor units" not in said, said
    found = json.loads(command("check", tmp_path / "loyalty.csv", "--amount-unit", "major", "--currency-exponent",
                               "CLP=2", "--json").exited(0).out)  # fmt: skip
    assert found["currency_exponents"] == {"CLP": 2}


def test_each_reason_lists_its_rows_with_what_stands_in_them(tmp_path: Path, web: Web) -> None:
    """Also the second reason of a row; the table of those left out names the first alone."""
    rows = [[f"c-{n}", "0" if n == 9 else "-1" if n == 8 else "x1", "USD", "", "q4"] for n in range(210)]
    ada = web.visitor()
    check = ada.upload(write_csv(tmp_path / "loyalty.csv", rows), amount_unit="minor")
    groups = check.dom.query("section.group h3")
    hrefs = [link["href"] for link in check.all("section.group a")]
    assert sorted(group.to_text() for group in groups) == [
        "2 rows: The amount is zero or less, and this command only adds credits.",
        "208 rows: The amount is no plain number.",
        "210 rows: The description is empty: fill it, or answer the description for all rows without one.",
    ]
    assert len(hrefs) == 2
    for href in hrefs:
        page = ada.get(f"{href}?page=4")
        cells = {cell.to_text() for cell in page.dom.query('td[data-label="Cell"]')}
        listed = page.dom.query("tbody tr")
        assert len(listed) == 50 and page.has('a[data-file="rejected.csv"]'), page.text
        assert cells == ({"x1"} if "no plain number" in page.text else {"empty"})
        assert "--" not in " ".join(node.to_text() for node in page.dom.query("main")), page.text
    assert {ada.get(href).text.count("10 more rows are left out") for href in hrefs} == {0, 1}
    assert any("8 more rows are left out" in ada.get(href).text for href in hrefs)


def test_two_columns_of_one_name_are_said_to_be_and_what_to_do(tmp_path: Path, command: Command, web: Web) -> None:
    file = tmp_path / "twice.csv"
    file.write_text("customer_id,amount,amount,currency_code,description,reference\nc-1,10.50,11.00,USD,x,q3\n")
    to_do = "give each a header of its own in the file"
    ada = web.visitor()
    asked = ada.upload(file, amount_unit="major")
    said = " ".join(asked.dom.to_text().split())
    assert asked.page == "columns" and "'amount', 'amount' may each be the amount" in said and to_do in said, said
    refused = ada.checked(ada.send(asked, "columns", **{"map:1": "amount"}))
    assert "2 columns are called 'amount'" in refused.alert and to_do in refused.alert.lower(), refused.text
    assert to_do in " ".join(command("check", file).exited(2).said.split())
    assert to_do in command("check", file, "--map", "amount=amount").exited(2).said.lower()


def test_what_is_remembered_chooses_no_sheet_and_no_hidden_rows(tmp_path: Path, web: Web, site: Site) -> None:
    """They are of one file: last month's sheet may stand in the next workbook, too."""

    def workbook(name: str, *sheets: str) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.worksheets[0])
        for title in sheets:
            sheet = made.create_sheet(title)
            for row in (HEADERS, (f"c-{title}", 1050, "USD", "x", ""), (f"d-{title}", 500, "USD", "x", "")):
                sheet.append(row)
            sheet.row_dimensions[3].hidden = True
        made.save(tmp_path / name)
        return tmp_path / name

    ada = web.visitor()
    asked = ada.upload(workbook("july.xlsx", "June", "July"), reference="july")
    asked = ada.checked(ada.send(asked, "columns", sheet="July", remember="yes"))
    check = ada.checked(ada.send(asked, "columns", hidden_rows="skip", remember="yes"))
    assert check.page == "check" and check.count("pending") == 1, check.text
    later = ada.upload(workbook("august.xlsx", "July", "August"), reference="august")
    assert later.page == "columns" and later.has('select[name="sheet"]'), later.text
    later = ada.checked(ada.send(later, "columns", sheet="August"))
    assert later.page == "columns" and later.has('select[name="hidden_rows"]'), later.text
