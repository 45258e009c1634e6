"""The names for programs: a closed list, cheap to import, and the same promises as the command's."""

import ast
import asyncio
import inspect
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import batch_credits
from batch_credits import (
    CheckedFile,
    ControlLimits,
    InputOptions,
    RunSettings,
    SiteSettings,
    api,
    check_file,
    local_sandbox,
    read_report,
    run_file,
    site_settings,
)
from batch_credits.approval.order import Asked, Sealed, order_for
from batch_credits.errors import ControlError, InputError, Interrupted, NotConfirmed, UsageError
from batch_credits.ledger import Ledger
from batch_credits.model import ControlTotal

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ROWS = "customer_id,amount,currency_code,description,reference\nc-1,1000,USD,Loyalty,q3\nc-2,2000,USD,=Bonus,q3\n"


@pytest.fixture(scope="module")
def site() -> Iterator[SiteSettings]:
    with local_sandbox() as settings:
        yield settings


@pytest.fixture
def payout(tmp_path: Path) -> Path:
    path = tmp_path / "payout.csv"
    path.write_text(ROWS.replace(",q3", f",{tmp_path.name}"))
    return path


@pytest.fixture
def run(site: SiteSettings, payout: Path, tmp_path: Path) -> Any:
    def call(confirm: Any = lambda checked: True, **more: Any) -> Any:
        where: dict[str, Any] = {"site": site, "ledger": tmp_path / "ledger.sqlite3", "reports": tmp_path / "reports"}
        return run_file(payout, **{**where, "confirm": confirm, **more})

    return call


# -- The names ------------------------------------------------------------------------------------------------


def test_the_names_are_these() -> None:
    assert set(batch_credits.__all__) == {
        "BatchCreditsError", "CheckedFile", "ControlLimits", "InputOptions", "Report", "ReportedRow", "RunResult",
        "RunSettings", "SiteSettings", "__version__", "check_file", "local_sandbox", "read_report", "run_file",
        "site_settings",
    }  # fmt: skip
    assert dir(batch_credits) == sorted(batch_credits.__all__)
    assert set(api.__all__) == set(batch_credits.__all__) - {"__version__"}
    for name in api.__all__:
        assert getattr(batch_credits, name) is getattr(api, name)
        assert name in PAGE
    with pytest.raises(AttributeError, match="no attribute 'pay_twice'"):
        _ = batch_credits.pay_twice  # type: ignore[attr-defined]


def test_what_a_type_checker_sees_is_what_there_is() -> None:
    tree = ast.parse(Path(str(batch_credits.__file__)).read_text())
    seen = {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == api.__name__
            for alias in node.names}  # fmt: skip
    assert seen == set(api.__all__)


def test_every_function_says_what_it_takes_and_gives() -> None:
    for name in api.__all__:
        public = getattr(api, name)
        assert inspect.getdoc(public)
        if inspect.isfunction(public):
            assert "return" in public.__annotations__ and len(public.__annotations__) > len(
                inspect.signature(public).parameters
            )


def test_to_import_the_package_imports_nothing_else() -> None:
    code = "import sys; before = set(sys.modules); import batch_credits; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name for name in done.stdout.split() if name.partition(".")[0] not in sys.stdlib_module_names} == {
        "batch_credits"
    }


# -- The page -------------------------------------------------------------------------------------------------


def test_its_first_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    Path("payout.csv").write_text("customer_id,amount,description\nc-1,1000,Loyalty\nc-2,2000,Loyalty\n")
    exec(compile(EXAMPLES[0], "docs/python.md", "exec"), {"__name__": "example"})
    exec(compile(EXAMPLES[0], "docs/python.md", "exec"), {"__name__": "example"})  # a cell is run again
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "2 {'USD': 3000} () None"
    assert [line.split()[:2] for line in said[1:3]] == [["2", "credited"], ["3", "credited"]]
    assert said[3:] == said[:3]


def test_its_task(tmp_path: Path, payout: Path, monkeypatch: pytest.MonkeyPatch, site: SiteSettings) -> None:
    monkeypatch.setenv("CHARGEBEE_BASE_URL", site.base_url)
    monkeypatch.setenv("CHARGEBEE_API_KEY", site.api_key)
    monkeypatch.delenv("CHARGEBEE_SITE", raising=False)
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(EXAMPLES[1].replace("/srv/payouts", str(tmp_path)), "docs/python.md", "exec"), names)
    with pytest.raises(NotConfirmed):
        names["pay"](payout, {"USD": 3001})
    assert names["pay"](payout, {"USD": 3000}) == names["pay"](payout, {"USD": 3000})
    payout.write_text(payout.read_text() + "missing-1,5,USD,Loyalty,q3\n")
    with pytest.raises(RuntimeError, match="'failed': 1"):
        names["pay"](payout, {"USD": 3005})


# -- The promises ---------------------------------------------------------------------------------------------


