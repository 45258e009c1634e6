"""What a site has made of a text: the fewest changes that explain it."""

import itertools
from collections.abc import Mapping

from batch_credits.explanations.site_traits import AS_SENT, ASCII, FOLDED, LOWER, NFC, NFD, OTHER, TRIMMED, UPPER
from batch_credits.probe.measuring import SUFFIXES
from batch_credits.probe.texts import forms_of, said_of
from batch_credits.sandbox.forms import FORMS, in_form
from tests.each import each

TOKEN = "probe-abcdef-01"
SENT = [TOKEN, *(f"{TOKEN}{suffix}" for suffix in SUFFIXES), f"{TOKEN} ".ljust(500, "x")]
NAMES: Mapping[str, str] = {"nfc": NFC, "nfd": NFD, "folded": FOLDED, "lower": LOWER, "ascii": ASCII}


@each(
    "sent, kept, forms",
    [
        ("a b", "a b", ()),
        ("", "", ()),
        ("A b", "a b", (LOWER,)),
        ("A b", "A B", (UPPER,)),
        (" a  b ", "a  b", (TRIMMED,)),
        (" a  b ", "a b", (FOLDED,)),
        ("e\u0301", "\u00e9", (NFC,)),
        ("\u00e9", "e\u0301", (NFD,)),
        ("\u00e9", "?", (ASCII,)),
        ("e\u0301", "e?", (ASCII,)),
        ("abcdef", "abc", ("cut to 3 characters",)),
        ("ABcdef", "abc", (LOWER, "cut to 3 characters")),
        ("abcdef", "", (OTHER,)),
        ("abcdef", "xyz", (OTHER,)),
        ("abcdef", "abcdefg", (OTHER,)),
    ],
)
def test_the_fewest_changes_are_said(sent: str, kept: str, forms: tuple[str, ...]) -> None:
    assert forms_of(sent, kept) == forms


@each("forms", [each for n in (0, 1, 2, 3) for each in itertools.combinations(FORMS, n)])
def test_every_form_of_the_sandbox_is_seen_in_what_a_probe_sends(forms: tuple[str, ...]) -> None:
    """As long as one does not hide another: what is no ASCII any more has no form of Unicode, and neither NFC nor NFD
    is left of the other."""
    samples = []
    for sent in SENT:
        kept = sent
        for form in forms:
            kept = in_form(form, {"reference": kept}, 20)["reference"]
        samples.append((sent, kept))
    said = set(said_of(samples).split(", "))
    expected = {NAMES.get(form, "cut to 20 characters") for form in forms} or {AS_SENT}
    if "nfd" in forms:
        expected.discard(NFC)
    if "ascii" in forms and said != expected:
        expected -= {NFC, NFD}
        said -= {NFC, NFD}
    assert said == expected


def test_what_nobody_can_explain_is_said_last() -> None:
    assert said_of([("a", "b"), ("A", "a")]) == f"{LOWER}, {OTHER}"
