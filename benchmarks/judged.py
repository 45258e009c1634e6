"""What samples prove: whether memory grows, whether a ledger grows in a straight line, how late calls are."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SIGMAS = 3.0  # an error of chance is larger once in 370
FEWEST = 8  # points of a line whose error is worth telling
# Whoever keeps one thing for each credit keeps at least a pointer to it: 8 bytes, 1.6 MiB for an hour's 210,000.
LEAK_BYTES_A_CREDIT = 8.0
BENT = 0.1  # by how much the slopes of two halves of a straight line may differ, of the whole


@dataclass(frozen=True)
class Line:
    """A line through points: its slope, and the standard error of that."""

    slope: float
    error: float


def line(xs: Sequence[float], ys: Sequence[float]) -> Line:
    """The line of least squares; its error is infinite if the points are too few to tell one."""
    if len(xs) < 3 or len(set(xs)) < 2:
        return Line(0.0, math.inf)
    slope, base = statistics.linear_regression(xs, ys)
    if len(xs) < FEWEST:
        return Line(slope, math.inf)
    left = sum((y - base - slope * x) ** 2 for x, y in zip(xs, ys, strict=True))
    mean = statistics.fmean(xs)
    return Line(slope, math.sqrt(left / (len(xs) - 2) / sum((x - mean) ** 2 for x in xs)))


def by_window(seconds: Sequence[float], values: Sequence[float], window: float) -> list[float]:
    """The median of each window: calls come in bursts, so samples within one window are no independent points."""
    found: dict[int, list[float]] = {}
    for at, value in zip(seconds, values, strict=True):
        found.setdefault(int(at // window), []).append(value)
    return [statistics.median(values) for _, values in sorted(found.items())]


def leaks(credits: Sequence[float], held: Sequence[float]) -> tuple[str, Line]:
    """`flat`, `grows` or `undecided`, of the last two thirds of the windows; the line's slope is bytes a credit.

    Flat: even a slope so many errors steeper is no pointer a credit. Grows: even one so many errors flatter is.
    """
    first = len(credits) // 3
    found = line(credits[first:], held[first:])
    if found.slope + SIGMAS * found.error < LEAK_BYTES_A_CREDIT:
        return "flat", found
    if found.slope - SIGMAS * found.error >= LEAK_BYTES_A_CREDIT:
        return "grows", found
    return "undecided", found


def straight(credits: Sequence[float], sizes: Sequence[float]) -> tuple[str, float, float]:
    """`linear`, `bent` or `undecided`, and the slopes of the two halves of the last two thirds, in bytes a credit."""
    first = len(credits) // 3
    middle = (first + len(credits)) // 2
    early, late = (line(credits[a:b], sizes[a:b]) for a, b in ((first, middle), (middle, len(credits))))
    if math.isinf(early.error) or math.isinf(late.error):
        return "undecided", early.slope, late.slope
    allowed = BENT * abs(early.slope) + SIGMAS * (early.error + late.error)
    return ("linear" if late.slope - early.slope <= allowed else "bent"), early.slope, late.slope


def late_by(arrivals: Sequence[float], limit: int, window: float) -> list[float]:
    """Seconds by which each call came after the first moment at which the limit allowed it; below 0: too early."""
    return [now - before - window for before, now in zip(arrivals, arrivals[limit:], strict=False)]


def of_the_bound(arrivals: Sequence[float], limit: int, window: float) -> float | None:
    """How long all calls took, divided by what the limit makes them take; None: they fit into one window."""
    windows = (len(arrivals) - 1) // limit
    return (arrivals[-1] - arrivals[0]) / (windows * window) if windows > 0 else None


def at(share: float, values: Sequence[float]) -> float | None:
    """The value that so large a share does not exceed; None: there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
