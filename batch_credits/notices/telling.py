"""What the commands call: a run has started, has ended, or failed. Who hears of it, the settings say.

    started     sending is about to begin
    attention   a person must look: nothing was sent, it stopped, or rows are in doubt or in review
    ended       it is over, with its counts and totals

What was started is always ended too, short of a kill. People who are told that it ended are told there that they must
look, and not by a second message.
"""

import platform
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from batch_credits import __version__
from batch_credits.errors import Interrupted, NotBegun, RunStopped
from batch_credits.model import BatchRecord, CallKind, ControlTotal, Outcome
from batch_credits.notices.notice import Event, Notice, Reason, Standing, Subject
from batch_credits.notices.post import Post
from batch_credits.notices.reasons import (
    NOT_IN_BALANCE,
    NOT_TIED_OUT,
    OF_WATCH,
    reason_of,
    reason_of_pending,
    reasons_of_rows,
)
from batch_credits.notices.targets import BATCH, Command, Target
from batch_credits.process.signals import Signals
from batch_credits.reporter.amounts import stated_exponents
from batch_credits.settings import SiteSettings
from batch_credits.text.counted import rows
from batch_credits.text.visible import visible

if TYPE_CHECKING:  # who only tells need not load all that reads a file, or writes reports
    from batch_credits.planning.plan import Plan
    from batch_credits.reporter.summary import Summary


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    """Who is told, and of what. `link` is the address below which the folders of reports can be seen, or the address of
    a batch, with `{batch}` in the place of its id; None: their paths are told."""

    targets: tuple[Target, ...] = ()
    events: frozenset[Event] = frozenset(Event)
    link: str | None = None


