"""One operator's history: what stands on the desk, what was asked for, and the judge at every step.

The acts (acts.py) go through `command`, `run` and `reverse` here; what these see that must not be is kept in `harms`.
"""

import random
import re
import time
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tests.operator import judge, promises
from tests.operator.desk import Desk, Said
from tests.operator.judge import Book, Report
from tests.operator.paper import SELF_SAYING, Reading, Sheet, folded
from tests.operator.world import Credit, Place

BLINDING = ("store_cut", "store_ascii", "entity_scoped", "list_")  # where a look does not find what is there
UNHURRIED_SECONDS = 3.0
HANGS_SECONDS = 180.0  # no command of a history has so much to do, on whatever machine
TRIES_AT_THE_END = 4
_PAID_BY_ANOTHER = "With --retry-failed it would be paid twice."
_ENTITY = re.compile(r"--business-entity (\S+)")


@dataclass
class Branch:
    """What the operator has for one site: its ledger, and whether to look before each first send."""

    place: Place
    book: Book
    ledger: Path
    is_used: bool = False  # the ledger knows the site by its name
    is_careful: bool = False
    copy: Path | None = None
    is_copy_used: bool = False


class History:
    """A folder, two sites, and an operator whose choices come of one seed."""

    def __init__(self, seed: int, folder: Path, places: list[Place]) -> None:
        self.chance = random.Random(seed)
        self.folder = folder
        self.desk = Desk(folder)
        self.branches = [Branch(place, Book(), folder / "kept" / f"{place.name}.sqlite3") for place in places]
        self.branch = self.branches[0]
        self.kept = folder / "kept"  # what the command writes, and nobody else
        self.kept.mkdir()
        self.reports = self.kept / "reports"
        self.sheets: list[Sheet] = []
        self.ran: list[tuple[Sheet, Branch]] = []
        self.by_file: dict[str, str] = {}  # what the settings file in the folder says
        self.readings: dict[str, Reading] = {}
        self.harms: list[str] = []
        self.log: list[str] = []
        self.figures: Counter[str] = Counter()
        self._stamps: dict[Path, int] = {}
        self._sent = 0  # by the last command

    # -- Giving commands ----------------------------------------------------------------------------------------

    def command(
        self, *arguments: str, sends: bool = False, place: Place | None = None, patience: float | None = None,
        **settings: str,
    ) -> tuple[Said, list[Report]]:  # fmt: skip
        """Give one command and judge what came of it. Returns what it said, and the reports that it wrote."""
        branch = self.branch
        place = place or branch.place
        environment = {
            "CHARGEBEE_SITE": branch.place.name,
            "CHARGEBEE_BASE_URL": place.sandbox.base_url,
            "BATCH_CREDITS_LEDGER": str(branch.ledger),
            "BATCH_CREDITS_REPORTS": str(self.reports),
            **settings,
        }
        posts, began = {each.place.name: each.place.posts for each in self.branches}, time.monotonic()
        said = self.desk.say(
            environment, *arguments,
            patience=patience or UNHURRIED_SECONDS, apart=patience is None and self.chance.random() < 0.01,
        )  # fmt: skip
        self.log.append(f"$ {' '.join(map(repr, arguments))} {settings or ''}\n{said.text}= {said.code}")
        self.figures[f"{arguments[0]} {said.code}"] += 1
        if time.monotonic() - began > HANGS_SECONDS:
            self.harms.append(f"{arguments[0]} took {time.monotonic() - began:.0f} s")
        self.harms += judge.of_speech(said)
        self._sent = sum(each.place.posts for each in self.branches) - sum(posts.values())
        for each in self.branches:
            if each.place.posts > posts[each.place.name] and (
                not sends or said.code == 2 or each.place is not place
            ):  # fmt: skip
                self.harms.append(f"{arguments[0]} sent something to {each.place.name} and ended with {said.code}")
        return said, self._new_reports()

    def must_refuse(self, why: str, *arguments: str, place: Place | None = None, **settings: str) -> None:
        """Give a command that nobody may carry out."""
        said, _reports = self.command(*arguments, place=place, **settings)  # type: ignore[arg-type]
        if said.code != 2:
            self.harms.append(f"{arguments[0]} ended with {said.code} in spite of {why}")

    def must_not_settle(self, why: str, *arguments: str) -> None:
        """Give a `resolve` that nobody may believe."""
        said, _reports = self.command("resolve", *arguments)
        if said.code not in (2, 4):
            self.harms.append(f"resolve ended with {said.code} in spite of {why}")

    def run(self, sheet: Sheet, *options: str, reading: Reading | None = None, place: Place | None = None,
            patience: float | None = None, **settings: str) -> Said:  # fmt: skip
        """Run a file; `reading` is how the options given and lying about make it be read."""
        reading = reading or self.reading_in_force(options, settings)
        if SELF_SAYING in sheet.headers:
            reading = Reading()
        may_send = "--yes" in options or "BATCH_CREDITS_YES" in {**self.desk.outside, **settings}
        place = place or self.branch.place
        careful = ["--verify-first"] if self.branch.is_careful and "--verify-first" not in options else []
        before = {credit.id for credit in place.ours()}
        said, reports = self.command(
            "run", str(sheet.path), *options, *careful, sends=may_send, place=place, patience=patience, **settings
        )
        if said.code != 2:
            self.branch.is_used = True
            self._book_of(place).ask(sheet.meanings(reading))
            if place is self.branch.place and not sheet.path.is_relative_to(self.kept):
                self.ran.append((sheet, self.branch))
            self._judge_run(said, reports, sheet, reading, place)
        self._hold_limits(options, [credit for credit in place.ours() if credit.id not in before])
        self.judge_truth()
        return said

    def reverse(self, report: Report, *options: str, rows: list[dict[str, str]] | None = None) -> None:
        """Undo a batch, or these rows of it."""
        careful = ["--verify-first"] if self.branch.is_careful else []
        asked = {
            (folded(row["customer_id"], case=False), folded(f"reversal of {row['credit_reference']}"))
            for row in (report.rows if rows is None else rows)
        }
        self.branch.book.reversals |= asked
        said, reports = self.command("reverse", report.batch, "--yes", *options, *careful, sends=True)
        if said.code != 2:
            self._judge_written(said, reports)
        self.judge_truth()

    def reading_in_force(self, options: tuple[str, ...], settings: dict[str, str]) -> Reading:
        """How a file is read: what is typed, else what the environment says, else the settings file."""

        def chosen(flag: str, default: str) -> str:
            if flag in options:
                return options[options.index(flag) + 1]
            name = flag[2:].replace("-", "_")
            outside = {**self.desk.outside, **settings}.get(f"BATCH_CREDITS_{name.upper()}")
            return outside or self.by_file.get(name, default)

        numbered = (
            "--number-duplicates" in options
            or "BATCH_CREDITS_NUMBER_DUPLICATES" in self.desk.outside
            or "number_duplicates" in self.by_file
        )
        return Reading(chosen("--amount-unit", "minor"), chosen("--reference", ""), numbered)

    # -- What is lost, and what is told -------------------------------------------------------------------------

    def tell(self) -> None:
        """From here on whatever this site has may be paid once more: the operator was told, and goes on."""
        self.branch.place.rest()
        self.branch.book.tell(self.branch.place.ours())
        self.figures["told"] += 1

    def tell_numbers(self) -> None:
        """From here on the site alone knows what was paid, and under which numbers."""
        if not promises.NUMBERS_OUTLIVE_THE_LEDGER:
            self.branch.place.rest()
            self.branch.book.tell_numbers(self.branch.place.ours())
            self.figures["numbers told"] += 1

    @property
    def is_blind(self) -> bool:
        """Whether a look at this site may not show a credit that is there."""
        place = self.branch.place
        # What is learned in the site's spelling is not known for the file's, until the two are one.
        blinding = BLINDING if promises.RESEMBLING_REFERENCES_ARE_ONE else (*BLINDING, "store_")
        return any(name in f"{place.quirks},{place.faults}" for name in blinding)

    def own_reports(self) -> list[Report]:
        """The newest report of each of this site's batches."""
        written = {path: path.stat().st_mtime_ns for path in sorted(self.kept.glob("reports*/*/summary.json"))}
        reports = {path: Report.read(path.parent) for path in written}
        newest = {reports[path].batch: path for path in sorted(written, key=written.__getitem__)}
        return [
            report
            for path, report in reports.items()
            if newest[report.batch] == path and report.summary["site"] == self.branch.place.name
        ]

    # -- The judge ----------------------------------------------------------------------------------------------

    def judge_truth(self) -> None:
        """Hold the sites against what was asked of them."""
        for branch in self.branches:
            self.harms += judge.of_truth(branch.place, branch.book)

    def finish(self) -> None:
        """Heal the sites and run every file until it is done: each row is credited, or its report says why not."""
        self.desk.outside, self.by_file = {}, {}
        (self.folder / "batch-credits.toml").unlink(missing_ok=True)
        self.reports = self.kept / "reports-at-the-end"
        for branch in self.branches:
            branch.place.heal()
        last = {(sheet.path, branch.place.name): (sheet, branch) for sheet, branch in self.ran}
        for sheet, branch in last.values():
            self.branch = branch
            if not sheet.path.exists():
                continue
            said = None
            entity: list[str] = []
            again = ["--retry-failed"]
            for _ in range(TRIES_AT_THE_END):
                said = self.run(sheet, "--yes", "--verify-first", *again, *meant(sheet.reading), *entity)
                if said.code in (0, 1, 3):
                    break
                if _PAID_BY_ANOTHER in said.text:  # it was mended since: so an operator does what the refusal says
                    again = []
                    continue
                entity = _ENTITY.findall(said.text)[:1]  # what it says must be given until doubt is settled
                entity = ["--business-entity", *entity] if entity else []
            if said is None or said.code in (2, 4):
                self.harms.append(f"{sheet.path.name} cannot be finished, the site healed: {said}")
        self.harms += judge.of_files(self.kept)

    def _book_of(self, place: Place) -> Book:
        return next(branch.book for branch in self.branches if branch.place is place)

    def _new_reports(self) -> list[Report]:
        new = []
        for path in sorted(self.kept.glob("reports*/*/summary.json")):
            stamp = path.stat().st_mtime_ns
            if self._stamps.get(path) != stamp:
                self._stamps[path] = stamp
                new.append(Report.read(path.parent))
        return new

    def _judge_run(self, said: Said, reports: list[Report], sheet: Sheet, reading: Reading, place: Place) -> None:
        if len(reports) == 1:
            self.readings[reports[0].batch] = reading
            self.harms += judge.of_source(reports[0], sheet.headers, sheet.rows)
            self.harms += self._denied(reports[0], reading, place)
            if "--strict" in said.arguments and reports[0].summary["counts"]["rejected"]:
                self.harms.append("--strict did not refuse a rejected row")
        self._judge_written(said, reports)

    def _judge_written(self, said: Said, reports: list[Report]) -> None:
        if said.code == 4 and not reports and not self._sent:
            return  # Ctrl-C before there was a batch
        if len(reports) != 1:
            self.harms.append(f"{said.arguments[0]} wrote {len(reports)} reports: {said}")
        for report in reports:
            self.judge_report(report)
            self.harms += judge.of_exit(report, said.code)

    def judge_report(self, report: Report) -> None:
        """Hold one batch's reports against each other and the truth."""
        batch = str(report.summary["reverses"] or report.batch)
        self.harms += judge.of_report(report, self.readings.get(batch), self._truth())
        self.harms += judge.of_files(report.folder)

    def _truth(self) -> dict[str, Credit]:
        """Every credit of both sites by its id."""
        return {credit.id: credit for branch in self.branches for credit in branch.place.everything()}

    def _denied(self, report: Report, reading: Reading, place: Place) -> list[str]:
        """Rows that are called refused, and are paid."""
        book = self._book_of(place)
        paid = {(each.identity, each.money) for each in place.ours() if not each.is_deduction}
        harms = []
        for row in report.rows:
            identity = (folded(row["customer_id"], case=False), folded(row["credit_reference"]))
            if row["credit_outcome"] == "failed" and (identity, reading.money(row)) in paid and not book.told[identity]:
                harms.append(f"row {row['credit_row']} is called failed, and {identity} was paid")
        return harms

    def _hold_limits(self, options: tuple[str, ...], new: list[Credit]) -> None:
        limits = dict(pairwise(options))
        for flag in ("--max-total", "--max-amount"):
            if flag in limits:
                minor = int(limits[flag].removeprefix("USD=").replace(".", ""))
                paid = [credit.money.minor for credit in new]
                if (sum(paid) if flag == "--max-total" else max(paid, default=0)) > minor:
                    self.harms.append(f"{flag} {limits[flag]} let {paid} pass")


def meant(reading: Reading) -> list[str]:
    """The options that a file needs."""
    options = [] if reading.unit == "minor" else ["--amount-unit", reading.unit]
    options += ["--reference", reading.reference] if reading.reference else []
    return options + (["--number-duplicates"] if reading.numbered else [])
