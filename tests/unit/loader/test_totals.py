from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from batch_credits.loader import totals as module
from batch_credits.loader.opening import open_source
from batch_credits.loader.sums import NOTHING, Running, Sum
from batch_credits.loader.total_words import may_say_only_total, says_only_total, says_total
from batch_credits.loader.totals import LOOKED_BACK
from batch_credits.model import ControlTotal, FileTotal
from batch_credits.settings import InputOptions
from tests.each import each

HEADER = "customer_id,amount,currency_code,description\n"


def read(tmp_path, text, size=5000, header=HEADER, **options):
    path = tmp_path / "payout.csv"
    path.write_text(header + text)
    opened = open_source(path, InputOptions(reference="r", amount_unit="major", **options))
    rows = [row for chunk in opened.chunks(size) for row in chunk]
    return opened.totals, rows


def rejected(rows):
    return [row.row_number for row in rows if any(p.code == "looks_like_total" for p in row.problems)]


@each(
    "text",
    [
        "Total",
        "TOTAL:",
        "Sub-Total",
        "cust-1 Total",
        "Grand Total",
        "Total for cust-1",
        "Zwischensumme:",
        "Gesamtergebnis",
        "Ergebnis kd-7",
        "sous-total",
        "TOTAL GÉNÉRAL",
        "Suma końcowa",
        "Итого:",
        "合計",
        "7月 小計",
        "顧客合計",
        "총합계",
        "Σύνολο",
        "i alt",
        "I ALT:",
        "Yhteensä",
        "Tổng cộng",
        "المجموع",
        'סה"כ',
        "Total:35.45",
        "*** Total ***",
        "- Total -",
        "Total (USD)",
    ],
)
def test_words_for_a_total(text):
    assert says_total(text)


@each(
    "text", ["summer-3", "subtotalware-4", "total-3", "totally", "cust_total_3", "Zusammen", "00123", ""]
)
def test_names_that_only_hold_such_words(text):
    assert not says_total(text)


def test_a_description_says_only_total_or_speaks_of_a_credit():
    assert says_only_total("Subtotal cust-1", "cust-1") and says_only_total("Grand total:", "x")
    assert not says_only_total("Total loyalty credit", "cust-1") and not says_only_total("thanks", "cust-1")


def test_a_row_that_says_total_in_its_description_is_one(tmp_path):
    _, rows = read(tmp_path, "a,1,USD,thanks\na,1,USD,Subtotal\nb,2,USD,Total thanks\n")
    assert rejected(rows) == [3]


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6, 5000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,1,USD,x\nb,2,USD,x\nc,3,USD,x\n", [4]),
        ("a,1,USD,x\nb,2,USD,x\nc,3,USD,x\n,,,\nd,9,USD,x\n", [4]),  # a blank line below
        ("a,1,USD,x\nb,2,USD,x\nc,3,USD,x\nd,9,USD,x\n", []),  # among others
        ("a,1,USD,x\nb,2,USD,x\nc,3,USD,x\nPrepared by Ana,,,\n", [4]),  # a note below
        ("a,1,USD,x\nb,1,USD,x\n", []),
        ("a,1,USD,x\nb,2,EUR,x\nc,3,USD,x\n", []),
        ("a,1,USD,x\nb,2,USD,x\nc,4,EUR,x\nd,5,EUR,x\ne,3,USD,x\nf,9,EUR,x\n", [6, 7]),  # one for each currency
        ("a,1,USD,x\nb,2,USD,x\n,,,\nc,3,USD,x\nd,4,USD,x\ne,7,USD,x\n", [7]),  # of its block
    ],
)
def test_the_last_row_is_a_total_by_arithmetic(tmp_path, text, expected, size):
    """Wherever chunks begin."""
    _, rows = read(tmp_path, text, size)
    assert rejected(rows) == expected
    assert [row.row_number for row in rows] == sorted(row.row_number for row in rows)


