"""`batch-credits run`: the main job."""

from dataclasses import dataclass
from pathlib import Path

import click

from batch_credits.addresses import SANDBOX_SITE
from batch_credits.cli.commands import loading
from batch_credits.cli.metering import metered
from batch_credits.cli.options.ending import EndChoice, ending_options
from batch_credits.cli.options.handed import Handed, handed_option
from batch_credits.cli.options.input import LimitChoice, confirm_option, input_options
from batch_credits.cli.options.metrics import MetricsChoice, metrics_options
from batch_credits.cli.options.notices import NoticeChoice, Notified, notice_options, notified
from batch_credits.cli.options.order import order_to_carry_out_option
from batch_credits.cli.options.places import OutputChoice, output_options
from batch_credits.cli.options.sending import SendingChoice, pilot_option, sending_options
from batch_credits.cli.options.site import SiteChoice, site_options
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import chosen_as, option
from batch_credits.cli.telling.speech import exit_code_of
from batch_credits.errors import BatchCreditsError
from batch_credits.metrics.meter import Meter
from batch_credits.settings import InputOptions


@dataclass(frozen=True, slots=True)
class RunChoice:
    """What the operator chose of a run."""

    file: Path
    yes: bool
    confirm_total: tuple[tuple[str, str], ...]
    sandbox: bool
    detach: bool
    refuse_repeat: bool
    verbose: bool
    quiet: bool
    sending: SendingChoice
    end: EndChoice
    options: InputOptions
    limits: LimitChoice
    site: SiteChoice
    output: OutputChoice
    notices: NoticeChoice
    metrics: MetricsChoice
    order: Path | None
    handed: Handed | None


@click.command(cls=Notified)
@click.argument("file", type=click.Path(path_type=Path))
@option("--yes", "-y", is_flag=True, help="Ask no question.")
@option("--sandbox", is_flag=True, help="Run against a local Chargebee started inside this process.")
@option("--detach", is_flag=True, help="Admit it and leave the sending to the team's workers (`work`).")
@option("--refuse-repeat", is_flag=True,
        help="Refuse a content that came before, or with another content's --reference.")
@sending_options
@ending_options
@pilot_option
@confirm_option
@input_options
@profile_option
@site_options
@output_options
@metrics_options
@notice_options
@option("--verbose", "-v", is_flag=True, help="Say more.")
@option("--quiet", "-q", is_flag=True, help="Say only what needs a person.")
@order_to_carry_out_option
@handed_option
@chosen_as(RunChoice, "chosen")
def run(chosen: RunChoice) -> int:
    """Credit every row of FILE that is still owed, and write the reports. Running again resumes.

    \b
    batch-credits run payout.csv --reference loyalty-2026-q3
    batch-credits run payout.csv --reference loyalty-2026-q3 --pilot 5
    batch-credits run sample_data/loyalty_payout.csv --sandbox --yes

    With --pilot N the first N rows still owed are credited, and each is read back from Chargebee's list. The others are
    sent only if amount, currency and reference all agree, and at a terminal only after another yes; with --yes they are
    sent if all agree. A row that Chargebee refused does not agree. If the pilot does not agree, the exit code is 4.

    With --log-format json, stderr has one JSON object a line. Each has `event` and `at` (UTC): plan, progress_started,
    progress, note, pilot, progress_ended, detached, summary (the fields of summary.json, and may_pass: whether what
    stopped it may be over in a while), or error (kind, message, hint, exit_code, commands).
    """
    if chosen.output.log_format != "json":
        return _notified_run(chosen)
    try:
        return _notified_run(chosen, as_json=True)
    except BatchCreditsError as error:
        from batch_credits.cli.telling.events import Events

        code = exit_code_of(error)
        Events(quiet=chosen.quiet, asks=False).error(error, code)
        return code


def _notified_run(chosen: RunChoice, *, as_json: bool = False) -> int:
    with loading():
        from batch_credits.cli.running import run_chosen
    site = SANDBOX_SITE if chosen.sandbox else chosen.site.site
    is_attended = chosen.handed is not None
    with notified(
        chosen.notices, "run", site=site, file=chosen.file.name, is_attended=is_attended, as_json=as_json
    ) as notices:

        def act(meter: Meter) -> int:
            return run_chosen(chosen, notices, meter, as_json=as_json)

        return metered(chosen.metrics, chosen.site, chosen.output.ledger, act, is_sandbox=chosen.sandbox)
