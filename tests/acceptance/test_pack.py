"""Promise: a pack shows by itself what was paid, and no byte of it can be changed unseen."""

import csv
import hashlib
import io
import json
import os
import random
import re
import shutil
import stat
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import bagit
import jsonschema
import pytest

from batch_credits.errors import UsageError
from batch_credits.pack import zipped as zipped_module
from batch_credits.pack.bag import DECLARATION, manifest, sha256, sha256_of
from batch_credits.pack.verify import Verified, verify
from tests.acceptance.harness import HEADERS, KEY, Command, Row, Site, write_csv
from tests.servers.hook import hooked

MANY = 40  # flips of one file, beside its first and last byte
ROWS: list[Row] = [
    ("pack-1", 1050, "USD", "Thanks, Max Muster", "q3", "Max Muster"),
    ("pack-2", 2000, "EUR", "Thanks", "q3", "x"),
    ("missing-pack", 500, "USD", "Thanks", "q3", "Erika Beispiel"),
    ("pack-4", "umpteen", "USD", "Thanks", "q3", "y"),
    ("pack-5", 700, "JPY", "Thanks", "q3", "z"),
]
FILES = {
    "bag-info.txt", "bagit.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", "data/attempts.csv",
    "data/batch.json", "data/credits.csv", "data/failed.csv", "data/findings.csv",
    "data/input.csv", "data/journal.csv", "data/readme.txt",
    "data/resolutions.csv", "data/results.csv", "data/runs.json", "data/summary.html", "data/summary.json",
}  # fmt: skip


def batch_of(command: Command, file: Path) -> str:
    """The id of the batch of a file."""
    batches = json.loads(command("status", "--json").exited(0).out)
    return next(str(each["batch"]) for each in batches if each["file"] == file.name)


def packed(command: Command, batch: str, *arguments: object, code: int = 0, to: str = "packs") -> Path:
    """The folder of a pack of this batch."""
    out = command("pack", batch, "--to", command.folder / to, *arguments).exited(code).out
    return Path(re.findall(r"^Pack +\d+ of \S+: (\S+)", out, re.MULTILINE)[0])


@pytest.fixture(scope="module")
def paid(shared_site: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Command, str]:
    """A batch with every kind of row, paid."""
    command = Command(tmp_path_factory.mktemp("paid"), shared_site.url)
    file = write_csv(command.folder / "loyalty.csv", ROWS, (*HEADERS, "Note"))
    command.run(file).exited(1)
    return command, batch_of(command, file)


@pytest.fixture(scope="module")
def first(paid: tuple[Command, str]) -> Path:
    """Its pack: nobody changes it."""
    return packed(*paid, "--zip")


@pytest.fixture
def pack(first: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    shutil.copytree(first, tmp_path / first.name)
    return tmp_path / first.name


def files_of(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def seal_again(pack: Path) -> None:
    """Write the manifests anew, as somebody would who knows how a pack is made."""
    payload = [*files_of(pack / "data")]
    info = (pack / "bag-info.txt").read_text()
    oxum = f"{sum(path.stat().st_size for path in payload)}.{len(payload)}"
    (pack / "bag-info.txt").write_text(re.sub(r"(?<=Payload-Oxum: ).*", oxum, info))
    (pack / "manifest-sha256.txt").write_bytes(manifest({f"data/{path.name}": sha256_of(path) for path in payload}))
    tags = {name: sha256_of(pack / name) for name in ("bag-info.txt", "bagit.txt", "manifest-sha256.txt")}
    (pack / "tagmanifest-sha256.txt").write_bytes(manifest(tags))


def said(found: Verified) -> str:
    return "\n".join(found.problems)


# -- What is in it ------------------------------------------------------------------------------------------------


def test_it_holds_all_and_is_private(paid: tuple[Command, str], first: Path) -> None:
    command, batch = paid
    assert {path.relative_to(first).as_posix() for path in files_of(first)} == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in files_of(first)} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (first, first / "data")} == {0o700}
    assert stat.S_IMODE(first.with_name(first.name + ".zip").stat().st_mode) == 0o600
    assert (first / "data/input.csv").read_bytes() == (command.folder / "loyalty.csv").read_bytes()
    reports = command.report("loyalty").directory
    for name in ("results.csv", "failed.csv", "summary.json"):
        assert (first / "data" / name).read_bytes() == (reports / name).read_bytes()
    assert (first / "bagit.txt").read_bytes() == DECLARATION
    assert all(KEY.encode() not in path.read_bytes() for path in files_of(first)), "nothing secret"
    assert json.loads((first / "data/batch.json").read_text())["batch"] == batch
    [run] = json.loads((first / "data/runs.json").read_text())
    assert run["record"]["source"] == str(command.folder / "loyalty.csv")
    assert run["record"]["confirmation"] == "--yes" and run["user"]


