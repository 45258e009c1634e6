"""`batch-credits doctor`: what a first run could fail on, and what to do about it."""

import sys
from pathlib import Path

import click

from batch_credits.cli.examined import settings_signs
from batch_credits.cli.examined_notices import ABOUT, notice_signs
from batch_credits.cli.options.places import ledger_option, ledger_path, open_ledger, reports_option
from batch_credits.cli.options.sections import Sectioned
from batch_credits.cli.options.sending import PaceChoice, pace_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import BROKEN, option
from batch_credits.cli.telling.asking import say_yes
from batch_credits.cli.telling.doctor_words import (
    before_probe,
    doctor_json,
    painted_signs,
    probed_in_words,
    signs_in_words,
)
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, EXIT_PERSON_MUST_LOOK, EXIT_STOPPED, exit_code_of, say
from batch_credits.doctor.signs import Mark, Sign, looked_at, sign_of
from batch_credits.errors import BatchCreditsError, NotConfirmed, UsageError
from batch_credits.jobs.doctor import Examined, examine, is_bad
from batch_credits.jobs.probe import Before, Probed, probe_site, refuse_live
from batch_credits.model.address import Place
from batch_credits.process.event_loop import run_in_loop
from batch_credits.settings import RunSettings, SiteSettings


@click.command(cls=Sectioned)
@option("--json", "as_json", is_flag=True, help="Say it as one JSON document.")
@click.option("--probe", metavar="CUSTOMER", help="Then measure, on a test site, what Chargebee documents nowhere, by a"
              " dozen credits of one minor unit to this customer, which are taken back.")
@option("--yes", "-y", is_flag=True, help="With --probe: ask no question.")
@pace_options
@profile_option
@site_options
@reports_option
@ledger_option
def doctor(
    as_json: bool, probe: str | None, yes: bool, pace: PaceChoice, site: SiteChoice, reports: Path,
    ledger: Place | None,
) -> int:  # fmt: skip
    """Look at everything that a first run could fail on, and say what to do: settings and where they come from, key,
    site, rights, limit, clock, ledger, disks, and this machine. Nothing is sent.

    The exit code is 0, or 2 where a run would fail. With --probe credits are added, and taken back: then it is 3 where
    one could not be, and 4 where it stopped before; the same command again takes back what is left first.

    \b
    batch-credits doctor
    batch-credits doctor --profile acme --json
    batch-credits doctor --probe CUSTOMER
    """
    context = click.get_current_context()
    words = context.find_root().obj
    signs, about = _examined(context, pace, site, reports, ledger)
    code = EXIT_NOTHING_SENT if is_bad(signs) else 0
    if not as_json:
        say(signs_in_words(signs, words), paint=painted_signs)
    if probe is None or code:
        if as_json:
            say(doctor_json(signs, about, words, code))
        return code
    try:
        probed = _probe(about, probe.strip(), yes=yes)
    except BatchCreditsError as error:
        if as_json:
            say(doctor_json(signs, about, words, exit_code_of(error)))
        raise
    code = EXIT_STOPPED if probed.stopped else EXIT_PERSON_MUST_LOOK if probed.left else 0
    say(doctor_json(signs, about, words, code, probed) if as_json else f"\n{probed_in_words(probed)}")
    if probed.stopped is not None:
        raise probed.stopped
    return code


def _examined(
    context: click.Context, pace: PaceChoice, site: SiteChoice, reports: Path, ledger: Place | None
) -> tuple[list[Sign], Examined]:
    """Every sign. What is no site, pace or ledger is a sign, too, and the others are looked at without it."""
    signs = looked_at("settings", lambda: settings_signs(context)) + looked_at(ABOUT, lambda: notice_signs(context))
    settings, place = RunSettings(), None
    try:
        settings = pace.settings(site.site)
    except BatchCreditsError as error:
        signs.append(sign_of("settings", error))
    where = _site(site, signs)
    try:
        place = None if "--ledger" in context.meta.get(BROKEN, ()) else ledger_path(ledger, where)
    except BatchCreditsError as error:
        signs.append(sign_of("ledger", error))
    is_said = pace.rate is not None or pace.plan is not None
    about = Examined(where, site.api_key_file, settings, is_said, place, reports, site.same_site)
    return signs + examine(about, run_in_loop), about


def _site(chosen: SiteChoice, signs: list[Sign]) -> SiteSettings | None:
    """The site that is named, whatever is wrong with its key; where none is, that is a sign."""
    try:
        where = chosen.without_key()
    except BatchCreditsError as error:
        signs.append(sign_of("site", error))
        return None
    if where is None:
        named = ((("--site", "SITE"),),)
        signs.append(Sign("site", Mark.BAD, "none is named", "Set CHARGEBEE_SITE, e.g. acme or acme-test; or:", named))
        return None
    try:
        return chosen.settings()
    except BatchCreditsError:
        return where  # the key is looked at by itself


def _probe(about: Examined, customer_id: str, *, yes: bool) -> Probed:
    """Probe, once somebody said yes.

    Raises:
        UsageError, NotConfirmed, LedgerError: nothing was sent.
        RunStopped: it stopped; what is left is known to the ledger.
    """
    site, place = about.site, about.ledger
    assert site is not None, "it would be bad"
    assert place is not None, "it would be bad"
    refuse_live(site)
    if not customer_id:
        raise UsageError("--probe names no customer.", remedies=[(("--probe", "CUSTOMER"),)])

    def confirm(before: Before) -> None:
        say(before_probe(before), err=True)
        if yes:
            return
        if sys.stdin is None or not sys.stdin.isatty():
            raise NotConfirmed(
                "Nothing was sent: there is no terminal to ask, and --yes was not given.",
                hint="If that is meant:",
                remedies=[(("--yes", ""),)],
            )
        if not say_yes("Probe?"):
            raise NotConfirmed("Nothing was sent.")

    with open_ledger(place, None, lambda text: say(text, err=True)) as opened:
        opened.sites.check_address(site.site, site.address, is_same_site=about.is_same_site)
        return run_in_loop(
            probe_site(
                opened, site, about.settings, customer_id, confirm=confirm, tell=lambda text: say(text, err=True)
            )
        )
