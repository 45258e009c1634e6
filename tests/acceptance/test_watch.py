"""Promise: a file that is dropped into a watched folder is paid once, whatever it is called and whoever ends the watch,
and lies then in one of two folders with a note that is true."""

import json
import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from batch_credits.model.address import Address
from tests.acceptance.harness import Command, Ended, Running, Site, finish, stop, wait_until, write_csv
from tests.acceptance.test_database import Shared

QUICK = ("--settle", 0.2, "--every", 0.1, "--backoff", 0.2)
PLAIN = ("customer_id", "amount", "currency_code", "description")  # no references
BY_NAME = ("--reference-template", "w-{name}")


class Folder:
    """A watched folder."""

    def __init__(self, command: Command) -> None:
        self.command = command
        self.path = command.folder / "in"
        self.path.mkdir()

    def drop(self, name: str, customers: list[str], amount: int = 100, **more: Any) -> Path:
        """Put in a file whose rows have no references."""
        return write_csv(self.path / name, [(each, amount, "USD", "Loyalty") for each in customers], PLAIN, **more)

    def once(self, *options: object, **environment: Any) -> Ended:
        """Take what is there."""
        environment.setdefault("BATCH_CREDITS_RATE", "0")
        return self.command("watch", self.path, "--once", *QUICK, *options, **environment)

    def begin(self, *options: object, **environment: Any) -> Running:
        """Begin to watch."""
        environment.setdefault("BATCH_CREDITS_RATE", "0")
        return self.command.start("watch", self.path, *QUICK, *options, **environment)

    def records(self, to: str) -> list[dict[str, Any]]:
        """What lies in `done` or `attention`, as its records say it, with its note; by seconds, oldest first."""
        found = []
        for path in (self.path / to).glob("*/.batch-credits.json"):
            note = next(path.parent.glob("NOTE*.txt")).read_text()
            found.append({**json.loads(path.read_text()), "note": note, "place": path.parent})
        return sorted(found, key=lambda record: str(record["job"]))

    def names(self, to: str) -> list[str]:
        """The files that lie there."""
        return sorted(str(record["file"]) for record in self.records(to))


@pytest.fixture
def folder(command: Command) -> Folder:
    return Folder(command)


def test_done_with_its_reports(folder: Folder, shared_site: Site) -> None:
    folder.drop("wa.csv", ["wa1", "wa2"])
    (folder.path / "wa.csv.control.csv").write_text("currency,rows,total\nUSD,2,2.00\n")
    folder.once(*BY_NAME).exited(0)
    assert shared_site.times("wa") == Counter({("wa1", "w-wa"): 1, ("wa2", "w-wa"): 1})
    [record] = folder.records("done")
    assert (record["exit_code"], record["reference"], record["control"]) == (0, "w-wa", "wa.csv.control.csv")
    place = record["place"]
    [reports] = place.glob("wa-*")
    assert {path.name for path in reports.iterdir()} == {"results.csv", "failed.csv", "summary.json", "summary.html"}
    assert {path.name for path in place.iterdir()} == {
        "wa.csv", "wa.csv.control.csv", "NOTE.txt", ".batch-credits.json", reports.name
    }  # fmt: skip
    assert "All 2 rows credited." in record["note"] and str(place) in record["note"]
    assert str(folder.command.folder / "ledger.sqlite3.watch") not in record["note"]
    ours = [path for path in place.rglob("*") if path.name not in ("wa.csv", "wa.csv.control.csv")]
    assert all(path.stat().st_mode & 0o077 == 0 for path in [place, place.parent, *ours])


def test_the_same_content_is_never_paid_twice_whatever_it_is_called(folder: Folder, shared_site: Site) -> None:
    folder.drop("wb.csv", ["wb1", "wb2"])
    folder.once(*BY_NAME).exited(0)
    folder.drop("wb-again.csv", ["wb1", "wb2"])
    folder.once(*BY_NAME).exited(2)
    [record] = folder.records("attention")
    assert "The same content came before, as wb.csv: batch" in record["note"]
    assert "2 rows (2 credited)" in record["note"]
    assert set(shared_site.times("wb").values()) == {1} and len(shared_site.times("wb")) == 2


def test_nor_if_it_was_paid_by_hand(folder: Folder, shared_site: Site) -> None:
    path = folder.drop("wc.csv", ["wc1"])
    folder.command.run(path, "--reference", "by-hand").exited(0)
    folder.once(*BY_NAME).exited(2)
    assert shared_site.times("wc") == Counter({("wc1", "by-hand"): 1})


