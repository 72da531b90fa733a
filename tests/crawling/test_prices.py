"""Amounts and currencies, as shops write them."""

from decimal import Decimal

from fashion_cli.crawling.prices import currency_code, read_price


def test_currencies_by_sign_and_by_name() -> None:
    assert [currency_code(each) for each in ("₩", "원", "won", "KRW", "€", "us$", "RMB", "kr.", "")] == [
        *("KRW", "KRW", "KRW", "KRW", "EUR", "USD", "CNY", "", "")
    ]
    assert read_price("39,000", "원") == (Decimal(39000), "KRW")
