import codecs
import hashlib
import random

import pytest

from batch_credits.errors import InputError
from batch_credits.loader.csv import scan as csv_scan
from batch_credits.loader.csv.ragged import MAX_COLUMNS
from batch_credits.loader.csv.scan import scan_csv
from batch_credits.settings import InputOptions

HEADER = "customer_id,amount,name\n"
DEFAULTS = {"reference": "r", "description": "d"}


def scan(tmp_path, content, **options):
    path = tmp_path / "payout.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return scan_csv(path, InputOptions(**DEFAULTS, **options))  # type: ignore[arg-type]


def refusal(tmp_path, content, **options):
    with pytest.raises(InputError) as refused:
        scan(tmp_path, content, **options)
    assert refused.value.hint
    return refused.value


def test_a_whole_file_has_its_shape(tmp_path):
    content = HEADER + '007,5,Ana\n\n,,\n8,6,"B\nc"\n\n'
    shape = scan(tmp_path, content)
    assert shape.matched.headers == ("customer_id", "amount", "name")
    assert (shape.delimiter, shape.encoding, shape.header_row) == (",", "utf-8", 1)
    assert (shape.rows, shape.blank_rows) == (2, 2)
    assert shape.last_row == (5, ("8", "6", "B\nc"))
    assert shape.file_sha256 == hashlib.sha256(content.encode()).hexdigest()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_header_line_tells_the_delimiter(tmp_path, delimiter):
    shape = scan(tmp_path, HEADER.replace(",", delimiter) + delimiter.join(("1", "2", "a,b;c")).replace("a,b;c", "x"))
    assert shape.delimiter == delimiter


def test_other_delimiters_inside_headers_do_not_mislead(tmp_path):
    assert scan(tmp_path, "customer_id;amount;name, first|last\n1;2;x\n").delimiter == ";"
    assert scan(tmp_path, 'customer_id,amount,"a;b;c"\n1,2,x\n').delimiter == ","


def test_a_header_line_that_can_be_split_in_two_ways_is_refused(tmp_path):
    error = refusal(tmp_path, "customer_id;x,amount\n1;2,3\n")
    assert "comma and by semicolon" in error.message and "--delimiter" in error.hint


def test_a_stated_delimiter_wins(tmp_path):
    assert scan(tmp_path, "customer_id~amount\n1~2\n", delimiter="~").rows == 1
    for wrong in ('"', "\n", "", ";;"):
        assert "delimiter" in refusal(tmp_path, HEADER, delimiter=wrong).message


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_end_will_do(tmp_path, end):
    shape = scan(tmp_path, (HEADER + "1,2,x\n3,4,y").replace("\n", end))
    assert (shape.rows, shape.last_row[0]) == (2, 3)


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    ],
)
def test_unicode_is_known_by_its_mark(tmp_path, encode):
    shape = scan(tmp_path, encode(HEADER + "1,2,Zo\u00eb \u6771\u4eac\n"))
    assert shape.matched.headers[0] == "customer_id"
    assert shape.last_row[1][2] == "Zo\u00eb \u6771\u4eac"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1", "utf-16-le", "utf-8", "UTF8"])
def test_another_encoding_must_be_stated(tmp_path, encoding):
    mark = "\ufeff" if encoding == "utf-16-le" else ""
    shape = scan(tmp_path, (mark + HEADER + "1,2,Zo\u00eb\n").encode(encoding), encoding=encoding)
    assert shape.last_row[1] == ("1", "2", "Zo\u00eb")
    assert shape.matched.headers[0] == "customer_id"


@pytest.mark.parametrize("encoding", ["klingon", "base64", "unicode_escape", "utf-7", "idna", "rot13", "a\0b"])
def test_an_encoding_that_is_none_is_refused(tmp_path, encoding):
    assert "encoding" in refusal(tmp_path, HEADER + "1,2,3\n", encoding=encoding).message


