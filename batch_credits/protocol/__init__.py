"""Never twice, never lost: every decision of the protocol, as pure functions over closed unions.

An answer proves one of three things: *credited*, *not credited*, or *nothing*. A verdict says which; a step
says what follows. The worker pool and the settler carry the steps out and decide nothing, and the ledger
remembers them. No clock, no socket, no disk here, so a test can walk every case.

    after_answer(credit, verdict)  ->  what to do after one attempt
    after_look(credit, look, ...)  ->  what to do after asking Chargebee about a credit in doubt

Two guards stand between a row and a double credit: the look (Chargebee's own list, believed about absence
only after the quarantine and only when a witness shows that the list is up to date), and the idempotency
key. Nothing here depends on the wall clock.
"""

from batch_credits.protocol.answers import (
    AnswerStep,
    Blocked,
    Credited,
    ForAnother,
    HoldInDoubt,
    KeepAndStop,
    NoAnswer,
    NotSent,
    Refused,
    SendAgain,
    SettleCredited,
    SettleFailed,
    StopRun,
    Throttled,
    Unavailable,
    Verdict,
    after_answer,
)
from batch_credits.protocol.doubt import (
    Decision,
    DoubtFacts,
    FoundNothing,
    FoundOne,
    FoundOtherMoney,
    FoundSeveral,
    FoundUncertain,
    Look,
    LookAgain,
    LookStep,
    RaiseAlarm,
    ReleaseAbsent,
    ResendSameKey,
    SendToReview,
    Witness,
    after_look,
)

__all__ = [
    "AnswerStep",
    "Blocked",
    "Credited",
    "Decision",
    "DoubtFacts",
    "ForAnother",
    "FoundNothing",
    "FoundOne",
    "FoundOtherMoney",
    "FoundSeveral",
    "FoundUncertain",
    "HoldInDoubt",
    "KeepAndStop",
    "Look",
    "LookAgain",
    "LookStep",
    "NoAnswer",
    "NotSent",
    "RaiseAlarm",
    "Refused",
    "ReleaseAbsent",
    "ResendSameKey",
    "SendAgain",
    "SendToReview",
    "SettleCredited",
    "SettleFailed",
    "StopRun",
    "Throttled",
    "Unavailable",
    "Verdict",
    "Witness",
    "after_answer",
    "after_look",
]
