"""Words for a total, in the languages of business.

No library has them. Those that spreadsheets write by themselves are here (`cust-1 Total`, `Gesamtergebnis`, `合計`),
and those that people type. A word counts where blanks or punctuation part it from the rest: `subtotalware-4` is a name.
Languages that write no blanks between words have it at one end of the text, if it is not so short that names begin or
end so, too.
"""

import re
from collections.abc import Sequence
from operator import itemgetter
from unicodedata import normalize

_TOTALS = frozenset(
    # English, and what many languages share
    "total totals subtotal subtotals sub_total sum sums grandtotal grand_total g/total s/total ttl tot Σ ∑"
    # German, Dutch, Afrikaans
    " summe summen gesamt gesamtsumme gesamtbetrag gesamtergebnis ergebnis teilergebnis zwischensumme zwischenergebnis"
    " ges.-summe zw.-summe"
    " endsumme endbetrag teilsumme rechnungssumme kontrollsumme prüfsumme gesamtwert zwischentotal insgesamt übertrag"
    " totaal totalen subtotaal eindtotaal deeltotaal tussentotaal"
    " totaalbedrag totaal-generaal groottotaal som"
    # French, Spanish, Portuguese, Italian, Catalan, Romanian, Basque
    " totaux somme soustotal cumul totales suma sumas sumatoria sumatorio totais soma somatório somatorio totale totali"
    " subtotale subtotali somma subtotales subtotais totalul subtotalul guztira"
    # Swedish, Danish, Norwegian, Icelandic, Finnish, Estonian
    " summa totalt totalsumma delsumma slutsumma ialt tilsammen sammenlagt hovedtotal totalsum delsum"
    " totalbeløb totalbeløp totalbelopp totalresultat samtals alls"
    " heildarsumma yhteensä yhteensa yht"
    " välisumma loppusumma kokonaissumma kokku vahesumma kogusumma üldkokkuvõte vahekokkuvõte"
    # Latvian, Lithuanian, Polish, Czech, Slovak, Slovenian, Croatian, Albanian, Hungarian
    " kopā kopa pavisam kopsumma viso razem ogółem ogolem łącznie lacznie podsuma celkem celková"
    " součet soucet mezisoučet mezisoucet"
    " spolu celkom súčet sucet medzisúčet skupaj vsota ukupno"
    " sveukupno ukupan ukupni zbroj međuzbroj svega gjithsej totali shuma összesen"
    " osszesen mindösszesen végösszeg vegosszeg részösszeg összeg"
    # Russian, Ukrainian, Bulgarian, Serbian, Macedonian
    " итого итог итоги всего сумма подытог разом усього всього загалом підсумок сума общо"
    " всичко укупно свега збир вкупно барлығы жиыны нийт"
    # Greek, Turkish, Irish, Welsh
    " σύνολο συνολο σύνολα άθροισμα αθροισμα υποσύνολο υποσυνολο μερικό toplam toplam\u0131 aratoplam yekun yekûn"
    " cəmi iomlán cyfanswm ընդամենը ჯამი"
    # Arabic, Persian, Urdu, Hebrew
    ' المجموع مجموع الإجمالي إجمالي الاجمالي اجمالي الجملة جمع کل ٹوٹل میزان سה"כ סה״כ סהכ סה\'\'כ סך סיכום'
    # Hindi, Marathi, Bengali, Punjabi, Gujarati, Tamil, Telugu, Kannada, Malayalam, Sinhala
    " कुल योग सर्वयोग उप-योग एकूण মোট সর্বমোট ਕੁੱਲ કુલ மொத்தம் మొత్తం ಒಟ್ಟು ആകെ එකතුව"
    # Vietnamese, Indonesian, Malay, Swahili, Filipino
    " tổng cộng jumlah jml jumla kabuuan".casefold().split()
)  # fmt: skip
_PHRASES = re.compile(
    r"(?<!\w)(?:i alt|til sammen|carried forward|iš viso|общ сбор|סה\"כ|סכום (?:כולל|ביניים))(?!\w)",  # noqa: RUF001 (Bulgarian)
    re.IGNORECASE,
)
# Chinese, Japanese, Korean, Thai.
_AT_AN_END = tuple(
    "合計 合计 小計 小计 総計 总计 總計 総額 总额 總額 累計 累计 集計 汇总 彙總 总和 總和 共計 共计 总合 合計額 求和"
    " 合計金額 总金额 總金額 합계 총계 소계 총합계 누계 부분합 총액 ยอดรวม รวมย่อย ผลรวม เงินรวม รวมทั้งหมด"
    " รวมทั้งสิ้น ทั้งหมด".casefold().split()
)
# The same, where names begin or end so too (設計, รวมใจ): alone, or behind a time.
_SHORT = re.compile("(?:.*[0-9日月年度期週周季])?[計计]|รวม|요약")
# What stands beside such a word and names no one.
_BESIDE = frozenset(
    "grand sub sous zwischen overall general général generale generál geral complessivo final net gross for of"
    " the de du des di da do del der die das för per by et und y e o page seite all alle tout tous amount amounts usd"
    " eur gbp общий general genel ara celkový końcowa kaikki".casefold().split()
)
_APART = re.compile(r"[\s:\uff1a;|()\uff08\uff09\[\]{}<>\u300c-\u3011,\u3001*=\u2013\u2014]+")
TOTAL_SIGNS = tuple(" \t:;|()[]{}<>,*=\"'/\\!#~")  # one of which stands beside a word that is not alone
LAST_LETTER = itemgetter(slice(-1, None))  # of a text; nothing of an empty one
_EDGES = ".-\u2026\"'/\\\u201c\u201d\u201e\u00ab\u00bb!#~"
TOTAL_WORDS = frozenset(
    f"{before}{word}{after}"
    for word in (*_TOTALS, "sub-total", "sub-totals", "sous-total", "grand-total")
    for before in ("", "-")
    for after in ("", ".", "-")
)