def test_every_call_stands_in_it_as_the_site_saw_it(first: Path, shared_site: Site) -> None:
    with (first / "data/attempts.csv").open(newline="") as stream:
        calls = [*csv.DictReader(stream)]
    assert [call["credit_row"] for call in calls] == ["2", "3", "4", "6"]
    assert [call["finding"] for call in calls] == ["credited", "credited", "failed", "credited"]
    assert [call["http_status"] for call in calls] == ["200", "200", "404", "200"]
    body = (
        "customer_id=pack-1&amount=1050&currency_code=USD&description=Thanks%2C+Max+Muster&credit_type=general&reference=q3"
    )
    assert calls[0]["request_sha256"] == sha256(body.encode())
    assert {call["key"] for call in calls} <= {call["key"] for call in calls if call["key"].startswith("bc-")}


def test_other_tools_accept_it(first: Path, tmp_path: Path) -> None:
    with redirect_stderr(io.StringIO()):
        assert bagit.Bag(str(first)).validate()
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(["sha256sum", "--quiet", "-c", name], cwd=first, capture_output=True, timeout=60)
        assert done.returncode == 0, done
    with zipfile.ZipFile(first.with_name(first.name + ".zip")) as zipped:
        assert zipped.testzip() is None
        zipped.extractall(tmp_path)
    assert verify(tmp_path / first.name).problems == []


def test_the_journal_entry_is_in_balance_and_uses_the_accounts(paid: tuple[Command, str]) -> None:
    command, batch = paid
    given = ("--debit-account", "6300", "--debit-account", "EUR=6310", "--credit-account", "general/JPY=2910")
    pack = packed(command, batch, *given, to="accounts")
    with (pack / "data/journal.csv").open(newline="") as stream:
        lines = [*csv.DictReader(stream)]
    assert [(line["currency"], line["account"], line["debit"], line["credit"]) for line in lines] == [
        ("EUR", "6310", "20.00", ""), ("EUR", "Promotional credits owed to customers", "", "20.00"),
        ("JPY", "6300", "700", ""), ("JPY", "2910", "", "700"),
        ("USD", "6300", "10.50", ""), ("USD", "Promotional credits owed to customers", "", "10.50"),
    ]  # fmt: skip
    assert verify(pack).problems == []
    out = command("pack", batch, "--debit-account", "USDX=1").exited(2)
    assert "names no account" in out.err


def test_the_same_ledger_gives_the_same_bytes(paid: tuple[Command, str], first: Path, tmp_path: Path) -> None:
    command, batch = paid
    again = packed(command, batch, "--zip", to="again")
    assert again.name == first.name
    for path in (*files_of(first), first.with_name(first.name + ".zip")):
        other = again.parent / path.relative_to(first.parent)
        assert path.read_bytes() == other.read_bytes(), path
    assert "unchanged" in command("pack", batch, "--to", first.parent).exited(0).out


def test_what_lies_there_and_is_another_is_left_alone(paid: tuple[Command, str], first: Path) -> None:
    command, batch = paid
    there = packed(command, batch, to="there")
    (there / "data/readme.txt").write_text("mine")
    out = command("pack", batch, "--to", there.parent).exited(2)
    assert "is not this pack" in out.err and (there / "data/readme.txt").read_text() == "mine"


