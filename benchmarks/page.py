"""The table of docs/speed.md, from the figures of a run of the benchmarks: what each means for whoever pays."""

from pathlib import Path
from statistics import median
from typing import Any

from rounds import Figure, spread

BEGIN, END = "<!-- written by `make bench` -->\n", "<!-- end of it -->\n"
# By the beginning of a figure's name: what it means. `{rows}` and `{at_150}` are of
# the figure, `{adds}` is what it took beside sending.
MEANS = {
    "bare aiohttp loop, a connection": "with a connection for each request, as a run with a limit has",
    "bare aiohttp loop": "what Python and aiohttp allow at most: nothing is written down, and nothing is retried",
    "sending, documented": "what a run without a limit does with a version of aiohttp that was not tested",
    "sending, 5 ms": "a slow disk costs next to nothing: many rows share a commit",
    "sending": "every attempt and answer is on disk, at this pace",
    "whole run, two": "for a site without a limit",
    "whole run": "{rows} rows from the command to its reports. At 150 calls a minute the calls alone take {at_150};"
    " the program adds {adds}",
    "first POST": "from Enter to the first credit of a small file",
    "start: first POST": "from Enter to the first credit of a file of 100 rows",
    "start: check": "from Enter to the result for a file of 100 rows",
    "start:": "from Enter to the answer",
    "pandas reads": "the yardstick of the lines below",
    "load and validate": "`check` of {rows} rows",
    "load and admit": "how long a payout of {rows} rows takes before its first call, but for your yes",
    "report": "the reports of {rows} rows; of a ledger that is all read",
    "opening": "what every command on a ledger of {rows} rows pays",
    "planning": "running a batch of {rows} rows again: until it asks",
    "resuming": "from the yes to the first call, where all but ten of {rows} rows are credited",
    "status": "`status` beside {rows} rows",
}


def in_words(seconds: float) -> str:
    """`11 h 7 min`, `2 min 5 s`, `4.1 s` or `0.04 s`."""
    if seconds >= 3600:
        return f"{int(seconds // 3600)} h {round(seconds % 3600 / 60)} min"
    if seconds >= 60:
        return f"{int(seconds // 60)} min {round(seconds % 60)} s"
    return f"{seconds:.1f} s" if seconds >= 1 else f"{seconds:.2f} s"


def meaning(one: Figure, figures: dict[str, Figure]) -> str:
    """The sentence for a figure; empty if there is none."""
    for begins, sentence in MEANS.items():
        if one.name.startswith(begins):
            at_150 = in_words((one.rows - 1) // 150 * 60)
            sending = figures.get(one.name.replace("whole run", "sending"), one)
            adds = median(a - b for a, b in zip(one.seconds, sending.seconds, strict=True))
            return sentence.format(rows=f"{one.rows:,}", at_150=at_150, adds=in_words(adds))
    return ""


def cells(one: Figure, figures: dict[str, Figure]) -> list[str]:
    """A line of the table. Of the base: how many times faster, by the wall and by CPU."""
    base = figures[one.base]
    share = one.rows / base.rows  # rivals send fewer, since they are slow: a row's time is what is compared
    faster = [b / a * share for a, b in zip(one.seconds, base.seconds, strict=True)]
    form = ".2f" if median(faster) >= 0.1 else ".4f"
    ratio = by_cpu = of = cpu = ""
    if one is not base:
        ratio, of = spread(faster, form), base.name
        if one.cpu and base.cpu:
            by_cpu = spread([b / a * share for a, b in zip(one.cpu, base.cpu, strict=True)], form)
    if one.cpu:
        cpu = f"{median(one.cpu) / one.rows * 1e6:.1f}" if one.rows > 1 else in_words(median(one.cpu))
    rate = f"{one.rows / median(one.seconds):,.0f}" if one.rows > 1 else ""
    peak = f"{one.peak_mib:.0f}" if one.peak_mib else ""
    return [one.name, in_words(median(one.seconds)), rate, ratio, by_cpu, of, cpu, peak, meaning(one, figures)]


def table(told: dict[str, Any], figures: dict[str, Figure]) -> str:
    """Where it was measured, and a table for each yardstick."""
    lines = [
        f"Version {told['version']}, commit {told['commit'] or 'unknown'}, {told['at'][:10]}; {told['machine']};"
        f" loopback; {told['load']:g} processes busy as it began; {told['rounds']} rounds: medians (least to most).",
        "",
    ]
    heads = [
        "",
        "time",
        "rows/s",
        "of the yardstick",
        "of it by CPU",
        "the yardstick",
        "CPU us a row",
        "peak MiB",
        "what it means",
    ]
    lines += [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    lines += [f"| {' | '.join(cells(one, figures))} |" for one in figures.values()]
    lines += ["", *(sentence for sentence in told.get("left_out", []))]
    return "\n".join(lines).rstrip() + "\n"


def put(page: Path, text: str) -> None:
    """Write the table into the page, whole or not at all.

    Raises:
        ValueError: the page has no place for it.
    """
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no place for the table")
    new = page.with_suffix(".new")
    new.write_text(before + BEGIN + "\n" + text + "\n" + END + after, encoding="utf-8")
    new.replace(page)


def of_page(page: Path) -> str:
    """The table that stands in the page."""
    return page.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip() + "\n"