def test_a_file_is_paid_once(run: Any, payout: Path, site: SiteSettings, tmp_path: Path) -> None:
    first, again = run(), run()
    assert (first.exit_code, first.in_balance, first.stopped) == (0, True, None)
    assert first.counts["credited"] == 2 and first.batch == again.batch
    rows = list(read_report(first.reports).rows())
    assert [(row.row, row.outcome, row.reference) for row in rows] == [
        (2, "credited", tmp_path.name), (3, "credited", tmp_path.name),
    ]  # fmt: skip
    assert rows[1].cells["description"] == "=Bonus" and rows[1].credit_id
    checked = check_file(payout, site=site, ledger=tmp_path / "ledger.sqlite3")
    assert (checked.owed, checked.counts["already_credited"], checked.to_credit) == (0, 2, {})
    assert read_report(again.reports).summary["requests"] == 0
    assert "said yes" in read_report(first.reports).summary["settings"]["confirmation"]


@pytest.mark.parametrize("answer", [False, None, 1, "yes"])
def test_nothing_but_true_is_a_yes(run: Any, tmp_path: Path, answer: object) -> None:
    seen: list[CheckedFile] = []
    with pytest.raises(NotConfirmed):
        run(lambda checked: seen.append(checked) or answer)
    assert seen[0].to_credit == {"USD": 3000} and seen[0].owed == 2
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        assert not list(ledger.batches.all())


def test_a_limit_holds(run: Any, payout: Path) -> None:
    limits = ControlLimits(max_total=(("USD", "10"),))
    with pytest.raises(ControlError):
        run(limits=limits)
    checked = check_file(payout, limits=limits)
    assert checked.refusal is not None and "--max-total allows USD 10" in checked.refusal.message


def test_reports_that_cannot_be_written_refuse_a_run_before_it_asks(run: Any, payout: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "away")
    for reports in (payout, payout / "below", tmp_path / "link", str(tmp_path / "a\0b")):
        with pytest.raises(UsageError, match="Nothing was sent"):
            run(lambda checked: pytest.fail("nobody need be asked"), reports=reports)
    with Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        assert not list(ledger.batches.all())
    first = run()
    (first.reports / "results.csv").unlink()
    (first.reports / "results.csv").mkdir()
    with pytest.raises(UsageError, match=r"results\.csv is a folder"):
        run()


def test_an_order_that_is_given_must_hold(run: Any, payout: Path, site: SiteSettings, tmp_path: Path) -> None:
    site, order = replace(site, is_in_process=False), tmp_path / "order.json"  # what is, is never anybody's money
    checked = check_file(payout, site=site, ledger=tmp_path / "ledger.sqlite3")
    order.write_text("{}")
    with pytest.raises(UsageError, match="no order as it was sealed"):
        run(order=order, site=site)
    owed = {"USD": ControlTotal(2, 3000)}
    asked = Asked(checked.batch, payout.name, "00" * 32, InputOptions(), ControlLimits(), 2, owed)
    for wanted, said in (
        (asked, "Nobody has approved this order"),
        (replace(asked, batch="0" * 64), "for another file"),
        (replace(asked, owed={"USD": ControlTotal(2, 2999)}), "More is to be sent in USD"),
    ):
        order.write_bytes(Sealed(order_for(site, wanted, "alice", "test")).content)
        with pytest.raises(NotConfirmed, match=said):
            run(order=order, site=site)


def test_what_is_wrong_with_rows_is_said_by_row(payout: Path) -> None:
    payout.write_text(payout.read_text() + "c-3,-5,USD,Loyalty,q3\n")
    checked = check_file(payout)
    assert checked.counts["rejected"] == 1
    assert len(checked.problems) == 1 and checked.problems[0].startswith("row 4: amount: ")


@pytest.mark.parametrize(
    "wrong",
    [
        {"settings": RunSettings(share=1.5)},
        {"settings": RunSettings(concurrency=0)},
        {"settings": RunSettings(processes=2)},
        {"settings": RunSettings(business_entity_id="be\r\nX: 1")},
        {"settings": RunSettings(origin_user="nobody")},
        {"settings": RunSettings(silence=("everything",))},
        {"options": InputOptions(amount_unit="dollars")},
        {"options": InputOptions(failed_csv=True)},
        {"options": InputOptions(hidden_rows="maybe")},
        {"options": InputOptions(header_row=0)},
        {"options": InputOptions(header_map=(("amount", "a"), ("Amount", "b")))},
    ],
)
def test_what_the_command_line_would_refuse_is_refused(run: Any, wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        run(**wrong)
    assert not (tmp_path / "ledger.sqlite3").exists()


def test_a_ledger_without_a_site_knows_nothing(payout: Path, site: SiteSettings) -> None:
    with pytest.raises(UsageError, match="both site and ledger"):
        check_file(payout, ledger="l")
    with pytest.raises(UsageError, match="both site and ledger"):
        check_file(payout, site=site)


def test_reports_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"summary\.json cannot be read"):
        read_report(tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    with pytest.raises(InputError, match=r"results\.csv cannot be read"):
        list(read_report(tmp_path).rows())
    (tmp_path / "results.csv").write_text(ROWS)
    with pytest.raises(InputError, match=r"is no results\.csv"):
        list(read_report(tmp_path).rows())


# -- Where it is called ---------------------------------------------------------------------------------------


def test_within_a_loop_as_a_notebook_has_one(run: Any) -> None:
    async def cell() -> Any:
        return run()

    assert asyncio.run(cell()).exit_code == 0


def test_in_a_thread_of_another_program(run: Any) -> None:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(run()))
    thread.start()
    thread.join()
    assert results[0].exit_code == 0


