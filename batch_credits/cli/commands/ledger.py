"""`batch-credits ledger`: look after the memory itself."""

import json
import shlex

import click

from batch_credits.cli.options.places import ledger_option, ledger_path, ledger_paths
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.speech import EXIT_NOTHING_SENT, say
from batch_credits.cli.telling.standing import moment
from batch_credits.cli.values import LedgerPlace
from batch_credits.errors import LedgerError
from batch_credits.jobs.keep import Health, bring_up_to_date, copy_ledger, look_at, take_back_copy
from batch_credits.ledger.times import iso_time
from batch_credits.model.address import Place
from batch_credits.pack.bag import DIGEST
from batch_credits.text.counted import rows
from batch_credits.text.visible import visible

MAX_SHOWN = 50


@click.group()
def ledger() -> None:
    """Look after the ledger: what remembers who was paid.

    \b
    batch-credits ledger check                    is it sound?
    batch-credits ledger copy FROM TO             to a team's database, or back to a file
    """


@ledger.command()
@option("--json", "as_json", is_flag=True, help="Say it as one JSON document.")
@click.option("--head", metavar="SHA256",
              help="The head of the history, as a pack or a notice had it: it must be in the chain.")
@profile_option
@ledger_option
def check(ledger: Place | None, as_json: bool, head: str | None) -> int:
    """Say what keeps the ledger, what it holds, whether it is whole, and whether anything of its history was changed:
    each row that was, is missing or was added is named. Nothing is changed. Without --ledger, of each ledger in the
    user's data directory; with --json, of several as {"ledgers": [...], "is_good": ...}.

    The exit code is 0 if all is well, and 2 if not.
    """  # fmt: skip
    if head is not None and not DIGEST.fullmatch(head := head.strip().lower()):
        raise click.BadParameter(f"{head!r} is no SHA-256, which has 64 of 0-9 and a-f.", param_hint="--head")
    found, unread = [], list[LedgerError]()
    for place in ledger_paths(ledger) if head is None else [ledger_path(ledger)]:
        try:
            found.append(look_at(place, head))
        except LedgerError as error:
            unread.append(error)
            continue
        if not as_json:
            say("\n".join(_lines(found[-1])))
    is_good = not unread and all(health.is_good for health in found)
    if as_json and len(found) + len(unread) > 1:
        say(json.dumps({"ledgers": [_as_json(health) for health in found], "is_good": is_good}, indent=2))
    elif as_json and found:
        say(json.dumps(_as_json(found[0]), indent=2))
    if unread:
        raise unread[0]
    return 0 if is_good else EXIT_NOTHING_SENT


@ledger.command()
@click.option("--reopen", is_flag=True, help="Go on in this ledger, though it was copied to another place.")
@profile_option
@ledger_option
def upgrade(ledger: Place | None, reopen: bool) -> int:
    """Bring the ledger up to date, as its next run would. A database that has none gets one.

    Twice is as good as once, and so are two at once. The exit code is 5 where a file is in use. Without --ledger, each
    ledger in the user's data directory; with --reopen the one that is meant must be named where there are several.
    """
    for place in [ledger_path(ledger)] if reopen else ledger_paths(ledger):
        if reopen and (said := take_back_copy(place)):
            say(said)
        _say_upgraded(place, *bring_up_to_date(place, is_reopened=reopen))
    return 0


def _say_upgraded(place: Place, before: int | None, now: int) -> None:
    if before is None:
        say(f"The ledger {place} was set up: version {now}.")
    elif before == now:
        say(f"The ledger {place} is up to date: version {now}.")
    else:
        say(f"The ledger {place} was brought from version {before} to {now}.")