def says_total(text: str) -> bool:
    """Whether a text has a word for a total, alone or beside others."""
    words = _words(text)
    is_spread = len(words) > 1 and len("".join(words)) == len(words)  # `T O T A L`
    return any(map(_is_total, [*words, "".join(words)] if is_spread else words)) or _PHRASES.search(text) is not None


def says_only_total(text: str, customer_id: str) -> bool:
    """Whether a text says that a row is a total, and nothing else but of whom: `Subtotal cust-1`."""
    words = _words(text)
    if not any(map(_is_total, words)):
        return False
    whose = {*_words(customer_id)}
    return all(_is_total(word) or word in _BESIDE or word in whose for word in words)


def may_say_only_total(texts: Sequence[str]) -> set[str]:
    """Those of many texts of which it is worth while to ask `says_only_total`: a quick look at how they begin, and
    whether they end in a total of somebody, whose id may be any word: `Acme Total`."""
    firsts = {word for word in _first_words(texts) if _may_begin(word)}
    lasts = {letter for letter in {*map(LAST_LETTER, texts)} if letter.casefold()[-1:] in _LAST_LETTERS}
    may_end = {text for text in set(texts) if text[-1:] in lasts} if lasts else set()
    found = {text for text in may_end if text.rpartition(" ")[2].casefold() in _TOTALS}
    return found | {text for text in texts if text.partition(" ")[0] in firsts} if firsts else found


def _first_words(texts: Sequence[str]) -> set[str]:
    """What texts begin with, up to a blank: what both the least and the greatest begin with, all others do."""
    word, blank, _ = min(texts, default="").partition(" ")
    if blank and max(texts).startswith(word + blank):
        return {word}
    return {text.partition(" ")[0] for text in texts}


def _may_begin(word: str) -> bool:
    return not word.isalpha() or word.casefold() in _FIRST or not word.isascii()


def _words(text: str) -> list[str]:
    parts = (part.strip(_EDGES) for part in _APART.split(normalize("NFKC", text).casefold()))
    return [part for part in parts if part]


def _is_total(word: str) -> bool:
    if "/" in word and all(part in _TOTALS for part in word.split("/")):  # in two languages: total/gesamt
        return True
    if word.isascii():
        return word in _TOTALS or ("-" in word and word.replace("-", "") in _TOTALS)
    is_at_an_end = word.startswith(_AT_AN_END) or word.endswith(_AT_AN_END)
    return is_at_an_end or word in _TOTALS or _SHORT.fullmatch(word) is not None


_FIRST = _TOTALS | _BESIDE
_LAST_LETTERS = {word[-1] for word in _TOTALS}
