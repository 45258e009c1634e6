"""All that a file needs to be read, found at once."""

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from batch_credits.errors import InputError, UnclearFile
from batch_credits.loader.opening import open_source
from batch_credits.loader.source import Source
from batch_credits.loader.suggestions.reading import check_value, suggest, with_options
from batch_credits.settings import InputOptions

DONE = InputOptions(reference="q3", description="d")


def written(folder: Path, text: str, encoding: str = "utf-8", name: str = "a.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def given(path: Path, options: InputOptions = DONE) -> list[str]:
    """The options as they would be typed; those that a person has to know without their values."""
    return [each.option if each.is_open else f"{each.option} {each.value}" for each in suggest(path, options)]


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("Customer,Amount\nc-1,5\n", DONE, ["--map customer_id=Customer"]),
        ("customer_id,Amount ($)\nc-1,5.00\n", DONE,
         ["--map amount=Amount ($)", "--amount-unit major", "--currency USD"]),
        ("customer_id,Montant EUR\nc-1,5.00\n", DONE,
         ["--map amount=Montant EUR", "--amount-unit major", "--currency EUR"]),
        ("customer_id,amount\nc-1,£5.00\n", DONE, ["--amount-unit major", "--currency GBP"]),
        ("customer_id,amount\nc-1,5.00\n", DONE, ["--amount-unit major", "--currency"]),
        ("customer_id,amount\nc-1,5.00 kr\n", DONE, ["--amount-unit major", "--currency"]),
        ("customer_id,amount\nc-1,¥500\n", DONE, ["--amount-unit major", "--currency"]),
        ("customer_id,amount\nc-1,5.00 zł\n", DONE, ["--amount-unit major", "--currency PLN"]),
        ("customer_id,amount\nc-1,5.00 NZD\n", DONE, ["--amount-unit major", "--currency NZD"]),
        ("customer_id,amount\nc-1,R$5.00\n", DONE, ["--amount-unit major", "--currency BRL"]),
        ("customer_id,amount\nc-1,₪5.00\n", DONE, ["--amount-unit major", "--currency ILS"]),
        ("customer_id,amount,Currency\nc-1,500,EUR\n", DONE, ["--map currency_code=Currency"]),
        ("customer_id,amount,currency_code\nc-1,500,EUR\n", InputOptions(), ["--reference", "--description"]),
        ("customer_id,ammount\nc-1,500\n", DONE, ["--map amount=ammount"]),
        ("Klantnummer;Bedrag;Valuta;Omschrijving\nk1;1.234,50;EUR;dank\n", InputOptions(reference="q"),
         ["--map customer_id=Klantnummer", "--map amount=Bedrag", "--map currency_code=Valuta",
          "--map description=Omschrijving", "--locale de_DE", "--amount-unit major"]),
        ("顧客ID,金額,通貨\nk1,1200,JPY\n", DONE,
         ["--map customer_id=顧客ID", "--map amount=金額", "--map currency_code=通貨"]),
        ("Name,Who,How much\nAda,c-1,5.00\nBo,c-2,7.50\n", DONE,
         ["--map customer_id=Who", "--map amount=How much", "--amount-unit major", "--currency"]),
        ("Title\n\nAs of,2026\ncustomer_id,amount\nc-1,500\n", DONE, ["--header-row 4"]),
        ("customer_id,Betrag,Montant\nc-1,500,500\n", DONE, ["--map"]),
        ("customer_id,Betrag,Summe\nc-1,500,500\n", DONE, ["--map amount=Betrag"]),
        ("customer_id,amount,currency_code\nc-1,1'234.50,CHF\nc-2,24.35,CHF\n", DONE,
         ["--locale de_CH", "--amount-unit major"]),
        ('customer_id,amount,currency_code\nc-1,"1,234.50",USD\nc-2,24.35,USD\n', DONE,
         ["--locale en_US", "--amount-unit major"]),
        ('customer_id,amount,currency_code\nc-1,"1,234",USD\n', replace(DONE, amount_unit="major"), ["--locale en_US"]),
        ("customer_id,amount_in_decimal,currency_code\nc-1,1.2345,USD\n", DONE, []),
        ("Konto;Umsatz;WKZ;Buchungstext\n10001;12,50;EUR;Bonus\n10002;7,50;USD;Bonus\n", DONE,
         ["--map customer_id=Konto", "--map amount=Umsatz", "--map currency_code=WKZ",
          "--map description=Buchungstext", "--locale de_DE", "--amount-unit major"]),
        ("customer_id,amount,Wal.,Basis\nc-1,5.00,EUR,USD\n", DONE, ["--map", "--amount-unit major"]),
        ("customer_id,amount,Segment\nc-1,5.00,ALL\n", DONE, ["--amount-unit major", "--currency"]),
    ],
)  # fmt: skip
def test_what_is_suggested(tmp_path: Path, text: str, options: InputOptions, expected: list[str]) -> None:
    assert given(written(tmp_path, text), options) == expected


