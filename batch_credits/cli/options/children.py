"""What this command line said, as the commands are given it that this process starts."""

from pathlib import Path

import click

from batch_credits.children.start import Words
from batch_credits.cli.named_file import named_settings_file
from batch_credits.cli.options.site import SiteChoice
from batch_credits.cli.profiles import profile_taken
from batch_credits.model.address import Place


def words_for_children(site: SiteChoice, ledger: Place, reports: Path | None = None) -> Words:
    """The options of this command line for its children; None: they write no reports, or each its own. What else comes
    from the environment and the settings files they find there themselves."""
    profile, config, of_site = profile_taken(click.get_current_context()), named_settings_file(), []
    for flag, value in (("site", site.site), ("base-url", site.base_url)):
        of_site += [f"--{flag}={value}"] if value else []
    of_site += [f"--api-key-file={site.api_key_file.absolute()}"] if site.api_key_file else []
    of_site += ["--same-site"] if site.same_site else []
    where = ledger.absolute() if isinstance(ledger, Path) else ledger
    return Words(
        profile=(*((f"--config={config}",) if config else ()), *((f"--profile={profile}",) if profile else ())),
        site=tuple(of_site),
        ledger=(f"--ledger={where}",),
        reports=(f"--reports={reports.absolute()}",) if reports else (),
    )
