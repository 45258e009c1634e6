"""How many decimals an amount of a currency has at Chargebee: its own exponents, not those of ISO 4217.

Chargebee documents four currencies without decimals and counts every other one in hundredths, also those that ISO
gives three decimals. For the rest of ISO's currencies without decimals (and two with four) it says nothing: a guess
would be wrong by a factor of 100, so there the operator has to state the exponent.
"""

from collections.abc import Mapping

SITE_CURRENCY = "site currency"  # of money whose row names none: nobody here knows which it is
USUAL_EXPONENT = 2
MAX_EXPONENT = 4  # that an operator may state
ZERO_DECIMAL = frozenset({"JPY", "KRW", "XAF", "XOF"})
UNDOCUMENTED = frozenset(
    {"BIF", "CLF", "CLP", "DJF", "GNF", "ISK", "KMF", "PYG", "RWF", "UGX", "UYI", "UYW", "VND", "VUV", "XPF"}
)


def documented_exponent(currency: str) -> int | None:
    """How many decimals Chargebee documents for this currency; None where it documents nothing."""
    if currency in ZERO_DECIMAL:
        return 0
    return None if currency in UNDOCUMENTED or currency == SITE_CURRENCY else USUAL_EXPONENT


def exponent_of(currency: str, stated: Mapping[str, int]) -> int | None:
    """How many of an amount's digits are decimals, by Chargebee or as the operator `stated`; None: nobody has said."""
    documented = documented_exponent(currency)
    return stated.get(currency) if documented is None else documented
