"""Prices as shops write them: "39,000원", "1.234,56 €", "1’299.–", 19.99 with `priceCurrency` beside it.

What a dot or a comma means depends on the currency, so number and currency are read together. Of several amounts in
one text, as of a range, the first that stands beside a currency is the price; shares ("50%"), amounts per month or
metre and instalments ("12 x 10 €") are none.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from fashion_cli.products.currencies import COMMA, SIGN, THOUSANDTHS, WHOLE, currency_code, is_shared

DECIMALS = 4  # the catalogue keeps no more
_LOWEST, _HIGHEST = Decimal("0.0001"), Decimal(10) ** 12
_LONGEST = 200  # characters; nothing longer is a price
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ´`′＇", "'"))
_ARABIC = str.maketrans({"٫": ".", "٬": "'", "،": ","})
# Groups of three between blanks; digits between any other signs; or decimals alone.
_NUMBER = re.compile(r"(?<![\d.,'])(?:\d{1,3}(?: \d{3})+(?!\d)(?:[.,]\d+)?|\d+(?:[.,']\d+)*|[.,]\d+)")
_POWER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)[eE][-+]?\d{1,3}")
_DASH = re.compile(r"[.,]\s?[-–—]")  # "1.299,-": no decimals, and which sign they would stand behind
_RANGE = re.compile(r"\s*(?:[-–—~〜∼]|to|bis|à|a|and|até)\s*", re.IGNORECASE)
_MULTIPLE = re.compile(r"\d\s*[x×]\s*(?:de\s+)?$", re.IGNORECASE)  # "12x de R$ 10"
_UNIT = r"(?:/|per\b|pro\b|par\b|je\b|monthly|mtl|a month|monatlich|im monat|mensuel|mensile|al mes|[x×]\s*\d)"
_PIECE = r"(?:st(?:ü|u)ck|pcs?|pieces?|each|item|ea|paar|pairs?|paire|켤레)\b"
_PER = re.compile(rf"\s*{_UNIT}(?!\s*{_PIECE})", re.IGNORECASE)
# What an amount may be called that is not what the thing costs now.
_OTHER_AMOUNT = re.compile(
    r"(?:월|매월|분할|할부|배송비|정가|시중가|소비자가|적립금?|할인|save|shipping|delivery|was|rrp|msrp|"
    r"instead of|compare at|statt|uvp|versand|avant|au lieu de|antes|prima|送料|定価)\s*[:：]?\s*$",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\s*[만천억万億萬千]")  # "3만 9천원": not the number that stands before


@dataclass(frozen=True)
class Money:
    """An amount that somebody can pay.

    Attributes:
        amount: Over 0.
        currency: ISO 4217.
    """

    amount: Decimal
    currency: str


class NoPriceError(ValueError):
    """A value that is no price; the message is the reason. Empty values and 0 are none of its business."""


class JsonNumber(str):
    """A number of a JSON text with the digits that it has there: `39.000` of a shop that means 39,000 won."""

    __slots__ = ()


def read_price(value: Any, currency: str = "") -> Money | None:
    """A price; None where none is given: nothing, or 0.

    Args:
        value: A number, or text.
        currency: What stands beside it, if something does: a code or a sign.

    Raises:
        NoPriceError: If it is no price that somebody can pay, or in no currency that there is.
    """
    if value is None or isinstance(value, bool):
        return None
    written = str(value)
    if len(written) > _LONGEST:
        raise NoPriceError(f"{written[:40]!r}…: too long for a price")
    text = _plain(written)
    if not text:
        return None
    neighbour_currency = currency_code(currency)
    if isinstance(value, JsonNumber | int | float | Decimal) or _POWER.fullmatch(text):
        amount, code = _from_number(text, neighbour_currency), neighbour_currency
    else:
        amount, code = _from_text(text, neighbour_currency)
    if amount == 0:
        return None
    if amount is None or not _LOWEST <= amount < _HIGHEST:
        raise NoPriceError(f"{text[:60]!r}: no price")
    if not code:
        raise NoPriceError(f"{text[:60]!r}: in {_what(currency)}")
    return Money(_round_amount(amount), code)


def _what(currency: str) -> str:
    return f"{currency[:20]!r}, which is no currency" if currency.strip() else "no currency"


def _plain(text: str) -> str:
    """A text with plain digits, blanks and apostrophes, whatever it was typed with."""
    folded = unicodedata.normalize("NFKC", text.translate(_APOSTROPHES)).translate(_ARABIC)
    digits = "".join(str(unicodedata.digit(each)) if each.isdigit() else each for each in folded)
    return " ".join(digits.split())


def _from_number(text: str, code: str) -> Decimal | None:
    """A number of a program: its dot stands before decimals, unless the currency has none."""
    if code in WHOLE and re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", text):
        return Decimal(text.replace(".", ""))
    try:
        amount = Decimal(text)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None


def _from_text(text: str, neighbour_currency: str) -> tuple[Decimal | None, str]:
    numbers = list(_NUMBER.finditer(text))
    signs = list(SIGN.finditer(text.casefold() if len(text.casefold()) == len(text) else text))
    amounts = [each for each in numbers if _may_be_price(text, each, signs)]
    if not amounts:
        return None, ""
    chosen = next((each for each in amounts if _is_next_to_sign(text, each, amounts, signs)), amounts[0])
    if _is_negative(text, chosen, signs):
        return None, ""
    sign = _nearest(chosen, signs)
    written = currency_code(sign)
    code = neighbour_currency if neighbour_currency and (is_shared(sign) or not written) else written
    return _amount(chosen.group(), code, text[chosen.end() :]), code


def _may_be_price(text: str, number: re.Match[str], signs: list[re.Match[str]]) -> bool:
    """Whether a number is no share, no instalment, nothing per month or metre, and not part of a word."""
    before, after = text[: number.start()], text[number.end() :]
    sign_behind = next((each for each in signs if 0 <= each.start() - number.end() <= 1), None)
    sign_before = next((each for each in signs if 0 <= number.start() - each.end() <= 1), None)
    if re.match(r"\s*[%％]|\s*[x×]\s*(?!\d*\s*(?:cm|mm))", after) or _COUNTED.match(after):
        return False
    start = sign_before.start() if sign_before else number.start()
    if _MULTIPLE.search(text[:start]) or _OTHER_AMOUNT.search(text[:start]):
        return False
    if before[-1:].isalpha() and not sign_before and before[-1:].isascii():
        return False  # "A4"
    rest = text[sign_behind.end() :] if sign_behind else after
    return not _PER.match(rest)


def _is_next_to_sign(
    text: str, number: re.Match[str], amounts: list[re.Match[str]], signs: list[re.Match[str]]
) -> bool:
    """Whether a currency stands beside a number, or behind the range that it begins."""
    if _nearest(number, signs, reach=1):
        return True
    following = next((each for each in amounts if each.start() >= number.end()), None)
    joined = following and _RANGE.fullmatch(text[number.end() : following.start()])
    return bool(following and joined and _nearest(following, signs, reach=1))


def _nearest(number: re.Match[str], signs: list[re.Match[str]], reach: int = _LONGEST) -> str:
    """The currency that stands nearest to a number; of two, the one behind a sign that only some write before."""

    def distance(sign: re.Match[str]) -> int:
        return sign.start() - number.end() if sign.start() >= number.end() else number.start() - sign.end()

    near = [each for each in signs if 0 <= distance(each) <= reach]
    return min(near, key=lambda each: (distance(each), is_shared(each.group())), default=None).group() if near else ""  # type: ignore[union-attr]


def _is_negative(text: str, number: re.Match[str], signs: list[re.Match[str]]) -> bool:
    before = text[: number.start()].rstrip()
    for sign in signs:
        if sign.end() == len(before):
            before = text[: sign.start()].rstrip()
    return before.endswith(("-", "−", "–")) and not re.search(r"\d[^%]*$", before)


def _amount(number: str, code: str, behind: str) -> Decimal | None:
    """The value of digits with separators, as a currency's users read them."""
    plain = number.replace(" ", "").replace("'", "")
    if _DASH.match(behind):  # "1.299,-"
        head, *groups = re.split(r"[.,]", plain)
        return Decimal("".join((head, *groups))) if not groups or _are_groups(groups) else None
    marks = re.sub(r"\d", "", plain)
    if not marks:
        return Decimal(plain)
    kinds = set(marks)
    if len(kinds) == 2:
        return _with_decimals(plain, marks[-1]) if marks.count(marks[-1]) == 1 else None
    mark = marks[0]
    head, *groups = plain.split(mark)
    if len(marks) > 1:
        return Decimal("".join((head, *groups))) if _are_groups(groups) else None
    if "'" in number or " " in number or not _is_thousands(head, groups[0], mark, code):
        return _with_decimals(plain, mark)
    return Decimal(head + groups[0])


def _are_groups(groups: list[str]) -> bool:
    """Groups of three behind the first; India has groups of two before the last."""
    return len(groups[-1]) == 3 and all(len(each) in (2, 3) for each in groups)


def _is_thousands(head: str, tail: str, mark: str, code: str) -> bool:
    """Whether the one separator of a number parts thousands."""
    if len(tail) != 3 or not 1 <= len(head) <= 3 or head.startswith("0"):
        return False
    if code in THOUSANDTHS:
        return mark == "," and code != "TND"
    return mark == "," or code in WHOLE | COMMA


def _with_decimals(plain: str, mark: str) -> Decimal:
    whole, _, decimals = plain.rpartition(mark)
    return Decimal(f"{re.sub(r'[.,]', '', whole) or '0'}.{decimals}")


def _round_amount(amount: Decimal) -> Decimal:
    """As many decimals as the catalogue keeps: PHP writes 19.99 as 19.989999999999998."""
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMALS:
        amount = amount.quantize(Decimal(1).scaleb(-DECIMALS))
    whole = amount == amount.to_integral_value()
    return amount.quantize(Decimal(1)) if whole else amount.normalize()
