"""The picture of how the sending went: where its lines and bars are. The template draws them.

All runs stand side by side, each as wide as it was long, with one slice of space between them: what lies between two
runs may be days. A plot is as wide as it has slices and 100 high, and is stretched to the page.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from batch_credits.ledger.runs import Course, History, Slice
from batch_credits.reporter.display import clock, duration, readable_time

HEIGHT = 100
SHORTEST_TOLD_SECONDS = 60  # a run that is shorter, and was never told to wait, has nothing to show
_BAR = 0.8  # of a slice


class Bar(NamedTuple):
    """A bar of a plot, from its upper left corner."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot. `most` is what its full height counts; either `bars` or `path` is drawn."""

    name: str
    kind: str
    most: int
    bars: list[Bar] = field(default_factory=list)
    path: str = ""


class Line(NamedTuple):
    """The numbers of a slice, `after` the run's start."""

    after: str
    sent: int
    credited: int
    other: int
    throttled: int


@dataclass(frozen=True, slots=True)
class RunLines:
    """The numbers of a run, of those slices in which anything was recorded."""

    title: str
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class CoursePicture:
    """Everything that the template draws and says. `breaks` are the places between two runs.

    `sentence` has it in words; `says_something`: there is more to see than that.
    """

    width: int
    plots: list[Plot]
    breaks: list[float]
    began: str
    ended: str
    slice_words: str
    description: str
    sentence: str
    says_something: bool
    runs: list[RunLines]


def course_picture(history: History, rows: int, done: str) -> CoursePicture | None:
    """The picture of a batch of so many rows, which are `done` (credited); None if no run recorded anything."""
    courses = history.courses
    if not courses:
        return None
    offsets, width = [], 0
    for course in courses:
        offsets.append(width)
        width += course.slices_in_all + 1
    placed = [(offset + s.number, s) for offset, course in zip(offsets, courses, strict=True) for s in course.slices]
    seconds = sum(course.slices_in_all for course in courses) * history.slice_milliseconds / 1000
    running = clock(seconds)
    slice_words = duration(history.slice_milliseconds / 1000)
    credited = sum(s.credited for _, s in placed)
    plots = [
        Plot(f"Rows proven {done}, in all", "area", max(rows, credited, 1), path=_area(placed, width - 1, rows)),
        _bars(f"Requests sent, each {slice_words}", "sent", [(x, s.sent) for x, s in placed]),
    ]
    throttled = [(x, s.throttled) for x, s in placed]
    is_throttled = any(count for _, count in throttled)
    if is_throttled:
        plots.append(_bars(f"Of these told to wait (throttled), each {slice_words}", "wait", throttled))
    return CoursePicture(
        width=width - 1,
        plots=plots,
        breaks=[offset - 0.5 for offset in offsets[1:]],
        began=readable_time(courses[0].started_at),
        ended=f"{running} later" if len(courses) == 1 else f"{running} of running later",
        slice_words=slice_words,
        description=_description(placed, courses, done),
        sentence=f"{_told(placed, done)}, within {duration(seconds)}.",
        says_something=is_throttled or len(courses) > 1 or seconds >= SHORTEST_TOLD_SECONDS,
        runs=[_run_lines(course, history.slice_milliseconds) for course in courses],
    )


def _area(placed: list[tuple[int, Slice]], width: int, rows: int) -> str:
    """A path around the area below the number of credited rows, which grows within each slice."""
    most = max(rows, sum(s.credited for _, s in placed), 1)
    points, credited = [f"M0 {HEIGHT}"], 0
    for x, s in placed:
        points.append(f"L{x} {_y(credited, most):g}")
        credited += s.credited
        points.append(f"L{x + 1} {_y(credited, most):g}")
    points.append(f"L{width} {_y(credited, most):g}L{width} {HEIGHT}Z")
    return "".join(points)


def _y(count: int, most: int) -> float:
    return round(HEIGHT - HEIGHT * count / most, 2)


def _bars(name: str, kind: str, counts: list[tuple[int, int]]) -> Plot:
    most = max(1, *(count for _, count in counts))
    bars = [
        Bar(round(x + (1 - _BAR) / 2, 2), _y(count, most), _BAR, round(HEIGHT - _y(count, most), 2))
        for x, count in counts
        if count
    ]
    return Plot(name, kind, most, bars=bars)


def _description(placed: list[tuple[int, Slice]], courses: list[Course], done: str) -> str:
    """What the picture shows, for who does not see it."""
    runs = "1 run" if len(courses) == 1 else f"{len(courses)} runs side by side"
    return (
        f"Chart of {runs}, from {readable_time(courses[0].started_at)}: {_told(placed, done)}. "
        "The same figures are in the table below."
    )


def _told(placed: list[tuple[int, Slice]], done: str) -> str:
    sent, credited, throttled = (sum(getattr(s, name) for _, s in placed) for name in ("sent", "credited", "throttled"))
    requests, rows = "request" if sent == 1 else "requests", "row" if credited == 1 else "rows"
    waits = f"{throttled:,}" if throttled else "none"
    return f"{sent:,} {requests} sent, {waits} told to wait, {credited:,} {rows} proven {done}"


def _run_lines(course: Course, slice_milliseconds: int) -> RunLines:
    lines = [
        Line(
            clock(s.number * slice_milliseconds / 1000), s.sent, s.credited, s.not_credited + s.in_doubt, s.throttled
        )
        for s in course.slices
    ]
    return RunLines(f"Run of {readable_time(course.started_at)}", lines)
