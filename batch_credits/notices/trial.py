"""Whether targets are there, and would take a notice, as far as that can be known without telling one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import assert_never

from batch_credits.notices.http import reach
from batch_credits.notices.mail import try_out
from batch_credits.notices.post import ATTEMPT_SECONDS
from batch_credits.notices.targets import Command, Mail, Target, Webhook
from batch_credits.notices.undelivered import Undelivered


def troubles(targets: Sequence[Target]) -> list[str]:
    """Of each target, in this order, why nothing would arrive there; nothing, if it seems that it would. They are
    tried side by side, since one that does not answer takes some seconds."""
    if not targets:
        return []
    with ThreadPoolExecutor(len(targets)) as threads:
        return [*threads.map(_trouble, targets)]


def _trouble(target: Target) -> str:
    try:
        match target:
            case Webhook():
                reach(target, ATTEMPT_SECONDS)
            case Mail():
                try_out(target, ATTEMPT_SECONDS)
            case Command():  # started, it would have told
                pass
            case _:
                assert_never(target)
    except Undelivered as error:
        return error.reason
    return ""
