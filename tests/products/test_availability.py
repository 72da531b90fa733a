"""Whether something can be bought, as pages, feeds and people write it."""

import pytest

from fashion_cli.products.availability import is_buyable, is_valid_availability, normalize_availability


@pytest.mark.parametrize(
    "text",
    [
        *("InStock", "in stock", "IN_STOCK", "in-stock", "http://schema.org/InStock", "HTTPS://Schema.org/instock/"),
        *("schema:InStock", "https://schema.org#InStock", "//schema.org/InStock", " In Stock. ", "available", "true"),
        *(
            "판매중",
            "재고 있음",
            "在庫あり",
            "现货",
            "Auf Lager",
            "sofort lieferbar",
            "en stock",
            "disponibile",
            "op voorraad",
        ),
        *("Only 2 left", "7 in stock", "LimitedAvailability", "limited availability", "OnlineOnly", "in store only"),
        *("preorder", "Pre-Order", "https://schema.org/PreSale", "예약판매", "backorder", "available for order", ""),
    ],
)
def test_what_can_be_bought(text: str) -> None:
    assert is_buyable(text)
    assert is_valid_availability(normalize_availability(text))


@pytest.mark.parametrize(
    "text",
    [
        *("OutOfStock", "OutofStock", "out of stock", "OUT-OF-STOCK", "https://schema.org/OUTOFSTOCK", "oos"),
        *("schema:SoldOut",),
        *("Sold out!", "soldout", "discontinued", "http://schema.org/Discontinued/", "currently unavailable", "0"),
        *("false",),
        *("품절", "일시 품절", "일시품절", "재입고 예정", "매진", "판매 종료", "재고없음", "在庫切れ", "売り切れ"),
        *("缺货",),
        *("nicht vorrätig", "ausverkauft", "rupture de stock", "agotado", "non disponibile", "нет в наличии"),
        *("uitverkocht",),
        *("0 in stock", "재고: 0", "Reserved", "no longer available", "not in stock"),
    ],
)
def test_what_cannot(text: str) -> None:
    assert not is_buyable(text)
    assert is_valid_availability(normalize_availability(text))


@pytest.mark.parametrize("text", ["ask", "maybe", "https://schema.org/Whatever", "非売品", "soon"])
def test_unknown_words_are_known_as_such_and_not_sold(text: str) -> None:
    assert not is_valid_availability(normalize_availability(text))
    assert not is_buyable(text)
    assert normalize_availability(text) == text
