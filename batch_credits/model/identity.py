"""When two texts name one thing: a site may store or echo a reference or a customer id in another form.

Chargebee documents no form (UNKNOWN: byte for byte, normalised, case-folded, trimmed). What agrees after this fold is
taken for one; what does not is another's.
"""

from unicodedata import normalize


def folded(text: str) -> str:
    """The text without regard to Unicode form, case, kinds and numbers of blanks, and blanks at its ends."""
    if text.isascii():
        return " ".join(text.split()).lower()
    return normalize("NFC", normalize("NFD", " ".join(text.split())).casefold())


def folded_id(customer_id: str) -> str:
    """The id without regard to Unicode form and blanks. Its case is kept: Chargebee makes ids of mixed case itself."""
    return normalize("NFC", " ".join(customer_id.split()))


def same_text(one: str, other: str) -> bool:
    """Whether both name one thing."""
    return one == other or folded(one) == folded(other)


def other_forms(text: str) -> list[str]:
    """The forms in which a site may keep the text, where they are not the text itself: it may fold blanks, case and
    Unicode form, each alone or all together."""
    cased = (case for blanks in (text, folded_id(text)) for case in (blanks, blanks.lower()))
    forms = [*(normalize(form, case) for case in cased for form in ("NFC", "NFD")), folded(text)]
    return [*dict.fromkeys(form for form in forms if form != text)]