@pytest.mark.parametrize("has_loop", [False, True])
def test_an_interrupt_before_it_is_sent(run: Any, has_loop: bool) -> None:
    def confirm(checked: CheckedFile) -> bool:
        os.kill(os.getpid(), signal.SIGINT)
        threading.Event().wait(0.3)
        return True

    async def cell() -> Any:
        return run(confirm)

    before = signal.getsignal(signal.SIGINT)
    with _default_handler(), pytest.raises(NotConfirmed, match="Interrupted"):
        asyncio.run(_shielded(cell)) if has_loop else run(confirm)
    assert signal.getsignal(signal.SIGINT) is before


async def _shielded(cell: Any) -> Any:
    """As in a kernel: Ctrl-C reaches the code of a cell as KeyboardInterrupt, and not the loop."""
    with _default_handler():
        return await cell()


def _default_handler() -> Any:
    from contextlib import contextmanager

    @contextmanager
    def taken() -> Iterator[None]:
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    return taken()


def test_a_signal_while_it_sends_lets_answers_come_in(run: Any, payout: Path, tmp_path: Path) -> None:
    rows = "".join(f"c-{n},100,USD,Loyalty,{tmp_path.name}\n" for n in range(400))
    payout.write_text(ROWS.partition("\n")[0] + "\n" + rows)
    slow = RunSettings(rate_per_minute=600, share=1.0, even_pacing=True)

    def confirm(checked: CheckedFile) -> bool:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        return True

    stopped = run(confirm, settings=slow)
    assert isinstance(stopped.stopped, Interrupted) and stopped.exit_code == 4
    assert stopped.counts["pending"] > 0 and stopped.counts["in_doubt"] == 0
    done = run(settings=replace(slow, rate_per_minute=0))
    assert (done.exit_code, done.counts["credited"]) == (0, 400)


class TimeIsUp(BaseException):
    """As a scheduler's time limit raises it in a task, wherever that is: Airflow's, Celery's, RQ's."""


@pytest.mark.parametrize("has_loop", [False, True])
def test_a_time_limit_of_a_scheduler_ends_it_in_order(run: Any, payout: Path, tmp_path: Path, has_loop: bool) -> None:
    rows = "".join(f"c-{n},100,USD,Loyalty,{tmp_path.name}\n" for n in range(400))
    payout.write_text(ROWS.partition("\n")[0] + "\n" + rows)
    slow = RunSettings(rate_per_minute=600, share=1.0, even_pacing=True)

    def confirm(checked: CheckedFile) -> bool:
        threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        return True

    async def cell() -> Any:
        return run(confirm, settings=slow)

    with _time_is_up_at(signal.SIGUSR1) as handler:
        with pytest.raises(TimeIsUp):
            asyncio.run(cell()) if has_loop else run(confirm, settings=slow)
        assert signal.getsignal(signal.SIGUSR1) is handler
    [reports] = (tmp_path / "reports").iterdir()
    counts = read_report(reports).summary["counts"]
    assert counts["pending"] > 0 and counts["in_doubt"] == 0
    done = run(settings=replace(slow, rate_per_minute=0))
    assert (done.exit_code, done.counts["credited"]) == (0, 400)


def test_a_time_limit_while_it_waits_for_a_yes_sends_nothing(run: Any, tmp_path: Path) -> None:
    def confirm(checked: CheckedFile) -> bool:
        os.kill(os.getpid(), signal.SIGUSR1)
        return True

    with _time_is_up_at(signal.SIGUSR1), pytest.raises(TimeIsUp):
        run(confirm)
    assert not [*(tmp_path / "reports").glob("*")]


def test_a_time_limit_that_says_nothing_changes_nothing(run: Any) -> None:
    heard: list[int] = []

    def confirm(checked: CheckedFile) -> bool:
        os.kill(os.getpid(), signal.SIGUSR1)
        return True

    before = signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    try:
        assert run(confirm).exit_code == 0
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert heard == [signal.SIGUSR1]


def test_an_interrupt_that_a_yes_itself_raises_ends_it(run: Any) -> None:
    """As what asks at a terminal does, also in another thread, and nobody else is told then."""

    def confirm(checked: CheckedFile) -> bool:
        raise KeyboardInterrupt

    async def cell() -> Any:
        return run(confirm)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(cell())


@contextmanager
def _time_is_up_at(number: signal.Signals) -> Iterator[Any]:
    def handle(number: int, frame: object) -> None:
        raise TimeIsUp

    before = signal.signal(number, handle)
    try:
        yield handle
    finally:
        signal.signal(number, before)


def test_a_site_is_checked_as_the_command_line_does() -> None:
    assert site_settings("ACME-test", None, "key").base_url == "https://acme-test.chargebee.com"
    with pytest.raises(UsageError):
        site_settings("acme_test", None, "key")
