"""`batch-credits init`: a profile of a site in the user's own settings file, written by asking."""

import os
import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import click

from batch_credits.addresses import site_name
from batch_credits.cli.commands import COMMANDS
from batch_credits.cli.config import PROFILES, own_settings_file, profile_defaults
from batch_credits.cli.new_profile import NewProfile, add_profile, profile_text
from batch_credits.cli.options.places import ledger_path
from batch_credits.cli.profiles import config_option, refuse_name
from batch_credits.cli.setting import chosen_as
from batch_credits.cli.telling.given import as_command
from batch_credits.cli.telling.screen import told
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, say
from batch_credits.cli.values import Email, LedgerPlace
from batch_credits.errors import UsageError
from batch_credits.model.address import Place
from batch_credits.process.home import expanded
from batch_credits.settings import PLAN_RATES_PER_MINUTE, names_live_money, site_settings

_Type = click.ParamType  # generic in newer releases of click only
_NO_KEY = "none"  # in the place of a key that is not looked at


class _Judged(_Type):  # type: ignore[type-arg,unused-ignore]
    """Says at once what is wrong with an answer."""

    name = "text"

    def __init__(self, judge: object) -> None:
        self._judge = judge

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The answer, if it is one."""
        try:
            return self._judge(str(value).strip())  # type: ignore[operator,no-any-return]
        except UsageError as error:
            self.fail(f"{error.message} {error.hint}".rstrip(), param, ctx)


def _judge_name(text: str) -> str:
    if (wrong := refuse_name(text)) is not None:
        raise UsageError(wrong)
    return text


_site_name = _Judged(lambda text: site_name(text, is_alone=True))
_new_name = _Judged(_judge_name)
_email = _Judged(lambda text: Email().convert(text, None, None) if text else "")


@dataclass(frozen=True, slots=True)
class InitChoice:
    """What was said of the profile on the command line."""

    name: str | None
    site: str | None
    base_url: str | None
    api_key_file: Path | None
    plan: str | None
    ledger: Place | None
    reports: Path | None
    origin_user: str | None
    only_print: bool
    yes: bool


@click.command()
@click.option("--name", metavar="NAME", help="Of the profile.  [default: the site's]")
@click.option("--site", metavar="NAME", help="Chargebee site.")
@click.option("--base-url", metavar="URL", help="Scheme and host of a sandbox or a proxy.")
@click.option("--api-key-file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="File that holds the API key.")
@click.option("--plan", type=click.Choice(list(PLAN_RATES_PER_MINUTE)), help="The live site's plan, for its limit.")
@click.option("--ledger", type=LedgerPlace(), help="The ledger's file, or a team's database.  [default: the site's]")
@click.option("--reports", type=click.Path(file_okay=False, path_type=Path), metavar="DIRECTORY",
              help="Where reports are written.")
@click.option("--origin-user", type=Email(), metavar="EMAIL", help="Who asks for it, for Chargebee's activity log.")
@click.option("--print", "only_print", is_flag=True, help="Print what would be written, and write nothing.")
@click.option("--yes", "-y", is_flag=True, help="Ask no question.")
@config_option
@chosen_as(InitChoice, "chosen")
def init(chosen: InitChoice) -> int:
    """Write a profile of a site into your own settings file, by asking; and the file, if there is none yet.

    What stands in the file stays as it is. The API key is never shown: it stays in a file of its own, which can be
    written here, readable by you alone.

    \b
    batch-credits init
    batch-credits init --site acme --api-key-file ~/acme.key --plan performance --yes
    """
    path = own_settings_file()
    if path is None:
        raise UsageError("There is no home to keep settings in.", remedies=[(("--config", "FILE"),)])
    is_asked = not (chosen.yes or chosen.only_print)
    if is_asked and (sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError(
            "init asks, and there is no terminal.",
            hint="Say all of it in options, with --yes; or see with --print what would be written:",
            remedies=[
                (*(() if chosen.site or chosen.base_url else (("--site", "SITE"),)), (flag, ""))
                for flag in ("--yes", "--print")
            ],
        )
    profile, key = _asked(chosen, path) if is_asked else (_said(chosen), "")
    if (wrong := refuse_name(profile.name)) is not None:
        say(profile_text(profile, is_first=False))
        raise UsageError(
            f"{wrong} Nothing was written: above is what would have been.",
            hint="Change the file by hand, or take another name:",
            remedies=[(("--name", "NAME"),)],
        )
    if chosen.only_print:
        say(profile_text(profile, is_first=not path.exists()))
        return 0
    if not is_asked:
        _refuse_missing_key(profile.api_key_file)
    elif not _is_agreed(profile, path):
        say("Nothing was written.", err=True)
        return EXIT_NOTHING_SENT
    if key and profile.api_key_file is not None:
        _write_key(profile.api_key_file, key)
        _tell(f"Wrote {profile.api_key_file}, readable by you alone.")
    add_profile(path, profile)
    _read_back(profile)
    say(f"Wrote [{PROFILES}.{profile.name}] to {path}. What it is good for:")
    for words in _next(chosen, profile):
        say(as_command(words))
    return 0


def _is_agreed(profile: NewProfile, path: Path) -> bool:
    say(profile_text(profile, is_first=not path.exists()), err=True)
    return click.confirm(f"Write this to {path}?", default=True, err=True)


def _said(chosen: InitChoice) -> NewProfile:
    """The profile, of what was said alone."""
    site, base_url = _site(chosen.site, chosen.base_url)
    return NewProfile(
        name=chosen.name or site.replace(".", "-").replace(":", "-"),
        site=site,
        base_url=base_url,
        api_key_file=_whole(chosen.api_key_file),
        plan=chosen.plan,
        ledger=_whole(chosen.ledger) if isinstance(chosen.ledger, Path) else chosen.ledger,
        reports=_whole(chosen.reports),
        origin_user=chosen.origin_user,
    )


def _asked(chosen: InitChoice, path: Path) -> tuple[NewProfile, str]:
    """The profile, with what a person answers to what was not said; and the API key, if its file is to be written."""
    _tell(f"This adds a profile to {path}. Enter takes what stands in brackets; Ctrl-C ends it, and writes nothing.")
    if not (chosen.site or chosen.base_url):
        chosen = replace(chosen, site=_prompt("Chargebee site (acme for https://acme.chargebee.com)", None, _site_name))
    site, base_url = _site(chosen.site, chosen.base_url)
    is_live = names_live_money(site) and base_url is None
    _tell(f"{site} is {'a LIVE site: what is paid there is real money' if is_live else 'no live site'}.")
    if chosen.name is None:
        chosen = replace(chosen, name=_prompt("Name of the profile", _said(chosen).name, _new_name))
    if chosen.api_key_file is None:
        proposed = str(path.with_name(f"{chosen.name}.key"))
        chosen = replace(chosen, api_key_file=Path(_prompt("File that holds the API key", proposed)))
    assert chosen.api_key_file is not None
    chosen = replace(chosen, api_key_file=_whole(chosen.api_key_file))
    assert chosen.api_key_file is not None
    key = _key_for(chosen.api_key_file, site, is_live=is_live)
    if is_live and chosen.plan is None:
        plans = click.Choice(list(PLAN_RATES_PER_MINUTE))
        chosen = replace(chosen, plan=click.prompt("The site's plan", default="starter", type=plans, err=True))
    if chosen.ledger is None:
        place = ledger_path(None, site_settings(site, base_url, _NO_KEY))
        said = _prompt("The ledger, which remembers what was paid", str(place))
        chosen = replace(chosen, ledger=None if said == str(place) else LedgerPlace().convert(said, None, None))
    if chosen.reports is None:
        chosen = replace(chosen, reports=Path(_prompt("Where reports are written", str(Path.cwd() / "reports"))))
    if chosen.origin_user is None:
        said = _prompt("Who asks for it, for Chargebee's activity log (an e-mail address, or Enter)", "", _email)
        chosen = replace(chosen, origin_user=said or None)
    return _said(chosen), key


def _tell(text: str) -> None:
    say("\n".join(line for each in text.splitlines() for line in (told(each, err=True) or [""])), err=True)


def _prompt(what: str, default: str | None, judged: _Judged | None = None) -> str:
    text: str = click.prompt(what, default=default, show_default=bool(default), type=judged or click.STRING, err=True)
    return text.strip()


def _site(site: str | None, base_url: str | None) -> tuple[str, str | None]:
    """The site's one name, and its address if that does not follow from it.

    Raises:
        UsageError: neither is said, or one is none.
    """
    found = site_settings(site, base_url, _NO_KEY)
    return found.site, None if base_url is None else found.base_url


def _whole(path: Path | None) -> Path | None:
    """A relative path would be another one in each working directory."""
    return None if path is None else Path(os.path.abspath(expanded(path)))  # noqa: PTH100 - follows no link


def _key_for(file: Path, site: str, *, is_live: bool) -> str:
    """What is to be written into the key's file, if it is not there and the person likes. What seems wrong with the key
    is said."""
    is_there = file.exists()
    key = _read_key(file) if is_there else _key_typed(file)
    if is_there and file.stat().st_mode & 0o077:
        _tell(f"Others may read {file}: chmod 600 it.")
    if not key:
        _tell(f"Write it before the first run: install -m 600 /dev/stdin {shlex.quote(str(file))}")
    kind = key.partition("_")[0]
    if kind in ("live", "test") and (kind == "live") != is_live:
        _tell(f"The key says that it is of a {kind} site, and {site} is {'a' if is_live else 'no'} live site.")
    return "" if is_there else key


def _read_key(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The API key cannot be read from {file}: {error}.") from None


def _key_typed(file: Path) -> str:
    while True:
        what = f"{file} is not there. Paste the API key to write it (it is not shown), or Enter to write it yourself"
        key: str = click.prompt(what, default="", show_default=False, hide_input=True, err=True).strip()
        if key.isascii() and key.isprintable() and " " not in key:
            return key
        say("That has characters that no Chargebee key has. Copy it again.", err=True)


def _write_key(file: Path, key: str) -> None:
    """Never over a file that is there.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as stream:
            stream.write(f"{key}\n")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}.") from None


