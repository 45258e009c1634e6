"""Every code and word that this program says, explained: what happened, what it means for the money, what to do.

One table, in three parts: `outcomes` (what became of a row, and how a run ended), `codes` (why), `glossary` (words).
What `explain`, the page and the last screen say of them is read here, and tests hold docs/results.md to it. A code may
stand in it more than once (`missing` is said of a cell and of a customer): `explained` finds all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from batch_credits.explanations.codes import BY_ITSELF, CHARGEBEE, CUSTOMERS, ONLY_ASKED, REJECTED, REVERSED_AGAIN
from batch_credits.explanations.glossary import WORDS
from batch_credits.explanations.outcomes import EXITS, NOT_SENT, sentences_of
from batch_credits.model import REVERSED, CallKind, Outcome

NEAR = 5  # codes named beside one that is not known


class Kind(StrEnum):
    """Where a code is met, in words."""

    OUTCOME = "what became of a row (credit_outcome)"
    REJECTED = "a row that was rejected, and never sent (credit_error_code)"
    REVERSED = "a row whose credit was deducted again (credit_error_code)"
    CHARGEBEE = "an answer of Chargebee (credit_error_code)"
    CUSTOMER = "a finding of check --online"
    EXIT = "an exit code of run"
    WORD = "a word used here"


@dataclass(frozen=True, slots=True)
class Explanation:
    """One code. `status` is the HTTP status that comes with an answer of Chargebee, None for all else."""

    code: str
    kind: Kind
    happened: str
    money: str
    to_do: str
    status: int | None = None


def all_explanations() -> Iterator[Explanation]:
    """The whole table, kind by kind."""
    yield from _outcomes()
    for code, (happened, to_do) in REJECTED.items():
        yield Explanation(code, Kind.REJECTED, happened, NOT_SENT, to_do)
    yield Explanation(REVERSED, Kind.REVERSED, *REVERSED_AGAIN)
    for status, code, proof, happened, to_do in CHARGEBEE:
        yield Explanation(code, Kind.CHARGEBEE, happened, proof.value, to_do or BY_ITSELF[proof], status)
    for code, (happened, to_do) in CUSTOMERS.items():
        yield Explanation(code, Kind.CUSTOMER, happened, ONLY_ASKED, to_do)
    for number, texts in EXITS.items():
        yield Explanation(str(number), Kind.EXIT, *texts)
    for word, texts in WORDS.items():
        yield Explanation(word, Kind.WORD, *texts)


def explained(code: str) -> list[Explanation]:
    """Everything said about a code, however it is written (`In doubt`, `in-doubt`); also about an HTTP status."""
    wanted = "_".join(code.casefold().replace("-", " ").replace("_", " ").split())
    for before_a_number in ("exit_code_", "exit_", "http_"):
        wanted = wanted.removeprefix(before_a_number)
    return [e for e in all_explanations() if wanted == e.code or (e.status is not None and wanted == str(e.status))]


def near(code: str) -> list[str]:
    """Codes that are written much like this one, the most alike first."""
    wanted = "_".join(code.casefold().replace("-", " ").split())
    known = list(dict.fromkeys(e.code for e in all_explanations()))
    holding = [name for name in known if len(wanted) > 2 and wanted in name]
    return list(dict.fromkeys([*get_close_matches(wanted, known, NEAR), *holding]))[:NEAR]


def _outcomes() -> Iterator[Explanation]:
    """Those of a payout; and those that bear another name in the reports of a reversal."""
    names: set[str] = set()
    for kind in CallKind:
        for outcome in Outcome:
            name = kind.name_of(outcome)
            if name not in names:
                names.add(name)
                said = sentences_of(kind, outcome)
                yield Explanation(name, Kind.OUTCOME, said.happened, said.money, said.to_do)
