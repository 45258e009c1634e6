"""`batch-credits verify`: whether a pack was changed, and whether what it says adds up; with nothing but the pack."""

import json
from pathlib import Path
from typing import Any

import click

from batch_credits.cli.telling.speech import EXIT_PERSON_MUST_LOOK, say
from batch_credits.pack.bag import DIGEST, NONE
from batch_credits.pack.chain import chain_problems, first_problem
from batch_credits.pack.ties import Said
from batch_credits.pack.verify import Verified
from batch_credits.pack.verify import verify as look_at
from batch_credits.text.visible import visible

MAX_SHOWN = 50


@click.command()
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--previous", type=click.Path(path_type=Path), metavar="PACK",
              help="The pack before it, or a folder of packs: the chain is verified, too.")
@click.option("--digest", metavar="SHA256", help="The digest that came by another way: the pack must be that one.")
@click.option("--json", "as_json", is_flag=True, help="Say it as one JSON document.")
def verify(pack: Path, previous: Path | None, digest: str | None, as_json: bool) -> int:
    """Say whether PACK, a folder or a zip, is as it was made, and whether its totals add up. Every changed byte, and
    every file that is missing or was added, is named. No ledger, settings or network is needed.

    The exit code is 0 if all is well, 3 if a person must look, and 2 if PACK is none or cannot be read.

    \b
    batch-credits verify packs/loyalty-3f9a2b1c-0003
    batch-credits verify loyalty-3f9a2b1c-0003.zip --previous packs --digest 9f86d081...
    """  # fmt: skip
    if digest is not None and not DIGEST.fullmatch(digest.strip().lower()):
        raise click.BadParameter(f"{digest!r} is no SHA-256, which has 64 of 0-9 and a-f.", param_hint="--digest")
    found = look_at(pack)
    looked = 0
    if digest is not None and digest.strip().lower() != found.digest:
        is_now = found.digest or "not to be had"
        found.problems.append(f"The digest of this pack is {is_now}, and not the one that was given.")
    if found.info is not None:
        chain, looked = ([], 0) if previous is None else chain_problems(found, previous)
        found.problems += chain if previous is not None else first_problem(found.info)
    say(json.dumps(_as_json(found, looked), indent=2) if as_json else "\n".join(_lines(found, looked, previous)))
    return EXIT_PERSON_MUST_LOOK if found.problems else 0


def _as_json(found: Verified, looked: int) -> dict[str, Any]:
    info = found.info
    return {
        "pack": str(found.path),
        "is_good": not found.problems,
        "problems": found.problems,
        "digest": found.digest or None,
        "previous": None if info is None or info.previous == NONE else info.previous,
        "number": None if info is None else info.number,
        "site": None if info is None else info.site,
        "batch": None if info is None else info.batch,
        "whole": None if info is None else info.whole,
        "ledger_head": None if info is None else info.head or None,
        "orders": [] if found.said is None else [*found.said.ordered],
        "packs_before_it_verified": looked,
    }


def _lines(found: Verified, looked: int, previous: Path | None) -> list[str]:
    lines = [f"Pack       {found.path}"]
    info, said = found.info, found.said
    if info is not None:
        lines[0] += f": {info.number} of {info.site}, batch {info.batch[:8]}"
    lines.append(f"Digest     {found.digest or 'none: its last manifest is missing'}")
    if found.problems:
        lines += [f"Problem    {visible(problem)}" for problem in found.problems[:MAX_SHOWN]]
        if len(found.problems) > MAX_SHOWN:
            lines.append(f"           and {len(found.problems) - MAX_SHOWN:,} more")
        return [*lines, "Do not rely on this pack. Ask for another copy, and for the digest by another way."]
    assert info is not None and said is not None
    lines.append("Unchanged  every file is as its manifests say, and nothing is missing or was added")
    if info.previous == NONE:
        lines.append("Chain      it is the first pack of its site")
    elif previous is None:
        lines.append(f"Chain      it names pack {info.number - 1}, {info.previous}; not looked at: give --previous")
    else:
        lines.append(f"Chain      whole: {looked} before it verified")
    if info.head:
        lines.append(f"Ledger     its history's head was {info.head}: see `ledger check --head`")
    lines += map(visible, _what_it_says(said))
    lines.append("Adds up    rows, totals, calls and journal entry")
    if info.whole != "yes":
        lines.append(f"Not whole  {info.whole}")
    return lines


def _what_it_says(said: Said) -> list[str]:
    lines = [f"File       {said.batch['file']}, SHA-256 {said.batch['file_sha256'] or 'none'}"]
    lines += [f"Related    it {each}" for each in said.related]
    for run in said.runs:
        where, agreed = ", ".join(run.hosts), run.confirmation
        lines.append(
            f"Run {run.number:<6} {run.started_at} by {run.user}{f' from {where}' if where else ', who sent nothing'};"
            f" agreed to: {agreed or 'not recorded'}"
        )
    lines += [f"{'' if number else 'Order':<11}{each}" for number, each in enumerate(said.ordered)]
    lines += [f"Rows       {rows:,} {name}: {amounts or 'no amount'}" for name, rows, amounts in said.outcomes if rows]
    if said.reversed_rows:
        lines.append(f"           of those with a credit {said.reversed_rows:,} deducted again since")
    return lines