def test_what_the_options_say_is_not_said_again(tmp_path: Path) -> None:
    path = written(tmp_path, "Auszahlung\nKundennummer;Betrag\nkd-1;1.234,50\n")
    options = InputOptions(
        reference="q", description="d", currency="EUR", header_row=2, locale="de_DE", header_map=(("amount", "Betrag"),)
    )
    assert given(path, options) == ["--map customer_id=Kundennummer", "--amount-unit major"]


def test_a_locale_that_two_languages_read_otherwise_is_left_to_the_person(tmp_path: Path) -> None:
    path = written(tmp_path, "customer_id;amount;currency_code\nc-1;1.234,5;KWD\nc-2;1,234.5;KWD\n")
    assert "--locale" not in " ".join(given(path, DONE))  # no language reads both
    path = written(tmp_path, "customer_id;amount;currency_code\nc-1;12,345;CLF\n")
    [locale] = suggest(path, replace(DONE, amount_unit="major", currency_exponents=(("CLF", 3),)))
    assert locale.is_open and "en_US" in locale.reason and "de_DE" in locale.reason


def test_names_of_people_are_no_ids(tmp_path: Path) -> None:
    path = written(tmp_path, "Customer,Account No,Amount\nAda Byron,c-1,500\nBo Ek,c-2,700\n")
    assert given(path) == ["--map customer_id=Account No"]