def test_bytes_that_are_not_utf_8_are_placed(tmp_path):
    error = refusal(tmp_path, (HEADER + "1,2,x\n3,4,Zo").encode() + b"\xeb\n")
    assert "line 3: byte 37 (0xeb) is not UTF-8" in error.message
    assert [*error.remedies] == [(("--encoding", "NAME"),)]  # where no likely one is found
    assert "--encoding" in error.hint


def test_a_character_cut_off_at_the_end_is_placed(tmp_path):
    assert "line 2" in refusal(tmp_path, (HEADER + "1,2,Zo").encode() + b"\xc3").message


def test_wrong_bytes_far_down_are_placed(tmp_path):
    lines = [b"%d,2,x" % index for index in range(100_000)]
    lines[77_777] = b"1,2,\xff"
    content = HEADER.encode() + b"\n".join(lines)
    byte = content.index(b"\xff") + 1
    assert f"line 77779: byte {byte} (0xff)" in refusal(tmp_path, content).message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "is empty"),
        ("\n \n,,\n", "nothing but blank lines"),
        (HEADER, "no rows"),
        (HEADER + "\n,,\n", "no rows"),
        (HEADER + "1,2,x\n3,4", "row 3: 2 cells where the header has 3"),
        (HEADER + "1,2,x\n3,4,y,z\n5,6,w\n", "row 3: 4 cells where the header has 3"),
        (HEADER + '1,2,"x\ny"\n3\n', "row 3 (line 4 of the file): one cell, '3'"),
        (HEADER + '1,2,"x\n3,4,y\n', "line 2: a quote"),
        (HEADER + '1,2,x\n3,"4,y\n' + "5,6,z\n" * 30_000, "line 3: a quote"),
        (HEADER + '1,2,"x"y\n', "line 2: text follows a closing quote"),
        (HEADER + "1,2,x\0y\n", "line 2, character 6: a NUL"),
        (HEADER + "1,2," + "x" * 200_000 + "\n", "line 2: a cell longer than"),
        (HEADER + "1,2," + "x" * 1_200_000 + "\n", "line 2: longer than"),
        (HEADER + "1,2,x" + "," * MAX_COLUMNS + "\n", "row 2"),
        (HEADER + "," * MAX_COLUMNS + "\n1,2,x\n", "row 2"),
        ("," * MAX_COLUMNS + "customer_id,amount\n", "more than 1,000 columns"),
        (b"PK\x03\x04rest", "an Excel workbook"),
        (b"\x1f\x8brest", "gzip"),
        (b"\xd0\xcf\x11\xe0rest", "encrypted Excel"),
        (b"%PDF-1.7", "a PDF"),
        (codecs.BOM_UTF32_LE + "x".encode("utf-32-le"), "UTF-32"),
        ((HEADER + "1,2,3\n").encode("utf-16-le"), "NUL"),
        ("Payout Q3\n\nCustomer ID,amount\n1,2\n", "row 3, below a title"),
        ("Payout, Q3\n\nCustomer ID;amount\n1;2\n", "row 3, below a title"),
        ("Reference,q3\nCustomer ID,amount\n1,2\n", "row 2, below a title"),
        (HEADER + '"1,2,x"\n', "row 2: the whole row is in quotes"),
        (HEADER + '"1,2,x",,\n', "row 2: the whole row is in quotes"),
        ('"customer_id,amount"\n"1,2"\n', "row 1: the whole row is in quotes"),
        (HEADER + '1,2,x\n3, "4",x\n', "row 3: a blank before the quote"),
        (HEADER + "1,2,x\n\x1a", "row 3: nothing but Ctrl-Z"),
        ("no,such,columns\n1,2,3\n", "No column customer_id"),
    ],
)  # fmt: skip
def test_what_is_no_whole_table_is_refused_with_its_place(tmp_path, content, expected):
    assert expected in refusal(tmp_path, content).message


