"""Which answer belongs to which sending of a row, by time."""


from batch_credits.ledger import Call
from batch_credits.model import Money
from batch_credits.pack.masks import Pseudonyms
from batch_credits.pack.tables import answered, resolution_lines
from tests.each import each


def call(kind: str, at: int, reason: str | None = None, run: int | None = 1) -> Call:
    is_attempt = kind == "sent"
    return Call(2, is_attempt, at, run, 0 if is_attempt else None, None if is_attempt else kind, reason, None, None,
                "c-1", "q3", "add", "", Money(1, None, "USD"), "general")  # fmt: skip


@each(
    "history, found",
    [
        ([("sent", 1), ("credited", 2)], ["credited"]),
        ([("sent", 1)], [None]),
        ([("sent", 1), ("sent", 5), ("credited", 6)], [None, "credited"]),
        ([("sent", 1), ("pending", 5), ("sent", 5), ("credited", 6)], ["pending", "credited"]),
        ([("sent", 1), ("in_doubt", 2), ("pending", 4), ("sent", 5), ("credited", 6)], ["in_doubt", "credited"]),
        ([("credited", 1), ("sent", 1)], ["credited"]),
        ([("review", 0), ("sent", 1), ("credited", 1)], ["credited"]),
        ([("pending", 3)], []),
    ],
)
def test_an_answer_comes_between_its_sending_and_the_next(
    history: list[tuple[str, int]], found: list[str | None]
) -> None:
    pairs = answered(call(*each) for each in history)
    assert [None if learned is None else learned.state for _, learned in pairs] == found


def test_a_hidden_word_says_what_and_not_how_that_is_known() -> None:
    said = [
        call("credited", 1, "anna says: credited as cr-1, as Max Muster told us", None),
        call("pending", 2, "anna says: not credited: Max says so", None),
        call("pending", 3, "not a word of a person", 1),
    ]
    lines = [line[3] for line in resolution_lines(said, Pseudonyms(b"x"))]
    assert lines == ["anna says: credited as cr-1", "anna says: not credited"]