def test_nor_if_the_ledger_is_another(folder: Folder, shared_site: Site) -> None:
    folder.drop("wd.csv", ["wd1"])
    folder.once(*BY_NAME).exited(0)
    folder.command.ledger.rename(folder.command.folder / "lost.sqlite3")
    folder.drop("wd2.csv", ["wd1"])
    folder.once(*BY_NAME).exited(2)
    assert "does not know that batch" in folder.records("attention")[0]["note"]
    assert shared_site.times("wd") == Counter({("wd1", "w-wd"): 1})


def test_another_content_of_the_same_name_does_not_seem_to_be_paid(folder: Folder, shared_site: Site) -> None:
    folder.drop("we.csv", ["we1"])
    folder.once(*BY_NAME).exited(0)
    folder.drop("WE.csv", ["we1", "we2"])
    folder.once(*BY_NAME).exited(2)
    [record] = folder.records("attention")
    assert "is that of the rows of another file, we.csv" in record["note"]
    (record["place"] / "WE.csv").rename(folder.path / "we-part-2.csv")  # as the note says
    folder.once(*BY_NAME).exited(0)
    paid = [("we1", "w-we"), ("we1", "w-we-part-2"), ("we2", "w-we-part-2")]
    assert shared_site.times("we") == Counter(paid)


def test_rows_with_references_of_their_own(folder: Folder, shared_site: Site) -> None:
    headers = (*PLAIN, "reference")
    write_csv(folder.path / "wf.csv", [("wf1", 100, "USD", "x", "r1")], headers)
    folder.once().exited(0)
    write_csv(folder.path / "wf2.csv", [("wf1", 100, "USD", "x", "r1"), ("wf1", 100, "USD", "x", "r2")], headers)
    folder.once().exited(0)
    assert shared_site.times("wf") == Counter({("wf1", "r1"): 1, ("wf1", "r2"): 1})
    [again] = [record for record in folder.records("done") if record["file"] == "wf2.csv"]  # of one second, maybe
    assert "already credited" in again["note"].lower()


def test_rows_without_references_are_rejected_without_a_template_and_paid_with_one(
    folder: Folder, shared_site: Site
) -> None:
    folder.drop("wg.csv", ["wg1"])
    folder.once().exited(2)
    [record] = folder.records("attention")
    (record["place"] / "wg.csv").rename(folder.path / "wg.csv")
    folder.once(*BY_NAME).exited(0)
    assert shared_site.times("wg") == Counter({("wg1", "w-wg"): 1})


def test_what_failed_is_mended_and_dropped_again(folder: Folder, shared_site: Site) -> None:
    folder.drop("wh.csv", ["wh1", "missing-wh"])
    folder.once(*BY_NAME).exited(1)
    [record] = folder.records("attention")
    assert "1 of 2 rows not credited." in record["note"]
    assert "Put the mended failed.csv into the folder" in record["note"]
    [failed] = record["place"].glob("wh-*/failed.csv")
    (folder.path / "failed.csv").write_text(failed.read_text().replace("missing-wh", "wh2"))
    folder.once(*BY_NAME).exited(0)
    assert shared_site.times("wh") == Counter({("wh1", "w-wh"): 1, ("wh2", "w-wh"): 1})
    (record["place"] / "wh.csv").rename(folder.path / "wh.csv")  # which is of no use
    folder.once(*BY_NAME).exited(2)
    assert len(shared_site.times("wh")) == 2


def test_control_totals_that_do_not_agree(folder: Folder, shared_site: Site) -> None:
    folder.drop("wi.csv", ["wi1"])
    (folder.path / "wi.control.json").write_text('{"rows": 2}')
    folder.once(*BY_NAME).exited(2)
    [record] = folder.records("attention")
    assert (record["place"] / "wi.control.json").exists() and "Nothing was sent" in record["note"]
    command = next(line.strip() for line in record["note"].splitlines() if line.startswith("  batch-credits "))
    assert f"--control={record['place']}/wi.control.json" in command and "--yes" not in command
    assert not shared_site.times("wi")