class Notices:
    """What one command tells. Nothing here waits but `close`, and nothing raises."""

    def __init__(
        self,
        settings: NoticeSettings,
        command: str,
        *,
        site: str | None = None,
        file: str | None = None,
        is_attended: bool = False,
    ) -> None:
        """`is_attended`: somebody sits before it, who sees why nothing was sent."""
        self._settings = settings
        self._is_attended = is_attended
        self._subject = Subject(uuid.uuid4().hex, command, platform.node(), __version__, site, file=file)
        self._standing: Standing | None = None
        self._is_started = False
        self._signals: Signals | None = None
        self._post = Post(settings.targets)

    def at(self, site: SiteSettings, file: str | None = None) -> None:
        """The site is known, and perhaps another name for the file."""
        subject = self._subject
        self._subject = replace(subject, site=site.site, is_live=site.is_live, file=file or subject.file)

    def heed(self, signals: Signals) -> None:
        """A signal while `close` waits ends the waiting, and nothing else."""
        self._signals = signals

    def started(self, plan: "Plan | None" = None) -> None:
        """It begins to send what is owed; without a plan: what it will be is not known."""
        self._is_started = True
        said = "Started"
        if plan is not None:
            self._standing = Standing(plan.key, plan.kind, plan.rows)
            done = "credit" if plan.kind is CallKind.ADD else "deduct"
            said = f"Started, {rows(plan.owed)} to {done}"
        self._tell(self._notice(Event.STARTED, said, standing=None if plan is None else _standing_of_plan(plan)))

    def ended(self, summary: "Summary", stopped: RunStopped | None) -> None:
        """It is over, and the reports are written."""
        from batch_credits.reporter.words import headline  # here: what writes the reports has loaded it

        reasons = _reasons(summary, stopped)
        link = self._link(summary.paths.summary_html, summary.batch.key)
        standing = _standing(summary)
        self._over(headline(summary), summary.exit_code, reasons, standing, link)

    def detached(self, batch: BatchRecord) -> None:
        """It is over, and workers send what it admitted."""
        said = f"Admitted, {rows(batch.rows_read)} that workers send"
        self._over(said, 0, [], Standing(batch.key, batch.kind, batch.rows_read))

    def packed(self, batch: BatchRecord, digest: str, folder: Path, exit_code: int) -> None:
        """It is over, and the pack lies in that folder. Its digest goes another way than the pack does."""
        self._is_started = True
        self._subject = replace(self._subject, site=batch.site, file=batch.file_name)
        standing = Standing(batch.key, batch.kind, batch.rows_read)
        said = f"Packed for an auditor, digest {digest}"
        self._over(said, exit_code, [], standing, visible(str(folder.absolute())))

    def worked(self, counts: Mapping[Outcome, int], stopped: RunStopped | None, exit_code: int) -> None:
        """A worker is over, which did so much. To be told to end is what happens to workers: nobody need look."""
        reasons = reasons_of_rows({Outcome.REVIEW: counts.get(Outcome.REVIEW, 0)})
        if stopped is not None and not isinstance(stopped, Interrupted):
            reasons.insert(0, reason_of(stopped))
        said = f"Worker ended, {rows(sum(counts.values()))} settled"
        self._over(said, exit_code, reasons, Standing(None, CallKind.ADD, counts=counts))

    def reconciled(self, summaries: "Sequence[tuple[Summary, bool]]", exit_code: int) -> None:
        """Chargebee was asked about these batches; with each, whether it ties out."""
        reasons = [] if all(ties_out for _, ties_out in summaries) else [NOT_TIED_OUT]
        counts = {o: sum(summary.counts[o] for summary, _ in summaries) for o in Outcome}
        reasons += reasons_of_rows(counts)
        if not reasons and counts[Outcome.PENDING]:
            reasons.append(reason_of_pending(counts[Outcome.PENDING]))
        batches = "1 batch ties" if len(summaries) == 1 else f"{len(summaries):,} batches tie"
        said = NOT_TIED_OUT.sentence if NOT_TIED_OUT in reasons else f"{batches} out"
        standing, link = None, None
        if len(summaries) == 1:
            [(summary, _)] = summaries
            standing, link = _standing(summary), self._link(summary.paths.summary_html, summary.batch.key)
            self._subject = replace(self._subject, file=summary.batch.file_name)
        self._over(said, exit_code, reasons, standing, link)

    def of_watch(self, code: str, exit_code: int | None, where: Path | None) -> None:
        """A watched folder has something against a file, which lies there; nothing was started that could tell it."""
        link = None if where is None else visible(str(where))
        self._over(OF_WATCH[code].sentence, exit_code, [OF_WATCH[code]], None, link)

    def failed(self, error: BaseException, exit_code: int) -> None:
        """It ended by an error. Nobody else is told why nothing was sent if somebody sits before it."""
        if self._is_attended and not self._is_started:
            return
        reason = reason_of(error)
        is_usual = self._subject.command == "work" and isinstance(error, Interrupted | NotBegun)
        self._over(reason.sentence, exit_code, [] if is_usual else [reason], self._standing)

    def close(self, waits: Callable[[], None]) -> list[str]:
        """Wait some seconds at most until all is told; `waits` is called once it takes a moment. Returns what was not
        told, a sentence for each target."""
        if self._signals is None:
            return self._post.close(waits)
        with self._signals.doing(self.give_up):
            return self._post.close(waits, is_hurried=self._signals.arrived > 1)

    def give_up(self) -> None:
        """Wait no longer, also while `close` waits."""
        self._post.give_up()

    def _over(
        self,
        said: str,
        exit_code: int | None,
        reasons: Sequence[Reason],
        standing: Standing | None,
        link: str | None = None,
    ) -> None:
        if standing is not None and standing.key is not None:
            reasons = [reason.about(standing.key) for reason in reasons]
        told = []
        if reasons:
            told.append(self._notice(Event.ATTENTION, reasons[0].sentence, exit_code, reasons, standing, link))
        if self._is_started:
            told.append(self._notice(Event.ENDED, said, exit_code, reasons, standing, link))
        self._tell(*told)

    def _notice(
        self,
        event: Event,
        said: str,
        exit_code: int | None = None,
        reasons: Sequence[Reason] = (),
        standing: Standing | None = None,
        link: str | None = None,
    ) -> Notice:
        return Notice(event, datetime.now(UTC), self._subject, said, exit_code, tuple(reasons), standing, link)

    def _tell(self, *notices: Notice) -> None:
        wanted = [notice for notice in notices if notice.event in self._settings.events]
        told: list[tuple[Target, Notice]] = []
        for target in self._settings.targets:
            if isinstance(target, Command):  # once, whatever is wanted: when the command has finished
                told += [(target, notice) for notice in notices[-1:] if notice.event is not Event.STARTED]
            elif target.is_for_people:
                told += [(target, notice) for notice in wanted[-1:]]
            else:
                told += [(target, notice) for notice in wanted]
        self._post.tell(told)

    def _link(self, page: Path, key: str) -> str:
        base = self._settings.link
        if base is None:
            return visible(str(page.absolute()))
        if BATCH in base:
            return base.replace(BATCH, key)
        return f"{base.rstrip('/')}/{quote(page.parent.name, errors='replace')}/{page.name}"


def _standing_of_plan(plan: "Plan") -> Standing:
    """What is known beforehand. Rejected rows are in no total: what they ask for is not to be paid."""
    totals: dict[Outcome, Mapping[str, ControlTotal]] = {
        outcome: of for outcome, of in plan.by_outcome.items() if outcome is not Outcome.REJECTED
    }
    counts = {outcome: plan.count(outcome) for outcome in Outcome}
    return Standing(plan.key, plan.kind, plan.rows, counts, totals, plan.unread)


def _standing(summary: "Summary") -> Standing:
    batch = summary.batch
    return Standing(
        batch.key,
        batch.kind,
        summary.rows,
        summary.counts,
        summary.totals,
        summary.count_unread(*Outcome),
        stated_exponents(batch),
    )


def _reasons(summary: "Summary", stopped: RunStopped | None) -> list[Reason]:
    reasons = [] if stopped is None else [reason_of(stopped)]
    if not summary.in_balance:
        reasons.append(NOT_IN_BALANCE)
    reasons += reasons_of_rows(summary.counts)
    if not reasons and (pending := summary.counts[Outcome.PENDING]):
        reasons.append(reason_of_pending(pending))
    return reasons
