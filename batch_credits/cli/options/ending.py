"""When a command that sends ends by itself: before a deadline, and how long after it was told to."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from batch_credits.cli.setting import F, apply, chosen_as, option
from batch_credits.cli.values import Context, Number, Param, Seconds
from batch_credits.errors import LEFT_OUT, UsageError
from batch_credits.process.signals import Deadline, Signals

GRACE_SECONDS = 60.0  # below the 90 s after which systemd kills; the rest is for the reports
WORK_GRACE_SECONDS = 20.0  # below the 30 s after which Kubernetes does; a worker writes no reports
MARGIN_SECONDS = 2.0  # for the record of the last answer
AHEAD = timedelta(hours=12)  # that a time of day may lie, since it is of no certain day: else it is over
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_FROM_NOW = re.compile(r"\+(\d{1,6})([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, as it was said, and in seconds since 1970."""

    said: str
    at: float


class TimeOf(click.ParamType):  # type: ignore[type-arg,unused-ignore]
    """`06:30`, `2026-11-28T06:30+01:00` or `+90m`."""

    name = "TIME"

    def convert(self, value: Any, param: Param, ctx: Context) -> Moment:
        """Take what is one moment, wherever and whenever it is read."""
        if isinstance(value, Moment):
            return value
        text = str(value).strip()
        if (ahead := _FROM_NOW.fullmatch(text)) is not None:
            seconds = int(ahead[1]) * _UNITS[ahead[2]]
            return Moment(text, time.time() + seconds)
        if (clock := _CLOCK.fullmatch(text)) is not None:
            return Moment(text, _nearest(*(int(part or 0) for part in clock.groups())))
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"{value!r} is no time: write 06:30, 2026-11-28T06:30+01:00 or +90m.", param, ctx)
        if moment.tzinfo is None:
            self.fail(f"{value!r} has no zone: add it, such as +01:00 or Z; or give the time alone.", param, ctx)
        return Moment(text, moment.timestamp())


def _nearest(hour: int, minute: int, second: int) -> float:
    """The time of day of this machine that is at most 12 hours ahead, or else was there last."""
    now = datetime.fromtimestamp(time.time(), UTC).astimezone()
    days = (now.date() + timedelta(days=each) for each in (-1, 0, 1))
    times = [datetime(day.year, day.month, day.day, hour, minute, second).astimezone() for day in days]
    return max(each for each in times if each - now <= AHEAD).timestamp()


@dataclass(frozen=True, slots=True)
class EndChoice:
    """When it ends by itself."""

    deadline: Moment | None
    grace: float

    def signals(self, timeout_seconds: float) -> Signals:
        """What takes the signals of such a command, where an answer may take so long.

        Raises:
            UsageError: the deadline has passed, or nothing could be answered before it.
        """
        if self.deadline is None:
            return Signals(grace_seconds=self.grace)
        now, stop_at = time.time(), self.deadline.at - timeout_seconds - MARGIN_SECONDS
        if now >= self.deadline.at:
            raise UsageError(
                f"The deadline (--deadline) {_in_words(self.deadline)} has passed.",
                hint="A time of day is one of the next 12 hours. Name a later one:",
                remedies=[(("--deadline", "TIME"),), (("--deadline", LEFT_OUT),)],
            )
        if now >= stop_at:
            raise UsageError(
                f"The deadline (--deadline) {_in_words(self.deadline)} is too near: an answer may take"
                f" {timeout_seconds:.0f} s (--timeout), so nothing could be sent.",
                hint="Name a later one:",
                remedies=[(("--deadline", "TIME"),)],
            )
        return Signals(grace_seconds=self.grace, deadline=Deadline(_in_words(self.deadline), stop_at))


def _in_words(moment: Moment) -> str:
    """With its day and zone, where it was said without."""
    there = datetime.fromtimestamp(moment.at, UTC).astimezone()
    full = there.isoformat(" ", "seconds")
    return moment.said if "T" in moment.said else f"{moment.said}, {full}"


def _ending(grace_seconds: float) -> Callable[[F], F]:
    return apply(
        chosen_as(EndChoice, "end"),
        option("--deadline", type=TimeOf(), metavar="TIME",
               help="Stop before this time, so that all answers are in by then: 06:30, an ISO time with its zone, or"
               " +90m."),
        option("--grace", type=Number(0, 86_400), metavar="SECONDS", default=grace_seconds, show_default=True,
               help="How long answers may come in after SIGTERM or Ctrl-C; then it ends at once."),
    )  # fmt: skip


ending_options = _ending(GRACE_SECONDS)
work_ending_options = _ending(WORK_GRACE_SECONDS)
outage_option = option(
    "--max-outage", "max_outage_seconds", type=Seconds(), metavar="SECONDS", default="10m", show_default=True,
    help="How long a site that was there is waited for, in seconds or as 90s, 10m or 2h.",
)  # fmt: skip
