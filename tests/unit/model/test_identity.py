"""Which texts are one, and in which forms a site may keep them."""

from hypothesis import given
from hypothesis import strategies as st

from batch_credits.model.identity import folded, other_forms, same_text
from tests.each import each

SAME = [
    ("q3", "Q3"),
    ("Pr\u00e4mie", "Pra\u0308mie"),
    ("Pr\u00e4mie", "PR\u00c4MIE"),
    ("loyalty q3", "loyalty\u00a0q3"),
    ("loyalty q3", "loyalty \u2003 q3"),
    ("q3", " q3\t"),
    ("q3", "\u3000q3"),
    ("Stra\u00dfe", "STRASSE"),
    ("\u03b1\u0345\u0301", "\u1fb4"),  # alpha with iota and accent, in either order
    ("\u1f80", "\u1f88"),  # a letter that has its iota below or beside it
    ("\u212a1", "k1"),  # the sign for kelvin
]
OTHER = [
    ("q3", "q4"),
    ("q3", "q 3"),
    ("q3", ""),
    ("q3", "q3."),
    ("a-b", "a_b"),
    ("Pr\u00e4mie", "Pramie"),
    ("gift \U0001f381", "gift ?"),
    ("loyalty q3", "loyalty q"),
]


@each("one, other", SAME)
def test_one_text_in_two_forms(one: str, other: str) -> None:
    assert folded(one) == folded(other)
    assert same_text(one, other) and same_text(other, one)


@each("one, other", OTHER)
def test_two_texts(one: str, other: str) -> None:
    assert folded(one) != folded(other)
    assert not same_text(one, other)


@given(st.text())
def test_a_fold_is_folded(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert same_text(text, text)


@given(st.text())
def test_every_other_form_is_another_text_that_means_the_same(text: str) -> None:
    forms = other_forms(text)
    assert text not in forms
    assert len(set(forms)) == len(forms)
    for form in forms:
        assert folded(form) in (folded(text), folded(text.lower()))


def test_the_forms_that_a_site_may_keep() -> None:
    assert other_forms("cust-1") == []
    assert other_forms("Cust-1") == ["cust-1"]
    assert other_forms("K\u00e4ufer") == ["Ka\u0308ufer", "k\u00e4ufer", "ka\u0308ufer"]
    assert other_forms("Cust\u00a0A") == ["cust\u00a0a", "Cust A", "cust a"]
