"""In which encoding a text may be written: the right one is offered, and nearly always first."""

from pathlib import Path

import pytest

from batch_credits.loader.suggestions.encodings import CANDIDATES_SHOWN, WORDS_SHOWN, candidates

FIRST = [
    ("Prämie", "cp1252"),
    ("Prämie", "mac_roman"),
    ("Gutschrift für Müller", "cp1252"),
    ("PRÄMIE", "cp1252"),
    ("GUTSCHRIFT FÜR ÖFFNUNG", "cp850"),
    ("Merci pour votre fidélité", "cp1252"),
    ("Gracias año España", "cp1252"),
    ("10 €", "cp1252"),
    ("Спасибо", "cp1251"),
    ("Спасибо", "cp866"),
    ("Спасибо за верность", "koi8_r"),
    ("Dziękujemy za lojalność", "cp1250"),
    ("Příjemce: Novák, Žižkov", "cp1250"),
    ("Ευχαριστώ", "cp1253"),
    ("תודה", "cp1255"),
    ("ありがとう表", "cp932"),
    ("株式会社 ポイント付与", "cp932"),
    ("顧客,\uff11\uff12\uff10\uff10,\uffe5\uff11\uff0c\uff15\uff10\uff10", "cp932"),
    ("고객,\uff11\uff12\uff10\uff10,\uffe6\uff11\uff15\uff10\uff10", "cp949"),
    ("会员 忠诚度 奖励", "gb18030"),
    ("會員 獎勵", "cp950"),
    ("감사합니다", "cp949"),
]
OFFERED = [
    ("Teşekkürler sadakat ödülü", "cp1254"),
    ("شكرا", "cp1256"),
    ("Köszönjük hűség", "cp1250"),
    ("Ačiū už ištikimybę", "cp1257"),
    ("Müller", "mac_roman"),
    ("感謝の気持ち", "euc_jp"),
    ("Дякуємо", "koi8_u"),
    ("İade", "cp1254"),
    ("Ærø", "cp1252"),
]


def file_of(folder: Path, text: str, encoding: str) -> Path:
    path = folder / "a.csv"
    path.write_bytes(b"customer_id,amount,description\ncust-1,11.10," + text.encode(encoding) + b"\n")
    return path


@pytest.mark.parametrize(("text", "encoding"), FIRST)
def test_the_right_reading_comes_first(tmp_path: Path, text: str, encoding: str) -> None:
    path = file_of(tmp_path, text, encoding)
    first = candidates(path)[0]
    assert path.read_bytes().decode(first.encoding) == path.read_bytes().decode(encoding)
    assert first.words and all(word in text for word in first.words)


@pytest.mark.parametrize(("text", "encoding"), OFFERED)
def test_where_letters_alone_cannot_tell_it_is_among_them(tmp_path: Path, text: str, encoding: str) -> None:
    path = file_of(tmp_path, text, encoding)
    readings = [path.read_bytes().decode(each.encoding) for each in candidates(path)]
    assert path.read_bytes().decode(encoding) in readings and len(readings) <= CANDIDATES_SHOWN


def test_of_those_that_read_alike_the_most_used_is_named(tmp_path: Path) -> None:
    found = candidates(file_of(tmp_path, "Prämie, für, Müller, Köln", "cp1252"))
    assert [each.encoding for each in found].count("cp1250") == 0 and found[0].encoding == "cp1252"
    assert found[0].words == ("Prämie", "für", "Müller")[:WORDS_SHOWN]


def test_bytes_that_are_no_text_have_no_candidate(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(bytes(range(0x80, 0x100)) * 3)
    assert candidates(path) == ()


def test_a_file_without_foreign_letters_has_none(tmp_path: Path) -> None:
    assert candidates(file_of(tmp_path, "thanks", "ascii")) == ()
