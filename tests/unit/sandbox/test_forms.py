"""What a site may make of texts."""


from batch_credits.sandbox.forms import FORMS, in_form
from tests.each import each

TEXTS = {"customer_id": "Cus\u00c9", "reference": "Q3  Caf\u00e9", "description": "\u00a0Lo\u2003yalty\U0001f381 "}


@each(
    "form, customer_id, reference, description",
    [
        ("nfc", "Cus\u00c9", "Q3  Caf\u00e9", "\u00a0Lo\u2003yalty\U0001f381 "),
        ("nfd", "CusE\u0301", "Q3  Cafe\u0301", "\u00a0Lo\u2003yalty\U0001f381 "),
        ("folded", "Cus\u00c9", "Q3 Caf\u00e9", "Lo yalty\U0001f381"),
        ("lower", "cus\u00e9", "q3  caf\u00e9", "\u00a0Lo\u2003yalty\U0001f381 "),
        ("ascii", "Cus?", "Q3  Caf?", "?Lo?yalty? "),
        ("cut", "Cus\u00c9", "Q3  C", "\u00a0Lo\u2003yalty\U0001f381 "),
    ],
)
def test_forms(form: str, customer_id: str, reference: str, description: str) -> None:
    assert in_form(form, TEXTS, 5) == {
        "customer_id": customer_id,
        "reference": reference,
        "description": description,
    }


def test_nfc_puts_together_what_nfd_takes_apart() -> None:
    apart = in_form("nfd", TEXTS, 5)

    assert apart != TEXTS
    assert in_form("nfc", apart, 5) == TEXTS


@each("blank", "\t\n\u00a0\u1680\u2000\u2003\u2009\u202f\u205f\u3000\u2028\u0085")
def test_every_blank_is_folded(blank: str) -> None:
    assert in_form("folded", {"reference": f"{blank}a{blank}{blank} b{blank}"}, 5) == {"reference": "a b"}


@each("form", FORMS)
def test_a_credit_without_a_reference_gets_none(form: str) -> None:
    assert set(in_form(form, {"customer_id": "c", "description": "d"}, 5)) == {"customer_id", "description"}
