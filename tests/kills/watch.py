"""A folder that is watched, a dropper without mercy, and kills: by a seed.

    python -m tests.kills.watch --stories 20 --first 0

Files are dropped whole, under temporary names, and growing; contents come again under other names, and names with
other contents. The watch is killed, told to end, and its runs are killed. The sandbox's own truth is the judge: no row
is credited twice, none that was to be paid is missing, each file lies once in one of the two folders, and its note is
true. A failure prints the command that plays this one story again.
"""

import argparse
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.acceptance.harness import WARM, Command, Running, Site, finish, wait_until

CONTENTS, LIVES = 6, 7
SETTLE_SECONDS = 0.8
QUICK = ("--settle", SETTLE_SECONDS, "--every", 0.1, "--backoff", 0.2, "--tries", 50)
FAULTS = "lost_after=0.03,lost_before=0.03,error_after=0.03,throttled=0.03,latency_ms=15,keys_forget=0.2"
ENVIRONMENT = {"BATCH_CREDITS_RATE": "0", "BATCH_CREDITS_QUARANTINE": "1", "BATCH_CREDITS_CONCURRENCY": "2"}


@dataclass(frozen=True)
class Content:
    """What a file holds. `good` are customers that exist, `bad` ones that do not."""

    number: int
    good: tuple[str, ...]
    bad: tuple[str, ...]
    has_references: bool

    @property
    def text(self) -> str:
        """The file's text."""
        more = ",reference" if self.has_references else ""
        lines = [f"customer_id,amount,currency_code,description{more}"]
        for customer in (*self.good, *self.bad):
            reference = f",own-{self.number}" if self.has_references else ""
            lines.append(f"{customer},{100 + self.number},USD,Loyalty{reference}")
        return "\n".join(lines) + "\n"


@dataclass
class Story:
    """What was dropped, and what was wrong in the end. `unsure` are contents that may have been taken when they were
    not whole: this process stood still for too long while it wrote them."""

    seed: int
    dropped: list[tuple[str, Content]] = field(default_factory=list)
    unsure: set[int] = field(default_factory=set)
    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


def play(seed: int) -> Story:
    """One story."""
    chance, story = random.Random(seed), Story(seed)
    with Site("--faults", FAULTS, "--seed", str(seed)) as site, tempfile.TemporaryDirectory() as folder:
        strangers = {"customer_id": "stranger", "currency_code": "USD"}
        site.tell("credits", credits=[{**strangers, "amount": 1000}, {**strangers, "amount": 1, "type": "decrement"}])
        watched = Path(folder) / "in"
        watched.mkdir()
        command = Command(Path(folder), site.url, ENVIRONMENT)
        drops = _drops(chance)
        for life in range(LIVES):
            watch = _begin(command, watched)
            for name, content in drops[life::LIVES]:
                _drop(chance, story, watched, name, content)
                time.sleep(chance.random() * 0.4)
            time.sleep(chance.random() * 2.5)
            _end(chance, story, command, watch)
        _to_the_end(story, command, watched)
        _judge(story, watched, site)
    return story


def _drops(chance: random.Random) -> list[tuple[str, Content]]:
    """What is dropped, in this order: each content once or more, under names that may come again."""
    contents = []
    for number in range(CONTENTS):
        good = tuple(f"c{number}-{row}" for row in range(chance.randint(3, 14)))
        bad = (f"missing-{number}",) if chance.random() < 0.25 else ()
        contents.append(Content(number, good, bad, chance.random() < 0.4))
    drops = [(f"f{content.number}.csv", content) for content in contents]
    drops += [(f"again{n}.csv", chance.choice(contents)) for n in range(3)]
    drops += [(f"f{chance.randrange(CONTENTS)}.csv", chance.choice(contents)) for _ in range(2)]
    chance.shuffle(drops)
    return drops


def _drop(chance: random.Random, story: Story, watched: Path, name: str, content: Content) -> None:
    path = watched / name
    wait_until(lambda: not path.exists(), 120)  # a dropper that replaces its own file has one file less
    story.dropped.append((name, content))
    if chance.random() < 0.6:
        hidden = watched / chance.choice([f".{name}", f"{name}.part", f"~${name}"])
        hidden.write_text(content.text)
        hidden.rename(path)
        return
    began = time.monotonic()
    half = len(content.text) // 2
    with path.open("w") as file:
        for part in (content.text[:half], content.text[half:]):
            file.write(part)
            file.flush()
            time.sleep(0.1)
    if time.monotonic() - began > SETTLE_SECONDS / 2:
        story.unsure.add(content.number)


def _begin(command: Command, watched: Path) -> Running:
    return command.start("watch", watched, *QUICK, "--reference-template", "w-{name}")