def test_pseudonyms_hide_all_that_names_a_customer(paid: tuple[Command, str], first: Path) -> None:
    command, batch = paid
    pack = packed(command, batch, "--pseudonyms", to="hidden")
    every = b"".join(path.read_bytes() for path in files_of(pack))
    for word in ("pack-1", "pack-2", "missing-pack", "pack-4", "Muster", "Erika", "Beispiel", "Thanks", "umpteen"):
        assert word.encode() not in every.replace(pack.name.encode(), b""), word
    assert not (pack / "data/input.csv").exists()
    with (pack / "data/credits.csv").open(newline="") as stream:
        hidden = {row["credit_row"]: row["customer_id"] for row in csv.DictReader(stream)}
    assert len({*hidden.values()}) == 5 and all(re.fullmatch("c-[0-9a-f]{24}", name) for name in hidden.values())
    with (pack / "data/results.csv").open(newline="") as stream:
        assert {row["credit_row"]: row["customer_id"] for row in csv.DictReader(stream)} == hidden
    with (pack / "data/attempts.csv").open(newline="") as stream:
        assert all(row["customer_id"] == hidden[row["credit_row"]] for row in csv.DictReader(stream))
    assert verify(pack).problems == []


def test_nothing_in_it_is_a_formula(command: Command) -> None:
    rows: list[Row] = [
        ("=1+1", 100, "USD", "T", "@SUM(A1)"), ("-x", 200, "USD", "T", "a,b"), ("missing-@", 3, "USD", "T", "+x")
    ]  # fmt: skip
    file = write_csv(command.folder / "odd.csv", rows)
    command.run(file).exited(1)
    pack = packed(command, batch_of(command, file), "--debit-account", "@HYPERLINK(1)")
    assert verify(pack).problems == []
    for path in (pack / "data").glob("*.csv"):
        if path.name != "input.csv":
            with path.open(newline="", encoding="utf-8-sig") as stream:
                assert not [cell for line in csv.reader(stream) for cell in line if cell[:1] in ("=", "+", "@")], path
    assert "'@HYPERLINK(1)" in (pack / "data/journal.csv").read_text()


def test_without_the_file_it_says_that_it_is_not_whole(command: Command, paid: tuple[Command, str]) -> None:
    file = write_csv(command.folder / "gone.csv", [("gone-1", 100, "USD", "Thanks", "q3")])
    command.run(file).exited(0)
    batch, kept = batch_of(command, file), command.folder / "kept.csv"
    file.rename(kept)
    file.write_text("customer_id,amount\nanother,1\n")
    out = command("pack", batch).exited(1).out
    assert "Not whole" in out and "another file now" in out
    pack = Path(re.findall(r"^Pack.*: (\S+)", out, re.MULTILINE)[0])
    found = command("verify", command.folder / pack).exited(0).out
    assert "Not whole  no, the source file is missing" in found
    assert "is not the file that was paid" in command("pack", batch, "--input", file).exited(2).err
    whole = packed(command, batch, "--input", kept)
    assert (whole / "data/input.csv").read_bytes() == kept.read_bytes()


def test_a_reversal_and_what_was_mended_name_each_other(command: Command, shared_site: Site) -> None:
    rows: list[Row] = [("kin-1", 100, "USD", "T", "q3"), ("missing-kin", 5, "USD", "T", "q3")]
    file = write_csv(command.folder / "kin.csv", rows)
    command.run(file).exited(1)
    failed = command.report("kin").directory / "failed.csv"
    mended = command.folder / "mended.csv"
    mended.write_text(failed.read_text(encoding="utf-8-sig").replace("missing-kin", "kin-2"), encoding="utf-8")
    command.run(mended).exited(0)
    batch = batch_of(command, file)
    command("reverse", batch, "--yes", "--rate", 0).exited(0)
    batches = json.loads(command("status", "--json").exited(0).out)
    reversal = next(each["batch"] for each in batches if each["reverses"])
    pack = packed(command, batch)
    related = json.loads((pack / "data/batch.json").read_text())["related"]
    assert {(each["what"], each["batch"]) for each in related} == {
        ("is_mended_by", batch_of(command, mended)), ("is_reversed_by", reversal)
    }  # fmt: skip
    assert verify(pack).problems == []
    assert "of those with a credit 1 deducted again since" in command("verify", pack).exited(0).out
    undone = packed(command, reversal)
    assert verify(undone).problems == []
    with (undone / "data/journal.csv").open(newline="") as stream:
        debit, credit = csv.DictReader(stream)
    assert (debit["account"], credit["account"]) == (
        "Promotional credits owed to customers", "Promotional credits granted"
    )  # fmt: skip