@pytest.mark.parametrize("size", [1, 2, 5000])
@pytest.mark.parametrize(
    ("text", "rows_of"),
    [
        ("a,1,USD,x\nb,2,USD,x\n,3,,Total\n", [2]),
        ("a,1,USD,x\n,1,,Subtotal\nb,2,USD,x\n,2,,Subtotal\n,3,,Grand total\n", [1, 1, 2]),
        ("a,1,USD,x\nb,2,EUR,x\n,1,USD,Total\n,2,EUR,Total\n", [1, 1]),
        ("a,1,USD,x\nb,2,EUR,x\n,2,,Total\n", [1]),
        (",3,,Total\na,1,USD,x\nb,2,USD,x\n", [2]),  # above its rows
        ("a,5,USD,x\nb,(2),USD,x\n,3,,Net total\n", [2]),  # what is rejected is in the file's sum
        ("a,5,USD,x\nb,2,USD,\n,7,,Total\n", [2]),
    ],
)
def test_a_control_total_holds(tmp_path, text, rows_of, size):
    totals, rows = read(tmp_path, text, size)
    assert [total.rows for total in totals.found] == rows_of and not totals.unequal
    assert not any(row.customer_id is None for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "a,1,USD,x\nb,2,USD,x\n,4,,Total\n",
        "a,1,USD,x\nb,2,EUR,x\n,1,USD,Total\n,3,EUR,Total\n",
        "a,1,USD,x\nb,2,EUR,x\n,9,,Total\n",
        "a,1,USD,x\n,2,,Subtotal\nb,2,USD,x\n,3,,Total\n",
    ],
)
def test_a_control_total_does_not_hold(tmp_path, text):
    totals, _ = read(tmp_path, text)
    assert len(totals.unequal) == 1


def test_what_an_unequal_total_and_the_rows_say(tmp_path):
    totals, _ = read(tmp_path, "a,1,USD,x\nb,?,USD,x\n,4,,Total\n")
    [unequal] = totals.unequal
    assert unequal.pairs == ((FileTotal(4, "USD", 400, "0", 1), ControlTotal(1, 100)),)
    assert unequal.unread == 1


def test_a_row_without_a_customer_and_without_the_word_lacks_its_customer(tmp_path):
    totals, rows = read(tmp_path, "a,1,USD,x\nb,2,USD,x\n,3,USD,x\n")
    assert rows[-1].problems[0].code == "missing" and not totals.found
    totals, rows = read(tmp_path, "a,1,USD,Total bonus\n,2,USD,Total bonus\n")
    assert rows[-1].problems[0].code == "missing" and not totals.unequal


def test_totals_of_amounts_in_decimal(tmp_path):
    header = "customer_id,amount_in_decimal,currency_code,description\n"
    totals, rows = read(tmp_path, "a,0.105,USD,x\nb,2,USD,x\n,2.105,,Total\n", header=header)
    assert len(rows) == 2 and totals.found == [FileTotal(4, "USD", 0, "2.105", 2)]
    _, rows = read(tmp_path, "a,0.105,USD,x\nb,2,USD,x\nc,2.105,USD,x\n", header=header)
    assert rejected(rows) == [4] and rows[-1].restated == (("amount_in_decimal", "? 2.105"),)


def test_a_total_is_in_no_sum(tmp_path):
    totals, rows = read(tmp_path, "a,1,USD,x\nb,2,USD,x\nc,3,USD,x\n")
    assert totals.read == {"USD": ControlTotal(2, 300)}
    assert rows[-1].money is None and rows[-1].restated == (("amount", "? 3"),)


def test_running_sums():
    running = Running()
    running.add(2, Sum(300))
    assert running.rows_of(Sum(300)) == 2 and running.rows_of(Sum(200)) is None
    running.begin_block()
    running.add(1, Sum(0, Decimal("0.5")))
    assert running.rows_of(Sum(0, Decimal("0.50"))) == 1
    assert not running.is_sum(Sum(0, Decimal("0.5")), 2) and running.is_sum(Sum(300, Decimal("0.5")), 2)
    assert not Running().is_sum(NOTHING, 1)


def test_a_row_with_a_reference_of_its_own_is_a_control_total_only_if_it_says_nothing_else(tmp_path):
    header = "customer_id,amount,currency_code,reference,description\n"
    bonus = "c1,10,USD,r1,bonus\n,10,USD,{},{}\nc3,20,USD,r3,bonus\n"
    totals, rows = read(tmp_path, bonus.format("r2", "Total loyalty bonus"), header=header)
    assert [p.code for row in rows if row.row_number == 3 for p in row.problems] == ["missing"]
    assert totals.found == []
    for reference, description in (("", "Total loyalty bonus"), ("r2", "Total:"), ("Total", "bonus"), ("", "Total")):
        totals, rows = read(tmp_path, bonus.format(reference, description), header=header)
        assert ([row.row_number for row in rows], len(totals.found)) == ([2, 4], 1), (reference, description)


