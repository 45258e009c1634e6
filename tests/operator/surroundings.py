"""What happens around the command: to the site, to the ledger, and to what lies about in the environment."""

import shutil
import time
from pathlib import Path

from tests.operator.acts import AMOUNTS, CUSTOMERS, REFERENCES, a_sheet
from tests.operator.history import Branch, History, meant

DAYS = 200_000  # seconds in which a site forgets every key

FAULTS = (
    "lost_after=0.5,faulty_tries=2",
    "lost_before=0.5,faulty_tries=2",
    "error_after=0.5,faulty_tries=2",
    "error_before=0.5,faulty_tries=1",
    "truncated=0.3,garbled=0.3,faulty_tries=2",
    "unavailable_after=0.4,html_after=0.3,faulty_tries=1",
    "proxy_403_after=0.4",
    "proxy_403_before=0.4,proxy_302_after=0.2",
    "proxy_404_after=0.3,proxy_401_before=0.3",
    "refused_401=0.3",
    "refused_site_not_found=0.3",
    "throttled_bare=0.4,lock_timeout=0.3,faulty_tries=1",
    "read_only=0.5,faulty_tries=1",
    "late=0.5,late_seconds=0.05,faulty_tries=1",
    "hang_after=0.3,hang_seconds=1,faulty_tries=1",
    "list_error=0.3,list_garbled=0.2,lost_after=0.4,faulty_tries=2",
    "repeat_refusal=0.6",
    "repeat_answer=0.2,lost_after=0.2",
    "echo_other=0.3",
    "echo_partial=0.4",
    "keys_forget=0.6,error_after=0.4,faulty_tries=2",
    "list_lag_seconds=0.1,lost_after=0.4,faulty_tries=2",
)
QUIRKS = (
    "", "", "", "", "store_lower=1", "store_nfd=1", "store_nfc=1", "store_folded=1", "store_cut=1,cut_length=8",
    "store_ascii=1", "echo_lower=1", "echo_nfd=1", "key_headers=1", "entity_scoped=1", "entity_scoped_default_all=1",
)  # fmt: skip
LYING_ABOUT = (
    {"BATCH_CREDITS_AMOUNT_UNIT": "major"},
    {"BATCH_CREDITS_REFERENCE": "lying-about"},
    {"BATCH_CREDITS_NUMBER_DUPLICATES": "1"},
    {"BATCH_CREDITS_YES": "1"},
    {"BATCH_CREDITS_RETRY_FAILED": "1"},
    {"BATCH_CREDITS_BUSINESS_ENTITY": "ent-2"},
)
REFUSED_VARIABLES = (
    {"BATCH_CREDITS_MAX_TOTL": "USD=1"},
    {"BATCH_CREDITS_MAX_TOTAL": ""},
    {"BATCH_CREDITS_MAX_TOTAL": "UDS=1"},
    {"BATCH_CREDITS_QUARANTINE": "nan"},
    {"CHARGEBEE_SITE": "alpha_test"},
    {"CHARGEBEE_SITE": "acme/test"},
    {"CHARGEBEE_API_KEY": ""},
)
FILES = ({"amount_unit": "major"}, {"reference": "of-the-folder"}, {"number_duplicates": "true"})
REFUSED_FILES = ("yes = true\n", 'base_url = "http://127.0.0.1:1"\n', "amount_unit = \n", 'amount_unti = "major"\n')


def misbehave(history: History) -> None:
    """Something goes wrong at the site from now on."""
    history.branch.place.misbehave(history.chance.choice(FAULTS))


def heal(history: History) -> None:
    """The site is well again."""
    history.branch.place.heal()


def forget_keys(history: History) -> None:
    """The site forgets every idempotency key."""
    history.branch.place.sandbox.forget_keys()


def pass_time(history: History) -> None:
    """Time goes by at the site."""
    history.branch.place.sandbox.advance(history.chance.choice((60, 2_000, 90_000)))


def credit_by_hand(history: History) -> None:
    """Somebody credits in Chargebee's own pages: what a file asks for, something like it, or anything."""
    chance, sheet = history.chance, a_sheet(history)
    meanings = [(row, money) for row in sheet.records() if (money := sheet.reading.money(row)) is not None]
    customer, reference, minor = chance.choice(CUSTOMERS), chance.choice(REFERENCES).strip(), 100
    if meanings and chance.random() < 0.7:
        row, money = chance.choice(meanings)
        customer, reference = row["customer_id"], sheet.reading.name(row)
        minor = money.minor if chance.random() < 0.6 else int(chance.choice(AMOUNTS["minor"]))
    place = history.branch.place
    if customer and not customer.startswith("missing") and customer not in place.deleted and minor:
        place.credit_by_hand(customer_id=customer, amount=minor, reference=reference or "by-hand")


def delete_customer(history: History) -> None:
    """A customer is deleted."""
    history.branch.place.delete(history.chance.choice(CUSTOMERS[:5]))


def copy_ledger(history: History) -> None:
    """Keep a copy of the ledger."""
    branch = history.branch
    if branch.ledger.exists():
        _forget_companions(copy := branch.ledger.with_suffix(".copy.sqlite3"))
        for suffix in ("", "-wal"):
            if (part := branch.ledger.with_name(branch.ledger.name + suffix)).exists():
                shutil.copy(part, copy.with_name(copy.name + suffix))
        branch.copy, branch.is_copy_used = copy, branch.is_used