def test_what_was_in_doubt_and_looked_up_is_in_it(command: Command) -> None:
    with Site("--faults", "lost_after=1") as site:
        away = Command(command.folder, site.url)
        file = write_csv(command.folder / "doubt.csv", [("doubt-1", 100, "USD", "T", "q3")])
        away.run(file).exited(0)
    pack = packed(command, batch_of(command, file))
    assert verify(pack).problems == []
    with (pack / "data/findings.csv").open(newline="") as stream:
        assert [row["state"] for row in csv.DictReader(stream)][-2:] == ["in_doubt", "credited"]
    with (pack / "data/attempts.csv").open(newline="") as stream:
        assert [(row["finding"], row["http_status"]) for row in csv.DictReader(stream)] == [("in_doubt", "")]


# -- What is found --------------------------------------------------------------------------------------------------


def flips(size: int, seed: str) -> Iterator[tuple[int, int]]:
    """Places and bits: the first byte, the last, and some between."""
    source = random.Random(seed)
    for place in {0, size - 1, *(source.randrange(size) for _ in range(MANY))}:
        yield place, 1 << source.randrange(8)


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_flipped_bit_is_found_and_its_file_named(pack: Path, name: str) -> None:
    path = pack / name
    good = path.read_bytes()
    for place, bit in flips(len(good), name):
        path.write_bytes(good[:place] + bytes([good[place] ^ bit]) + good[place + 1 :])
        assert name in said(verify(pack)), (place, bit)
    path.write_bytes(good)
    assert verify(pack).problems == []
    for harmed in (good[:-1], good + b"\n", b""):
        path.write_bytes(harmed)
        assert name in said(verify(pack))


def test_a_flipped_bit_anywhere_in_a_zip_is_found(first: Path, tmp_path: Path) -> None:
    good = first.with_name(first.name + ".zip").read_bytes()
    path = tmp_path / "pack.zip"
    source = random.Random(5)
    head, tail = range(64), range(len(good) - 1_600, len(good))
    for place in {*head, *tail, *(source.randrange(len(good)) for _ in range(500))}:
        path.write_bytes(good[:place] + bytes([good[place] ^ (1 << source.randrange(8))]) + good[place + 1 :])
        try:
            assert verify(path).problems, place
        except UsageError as error:
            assert "was changed" in error.message
    path.write_bytes(good)
    assert verify(path).problems == []


def test_tables_of_a_zip_are_read_side_by_side(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped_module, "BLOCK", 7)
    assert verify(first.with_name(first.name + ".zip")).problems == []


def remove(pack: Path) -> str:
    (pack / "data/attempts.csv").unlink()
    return "data/attempts.csv"


def add(pack: Path) -> str:
    (pack / "data/extra.csv").write_text("")
    return "data/extra.csv"


def add_beside(pack: Path) -> str:
    (pack / "notes.txt").write_text("")
    return "notes.txt"


def rename(pack: Path) -> str:
    (pack / "data/findings.csv").rename(pack / "data/found.csv")
    return "data/found.csv"


def swap(pack: Path) -> str:
    one, other = (pack / "data" / name for name in ("credits.csv", "results.csv"))
    kept = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    return "data/results.csv"


def link(pack: Path) -> str:
    kept = pack.with_name("elsewhere.csv")
    (pack / "data/credits.csv").rename(kept)
    (pack / "data/credits.csv").symlink_to(kept)
    return "data/credits.csv"


def pipe(pack: Path) -> str:
    os.mkfifo(pack / "data/pipe.csv")
    return "data/pipe.csv"


def nest(pack: Path) -> str:
    (pack / "data/more").mkdir()
    return "data/more"


def capitals(pack: Path) -> str:
    shutil.copy(pack / "data/results.csv", pack / "data/Results.csv")
    return "data/Results.csv"


@pytest.mark.parametrize("change", [remove, add, add_beside, rename, swap, link, pipe, nest, capitals])
def test_a_file_that_is_missing_or_was_added_is_named(pack: Path, change: Callable[[Path], str]) -> None:
    name = change(pack)
    assert name in said(verify(pack))


