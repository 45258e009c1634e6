"""What people do around a run, played on the command and a sandbox: each story says what came of it that must not be.

The storm plays runs; these are the harms of a reconcile that looks away and of numbers that move. A story takes a
folder and returns the kinds of harm that it saw, by the sandbox's own truth and by what was said.
"""

import asyncio
import contextlib
import io
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from batch_credits.cli import batch_credits, run_command_line
from batch_credits.sandbox import Sandbox, SandboxSettings
from tests.simulation.writers import who_slept_pays_nothing_that_another_has_taken_up

DAY = 86_400
CUSTOMERS = 40  # more than are asked for one by one

dict(batch_credits.commands)  # all are loaded before a mutant patches what they import


class Stage:
    """A folder with a ledger of its own, and a site; the command runs in this process, where a patch reaches it."""

    def __init__(self, folder: Path, sandbox: Sandbox, ledger: str) -> None:
        self.folder = folder
        self.sandbox = sandbox
        self.ledger = ledger

    def __call__(self, *arguments: str) -> tuple[int, str]:
        """Run one command. Returns its exit code and what it said."""
        said = io.StringIO()
        settings = {
            "CHARGEBEE_BASE_URL": self.sandbox.base_url,
            "CHARGEBEE_API_KEY": "any",
            "BATCH_CREDITS_LEDGER": str(self.folder / self.ledger),
            "BATCH_CREDITS_REPORTS": str(self.folder / f"reports-{self.ledger}"),
            "BATCH_CREDITS_NO_PROGRESS": "1",
            "BATCH_CREDITS_RATE": "0",
            "BATCH_CREDITS_QUARANTINE": "1",
        }
        outside = {name: text for name, text in os.environ.items() if not name.startswith(("CHARGEBEE", "BATCH_"))}
        with (
            patch.dict(os.environ, {**outside, **settings}, clear=True),
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            code = run_command_line(arguments)
        return code, said.getvalue()

    def write(self, *rows: tuple[str, int, str]) -> str:
        """payout.csv of these customers, amounts and references."""
        lines = [f"{customer},{amount},USD,story,{reference}" for customer, amount, reference in rows]
        path = self.folder / "payout.csv"
        path.write_text("\n".join(("customer_id,amount,currency_code,description,reference", *lines, "")))
        return str(path)

    def paid(self) -> Counter[tuple[str, int]]:
        """How often each customer got each amount."""
        return Counter((credit["customer_id"], credit["amount"]) for credit in self.sandbox.truth()["credits"])


@contextmanager
def staged(folder: Path) -> Iterator[Stage]:
    """A site in a thread, for as long as the story goes."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    sandbox = Sandbox(SandboxSettings(port=0))
    try:
        asyncio.run_coroutine_threadsafe(sandbox.__aenter__(), loop).result(10)
        yield Stage(folder, sandbox, "ledger.sqlite3")
    finally:
        asyncio.run_coroutine_threadsafe(sandbox.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def a_lost_ledgers_payout_is_not_denied(folder: Path) -> set[str]:
    """Paid three days ago by a ledger that is lost, and again by a new one: what is older was not looked at."""
    rows = [(f"c-{number}", 500, "q3") for number in range(CUSTOMERS)]
    harms = set()
    with staged(folder) as stage:
        began = int(time.time()) - 3 * DAY
        stage.sandbox.seed_credits(
            *({"customer_id": who, "amount": amount, "reference": name, "currency_code": "USD", "created_at": began}
              for who, amount, name in rows)
        )  # fmt: skip
        stage("run", stage.write(*rows), "--yes")
        code, said = stage("reconcile")
        if "Ties out." in said and "Nothing older than" not in said:
            harms.add("lie")
        code, said = stage("reconcile", "--whole")
        if code != 3 or "DOES NOT TIE OUT" not in said or said.count("Chargebee lists 2 credits") != CUSTOMERS:
            harms.add("lie")
    return harms


def a_contradiction_is_not_left_owed(folder: Path) -> set[str]:
    """Rows that were refused or never sent, and that Chargebee lists: paid once, or left to a person; never owed."""
    harms = set()
    with staged(folder) as stage:
        # The first is refused, which ends the run before the others are sent.
        rows = [("missing-1", 100, "q3"), ("c-2", 200, "q3"), ("c-3", 300, "q3"), ("c-4", 400, "q3")]
        path = stage.write(*rows)
        stage("run", path, "--yes", "--max-failures", "0", "--concurrency", "1")
        credit = {"reference": "q3", "currency_code": "USD"}
        stage.sandbox.seed_credits(
            {"customer_id": "c-2", "amount": 200, **credit},  # the same
            {"customer_id": "c-3", "amount": 999, **credit},  # with other money
            {"customer_id": "c-4", "amount": 400, **credit},  # twice
            {"customer_id": "c-4", "amount": 400, **credit},
        )
        code, _said = stage("reconcile")
        if code != 3:
            harms.add("lie")
        before = stage.paid()
        stage("run", path, "--yes", "--retry-failed")
        if stage.paid() != before:
            harms.add("double")
    return harms


def a_number_is_of_what_was_paid_under_it(folder: Path) -> set[str]:
    """Paid as 1 and 2; then a row is put above them, and later its customer is mended."""
    harms = set()
    with staged(folder) as stage:
        stage("run", stage.write(("c-1", 1000, "q3"), ("c-1", 2000, "q3")), "--yes", "--number-duplicates")
        for above in (("c-1", 500, "q3"), ("", 500, "q3")):
            stage(
                "run", stage.write(above, ("c-1", 1000, "q3"), ("c-1", 2000, "q3")), "--yes", "--number-duplicates"
            )
        if max(stage.paid().values()) > 1:
            harms.add("double")
    return harms


STORIES: tuple[Callable[[Path], set[str]], ...] = (
    a_lost_ledgers_payout_is_not_denied,
    a_contradiction_is_not_left_owed,
    a_number_is_of_what_was_paid_under_it,
    who_slept_pays_nothing_that_another_has_taken_up,
)
