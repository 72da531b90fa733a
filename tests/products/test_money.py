"""Amounts and currencies, as shops write them."""

from decimal import Decimal

import pytest

from fashion_cli.products.currencies import CODES, COMMA, THOUSANDTHS, WHOLE, currency_code
from fashion_cli.products.money import JsonNumber, Money, NoPriceError, read_price


def test_currencies_by_sign_and_by_name() -> None:
    assert [currency_code(each) for each in ("₩", "원", "won", "KRW", "€", "us$", "RMB", "kr.", "", "Zł", "XYZ")] == [
        *("KRW", "KRW", "KRW", "KRW", "EUR", "USD", "CNY", "", "", "PLN", "")
    ]
    assert (WHOLE | COMMA | THOUSANDTHS) <= CODES


@pytest.mark.parametrize(
    ("text", "beside", "amount", "currency"),
    [
        # Groups of three and decimals, by the currency.
        ("2.450,00", "EUR", "2450", "EUR"),
        ("2,450.00", "EUR", "2450", "EUR"),
        ("2.450", "EUR", "2450", "EUR"),
        ("2.450 €", "", "2450", "EUR"),
        ("2.450", "USD", "2.45", "USD"),
        ("2.450", "KRW", "2450", "KRW"),
        ("24.990", "CLP", "24990", "CLP"),
        ("7.490", "ISK", "7490", "ISK"),
        ("2.450", "BHD", "2.45", "BHD"),
        ("2,450", "TND", "2.45", "TND"),
        ("2,450", "JPY", "2450", "JPY"),
        ("0.450", "EUR", "0.45", "EUR"),
        ("24,5", "EUR", "24.5", "EUR"),
        ("1.234.567", "IDR", "1234567", "IDR"),
        ("12,34,567.50", "INR", "1234567.5", "INR"),
        ("24.950000", "EUR", "24.95", "EUR"),
        ("24.949999999999999", "GBP", "24.95", "GBP"),
        ("1.299.000", "COP", "1299000", "COP"),
        ("39.000", "KRW", "39000", "KRW"),
        ("12.99", "EUR", "12.99", "EUR"),
        ("1299.000", "EUR", "1299", "EUR"),  # no thousands are parted so
        ("0.990", "EUR", "0.99", "EUR"),
        ("19.9900", "EUR", "19.99", "EUR"),
        ("19.990", "USD", "19.99", "USD"),
        ("1.299", "KWD", "1.299", "KWD"),
        ("₩12,900 ~ ₩15,000", "", "12900", "KRW"),
        ("USD 12.9", "", "12.9", "USD"),
        # Apostrophes, blanks, digits of other scripts.
        ("2'450.00", "CHF", "2450", "CHF"),
        ("2’450.–", "CHF", "2450", "CHF"),
        ("2`450", "CHF", "2450", "CHF"),
        ("2\u00a0450,50", "PLN", "2450.5", "PLN"),
        ("2\u2009450", "HUF", "2450", "HUF"),
        ("2\u202f450,50 €", "", "2450.5", "EUR"),
        ("２４，５００円", "", "24500", "JPY"),
        ("٢٤٫٥", "SAR", "24.5", "SAR"),
        # Signs before and behind.
        ("24,90zł", "", "24.9", "PLN"),
        ("Kč 1 290", "", "1290", "CZK"),
        ("349 000 ₫", "", "349000", "VND"),
        ("349.000đ", "", "349000", "VND"),
        ("Rp349.000", "", "349000", "IDR"),
        ("8 490 Ft", "", "8490", "HUF"),
        ("RM 89.90", "", "89.9", "MYR"),
        ("1 290 kr", "NOK", "1290", "NOK"),
        ("AU $ 24.90".replace("$ ", "$"), "AUD", "24.9", "AUD"),
        ("24,90 лв.", "", "24.9", "BGN"),
        ("R$ 149,90", "", "149.9", "BRL"),
        ("$24.90", "CAD", "24.9", "CAD"),
        ("24,90", "&euro;".replace("&euro;", "€"), "24.9", "EUR"),
        # What is written in the value is nearer than what stands beside it, unless several currencies share the sign.
        ("24,000원", "USD", "24000", "KRW"),
        ("EUR 24", "USD", "24", "EUR"),
        # Several numbers.
        ("€15 – €25", "", "15", "EUR"),
        ("15 bis 25 EUR", "", "15", "EUR"),
        ("30% off: 24,50 €", "", "24.5", "EUR"),
        ("statt 59,00 € nur 39,00 €", "", "39", "EUR"),
        ("정가 59,000원 39,000원", "", "39000", "KRW"),
        ("24,90 € / Stück", "", "24.9", "EUR"),
        (",50 €", "", "0.5", "EUR"),
        ("24,-", "EUR", "24", "EUR"),
        ("1e2", "EUR", "100", "EUR"),
    ],
)
def test_prices(text: str, beside: str, amount: str, currency: str) -> None:
    assert read_price(text, beside) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("number", "currency", "amount"),
    [("24.000", "KRW", "24000"), ("24.5", "EUR", "24.5"), ("1.299", "EUR", "1.299"), ("12.990", "HUF", "12990")],
)
def test_numbers_of_json_have_a_dot_before_decimals_where_there_are_some(
    number: str, currency: str, amount: str
) -> None:
    assert read_price(JsonNumber(number), currency) == Money(Decimal(amount), currency)


@pytest.mark.parametrize("value", [None, True, "", "  ", 0, "0", "0.00 €", "₩0", JsonNumber("0.0")])
def test_where_none_is_given_there_is_none(value: object) -> None:
    assert read_price(value, "EUR") is None


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        *(("-24,90 €", ""), ("€-5", ""), ("− 5", "EUR"), ("NaN", "EUR"), ("on request", "EUR"), ("1e999", "EUR")),
        *(
            ("24,90 €/m", ""),
            ("24,90 € per month", ""),
            ("ab 5 € monatlich", ""),
            ("12 x 24,90 €", ""),
            ("24x de R$ 9,90", ""),
            ("20%", "EUR"),
        ),
        *(("3만 5천원", ""), ("1.5万円", ""), ("24,90", ""), ("24,90", "money"), ("1 290 kr", ""), ("1.2.3", "EUR")),
        *(("₩-5", ""), ("−5 €", ""), ("3만 9천원", ""), ("9" * 300, "EUR"), ("9" * 1_000_000, ""), ("0.00001", "USD")),
    ],
)
def test_what_nobody_pays_for_one_piece_is_named(text: str, beside: str) -> None:
    with pytest.raises(NoPriceError, match=r"price|currency"):
        read_price(text, beside)


def test_a_price_that_would_be_nothing_is_none() -> None:
    with pytest.raises(NoPriceError):
        read_price(1e-300, "USD")
    assert read_price(1.299, "EUR") == Money(Decimal("1.299"), "EUR")