def _end(chance: random.Random, story: Story, command: Command, watch: Running) -> None:
    """Kill the watch, or its run, or both, or tell it to end."""
    how = chance.choice(["watch", "watch", "run", "both", "told"])
    story.kills[how] += 1
    if how in ("run", "both"):
        for path in command.folder.glob("ledger.sqlite3.watch/*/jobs/*/job.json"):
            with suppress(OSError, ValueError):
                if _is_ours(pid := json.loads(path.read_text())["pid"]):
                    os.kill(pid, signal.SIGKILL)
        time.sleep(chance.random() * 0.5)
    if how == "told":
        wait_until(lambda: "Watching" in watch.said[0])  # before that a signal ends any program
        watch.terminate()
        if finish(watch).code not in (0, 4):
            story.faults.append("told to end, it did not end in order")
    else:
        watch.kill()
        with suppress(AssertionError):
            finish(watch)


def _is_ours(pid: int) -> bool:
    """Whether a number is still that of a run."""
    return pid > 1 and b"batch_credits" in Path(f"/proc/{pid}/cmdline").read_bytes()


def _to_the_end(story: Story, command: Command, watched: Path) -> None:
    watch = _begin(command, watched)
    try:
        wait_until(lambda: "Watching" in watch.said[0])
        wait_until(lambda: not any(watched.glob("*.csv")) and not any((watched / "working").iterdir()), 240)
        wait_until(lambda: not any(command.folder.glob("ledger.sqlite3.watch/*/jobs/*")), 60)
    except AssertionError:
        story.faults.append(f"it does not come to its end: {watch.said[0][-2000:]}")
    watch.terminate()
    ended = finish(watch)
    if ended.code != 0 or "Traceback" in ended.said or "bug" in ended.said:
        story.faults.append(f"at the end: {ended.code}: {ended.said[-2000:]}")


def _judge(story: Story, watched: Path, site: Site) -> None:
    said = story.faults.append
    lying = [record for to in ("done", "attention") for record in _records(watched / to)]
    if Counter(each["file"] for each in lying) != Counter(name for name, _ in story.dropped):
        said(f"dropped {sorted(name for name, _ in story.dropped)}, found {sorted(each['file'] for each in lying)}")
    left = [path.name for path in watched.iterdir() if path.is_file() and not path.name.startswith(".batch")]
    if left:
        said(f"left in the folder: {left}")
    texts = {content.text: content for _, content in story.dropped}
    times = Counter(str(credit["customer_id"]) for credit in site.credits("c"))
    if any(count > 1 for count in times.values()):
        said(f"credited twice: {[customer for customer, count in times.items() if count > 1]}")
    done = Counter[int]()
    for record in lying:
        content = texts.get(record["text"])
        if content is None:
            said(f"{record['file']} is not what was dropped") if not story.unsure else None
            continue
        done[content.number] += record["to"] == "done"
        _judge_note(story, record, content, times)
    for content in texts.values():
        if content.number in story.unsure:
            continue
        unpaid = [customer for customer in content.good if not times[customer]]
        first = _refused_for_their_names(lying, content)
        if unpaid and not first:
            said(f"content {content.number}: {unpaid} are not credited")
        if done[content.number] > 1:
            said(f"content {content.number} is done {done[content.number]} times")


def _refused_for_their_names(lying: list[dict[str, Any]], content: Content) -> bool:
    """Whether a content was never paid since each time it came under a name that another one had before."""
    notes = [each["note"] for each in lying if each["text"] == content.text]
    return all("is that of the rows of another file" in note for note in notes)


def _judge_note(story: Story, record: dict[str, Any], content: Content, times: Counter[str]) -> None:
    """Whether what is said of a file is so."""
    said, note, what = story.faults.append, record["note"], f"{record['file']} in {record['to']}"
    if record["folder"] != record["to"] or (record["to"] == "done") != (record["exit_code"] == 0):
        said(f"{what}: exit code {record['exit_code']}, in {record['folder']}")
    if record["to"] == "done" and (content.bad or any(not times[customer] for customer in content.good)):
        said(f"{what}, and not all of it is credited")
    if record["exit_code"] == 1 and not (content.bad and "not credited" in note):
        said(f"{what}: exit code 1, and nothing of it can fail: {note}")
    if record["exit_code"] == 2 and "came before" in note and not any(times[each] for each in content.good):
        said(f"{what}: it is said to have been paid, and nothing of it is credited")
    if record["exit_code"] in (3, 4, 5):
        said(f"{what}: {note}")


def _records(folder: Path) -> list[dict[str, Any]]:
    found = []
    for path in folder.glob("*/.batch-credits.json"):
        record = json.loads(path.read_text())
        record["text"] = (path.parent / record["file"]).read_text()
        record["note"] = (path.parent / "NOTE.txt").read_text()
        record["folder"] = folder.name
        found.append(record)
    return found


def main() -> int:
    """Play stories, and say which failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--stories", type=int, default=10)
    parser.add_argument("--first", type=int, default=0)
    given = parser.parse_args()
    failed = 0
    for seed in range(given.first, given.first + given.stories):
        story = play(seed)
        print(f"seed {seed}: {len(story.dropped)} drops, {dict(story.kills)}, unsure {len(story.unsure)}", flush=True)
        for fault in story.faults:
            print(f"  {fault}\n  python -m tests.kills.watch --first {seed} --stories 1", flush=True)
        failed += bool(story.faults)
    WARM.close()
    print(f"{given.stories} stories, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
