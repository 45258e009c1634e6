"""What a site has made of a text, from what was sent and what it shows: pure functions."""

from collections.abc import Callable, Iterable
from itertools import product
from unicodedata import normalize

from batch_credits.explanations.site_traits import (
    AS_SENT,
    ASCII,
    CUT,
    FOLDED,
    LOWER,
    NFC,
    NFD,
    OTHER,
    TRIMMED,
    UPPER,
)

Change = Callable[[str], str]
Step = tuple[str, Change]  # its name, and what it does

# In the order in which a site may do them, one of each line at most.
_STEPS: tuple[tuple[Step, ...], ...] = (
    ((NFC, lambda text: normalize("NFC", text)), (NFD, lambda text: normalize("NFD", text))),
    ((TRIMMED, str.strip), (FOLDED, lambda text: " ".join(text.split()))),
    ((LOWER, str.lower), (UPPER, str.upper)),
    ((ASCII, lambda text: text.encode("ascii", "replace").decode()),),
)
_ALL_WAYS = sorted(
    product(*((None, *steps) for steps in _STEPS)), key=lambda way: sum(step is not None for step in way)
)


def forms_of(sent: str, kept: str) -> tuple[str, ...]:
    """The fewest changes that make of a text what a site keeps; none: it is as it was sent."""
    cut: tuple[str, ...] | None = None
    for way in _ALL_WAYS:
        steps = [step for step in way if step is not None]
        text = sent
        for _, change in steps:
            text = change(text)
        names = tuple(name for name, _ in steps)
        if text == kept:
            return names
        if cut is None and kept and text.startswith(kept):
            cut = (*names, f"{CUT} {len(kept)} characters")
    return cut or (OTHER,)


def said_of(samples: Iterable[tuple[str, str]]) -> str:
    """What a site makes of texts, in words, of several that were sent and are kept; of each sample another change is
    seen. What one sample cannot tell apart is not said twice."""
    found: dict[str, None] = {}
    for sent, kept in samples:
        found |= dict.fromkeys(forms_of(sent, kept))
    if OTHER in found and len(found) > 1:
        del found[OTHER]
        found[OTHER] = None
    return ", ".join(found) or AS_SENT