def restore_ledger(history: History) -> None:
    """Put the copy in the ledger's place. Who reads the manual looks before each first send from then on."""
    branch = history.branch
    if branch.copy is None:
        return
    _put_back(branch, branch.copy)
    branch.is_careful = history.chance.random() < 0.7
    if not branch.is_careful or history.is_blind:
        history.tell()
    else:
        history.tell_numbers()


def restore_an_old_copy(history: History) -> None:
    """Pay a file, and days later again, with a copy of the ledger from before and no report: only a look can tell."""
    branch, sheet = history.branch, a_sheet(history)
    copy_ledger(history)
    history.run(sheet, "--yes", *meant(sheet.reading))
    branch.place.sandbox.advance(DAYS)
    if branch.copy is None:
        return
    _put_back(branch, branch.copy)
    branch.is_careful = True
    history.reports = history.kept / f"reports-{time.monotonic_ns()}"
    if history.is_blind:
        history.tell()
    else:
        history.tell_numbers()
    history.run(sheet, "--yes", "--verify-first", *meant(sheet.reading))


def _put_back(branch: Branch, copy: Path) -> None:
    _forget_companions(branch.ledger)
    branch.is_used = branch.is_copy_used
    for suffix in ("", "-wal"):
        if (part := copy.with_name(copy.name + suffix)).exists():
            shutil.copy(part, branch.ledger.with_name(branch.ledger.name + suffix))


def lose_ledger(history: History) -> None:
    """Go on with a new ledger: having learned what the site lists, looking before each send, or without a word."""
    branch, chance = history.branch, history.chance
    branch.ledger = branch.ledger.with_name(f"{branch.place.name}-{time.monotonic_ns()}.sqlite3")
    branch.copy, branch.is_used = None, False
    how = chance.choice(("learn", "look", "forget"))
    learned = False
    if how == "learn":
        said, _reports = history.command("reconcile", "--since", "2020-01-01")
        learned = said.code == 0
    branch.is_careful = how == "look"
    if history.is_blind or not (learned or branch.is_careful):
        history.tell()
    else:
        history.tell_numbers()
    if chance.random() < 0.8:
        history.reports = history.kept / f"reports-{time.monotonic_ns()}"


def _forget_companions(ledger: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        ledger.with_name(ledger.name + suffix).unlink(missing_ok=True)


def go_to_the_other_site(history: History) -> None:
    """Work for the other site, with its own name, address and ledger."""
    history.branch = _other(history)


def spell_the_site(history: History) -> None:
    """The site's name as some script has it."""
    sheet, name = a_sheet(history), history.branch.place.name
    spelt = history.chance.choice((name.upper(), f" {name}", f"{name}\n", f"{name}\u00a0", name.title()))
    history.run(sheet, "--yes", *meant(sheet.reading), CHARGEBEE_SITE=spelt)


def name_another_site(history: History) -> None:
    """The address of this site and its ledger, by another name, or without one."""
    branch, sheet = history.branch, a_sheet(history)
    if branch.is_used:
        other = _other(history).place.name
        same = history.chance.choice(((), ("--same-site",)))
        history.must_refuse(
            "another site's name", "run", str(sheet.path), "--yes", *meant(sheet.reading), *same, CHARGEBEE_SITE=other
        )
        history.judge_truth()


def take_the_other_address(history: History) -> None:
    """The name and the ledger of one site, at the address of the other: on one machine nobody can tell them apart."""
    sheet, other = a_sheet(history), _other(history)
    other.place.rest()
    before = other.place.ours()
    other.book.tell(before)
    history.run(sheet, "--yes", *meant(sheet.reading), place=other.place)
    known = {credit.id for credit in before}
    other.book.tell([credit for credit in other.place.ours() if credit.id not in known])
    history.branch.book.elsewhere += other.place.everything()
    history.figures["told"] += 1


def _other(history: History) -> Branch:
    return next(each for each in history.branches if each is not history.branch)


def leave_lying_about(history: History) -> None:
    """Something stays in the environment or in the folder, for as long as nobody clears it up."""
    chance = history.chance
    if chance.random() < 0.7:
        history.desk.outside = dict(chance.choice(LYING_ABOUT))
    else:
        history.by_file = dict(chance.choice(FILES))
        lines = [f"{name} = {text if text == 'true' else repr(text)}\n" for name, text in history.by_file.items()]
        (history.folder / "batch-credits.toml").write_text("".join(lines))


def clear_up(history: History) -> None:
    """Nothing lies about any more."""
    history.desk.outside, history.by_file = {}, {}
    (history.folder / "batch-credits.toml").unlink(missing_ok=True)


def set_what_is_refused(history: History) -> None:
    """A variable or a settings file with which nothing may be sent."""
    sheet, chance = a_sheet(history), history.chance
    order = ("run", str(sheet.path), "--yes", *meant(sheet.reading))
    if chance.random() < 0.6:
        settings = chance.choice(REFUSED_VARIABLES)
        history.must_refuse(str(settings), *order, **settings)  # type: ignore[arg-type]
    else:
        clear_up(history)
        text = chance.choice(REFUSED_FILES)
        (history.folder / "batch-credits.toml").write_text(text)
        history.must_refuse(text, *order)
        clear_up(history)
    history.judge_truth()
