"""How the amounts of a glance are written: in which language, in which unit, in which currency."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from batch_credits.errors import Suggestion
from batch_credits.loader.currency_marks import agrees, named_by
from batch_credits.loader.locales import LocaleFinder
from batch_credits.loader.money import currency_code, is_plain
from batch_credits.loader.number_format import number_format
from batch_credits.loader.suggestions.glance import Glance
from batch_credits.loader.suggestions.headers import Found
from batch_credits.loader.suggestions.names import BEST_KNOWN, currency_named, says_minor_units
from batch_credits.loader.terms import Terms, read_terms
from batch_credits.loader.wording import EDGE_BLANKS, shown
from batch_credits.loader.written import taken_apart
from batch_credits.model.currencies import exponent_of
from batch_credits.settings import InputOptions


@dataclass(slots=True)
class _Seen:
    """What was seen of the distinct amounts of a file. `foreign` is the first that is not written as numbers are here,
    `marks` are the first by which one names a currency."""

    locales: LocaleFinder
    foreign: str | None = None
    marks: tuple[str, ...] = ()
    texts: list[tuple[str, bool]] = field(default_factory=list)  # and whether their currency has minor units


def number_suggestions(glance: Glance, found: Found, options: InputOptions) -> list[Suggestion]:
    """The locale, the unit and the currency that the amounts need, beside what the options and the columns say."""
    is_in_decimal = "amount" not in found.columns
    seen = _look(glance, found, options)
    locale = options.locale or seen.locales.found()
    suggestions = []
    if options.locale is None and seen.foreign is not None:
        suggestions += _locale(seen, locale)
    counts_major = options.amount_unit == "major"
    if not counts_major and not is_in_decimal and "amount_unit" not in found.columns:
        unit = _unit(seen, locale, _header(found))
        suggestions += unit
        counts_major = bool(unit)
    is_named = "currency_code" in found.columns or "currency_code" in found.doubtful
    if options.currency is None and not is_named and (counts_major or seen.marks or _in_header(found)):
        suggestions.append(_currency(seen, found))
    return suggestions


def _look(glance: Glance, found: Found, options: InputOptions) -> _Seen:
    seen = _Seen(LocaleFinder())
    exponents = dict(options.currency_exponents)
    terms: dict[str, Terms] = {}
    texts: set[tuple[str, str]] = set()
    for amount, currency in _amounts(glance, found):
        if (amount, currency) in texts:
            continue
        texts.add((amount, currency))
        if currency not in terms:
            terms[currency] = read_terms((currency, "", ""), options)
        _note(seen, amount, terms[currency], exponents, options)
    seen.locales.has_numbers = glance.has_fractions(_place(found))
    return seen


def _note(seen: _Seen, amount: str, terms: Terms, exponents: Mapping[str, int], options: InputOptions) -> None:
    parts = taken_apart(amount)
    if parts is None:
        return
    seen.marks = seen.marks or parts.marks
    code = terms.currency if isinstance(terms.currency, str) else None
    seen.texts.append((amount, code is None or exponent_of(code, exponents) != 0))
    if parts.digits.isdecimal():
        return
    if is_plain(parts.digits):
        seen.locales.met(amount, terms, exponents)
    elif options.locale is None:
        seen.foreign = seen.foreign or amount
        seen.locales.refused(amount, terms, exponents)


def _amounts(glance: Glance, found: Found) -> Iterator[tuple[str, str]]:
    """Each amount below the headers, with the currency that its row names."""
    place = _place(found)
    currency_place = found.columns.get("currency_code", -1)
    for number, cells in glance.rows():
        if number > found.row and place < len(cells) and (amount := cells[place].strip(EDGE_BLANKS)):
            yield amount, cells[currency_place].strip(EDGE_BLANKS) if 0 <= currency_place < len(cells) else ""


def _place(found: Found) -> int:
    return found.columns.get("amount", found.columns.get("amount_in_decimal", 0))


def _locale(seen: _Seen, locale: str | None) -> list[Suggestion]:
    example = shown(seen.foreign or "")
    if locale is not None:
        return [Suggestion("--locale", locale, f"{example} is written so there, so are all amounts with separators")]
    several = seen.locales.fitting()
    if not several:
        return []
    names = " or ".join(f"{name} (as {reading})" for name, reading in several.items())
    return [Suggestion("--locale", "LOCALE", f"{example} can be read in several ways: {names}", is_open=True)]


def _unit(seen: _Seen, locale: str | None, header: str) -> list[Suggestion]:
    """Major units where most amounts are written in them; left to a person where half or less are, or where the header
    says cents, of which programs make `1050.0`: they might be paid a hundred times over."""
    divided = [text for text, has_minor in seen.texts if has_minor]
    major = [text for text in divided if _is_in_major(text, locale)]
    if not major:
        return []
    many = f"{len(major)} of {len(divided)} different amounts" if len(major) < len(divided) else "the amounts"
    said = f"{many}, such as {shown(major[0])}, are written in major units (dollars, euros), and all are read as cents"
    if says_minor_units(header):
        said = f"the header says {shown(header)}, and {said}"
    elif len(major) * 2 > len(divided):
        return [Suggestion("--amount-unit", "major", said)]
    said += "; major if all of them are dollars, minor if all are cents and these are to be corrected"
    return [Suggestion("--amount-unit", "UNIT", said, is_open=True)]


def _is_in_major(amount: str, locale: str | None) -> bool:
    """Whether an amount has decimals, or names a currency, which nobody does who counts cents."""
    parts = taken_apart(amount)
    if parts is None:
        return False
    digits = parts.digits
    if locale is not None and not number_format(locale).refuses(digits):
        digits = number_format(locale).plain(digits)
    return bool(parts.marks) or (is_plain(digits) and "." in digits)


def _header(found: Found) -> str:
    return found.headers[_place(found)]


def _in_header(found: Found) -> str | None:
    """The currency that the header of the amounts names."""
    return currency_named(_header(found))


def _currency(seen: _Seen, found: Found) -> Suggestion:
    in_header = _in_header(found)
    marks = seen.marks or ((in_header,) if in_header else ())
    codes = _codes_of(marks)
    where = f"the amounts have {shown(' '.join(marks))}" if seen.marks else f"the header says {shown(_header(found))}"
    if len(codes) == 1:
        return Suggestion("--currency", codes[0], where)
    if codes:
        return Suggestion("--currency", "CURRENCY", f"{where}, which may be {' or '.join(codes)}", is_open=True)
    return Suggestion("--currency", "CURRENCY", "no column names one; a code such as EUR", is_open=True)


def _codes_of(marks: Sequence[str]) -> list[str]:
    """The well known currencies that all these marks name: `kr` is that of several. Where there is none, the first of
    the others."""
    if not marks:
        return []
    well_known = [code for code in BEST_KNOWN if agrees(tuple(marks), code)]
    others = (code for code in named_by(tuple(marks)) if isinstance(currency_code(code), str))
    return well_known or [*islice((code for code in others if agrees(tuple(marks), code)), 1)]