@pytest.mark.parametrize(
    ("content", "row", "found"),
    [
        ("Payout\n\ncustomer_id;amount\n1;2\n", 3, (4, ("1", "2"))),
        ('"Payout,\nQ3",\ncustomer_id,amount\n1,2\n', 2, (3, ("1", "2"))),
        ('5" disks\ncustomer_id,amount\n1,2\n', 2, (3, ("1", "2"))),
        ("sep=;\nPayout\ncustomer_id;amount\n1;2\n", 2, (3, ("1", "2"))),
    ],
)
def test_the_header_row_is_counted_as_a_spreadsheet_counts(tmp_path, content, row, found):
    shape = scan(tmp_path, content, header_row=row)
    assert (shape.header_row, shape.last_row) == (row, found)


@pytest.mark.parametrize(("row", "said"), [(2, "row 2 is blank"), (9, "ends with row 3: there is no row 9")])
def test_a_header_row_that_holds_no_headers_is_refused(tmp_path, row, said):
    with pytest.raises(InputError, match=said):
        scan(tmp_path, "Payout\n\nc,5\n", header_row=row)


def test_a_quoted_text_may_begin_with_a_blank_and_a_quote(tmp_path):
    assert scan(tmp_path, HEADER + '1,2," ""so"" it is"\n').last_row[1][2] == ' "so" it is'


def test_a_wrong_header_is_named_before_a_wrong_row(tmp_path):
    assert "ammount" in refusal(tmp_path, "customer_id,ammount\n1\n").message


def test_trailing_delimiters_and_empty_lines_of_any_width_lose_nothing(tmp_path):
    assert scan(tmp_path, HEADER + "1,2,x,,\n,\n   \n3,4,y\n").rows == 2


def test_a_comma_in_an_amount_is_seen_where_every_line_ends_with_a_delimiter(tmp_path):
    assert scan(tmp_path, "customer_id,amount,\nc-1,12.50,\nc-2,9,,\n").rows == 2
    for header, row in [("", "c-1,12,50,"), ("description,", "c-1,12,50,Thanks,"), (",", "c-1,12,50,,")]:
        found = refusal(tmp_path, f"customer_id,amount,{header}\nc-2,9,{header}\n{row}\n")
        assert "row 3" in found.message
        assert "may hold the delimiter" in found.hint


def test_a_quote_inside_an_unquoted_cell_is_a_character(tmp_path):
    assert scan(tmp_path, HEADER + '1,2,5" disk\n').last_row[1][2] == '5" disk'


def test_rows_that_hold_only_columns_of_ours_are_blank(tmp_path):
    header = "credit_row,customer_id,amount,description,reference,amount_unit,credit_outcome,credit_batch\n"
    shape = scan(tmp_path, header + "2,a,1,d,r,minor,failed,ab\n3,,,,,,failed,ab\n4,b,2,d,r,minor,failed,ab\n")
    assert (shape.rows, shape.blank_rows) == (2, 1)


ODD = ["7,5", "7,5,x,y", "", ",,", " ,,", ",5,x", '7,"a,b",c', '"7', '5","6",x"', "7,5,\0"]


@pytest.mark.parametrize("seed", range(150))
def test_whole_rows_that_are_passed_over_are_counted_like_any_other(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)
    lines = [chance.choice(["7,5,Ana", "8,6,\u2028"]) for _ in range(60)]
    for place in chance.sample(range(60), chance.choice([0, 1, 2, 5])):
        lines[place] = chance.choice(ODD)
    content = HEADER + chance.choice(["\n", "\r\n", "\r"]).join(lines)

    def found():
        try:
            return scan(tmp_path, content)
        except InputError as refused:
            return refused.message, refused.hint

    monkeypatch.setattr(csv_scan, "_BLOCK_CHARACTERS", chance.randint(20, 90))
    with_passing = found()
    monkeypatch.setattr(csv_scan._Records, "pass_over", lambda self, width: None)
    assert found() == with_passing
