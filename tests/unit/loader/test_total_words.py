
from batch_credits.loader.total_words import TOTAL_WORDS, may_say_only_total, says_only_total, says_total
from tests.each import each

SAY = (
    "Total",
    "TOTAL:",
    "Grand Total",
    "Sub-total",
    "sub total",
    "(Total)",
    "cust-1 Total",
    "Total: cust-1",
    "Gesamtsumme",
    "Zwischensumme",
    "Total g\u00e9n\u00e9ral",
    "Suma",
    "Totale",
    "Totaal",
    "Summa",
    "I alt",
    "Yhteens\u00e4",
    "Razem",
    "\u0418\u0442\u043e\u0433\u043e:",
    "\u03a3\u03cd\u03bd\u03bf\u03bb\u03bf",
    "\u5408\u8a08",
    "7\u6708\u5408\u8a08",
    "\u5c0f\u8ba1",
    "\ud569\uacc4",
    "\u0e23\u0e27\u0e21",
    "\uff34\uff4f\uff54\uff41\uff4c",
    "\u03a3",
    "= Total",
    "Total/Gesamt",
    "Total/Totale:",
)
DO_NOT = (
    "",
    "cust-1",
    "summer-3",
    "subtotalware-4",
    "totally",
    "total-energies",
    "total/12",
    "eu/total",
    "consumer",
    "kind",
    "Summary",
    "plan",
    "\u5c0f\u5ddd",
)


@each("text", SAY)
def test_words_for_a_total(text: str) -> None:
    assert says_total(text)


@each("text", DO_NOT)
def test_names_that_only_have_the_letters(text: str) -> None:
    assert not says_total(text)


@each(
    "text, customer, says",
    [
        ("Total", "c-1", True),
        ("Subtotal c-1", "c-1", True),
        ("Total of c-1", "c-1", True),
        ("Subtotal c-2", "c-1", False),
        ("Total care bonus", "c-1", False),
        ("thanks", "c-1", False),
        ("of the", "c-1", False),
        ("Grand total USD", "", True),
    ],
)
def test_texts_that_say_nothing_else(text: str, customer: str, says: bool) -> None:
    assert says_only_total(text, customer) is says


@each("text", [*SAY, "Of all: total", "General total"])
def test_the_quick_look_misses_none(text: str) -> None:
    if says_only_total(text, ""):
        assert may_say_only_total([text])


def test_a_single_word_is_found_as_it_stands() -> None:
    assert {"total", "total.", "-summe-", "\u5408\u8a08"} - TOTAL_WORDS <= {"\u5408\u8a08"}
