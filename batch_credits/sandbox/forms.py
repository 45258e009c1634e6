"""Forms of a text: what a site may make of a reference, a customer id or a description that it was given.

Whether Chargebee keeps texts letter for letter is documented nowhere.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from unicodedata import normalize

_ALL = ("customer_id", "reference", "description")

# Form: the fields it touches, and what it makes of a text; the number is the length to cut to.
FORMS: Mapping[str, tuple[tuple[str, ...], Callable[[str, int], str]]] = MappingProxyType(
    {
        "nfc": (_ALL, lambda text, length: normalize("NFC", text)),
        "nfd": (_ALL, lambda text, length: normalize("NFD", text)),
        "folded": (_ALL, lambda text, length: " ".join(text.split())),  # split knows every blank of Unicode
        "lower": (("customer_id", "reference"), lambda text, length: text.lower()),
        "ascii": (_ALL, lambda text, length: text.encode("ascii", "replace").decode()),
        "cut": (("reference",), lambda text, length: text[:length]),
    }
)


def in_form(form: str, texts: Mapping[str, str], cut_length: int) -> dict[str, str]:
    """The texts, by field name, in one of the `FORMS`; what the form does not touch stays as it is."""
    fields, make = FORMS[form]
    return {name: make(text, cut_length) if name in fields else text for name, text in texts.items()}
