"""Prices as shops write them: "39,000원", "1.234,56 €", 19.99 with `priceCurrency` beside it."""

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from price_parser import Price

# Signs that more than one country uses stand for the one whose shops write them most.
_SIGNS = {
    "₩": "KRW",
    "￦": "KRW",
    "원": "KRW",
    "WON": "KRW",
    "€": "EUR",
    "EURO": "EUR",
    "£": "GBP",
    "$": "USD",
    "US$": "USD",
    "CA$": "CAD",
    "C$": "CAD",
    "AU$": "AUD",
    "A$": "AUD",
    "NZ$": "NZD",
    "HK$": "HKD",
    "NT$": "TWD",
    "S$": "SGD",
    "R$": "BRL",
    "MX$": "MXN",
    "¥": "JPY",
    "￥": "JPY",
    "円": "JPY",
    "元": "CNY",
    "CN¥": "CNY",
    "RMB": "CNY",
    "JP¥": "JPY",
    "₹": "INR",
    "RS": "INR",
    "RS.": "INR",
    "₽": "RUB",
    "₺": "TRY",
    "฿": "THB",
    "₫": "VND",
    "₱": "PHP",
    "₪": "ILS",
    "₴": "UAH",
    "ZŁ": "PLN",
    "KČ": "CZK",
    "FR.": "CHF",
    "SFR": "CHF",
}
_CODE = re.compile(r"[A-Z]{3}")
# Nobody writes decimals of these.
_WHOLE = frozenset({"KRW", "JPY", "VND", "CLP", "ISK", "PYG", "UGX", "IDR"})
# Where these are used, decimals stand behind a comma and a dot parts thousands.
_WITH_COMMA = frozenset(
    {"ARS", "BAM", "BRL", "COP", "CZK", "DKK", "EUR", "HUF", "MKD", "NOK", "PLN", "RON", "RSD", "SEK", "TRY", "UYU"}
)
_PLAIN = re.compile(r"\d{1,12}(\.\d{1,4})?")
_POWER = re.compile(r"[-+]?[\d.]+[eE][-+]?\d+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(\.\d{3})+")
_LOWEST, _HIGHEST = Decimal("0.0001"), Decimal(10) ** 12
_LONGEST = 100  # characters; nothing longer is a price, and reading it takes long
_NEGATIVE = re.compile(r"\W{0,9}[-−]\W{0,9}\d")  # "-5 €", "₩-5"
_COUNTED = re.compile(r"[\d.,]\s*[만천억万億]")  # "3만 9천원", "1.5万円": not the number that stands before


def currency_code(text: str) -> str:
    """The ISO 4217 code of a currency that is written somehow; "" if it is none."""
    said = text.strip().upper()
    if said in _SIGNS:
        return _SIGNS[said]
    return said if _CODE.fullmatch(said) else ""


def read_price(value: Any, currency: str = "") -> tuple[Decimal, str] | None:
    """A price and its currency's code; None if it is not one that somebody could pay.

    Args:
        value: A number, or text.
        currency: What the page says beside it, if it does.
    """
    code = currency_code(currency)
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        amount = _decimal(repr(value))
    else:
        amount, written = _from_text(str(value), code)
        code = code or written
    if amount is None or not code or not _LOWEST <= amount < _HIGHEST:
        return None
    return amount, code


def _from_text(text: str, code: str) -> tuple[Decimal | None, str]:
    plain = text.strip()
    if len(plain) > _LONGEST or _NEGATIVE.match(plain) or _COUNTED.search(plain):
        return None, ""
    if _PLAIN.fullmatch(plain) and not (code in _WHOLE | _WITH_COMMA and _THOUSANDS.fullmatch(plain)):
        return _decimal(plain), ""
    if _POWER.fullmatch(plain):
        return _decimal(plain), ""
    price = Price.fromstring(plain)
    written = currency_code(price.currency or "") or next((_SIGNS[sign] for sign in "￦￥元" if sign in plain), "")
    return price.amount, written


def _decimal(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None