@pytest.mark.parametrize("name", ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"])
def test_a_missing_file_beside_the_contents_is_named(pack: Path, name: str) -> None:
    (pack / name).unlink()
    assert name in said(verify(pack))


def change_cell(pack: Path, name: str, old: str, new: str) -> None:
    path = pack / "data" / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("credits.csv", "USD,1050", "USD,1051"),
        ("results.csv", ",credited,", ",already_credited,"),
        ("summary.json", '"USD": 1050', '"USD": 1051'),
        ("summary.json", '"credited": 3', '"credited": 4'),
        ("summary.json", '"in_balance": true', '"in_balance": false'),
        ("attempts.csv", "pack-1", "pack-9"),
        ("attempts.csv", "USD,1050", "USD,1049"),
        ("findings.csv", ",credited,", ",failed,"),
        ("failed.csv", ",failed,", ",credited,"),
        ("failed.csv", ",4,failed,", ",9,failed,"),
        ("journal.csv", "10.50", "10.51"),
        ("summary.json", '"count": 0', '"count": 1'),
        ("runs.json", '"run": 1', '"run": 2'),
        ("batch.json", '"rows": 5', '"rows": 6'),
        ("batch.json", "loyalty.csv", "holiday.csv"),
        ("input.csv", "1050", "1060"),
    ],
)
def test_what_does_not_add_up_is_found_though_it_was_sealed_again(pack: Path, name: str, old: str, new: str) -> None:
    change_cell(pack, name, old, new)
    seal_again(pack)
    found = verify(pack)
    assert name in said(found) or "journal.csv" in said(found)


def test_rows_that_were_taken_out_everywhere_are_missed(pack: Path) -> None:
    for path in (pack / "data").glob("*.csv"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if "pack-2" not in line and not line.startswith("3,")))
    seal_again(pack)
    assert "data/summary.json" in said(verify(pack))


def test_sealed_again_it_has_another_digest(paid: tuple[Command, str], pack: Path, first: Path) -> None:
    command, _ = paid
    digest = sha256_of(first / "tagmanifest-sha256.txt")
    command("verify", first, "--digest", digest).exited(0)
    change_cell(pack, "runs.json", '"user": "', '"user": "not ')
    seal_again(pack)
    assert verify(pack).problems == [], "nothing in it contradicts that"
    out = command("verify", pack, "--digest", digest).exited(3).out
    assert "not the one that was given" in out


# -- The chain --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def linked(shared_site: Site, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The folder of a ledger of its own, and three packs in it: nobody changes them."""
    command, packs = Command(tmp_path_factory.mktemp("chain"), shared_site.url), []
    for number in (1, 2, 3):
        file = write_csv(command.folder / f"chain{number}.csv", [(f"chain-{number}", 100, "USD", "T", "q3")])
        command.run(file).exited(0)
        packs.append(packed(command, batch_of(command, file)))
    return command.folder, packs


@pytest.fixture
def chain(linked: tuple[Path, list[Path]], command: Command) -> list[Path]:
    """Copies of the three packs, and of their ledger for the command."""
    folder, packs = linked
    shutil.copytree(folder, command.folder, dirs_exist_ok=True)
    return [command.folder / pack.relative_to(folder) for pack in packs]


def test_each_pack_names_the_one_before(command: Command, chain: list[Path]) -> None:
    one, two, three = chain
    digests = [sha256_of(pack / "tagmanifest-sha256.txt") for pack in chain]
    assert f"Batch-Credits-Previous: {digests[1]}\n" in (three / "bag-info.txt").read_text()
    assert "2 before it verified" in command("verify", three, "--previous", three.parent).exited(0).out
    assert "1 before it verified" in command("verify", three, "--previous", two).exited(0).out
    assert "is another one" in command("verify", three, "--previous", one).exited(3).out
    found = json.loads(command("verify", two, "--json").exited(0).out)
    assert (found["number"], found["previous"], found["is_good"]) == (2, digests[0], True)
    assert "3 packs" in command("ledger", "check", "--ledger", command.ledger).exited(0).out


@pytest.mark.parametrize("what", ["gone", "harmed", "sealed again"])
def test_a_broken_chain_is_found(command: Command, chain: list[Path], what: str) -> None:
    one, _, three = chain
    if what == "gone":
        shutil.rmtree(one)
    else:
        change_cell(one, "runs.json", '"user": "', '"user": "not ')
        if what == "sealed again":
            seal_again(one)
    out = command("verify", three, "--previous", three.parent).exited(3).out
    assert ("The chain is broken: pack 2" if what != "harmed" else "data/runs.json was changed") in out


