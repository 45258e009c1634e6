"""A file as a run would see it, without a run: staged in a ledger of its own, which is thrown away."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from batch_credits.errors import ControlError, Suggestion
from batch_credits.ledger import Ledger
from batch_credits.loader.source import Source
from batch_credits.loader.suggestions.reading import suggest
from batch_credits.model import ControlTotal, Outcome
from batch_credits.model.address import Place
from batch_credits.planning.controls import check_controls
from batch_credits.planning.plan import Plan, stage
from batch_credits.process.temporary import temporary_folder
from batch_credits.settings import ControlLimits, InputOptions, SiteSettings

_OF_READING = frozenset(["amount_has_separators", "not_of_locale", "amount_has_decimals", "currency_needed"])


@contextmanager
def staged_apart(
    source: Source, site: SiteSettings | None, known: Place, *, is_same_site: bool = False
) -> Iterator[tuple[Ledger, Plan]]:
    """The file in a ledger that is gone after the block. With a site it sees what the ledger at `known` holds of it.

    Raises:
        UsageError: the ledger knows the site at another address; or there is no place to work in.
        InputError: the file changed while it was read.
        LedgerError: the ledger at `known` cannot be read.
    """
    name, held = "", None
    if site is not None:
        name, held = site.site, known if Ledger.is_at(known) else None
    if site is not None and held is not None:
        with Ledger.open_for_reading(held) as opened:
            opened.sites.check_address(site.site, site.address, is_same_site=is_same_site)
    with temporary_folder() as folder, Ledger.open_scratch(folder / "check", name, held) as scratch:
        plan = stage(scratch, source, name)
        yield scratch, plan if held is None else _as_refused(plan, held)


def _as_refused(plan: Plan, known: Place) -> Plan:
    """The plan as a run has it, which sends what was refused of this very batch only if it is asked to."""
    with Ledger.open_for_reading(known) as ledger:
        batch = ledger.batches.find(plan.key)
        failed = {} if batch is None else ledger.totals.known(batch.batch_id).get(Outcome.FAILED, {})
    owed = plan.by_outcome.get(Outcome.PENDING, {})
    if not failed or any(code not in owed or owed[code].count < total.count for code, total in failed.items()):
        return plan  # what is not owed was settled meanwhile, by another batch
    left = {code: total.less(failed.get(code, ControlTotal())) for code, total in owed.items()}
    by_outcome = {**plan.by_outcome, Outcome.FAILED: failed}
    del by_outcome[Outcome.PENDING]
    if left := {code: total for code, total in left.items() if total.count}:
        by_outcome[Outcome.PENDING] = left
    return replace(plan, by_outcome=by_outcome)


def what_does_not_hold(plan: Plan, limits: ControlLimits, options: InputOptions) -> ControlError | None:
    """The limits and control totals that the plan breaks, as the error that a run would end with.

    Raises:
        UsageError: a limit is not an amount of its currency.
    """
    try:
        check_controls(plan, limits, options)
    except ControlError as error:
        return error
    return None


def suggestions_for(source: Source, options: InputOptions, plan: Plan) -> tuple[Suggestion, ...]:
    """The options that would let rows be read that are rejected for how their amounts are written; empty if none."""
    if source.options.failed_csv or _OF_READING.isdisjoint(group.code for group in plan.problems):
        return ()
    return suggest(source.path, options)