@pytest.mark.parametrize(
    ("content", "suffix"), [(b"\0\1\2", ".csv"), (b"", ".csv"), (b"PK\x03\x04no", ".xlsx"), (b"%PDF-1.4", ".csv")]
)
def test_of_what_is_no_table_nothing_is_suggested(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    assert suggest(path, DONE) == () and suggest(tmp_path / "none.csv", DONE) == ()


def workbook(folder: Path, sheets: dict[str, list[list[object]]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    path = folder / "a.xlsx"
    book.save(path)
    return path


def test_a_workbook_is_looked_at_sheet_by_sheet(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        {
            "Read me": [["Pay the table on the next sheet"]],
            "Daten": [["Auszahlung"], ["Kundennummer", "Betrag"], ["kd-1", 12.5]],
        },
    )
    expected = ["--header-row 2", "--map customer_id=Kundennummer", "--map amount=Betrag", "--amount-unit major"]
    assert given(path) == [*expected, "--currency"]
    with pytest.raises(UnclearFile) as refused:
        open_source(path, DONE)
    [remedy] = refused.value.remedies
    chosen = with_options(DONE, [*remedy[:-1], ("--currency", "EUR")])
    [row] = [row for chunk in open_source(path, chosen).chunks() for row in chunk]
    assert row.request is not None and row.request.amount == 1250


def test_two_sheets_of_foreign_columns_are_left_to_the_person(tmp_path: Path) -> None:
    rows: list[list[object]] = [["Kundennummer", "Betrag"], ["kd-1", 500]]
    assert given(workbook(tmp_path, {"Juli": rows, "August": rows}))[0] == "--sheet"


def test_the_refusal_holds_all_of_it_and_one_command(tmp_path: Path) -> None:
    path = written(tmp_path, "Auszahlung Q3\n\nKundennummer;Betrag;Buchungstext\nkd-1;1.234,50;Prämie\n", "cp1252")
    with pytest.raises(UnclearFile) as refused:
        open_source(path, InputOptions())
    assert [each.option for each in refused.value.suggestions] == [
        "--encoding", "--header-row", "--map", "--map", "--map", "--locale", "--amount-unit", "--currency",
        "--reference",
    ]  # fmt: skip
    [remedy] = refused.value.remedies
    chosen = with_options(InputOptions(), [*remedy[:-2], ("--currency", "EUR"), ("--reference", "q3")])
    [row] = [row for chunk in open_source(path, chosen).chunks() for row in chunk]
    assert row.request is not None
    assert (row.request.customer_id, row.request.amount, row.request.description) == ("kd-1", 123450, "Prämie")


def test_what_would_still_be_wrong_is_said_with_it(tmp_path: Path) -> None:
    path = written(tmp_path, "Kundennummer,amount\nkd-1,500\nkd-2\n")
    with pytest.raises(UnclearFile) as refused:
        open_source(path, DONE)
    assert "row 3" in refused.value.still and refused.value.hint


def test_a_suggestion_that_does_not_help_is_not_made(tmp_path: Path) -> None:
    path = written(tmp_path, "customer_id,Betrag,Betrag\nkd-1,500,700\n")  # neither can be named
    with pytest.raises(UnclearFile) as refused:
        open_source(path, DONE)
    assert "amount=HEADER" in str(refused.value.remedies)


@pytest.mark.parametrize(("option", "value"), [("--encoding", "no"), ("--locale", "xx_YY"), ("--currency", "EURX")])
def test_a_value_that_cannot_be_right_is_refused(option: str, value: str) -> None:
    with pytest.raises(InputError):
        check_value(option, value)
    check_value("--reference", "anything")


@pytest.mark.parametrize(
    ("amounts", "is_open"),
    [
        (("10.50", "24.35"), False),
        (("10.50", "24.35", "20"), False),
        (("10.50", "1050"), True),
        (("10.50", "1", "2"), True),
    ],
)
def test_a_unit_that_half_of_the_amounts_speak_against_is_left_to_the_person(
    tmp_path: Path, amounts: tuple[str, ...], is_open: bool
) -> None:
    """In major units the others would be paid a hundred times over, if they are cents."""
    rows = "".join(f"c-{amount},{amount},USD\n" for amount in amounts)
    [unit] = suggest(written(tmp_path, f"customer_id,amount,currency_code\n{rows}"), DONE)
    assert (unit.option, unit.value, unit.is_open) == ("--amount-unit", "UNIT" if is_open else "major", is_open)


@pytest.mark.parametrize(
    ("headers", "values", "mapped"),
    [
        ("amount,amount_units", "5,7", ["amount_unit=amount_units", "amount_unit="]),
        ("amount,Credit types", "5,gold", ["credit_type=Credit types", "credit_type="]),
        ("amount,amuont", "5,7", ["amount=amuont", "amount=amount"]),
    ],
)
def test_a_column_that_cannot_be_what_its_header_comes_near_is_left_to_the_person(
    tmp_path: Path, headers: str, values: str, mapped: list[str]
) -> None:
    path = written(tmp_path, f"customer_id,{headers}\nc-1,{values}\n")
    with pytest.raises(UnclearFile, match="comes near") as refused:
        open_source(path, DONE)
    assert [*refused.value.remedies] == [(("--map", each),) for each in mapped]
    assert [row.request is not None for chunk in opened_with(path, mapped[1]).chunks() for row in chunk] == [True]


def opened_with(path: Path, mapped: str) -> Source:
    return open_source(path, with_options(DONE, [("--map", mapped)]))


def test_amounts_of_japan_and_korea_as_their_excel_writes_them(tmp_path: Path) -> None:
    """The yen and the won stand where ASCII has a backslash."""
    path = written(tmp_path, 'customer_id,amount,memo\nc-1,"\\12,345",\u8b1d\u793c\n', "cp932")
    said = {each.option: each for each in suggest(path, DONE)}
    assert "JPY or KRW" in said["--currency"].reason and said["--currency"].is_open
    chosen = [("--encoding", "cp932"), ("--locale", "en_US"), ("--amount-unit", "major"), ("--currency", "JPY")]
    [row] = [row for chunk in open_source(path, with_options(DONE, chosen)).chunks() for row in chunk]
    assert row.request is not None and row.request.amount == 12345


def test_a_net_amount_is_no_unit(tmp_path: Path) -> None:
    source = open_source(written(tmp_path, "customer_id,amount,amount_net\nc-1,500,420\n"), DONE)
    assert [row.request.amount for chunk in source.chunks() for row in chunk if row.request] == [500]


@pytest.mark.parametrize("second", [24.35, "24.35"])
def test_no_language_is_named_that_would_reject_the_numbers_of_a_workbook(tmp_path: Path, second: float | str) -> None:
    book = openpyxl.Workbook()
    for row in [("customer_id", "amount", "currency_code"), ("c-1", "1,234.50", "USD"), ("c-2", second, "USD")]:
        book.active.append(row)
    book.save(path := tmp_path / "payout.xlsx")
    source = open_source(path, replace(DONE, amount_unit="major"))
    assert sum(len(chunk) for chunk in source.chunks()) == 2
    assert any("en_US" in note for note in source.notes) is isinstance(second, str)
    assert any(each.option == "--locale" for each in suggest(path, DONE)) is isinstance(second, str)


@pytest.mark.parametrize("header", ["amount_cents", "Amount in cents", "Betrag (Cent)", "USD cents", "Montant pence"])
def test_decimals_below_a_header_that_says_cents_are_left_to_the_person(tmp_path: Path, header: str) -> None:
    """pandas writes 1050.0 in a column with an empty cell: it is no 1050 dollars."""
    path = written(tmp_path, f"customer_id,{header},currency_code\nc-1,1050.0,USD\nc-2,99.0,USD\nc-3,,USD\n")
    with_header = replace(DONE, header_map=(("amount", header),))
    [unit] = suggest(path, with_header)
    assert (unit.option, unit.value, unit.is_open, header in unit.reason) == ("--amount-unit", "UNIT", True, True)


@pytest.mark.parametrize(
    "header", ["Kunden\nnummer", "Kunden\r\n nummer", " Kunden\tnummer", "\u200bKunden nummer\u00ad"]
)
def test_a_header_is_named_in_one_line_and_as_it_is_seen(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'"{header}";amount\nkd-1;5\n'.encode())
    [suggestion] = suggest(path, DONE)
    assert suggestion.value == "customer_id=Kunden nummer"
    assert open_source(path, with_options(DONE, [("--map", suggestion.value)])).headers[0] == header


@pytest.mark.parametrize("header", ["customer_id\u200b", "\ufeffCustomer ID", "customer\u00ad-id", "customer\nid"])
def test_what_nobody_sees_in_a_header_makes_no_other_of_it(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f'amount,"{header}"\n5,kd-1\n'.encode())
    assert open_source(path, DONE).columns["customer_id"] == 1


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["thanks", "Prämie", "Спасибо"])
def test_utf_16_without_a_mark_is_offered_as_what_it_is(tmp_path: Path, encoding: str, text: str) -> None:
    path = written(tmp_path, f"customer_id\tamount\tdescription\nkd-1\t5\t{text}\n", encoding, "a.txt")
    with pytest.raises(UnclearFile) as unclear:
        open_source(path, DONE)
    assert list(unclear.value.remedies) == [(("--encoding", encoding),)]
    [row] = [row for chunk in open_source(path, replace(DONE, encoding=encoding)).chunks() for row in chunk]
    assert row.request is not None and row.request.description == text
