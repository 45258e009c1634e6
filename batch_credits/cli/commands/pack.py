"""`batch-credits pack`: all that is known of a batch as a folder for an auditor, sealed and chained to the pack
before."""

import shlex
from functools import partial
from pathlib import Path

import click

from batch_credits.cli.options.notices import NoticeChoice, Notified, notice_options, notified
from batch_credits.cli.options.places import ledger_of_batch, ledger_option, open_ledger, wait_option
from batch_credits.cli.profiles import profile_option
from batch_credits.cli.setting import option
from batch_credits.cli.telling.speech import say
from batch_credits.cli.values import BatchId
from batch_credits.jobs.pack import Packed, make_pack, mask_of, where_it_was_read
from batch_credits.model.address import Place
from batch_credits.pack.accounts import accounts_of
from batch_credits.pack.contents import Wish
from batch_credits.text.visible import visible


@click.command(cls=Notified)
@click.argument("batch", type=BatchId())
@option("--to", "to", type=click.Path(file_okay=False, path_type=Path), default=Path("packs"), show_default=True,
        metavar="DIRECTORY", help="Where the pack is written.")
@option("--zip", "as_zip", is_flag=True, help="Write it as a zip, too.")
@click.option("--input", "source", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="The file that was paid.  [default: where it was read]")
@option("--pseudonyms", is_flag=True,
        help="Replace ids and references; leave out the file, other columns and sentences.")
@option("--debit-account", multiple=True, metavar="[WHAT=]ACCOUNT",
        help="What credits cost, for the journal entry. WHAT is a currency, a credit type, or TYPE/CURRENCY.")
@option("--credit-account", multiple=True, metavar="[WHAT=]ACCOUNT", help="What is owed to customers, likewise.")
@profile_option
@ledger_option
@wait_option
@notice_options
def pack(
    batch: str, to: Path, as_zip: bool, source: Path | None, pseudonyms: bool, debit_account: tuple[str, ...],
    credit_account: tuple[str, ...], ledger: Place | None, wait_for_ledger: float | None, notices: NoticeChoice,
) -> int:  # fmt: skip
    """Write all that is known of BATCH as a sealed folder: the file that was paid, the reports, every call, every
    word of a person, the settings of each run, and a journal entry.

    It is a BagIt folder: `verify` finds every changed byte, and so does sha256sum. Its digest is kept in the ledger
    and in the next pack of the site, and goes out with a notice. The same batch, unchanged, is the same pack. The exit
    code is 1 where the file that was paid is missing.

    \b
    batch-credits pack 3f9a2b1c --zip
    batch-credits pack 3f9a2b1c --to evidence --input archive/loyalty.csv
    """  # fmt: skip
    debit, credit = accounts_of("--debit-account", debit_account), accounts_of("--credit-account", credit_account)
    with (
        notified(notices, "pack") as told,
        open_ledger(ledger_of_batch(ledger, batch), wait_for_ledger, partial(say, err=True)) as opened,
    ):
        record = opened.batches.one(batch)
        mask = mask_of(opened, record, pseudonyms=pseudonyms)
        place = source if source is not None else where_it_was_read(opened, record)
        packed = make_pack(opened, record, Wish(place, source is not None, mask, debit, credit), to, as_zip=as_zip)
        say("\n".join(_lines(packed, record.site)))
        code = 0 if packed.is_whole else 1
        told.packed(record, packed.place.digest, packed.folder, code)
    return code


def _lines(packed: Packed, site: str) -> list[str]:
    there = " (it lies there already, unchanged)" if packed.was_there else ""
    lines = [f"Pack       {packed.place.number} of {visible(site)}: {packed.folder}{there}"]
    if packed.zip is not None:
        lines.append(f"Zip        {packed.zip}")
    lines.append(f"Digest     {packed.place.digest}")
    lines.append(f"Before it  {packed.place.previous or 'none: it is the first of this site'}")
    if packed.place.head is not None:
        lines.append(f"Head       {packed.place.head}: of the ledger's history, for `ledger check --head`")
    if not packed.is_whole:
        lines.append(f"Not whole  the file that was paid is missing: {packed.source.why_not}. Name it with --input.")
    elif packed.source.path is None:
        lines.append(f"Whole      yes; without a source file: {packed.source.why_not}")
    else:
        lines.append("Whole      yes")
    lines.append("Send the digest by another way than the pack. Whoever has both can ask:")
    return [*lines, f"batch-credits verify {quoted_path(packed.zip or packed.folder)} --digest {packed.place.digest}"]


def quoted_path(path: Path) -> str:
    """A path as a shell takes it."""
    return shlex.quote(visible(str(path)))