def _refuse_missing_key(file: Path | None) -> None:
    if file is not None and not file.is_file():
        raise UsageError(
            f"There is no file {file}, in which the API key would be looked for. No settings were written.",
            hint=f"Write it first, readable by you alone: install -m 600 /dev/stdin {shlex.quote(str(file))}",
        )


def _read_back(profile: NewProfile) -> None:
    """Take the profile as a run will.

    Raises:
        UsageError: it is not what was written.
    """
    root = click.get_current_context().find_root().command
    assert isinstance(root, click.Group)
    found, _ = profile_defaults(root.commands["run"], profile.name)
    if found != {key: str(value) for key, value in profile.settings()}:
        raise UsageError(
            f"The profile {profile.name} is not read as it was written: another settings file has one of this name.",
            hint="Run from another directory, or take another name.",
        )


def _next(chosen: InitChoice, profile: NewProfile) -> list[list[str]]:
    """The commands that the profile is good for, with the settings file where one was named."""
    given = ["--profile", profile.name]
    config = click.get_current_context().get_parameter_source("config")
    if config is click.core.ParameterSource.COMMANDLINE:
        given += ["--config", str(own_settings_file())]
    looks = [["doctor", *given]] if "doctor" in COMMANDS else []
    return [*looks, ["check", "FILE", *given], ["run", "FILE", *given]]
