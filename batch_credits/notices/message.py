"""How a notice reads to people, whichever way it comes: a title, facts a line each, and where to look."""

from dataclasses import dataclass
from enum import StrEnum

from batch_credits.explanations.outcomes import label_of
from batch_credits.model import Outcome
from batch_credits.model.amounts import at_least, total_in_words
from batch_credits.notices.notice import Event, Notice, Standing, by_currency, shown_name
from batch_credits.text.counted import rows

AMOUNTS_SHOWN = 5  # of an outcome's, each of another currency
NAME_SHOWN = 80  # letters of a file's name
PROGRAM = "batch-credits"


class Mood(StrEnum):
    """How it went, for whoever can show a colour."""

    GOOD = "good"
    PLAIN = "default"
    SOME = "warning"
    BAD = "attention"


@dataclass(frozen=True, slots=True)
class Message:
    """The words. `link` is an address that a person can follow; a path is one of the facts."""

    title: str
    facts: tuple[tuple[str, str], ...]
    mood: Mood
    link: str | None = None

    @property
    def text(self) -> str:
        """All of it as plain text."""
        lines = [self.title, "", *(f"{name}: {value}" for name, value in self.facts)]
        return "\n".join([*lines, *([f"Report: {self.link}"] if self.link else [])]) + "\n"


def message_of(notice: Notice) -> Message:
    """The notice in words."""
    subject, link = notice.subject, notice.link
    is_address = link is not None and link.startswith(("https://", "http://"))
    facts = [("What to do", " ".join(dict.fromkeys(reason.to_do for reason in notice.reasons)))]
    if len(notice.reasons) > 1 or (notice.reasons and notice.reasons[0].sentence != notice.headline):
        facts.insert(0, ("Why", " ".join(f"{reason.sentence}." for reason in notice.reasons)))
    if subject.file is not None:
        facts.append(("File", _clipped(shown_name(subject.file))))
    if subject.site is not None:
        kind = {True: " (LIVE site)", False: " (TEST site)", None: ""}[subject.is_live]
        facts.append(("Site", f"{subject.site}{kind}"))
    if notice.standing is not None:
        facts += _standing_facts(notice.standing)
    if notice.exit_code is not None:
        facts.append(("Exit code", str(notice.exit_code)))
    facts.append(("Command", f"{subject.command}, on {subject.host}"))
    if link is not None and not is_address:
        facts.append(("Report", link))
    return Message(
        f"{subject.site or PROGRAM}: {notice.headline}",
        tuple((name, value) for name, value in facts if value),
        _mood(notice),
        link if is_address else None,
    )


def _mood(notice: Notice) -> Mood:
    if notice.event is Event.STARTED:
        return Mood.PLAIN
    if notice.reasons:
        return Mood.BAD
    return Mood.GOOD if notice.exit_code == 0 else Mood.SOME


def _standing_facts(standing: Standing) -> list[tuple[str, str]]:
    facts = [] if standing.key is None else [("Batch", standing.key[:8])]
    counts, totals = standing.counts or {}, standing.totals or {}
    for outcome in Outcome:
        if number := counts.get(outcome, 0):
            words = [
                amount
                for currency, total in sorted(by_currency(totals.get(outcome, {})).items())
                for amount in total_in_words(total, currency, standing.stated)
            ]
            label = label_of(standing.kind, outcome)
            facts.append((label[:1].upper() + label[1:], _amounts(rows(number), words)))
    if standing.unread:
        facts.append(("Not in these totals", at_least((), standing.unread)[0]))
    return facts


def _amounts(number: str, amounts: list[str]) -> str:
    """`3 rows, 1.00 EUR + 2.00 USD`; of many currencies the first few."""
    more = len(amounts) - AMOUNTS_SHOWN
    if more > 0:
        amounts = [*amounts[:AMOUNTS_SHOWN], f"{more} more"]
    return f"{number}, {' + '.join(amounts)}" if amounts else number


def _clipped(name: str) -> str:
    return name if len(name) <= NAME_SHOWN else f"{name[: NAME_SHOWN - 3]}..."