def test_where_a_chunk_begins_changes_nothing(tmp_path):
    """The totals of two currencies stand on both sides of its border, and rows of all kinds are about."""
    text = "".join(f"c{n},{n % 7 + 1},{('USD', 'EUR')[n % 2]},x\n" for n in range(40))
    sums = [sum(n % 7 + 1 for n in range(40) if n % 2 == odd) for odd in (0, 1)]
    text += f"acme,{sums[0]},USD,x\nacme,{sums[1]},EUR,x\n,,,\n"
    text += "d1,5,USD,x\nd2,-1,USD,x\nd3,6,USD,x\n,10,USD,Total\nd4,8,USD,\n,,,\n"
    text += "e1,2,USD,x\ne2,3,USD,x\ne3,5,USD,x\n"
    def seen(size):
        totals, rows = read(tmp_path, text, size)
        return rows, totals.found, totals.unequal, totals.read

    whole = seen(5000)
    for size in range(1, 60):
        assert seen(size) == whole, f"chunks of {size}"
    assert rejected(whole[0])[:2] == [42, 43]


lines = st.sampled_from(["a,{},USD,x", "b,{},USD,x", "c,{},EUR,x", "d,{},,x", "e,-1,USD,x", "a,{},USD,", ",{},USD,x",
                         ",{},,Total", ",{},USD,Subtotal", ",,,", "Prepared by Ana,,,"])  # fmt: skip
CODES = ("USD", "EUR", "GBP")
blocks = st.builds(
    lambda rows, marks: [*(f"k,{amount},{code},x" for amount in rows for code in CODES),
                         *(f"z,{sum(rows)},{code},x" for code in CODES), *marks],
    st.lists(st.integers(1, 3), min_size=2, max_size=LOOKED_BACK),
    st.just([",,,"]) | st.lists(st.builds(str.format, lines, st.integers(1, 9)), max_size=4),
)  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(blocks, min_size=1, max_size=6), st.integers(1, 30))
def test_what_is_not_held_back_changes_nothing(tmp_path, given_blocks, size):
    """Held against the way that holds back the end of every chunk."""
    text = "".join(f"{line}\n" for block in given_blocks for line in block)
    totals, rows = read(tmp_path, text, size)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_goes_on", lambda last, following: False)
        as_before, all_rows = read(tmp_path, text, size)
    assert rows == all_rows
    assert (totals.found, totals.unequal, totals.read) == (as_before.found, as_before.unequal, as_before.read)


labels = st.sampled_from(["Total x", "Grand total", "sum", "x Total", "-"])


@given(st.lists(st.text("aZ \u00e9\u0130#0", max_size=3) | labels))
def test_texts_are_judged_by_how_they_begin_as_one_by_one(texts):
    """What all begin with is judged once."""
    one_by_one = {text for text in texts if may_say_only_total([text])}
    assert may_say_only_total(texts) == one_by_one
    assert {text for text in texts if says_only_total(text, "")} <= one_by_one
    same = [f"{text} {number}" for text in texts[:1] for number in range(3)]
    assert may_say_only_total(same) == {text for text in same if may_say_only_total([text])}


def test_a_sum_at_the_end_of_a_chunk_is_seen_above_the_total_of_the_next(tmp_path):
    text = "c-1,5,USD,d\nc-2,7,USD,d\nx-1,12,USD,d\nTotal,12,USD,d\nc-3,1,USD,d\n"
    for size in range(1, 6):
        assert rejected(read(tmp_path, text, size)[1]) == [4, 5]


def test_a_sum_alone_is_seen_in_whatever_chunk_it_stands(tmp_path):
    text = "".join(f"c-{n},{n},USD,d\n" for n in range(1, 5)) + ",10,,\nc-9,1,USD,d\n"
    for size in range(1, 8):
        totals, rows = read(tmp_path, text, size)
        assert [found.row for found in totals.found] == [6] and not any(row.problems for row in rows)
