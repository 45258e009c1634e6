"""Ways to spoil a file as transport, programs, people and attackers do. A seed decides all of it."""

import gzip
import io
import random
import zipfile
from collections.abc import Callable

TOKENS = (
    b'"', b"'", b",", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"=1+1",
    b"NaN", b"1e3", b"-5", b"1,050.00", b"9" * 40, b"\xe2\x80\xae", b"\xef\xbb\xbf", b"sep=;\n", b"Total", b"#N/A",
    b"Summe", b"($5.00)", b"-.5", b"5.00-", b"$", b"\xe2\x82\xac", b"\xc2\xa0", b"\xe2\x80\x8b", b"\x1a", b"TRUE",
    b"12.0", b"(blank)", b"customer_id,amount\n", b"12.00", b'="7"', b"customer_id", b"amount", b"amount_in_decimal",
    b"credit_id", b"&#0;", b"<![CDATA[", b"]]>", b"<!--", b"<", b">", b"/>", b't="e"', b'hidden="1"', b'hidden="0"',
    b'ht="0"', b'width="0"', b'numFmtId="9"', b'formatCode="0%"', b'formatCode="&quot;K&quot;000"',
    b'<mergeCell ref="A1:B3"/>', b'state="veryHidden"', b'table:visibility="filter"', b'table:number-rows-spanned="2"',
    b'style:row-height="0cm"', b'r="XFD1048576"', b'table:number-rows-repeated="99999999"', b"\xed\xa0\x80",
)  # fmt: skip

Mutation = Callable[[random.Random, bytes], bytes]


def mutated(chance: random.Random, content: bytes, suffix: str) -> bytes:
    """The file, spoiled; where it is packed often inside, so that the spoiling reaches what is read."""
    if suffix in (".xlsx", ".xlsm", ".xlsb", ".ods") and chance.random() < 0.7:
        return _inside_archive(chance, content)
    if suffix == ".gz" and chance.random() < 0.7:
        return gzip.compress(_several(chance, gzip.decompress(content)), 1, mtime=0)
    return _several(chance, content)


def _several(chance: random.Random, content: bytes) -> bytes:
    for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
        content = chance.choice(MUTATIONS)(chance, content)
    return content


def _inside_archive(chance: random.Random, content: bytes) -> bytes:
    """The archive with one part spoiled, dropped, doubled or renamed."""
    written = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, True, 1) as to,
    ):
        names = source.namelist()
        likely = [name for name in names if name.endswith((".xml", ".rels", ".bin")) and "theme" not in name] or names
        spoiled = chance.choice(likely)
        for name in names:
            part = source.read(name)
            if name != spoiled:
                to.writestr(name, part)
            elif chance.random() < 0.9:
                to.writestr(name, _several(chance, part))
    return written.getvalue()


def _flip(chance: random.Random, content: bytes) -> bytes:
    spoiled = bytearray(content)
    for _ in range(chance.randint(1, 5)):
        if spoiled:
            spoiled[chance.randrange(len(spoiled))] = chance.randrange(256)
    return bytes(spoiled)


def _cut(chance: random.Random, content: bytes) -> bytes:
    return content[: chance.randint(0, len(content))]


def _insert(chance: random.Random, content: bytes) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + chance.choice(TOKENS) + content[at:]


def _remove(chance: random.Random, content: bytes) -> bytes:
    at = chance.randint(0, len(content))
    return content[:at] + content[at + chance.randint(1, 30) :]


def _copy(chance: random.Random, content: bytes) -> bytes:
    start, at = chance.randint(0, len(content)), chance.randint(0, len(content))
    return content[:at] + content[start : start + chance.randint(1, 300)] + content[at:]


def _replace(chance: random.Random, content: bytes) -> bytes:
    old = chance.choice(TOKENS)
    return content.replace(old, chance.choice(TOKENS), chance.choice((1, 2, 1_000)))


def _lines(chance: random.Random, content: bytes) -> bytes:
    lines = content.split(b"\n")
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return b"\n".join(lines)


def _cell(chance: random.Random, content: bytes) -> bytes:
    """One text between delimiters, quotes or tags, replaced."""
    for mark in chance.sample((b",", b";", b'"', b">"), 4):
        pieces = content.split(mark)
        if len(pieces) > 2:
            pieces[chance.randrange(1, len(pieces) - 1)] = chance.choice(TOKENS)
            return mark.join(pieces)
    return content


MUTATIONS: tuple[Mutation, ...] = (_flip, _cut, _insert, _insert, _remove, _copy, _replace, _lines, _cell, _cell)