def test_by_a_profile(folder: Folder, shared_site: Site, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "batch-credits").mkdir(parents=True)
    (home / "batch-credits" / "batch-credits.toml").write_text(
        '[profiles.loyalty]\nmap = ["customer_id=Kunde"]\namount_unit = "major"\nreference_template = "p-{name}"\n'
        'currency = "EUR"\ndescription = "Treue"\nquiet = true\n'
    )
    (folder.path / "wj.csv").write_text("Kunde,amount\nwj1,1.50\n")
    ended = folder.once("--profile", "loyalty", XDG_CONFIG_HOME=str(home)).exited(0)
    [credit] = shared_site.credits("wj")
    assert (credit["amount"], credit["currency_code"], credit["reference"]) == (150, "EUR", "p-wj")
    assert ended.out == "" and "All" not in ended.err  # the profile says quiet, to the watch and to its runs


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--reference", "q3"), "would be that of every file"),
        (("--reference-template", "q3"), "makes one reference for all files"),
        (("--done", "in"), "is where files are taken from"),
        (("--done", "in/x", "--attention", "in/x"), "are one folder"),
        (("--settle", "0"), "--settle"),
    ],
)
def test_what_makes_no_sense_is_refused_before_a_file_is_taken(
    folder: Folder, options: tuple[str, ...], said: str
) -> None:
    folder.drop("wk.csv", ["wk1"])
    assert said in folder.once(*options).exited(2).err
    assert (folder.path / "wk.csv").exists()


def test_settings_that_make_no_sense_for_a_run_lose_no_file(folder: Folder) -> None:
    folder.drop("wl.csv", ["wl1"])
    folder.once(*BY_NAME, BATCH_CREDITS_DETACH="1").exited(2)
    assert folder.names("attention") == ["wl.csv"] and not (folder.path / "done").exists()


def test_a_second_watch_ends_at_once(folder: Folder) -> None:
    running = folder.begin()
    wait_until(lambda: "Watching" in running.said[0])
    assert "Another batch-credits watches" in folder.once().exited(5).err
    stop(running, signal.SIGINT)
    assert finish(running).exited(0).out.count("Watching") == 1


def test_a_ledger_in_use_is_waited_for(folder: Folder, tmp_path: Path) -> None:
    with Site("--faults", "latency_ms=60") as site:
        command = Command(tmp_path / "own", site.url)
        command.folder.mkdir()
        folder = Folder(command)
        long = write_csv(command.folder / "long.csv", [(f"l{n}", 100, "USD", "x", "r") for n in range(30)])
        run = command.start_run(long, "--concurrency", 1)
        wait_until(lambda: site.posts > 2)
        folder.drop("wm.csv", ["wm1"])
        folder.once(*BY_NAME).exited(0)
        finish(run).exited(0)
        assert set(site.times().values()) == {1} and len(site.times()) == 31


SLOW = "latency_ms=40"


def begun(folder: Folder, site: Site, rows: int, *options: object) -> Running:
    """A watch whose run sends for a while."""
    folder.drop("wn.csv", [f"wn{number}" for number in range(rows)])
    running = folder.begin(*BY_NAME, *options, BATCH_CREDITS_CONCURRENCY="1")
    wait_until(lambda: site.posts > 3)
    return running


def test_told_to_end_it_ends_its_run_in_order_and_the_next_watch_carries_on(tmp_path: Path) -> None:
    with Site("--faults", SLOW) as site:
        folder = Folder(Command(tmp_path, site.url))
        running = begun(folder, site, 80)
        stop(running, signal.SIGTERM)
        ended = finish(running).exited(4)
        assert "ends in order" in ended.out and not (folder.path / "wn.csv").exists()
        paid = len(site.times())
        assert 3 < paid < 80
        folder.once(*BY_NAME, BATCH_CREDITS_CONCURRENCY="4").exited(0)
        assert len(site.times()) == 80 and set(site.times().values()) == {1}
        assert folder.names("done") == ["wn.csv"]


def test_a_watch_that_is_killed_finds_the_run_that_outlived_it(tmp_path: Path) -> None:
    with Site("--faults", SLOW) as site:
        folder = Folder(Command(tmp_path, site.url))
        begun(folder, site, 60).kill()
        before = site.posts
        wait_until(lambda: site.posts > before + 2)  # the run goes on
        ended = folder.once(*BY_NAME).exited(0)
        assert "its run goes on since before this watch began" in ended.out
        assert len(site.times()) == 60 and set(site.times().values()) == {1}
        assert folder.names("done") == ["wn.csv"]


def test_a_run_that_is_killed_is_tried_again(tmp_path: Path) -> None:
    with Site("--faults", SLOW) as site:
        folder = Folder(Command(tmp_path, site.url))
        running = begun(folder, site, 40)
        [job] = folder.command.folder.glob("ledger.sqlite3.watch/*/jobs/*/job.json")
        os.kill(json.loads(job.read_text())["pid"], signal.SIGKILL)
        wait_until(lambda: (folder.path / "done").exists() and folder.names("done") == ["wn.csv"])
        stop(running, signal.SIGTERM)
        assert "ended without a word" in finish(running).exited(0).out
        assert len(site.times()) == 40 and set(site.times().values()) == {1}