@ledger.command()
@click.argument("source", metavar="FROM", type=LedgerPlace())
@click.argument("target", metavar="TO", type=LedgerPlace())
def copy(source: Place, target: Place) -> int:
    """Copy a ledger to another place: identities, history and reports stay as they are.

    FROM and TO are files or databases (postgresql://USER@HOST/BASE). At TO there is no ledger yet, or an empty one.
    Nobody may use FROM meanwhile. It stays as it is, but nobody pays from it any more, unless `ledger upgrade --reopen`
    says so.

    \b
    batch-credits ledger copy ledger.sqlite3 postgresql://payouts@db.example.com/payouts
    """
    copied = copy_ledger(source, target)
    batches, requests = _counted(copied["batch"], "batches"), _counted(copied["credit_request"], "requests")
    say(f"Copied to {target}: {batches}, {rows(copied['row'])}, {requests}.")
    there = shlex.join(["--ledger", str(target)])
    say(f"From now on pay from there: {there}, or the setting `ledger`. {source} refuses to.")
    return 0


def _as_json(health: Health) -> dict[str, object]:
    return {
        "ledger": str(health.place),
        "version": health.version,
        "about": health.about,
        "counts": health.counts,
        "harms": [{"what": harm.what, "times": harm.times} for harm in health.harms],
        "moved_to": health.moved[0] if health.moved else None,
        "restored": " ".join(health.restored) if health.restored else None,
        "not_allowed": health.not_allowed,
        "history": {
            "head": health.history.head or None,
            "links": health.history.links,
            "rows": health.history.rows,
            "unsealed": health.history.unsealed,
            "from_before_sealed_at": iso_time(health.history.before_at),
            "breaks": health.history.breaks,
        },
        "is_good": health.is_good,
    }


def _lines(health: Health) -> list[str]:
    about, counts = dict(health.about), dict(health.counts)
    lines = [f"Ledger     {health.place}, version {health.version}"]
    lines.append(f"Kept by    {about.pop('engine')}, {int(about.pop('bytes')):,} bytes")
    lines.append(f"           {', '.join(f'{name} {value}' for name, value in about.items())}")
    held = [_counted(counts.pop(name), name) for name in ("sites", "batches", "rows", "requests", "runs", "packs")]
    lines.append(f"Holds      {', '.join(held)}")
    if counts:
        lines.append(f"Requests   {', '.join(f'{count:,} {state}' for state, count in counts.items())}")
    if health.moved:
        place, at = health.moved
        lines.append(f"Moved      to {place}, {at}: from there it is paid on, from here no more.")
        lines.append("           If nothing was paid there, this takes it back:")
        lines.append(shlex.join(["batch-credits", "ledger", "upgrade", "--reopen", "--ledger", str(health.place)]))
    if health.restored:
        why, at = health.restored
        lines.append(f"Restored   noticed {moment(at)}: {why}. Rows are looked up first, until all is learned anew.")
    lines += [f"Rights     {each}" for each in health.not_allowed]
    lines += _history_lines(health)
    if not health.harms:
        return lines if health.history.breaks else [*lines, "Whole      yes"]
    lines += [f"Harmed     {harm.what}{f' ({harm.times:,})' if harm.times > 1 else ''}" for harm in health.harms]
    lines.append("           Pay nothing from it: bring back a copy for safety, or mend what is named, and look again.")
    return lines


def _counted(number: int, many: str) -> str:
    """`1 batch`, `2,000 rows`."""
    return f"{number:,} {many}" if number != 1 else f"1 {'batch' if many == 'batches' else many.removesuffix('s')}"


def _history_lines(health: Health) -> list[str]:
    history = health.history
    lines = [f"History    {rows(history.rows)} sealed by {_counted(history.links, 'links')}"]
    if history.head:
        lines.append(f"Head       {history.head}")
    if health.head_is is not None:
        number, at = health.head_is
        lines.append(f"           What was given is link {number:,}, of {at}: since then links were only added.")
    if history.before_at is not None:
        at = moment(iso_time(history.before_at) or "")
        lines.append(f"           What was there before {at} was sealed then, as it was found.")
    if history.unsealed:
        lines.append(f"Unsealed   {'; '.join(history.unsealed)}: the next command that writes seals them.")
    lines += [f"Broken     {visible(each)}" for each in history.breaks[:MAX_SHOWN]]
    if len(history.breaks) > MAX_SHOWN:
        lines.append(f"           and {len(history.breaks) - MAX_SHOWN:,} more")
    if history.breaks:
        lines.append("           It is not what was sealed. Keep this ledger as it is; hold copies against it.")
    return lines
