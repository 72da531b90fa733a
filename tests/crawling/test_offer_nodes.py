"""What anybody pays for one piece today, of all that pages write as a price."""

from datetime import UTC, datetime
from typing import Any

import pytest

from fashion_cli.crawling.parse.offer_nodes import OfferContext, parse_time, read_offers

NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
PLAIN = {"price": "70", "priceCurrency": "EUR"}


def prices(offers: Any, currency: str = "") -> tuple[list[str], list[str]]:
    """Prices, and notes."""
    notes: list[str] = []
    context = OfferContext("Shop", "https://shop.example/p", "https://shop.example/p", currency, NOW, notes)
    found = read_offers({"offers": offers}, context)
    return [f"{each.price} {each.currency}" for each in found], notes


def specified(*values: dict[str, Any]) -> dict[str, Any]:
    return {"@type": ["Offer"], "priceCurrency": "EUR", "priceSpecification": list(values)}


@pytest.mark.parametrize(
    "other",
    [
        {"@type": ["DeliveryChargeSpecification"], "price": 5},
        {"@type": ["PaymentChargeSpecification"], "price": 2},
        {"price": 9, "priceComponentType": "https://schema.org/Downpayment"},
        {"price": 9, "priceComponentType": {"@id": "schema:Subscription"}},
        {"price": 60, "validForMemberTier": [{"@id": "#silver"}]},
        {"price": 6, "billingDuration": "P1M"},
        {"price": 6, "referenceQuantity": {"value": "1", "unitCode": "MTR"}},
        {"price": 6, "referenceQuantity": {"value": "100", "unitCode": "GRM"}},
        {"@type": ["UnitPriceSpecification"], "price": 6, "unitCode": "MTK"},
        {"price": 60, "eligibleQuantity": {"minValue": 5}},
        {"price": 60, "eligibleTransactionVolume": {"price": 200}},
        {"price": 60, "validThrough": "2026-06-14"},
        {"price": 60, "validThrough": "2026-06-15T11:59:59Z"},
        {"price": 60, "validFrom": "2026-06-16"},
        {"price": 60, "priceType": "https://schema.org/StrikethroughPrice"},
        {"price": 60, "priceType": "MSRP"},
        {"price": 60, "priceType": "https://schema.org/MinimumAdvertisedPrice"},
        {"price": "5 € per month"},
    ],
)
def test_what_is_no_price_of_one_piece_is_named(other: dict[str, Any]) -> None:
    for values in ((PLAIN, other), (other, PLAIN)):
        found, notes = prices(specified(*values))
        assert found == ["70 EUR"]
        assert len(notes) == 1
        assert notes[0].startswith("a price left out: ")
    found, notes = prices(specified(other))
    assert (found, len(notes)) == ([], 1)


@pytest.mark.parametrize(
    "other",
    [
        {"price": 60},
        {"price": 60, "priceType": "https://schema.org/SalePrice", "validThrough": "2026-06-15"},
        {"price": 60, "validFrom": "2026-06-15", "validThrough": "2026-06-30T23:59:59+09:00"},
        {"price": 60, "referenceQuantity": {"value": "1", "unitCode": "C62"}},
        {"price": 60, "eligibleQuantity": {"minValue": 1}},
        {"minPrice": 60, "maxPrice": 90},
    ],
)
def test_the_lowest_that_holds(other: dict[str, Any]) -> None:
    assert prices(specified(PLAIN, other)) == (["60 EUR"], [])


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        (specified({"price": 70, "priceType": "ListPrice"}, {"price": 50, "validThrough": "2020-01-01"}), "70 EUR"),
        (specified({"price": 70, "priceType": "RegularPrice"}, {"price": 50, "priceType": "SalePrice"}), "50 EUR"),
        ([{**PLAIN, "priceValidUntil": "2019-12-31"}], "70 EUR"),  # shops forget that date
        ([{**PLAIN, "price": ["", "0", "70"]}], "70 EUR"),
        ([{**PLAIN, "price": {"@value": "70"}}], "70 EUR"),
        ([{"lowPrice": "70", "highPrice": "90", "priceCurrency": "EUR"}], "70 EUR"),
        ({"@type": ["AggregateOffer"], "lowPrice": 0, "offers": [PLAIN]}, "70 EUR"),
        ({"@list": [PLAIN]}, "70 EUR"),
    ],
)
def test_prices_that_count(offers: Any, expected: str) -> None:
    assert prices(offers)[0] == [expected]


@pytest.mark.parametrize(
    "offer",
    [
        {"@type": ["OfferForLease"], **PLAIN},
        {**PLAIN, "businessFunction": "http://purl.org/goodrelations/v1#LeaseOut"},
        {**PLAIN, "eligibleQuantity": {"minValue": "12"}},
        {**PLAIN, "validThrough": "2026-01-01"},
        {**PLAIN, "validForMemberTier": {"name": "gold"}},
        {"@type": ["AggregateOffer"], "highPrice": "70", "priceCurrency": "EUR"},
        {"price": "70"},
        {"price": "70", "priceCurrency": "XXY"},
        {"price": 0, "priceCurrency": "EUR"},
    ],
)
def test_an_offer_without_a_price_is_named(offer: dict[str, Any]) -> None:
    found, notes = prices(offer)
    assert found == []
    assert notes


def test_the_currency_of_the_page_stands_in_for_one_that_is_left_out() -> None:
    assert prices({"price": "70"}, "SEK") == (["70 SEK"], [])


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"offers": "70 EUR"}, ("70 EUR", True)),
        ({"price": "70 €"}, ("70 EUR", True)),
        ({"offerDetails": PLAIN}, ("70 EUR", True)),
        ({"offers": PLAIN, "availability": "SoldOut"}, ("70 EUR", False)),
        ({"offers": {**PLAIN, "inventoryLevel": {"value": 0}}}, ("70 EUR", False)),
        ({"offers": {**PLAIN, "inventoryLevel": 3}}, ("70 EUR", True)),
        ({"offers": {**PLAIN, "price": "70 € / Paar"}}, ("70 EUR", True)),
    ],
)
def test_other_places_for_a_price(node: dict[str, Any], expected: tuple[str, bool]) -> None:
    context = OfferContext("Shop", "https://shop.example/p", "https://shop.example/p", "", NOW, [])
    assert [(f"{each.price} {each.currency}", each.available) for each in read_offers(node, context)] == [expected]


def test_unknown_words_of_availability_are_named() -> None:
    assert prices({**PLAIN, "availability": "ask us"}) == (
        ["70 EUR"],
        ["availability 'ask us' is not known: taken for not available"],
    )


@pytest.mark.parametrize(
    ("text", "last", "expected"),
    [
        ("2026-02-03", False, "2026-02-03T00:00:00+00:00"),
        ("2026-02-03", True, "2026-02-03T23:59:59.999999+00:00"),
        ("2026-02-03T04:05-0800", True, "2026-02-03T04:05:00-08:00"),
        ("2026-02-03 04:05:06", True, "2026-02-03T04:05:06+00:00"),
        ("03.02.2026", True, "None"),
        ("", True, "None"),
    ],
)
def test_moments(text: str, last: bool, expected: str) -> None:
    moment = parse_time(text, last=last)
    assert (moment.isoformat() if moment else "None") == expected