@pytest.mark.slow
def test_a_site_that_is_down_is_tried_again_and_then_left_to_a_person(tmp_path: Path) -> None:
    folder = Folder(Command(tmp_path, "http://127.0.0.1:9"))
    folder.drop("wo.csv", ["wo1"])
    folder.once(*BY_NAME, "--tries", 1).exited(4)
    [record] = folder.records("attention")
    assert "It was tried once." in record["note"]
    line = next(line.strip() for line in record["note"].splitlines() if line.startswith("  batch-credits run "))
    assert f"{record['place']}/wo.csv" in line and "--reference=w-wo" in line


def test_a_pilot_that_disagrees_is_not_tried_again(folder: Folder, shared_site: Site) -> None:
    """Each try would send another one."""
    folder.drop("wr.csv", ["missing-wr", "wr1", "wr2"])
    folder.once(*BY_NAME, BATCH_CREDITS_PILOT="1").exited(4)
    [record] = folder.records("attention")
    assert record["exit_code"] == 4 and "It was tried" not in record["note"] and not shared_site.times("wr")


def test_a_file_that_is_replaced_while_it_is_paid(tmp_path: Path) -> None:
    with Site("--faults", SLOW) as site:
        folder = Folder(Command(tmp_path, site.url))
        running = begun(folder, site, 40)
        folder.drop("wn.csv", ["other1"])  # a new file, of the same name
        [place] = (folder.path / "working").iterdir()
        (place / "wn.csv").write_text("spoiled")
        wait_until(lambda: (folder.path / "attention").exists() and len(folder.names("attention")) == 1)
        stop(running, signal.SIGTERM)
        finish(running).exited(0)
        [done], [refused] = folder.records("done"), folder.records("attention")
        assert (done["place"] / "wn.csv").read_text().count("\n") == 41
        assert (done["place"] / "wn.csv.changed").read_text() == "spoiled"
        assert "is that of the rows of another file" in refused["note"]
        assert len(site.times()) == 40 and set(site.times().values()) == {1}


@pytest.mark.postgres
def test_with_a_ledger_that_is_a_database(tmp_path: Path, shared_site: Site, new_database: Address) -> None:
    folder = Folder(Shared(tmp_path, shared_site.url, {"XDG_DATA_HOME": str(tmp_path / "data")}))
    folder.command.url_of_ledger = new_database.url  # type: ignore[attr-defined]
    folder.drop("wq.csv", ["wq1", "wq2"])
    folder.once(*BY_NAME).exited(0)
    folder.drop("wq-again.csv", ["wq1", "wq2"])
    folder.drop("WQ.csv", ["wq3"])
    folder.once(*BY_NAME).exited(2)
    assert shared_site.times("wq") == Counter({("wq1", "w-wq"): 1, ("wq2", "w-wq"): 1})
    assert folder.names("done") == ["wq.csv"] and folder.names("attention") == ["WQ.csv", "wq-again.csv"]
    again = write_csv(tmp_path / "by-hand.csv", [("wq1", 100, "USD", "Loyalty"), ("wq2", 100, "USD", "Loyalty")], PLAIN)
    ended = folder.command.run(again, "--reference", "by-hand", "--refuse-repeat").exited(2)
    assert "The same content came before" in ended.err


def test_a_run_itself_refuses_a_repeat(command: Command, shared_site: Site) -> None:
    def run(name: str, text: str, *options: object) -> Ended:
        path = command.folder / name
        path.write_text(f"customer_id,amount,currency_code,description\n{text}")
        return command.run(path, "--refuse-repeat", *options)

    run("wp.csv", "wp1,100,USD,x\n", "--reference", "r1").exited(0)
    run("wp.csv", "wp1,100,USD,x\n", "--reference", "r1").exited(0)  # goes on with the same
    assert "The same content came before" in run("wp2.csv", "wp1,100,USD,x\n", "--reference", "r2").exited(2).err
    assert "is that of the rows of another file" in run("wp3.csv", "wp2,1,USD,x\n", "--reference", "R1").exited(2).err
    run("wp4.csv", "wp1,100,USD,\n", "--reference", "r4").exited(1)  # it was rejected, so it may come by another one
    again = run("wp4.csv", "wp1,100,USD,\n", "--reference", "r1", "--description", "x").exited(2)
    assert "is that of the rows of another file" in again.err
    assert shared_site.times("wp") == Counter({("wp1", "r1"): 1})