def test_the_ledger_finds_a_pack_that_it_was_made_to_forget(command: Command, chain: list[Path]) -> None:
    import sqlite3

    with sqlite3.connect(command.ledger) as connection:
        with pytest.raises(sqlite3.IntegrityError, match="only ever added"):
            connection.execute("DELETE FROM pack WHERE number = 2")
        connection.execute("DROP TRIGGER pack_is_append_only_delete")
        connection.execute("DELETE FROM pack WHERE number = 2")
    connection.close()
    out = command("ledger", "check", "--ledger", command.ledger).exited(2).out
    assert "pack 3 of" in out and "is not chained to the one before" in out


# -- Hostile zips -----------------------------------------------------------------------------------------------------


def zipped(path: Path, files: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return path


HOSTILE: dict[str, dict[str, bytes]] = {
    "traversal": {"p/../../evil": b"x"},
    "absolute": {"/etc/evil": b"x"},
    "bomb": {"p/data/input.csv": b"\0" * 50_000_000},
    "clash": {"p/data/a.csv": b"", "p/data/A.csv": b""},
    "no folder": {"bagit.txt": DECLARATION},
    "empty": {},
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_hostile_zip_is_refused(alone: Command, name: str, how: int) -> None:
    path = zipped(alone.folder / "evil.zip", HOSTILE[name], how)
    before = sorted(alone.folder.rglob("*"))
    ended = alone("verify", path)
    assert ended.code in (2, 3) and "Traceback" not in ended.said
    assert sorted(alone.folder.rglob("*")) == before


def test_links_and_doubles_in_a_zip_are_refused(alone: Command, first: Path) -> None:
    path = alone.folder / "evil.zip"
    with zipfile.ZipFile(path, "w") as made:
        info = zipfile.ZipInfo("p/bagit.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(info, "/etc/passwd")
    alone("verify", path).exited(2)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "w") as made:
        for _ in range(2):
            made.writestr("p/bagit.txt", DECLARATION)
    alone("verify", path).exited(2)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + b"\xff" * 18, b"\0" * 100, b"PK\5\6" + b"\0" * 18])
def test_what_is_no_zip_is_refused(alone: Command, content: bytes) -> None:
    path = alone.folder / "none.zip"
    path.write_bytes(content)
    assert "no pack" in alone("verify", path).exited(2).err


def test_an_auditor_needs_nothing_but_the_pack(alone: Command, first: Path) -> None:
    (alone.folder / "batch-credits.toml").write_text("no settings = [")
    alone("verify", first, BATCH_CREDITS_NONSENSE="1", HOME="/nowhere").exited(0)


def test_what_is_no_pack_is_refused(alone: Command) -> None:
    assert "cannot be read" in alone("verify", "nothing").exited(2).err
    (alone.folder / "empty").mkdir()
    assert "is no pack" in alone("verify", "empty").exited(2).err
    assert "no SHA-256" in alone("verify", "empty", "--digest", "abc").exited(2).err


def test_rubbish_in_documents_is_a_sentence(pack: Path) -> None:
    rubbish: list[Any] = [b"", b"[]", b"null", b"{", b'{"batch": 1}', b"\xff", b"[" * 100_000]
    documents = ("batch.json", "summary.json", "runs.json")
    for name in (*documents, "credits.csv", "journal.csv", "attempts.csv", "results.csv"):
        good = (pack / "data" / name).read_bytes()
        for content in rubbish:
            (pack / "data" / name).write_bytes(content)
            seal_again(pack)
            assert verify(pack).problems or (content == b"[]" and name == "runs.json"), (name, content)
        (pack / "data" / name).write_bytes(good)


def test_hashing_is_what_it_says() -> None:
    assert sha256(b"x") == hashlib.sha256(b"x").hexdigest()


def test_its_digest_goes_out_with_a_notice(paid: tuple[Command, str], tmp_path: Path) -> None:
    command, batch = paid
    with hooked() as hook:
        ended = command("pack", batch, "--to", tmp_path / "told", "--notify", hook.url).exited(0)
    [digest] = re.findall(r"^Digest +(\S+)$", ended.out, re.MULTILINE)
    [notice] = hook.said
    assert notice["type"] == "batch_credits.ended"
    assert digest in notice["data"]["headline"]
    assert (notice["data"]["command"], notice["data"]["batch"][:8]) == ("pack", batch[:8])
    schema = Path(__file__).parents[2] / "docs" / "schemas" / "notice.json"
    jsonschema.validate(notice, json.loads(schema.read_text()))
