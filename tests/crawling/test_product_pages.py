"""Products that pages describe: four syntaxes with their usual faults, prices, variants, encodings."""

import json
from decimal import Decimal
from typing import Any

import pytest

from fashion_cli.crawling.parse.product_pages import HtmlPage, PageProducts, read_products
from fashion_cli.products.records import FoundOffer, FoundProduct
from tests.crawling.responses import URL, page

TEE: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "Product",
    "name": "린넨 셔츠",
    "sku": "L-7",
    "brand": {"@type": "Brand", "name": "Hanbok Lab"},
    "image": ["/photos/1.jpg", "//cdn.example/2.jpg", "3.jpg"],
    "offers": {
        "@type": "Offer",
        "price": "39000",
        "priceCurrency": "KRW",
        "availability": "https://schema.org/InStock",
    },
}
IMAGES = ("https://shop.example/photos/1.jpg", "https://cdn.example/2.jpg", "https://shop.example/goods/3.jpg")


def script(text: str) -> str:
    return f'<html><head><script type="application/ld+json">{text}</script></head><body>x</body></html>'


def read(html: str, url: str = URL) -> PageProducts:
    return read_products(HtmlPage(html, url, url, "typed"))


def only(html: str, url: str = URL) -> tuple[FoundProduct, tuple[str, ...]]:
    (found,) = read(html, url).items
    assert found.product is not None
    return found.product, found.images


def offer(html: str) -> FoundOffer:
    (found,) = only(html)[0].offers
    return found


def with_offers(offers: object) -> str:
    return script(json.dumps({**TEE, "offers": offers}))


def test_a_product_in_json_ld() -> None:
    product, images = only(script(json.dumps(TEE)))
    assert product == FoundProduct(
        item_id="shop.example:L-7",
        name="린넨 셔츠",
        url=URL,
        shop="shop.example",
        offers=(FoundOffer("shop.example", Decimal(39000), "KRW", URL, "InStock"),),
        brand="Hanbok Lab",
        sku="L-7",
        source="typed",
    )
    assert images == IMAGES


TEXT = json.dumps(TEE, ensure_ascii=False)
AS_IT_SHOULD_BE = script(TEXT)
BROKEN = '<head><script type="application/ld+json">{"name": not json}</script>'


@pytest.mark.parametrize(
    "html",
    [
        script(f"<!-- {TEXT} -->"),
        script(f"//<![CDATA[\n{TEXT}\n//]]>"),
        script(f"/*<![CDATA[*/{TEXT}/*]]>*/"),
        script(TEXT[:-1] + ",}"),
        script(TEXT.replace('3.jpg"]', '3.jpg",]')),
        script("\ufeff" + TEXT + ";"),
        script(TEXT.replace("린넨 셔츠", "린넨\n셔츠").replace('"sku"', '"description": "a\tb\x01", "sku"')),
        script(TEXT + TEXT.replace("L-7", "L-7")),
        script(f"[[{TEXT}]]"),
        script(json.dumps({"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, TEE]})),
        script(json.dumps({"@type": "WebPage", "mainEntity": TEE})),
        script(TEXT.replace('"Product"', '"https://schema.org/Product"')),
        script(TEXT.replace('"Product"', '["Thing", "Product"]')),
        AS_IT_SHOULD_BE.replace("<head>", BROKEN),
        AS_IT_SHOULD_BE.replace("application/ld+json", "Application/LD+JSON; charset=utf-8"),
        AS_IT_SHOULD_BE.replace("<html>", '<?xml version="1.0" encoding="euc-kr"?><html>'),
    ],
    ids=range(16),
)
def test_the_usual_faults_of_json_ld_are_mended(html: str) -> None:
    product, images = only(html)
    assert (product.item_id, product.name, images) == ("shop.example:L-7", "린넨 셔츠", IMAGES)
    assert product.offers[0].price == 39000


def test_a_block_that_cannot_be_mended_is_named_and_costs_nothing_else() -> None:
    found = read(AS_IT_SHOULD_BE.replace("<head>", BROKEN))
    assert len(found.items) == 1
    assert found.notes == ("JSON-LD block 1 of 2 is not JSON",)


def test_nodes_refer_to_each_other_also_in_circles() -> None:
    graph = [
        {"@type": "Product", "@id": "#p", "name": "a", "offers": {"@id": "#o"}, "isRelatedTo": {"@id": "#p"}},
        {"@type": "Offer", "@id": "#o", "price": 5, "priceCurrency": "EUR", "itemOffered": {"@id": "#p"}},
    ]
    product, _ = only(script(json.dumps({"@graph": graph})))
    assert product.offers[0].price == 5


def test_json_as_deep_as_a_well_does_no_harm() -> None:
    assert read(script("[" * 100_000)).items == ()
    deep: Any = {"@type": "Product", "name": "deep"}
    for _ in range(500):
        deep = {"mainEntity": deep}
    assert read(script(json.dumps(deep))).items == ()


def test_variants_are_one_product_with_all_their_photographs() -> None:
    group = {
        "@type": "ProductGroup",
        "productGroupID": "G1",
        "name": "Shirt",
        "hasVariant": [
            {
                "@type": "Product",
                "sku": "r",
                "image": "r.jpg",
                "offers": {"price": 5, "priceCurrency": "EUR", "url": "?r"},
            },
            {
                "@type": "Product",
                "sku": "b",
                "image": "b.jpg",
                "offers": {"price": 4, "priceCurrency": "EUR", "url": "?b"},
            },
        ],
    }
    product, images = only(script(json.dumps(group)))
    assert product.item_id == "shop.example:G1"
    assert images == ("https://shop.example/goods/r.jpg", "https://shop.example/goods/b.jpg")
    assert [each.price for each in product.offers] == [5, 4]


@pytest.mark.parametrize(
    ("offers", "expected"),
    [
        ({"price": 19.99, "priceCurrency": "EUR"}, ("19.99", "EUR")),
        ({"price": "1.234,56 €"}, ("1234.56", "EUR")),
        ({"price": "₩39,000"}, ("39000", "KRW")),
        ({"price": "39,000원"}, ("39000", "KRW")),
        ({"price": "39.000", "priceCurrency": "KRW"}, ("39000", "KRW")),
        ({"price": "￦ 12,000"}, ("12000", "KRW")),
        ({"price": "￥1,200"}, ("1200", "JPY")),
        ({"price": "15.00 USD"}, ("15.00", "USD")),
        ({"price": "10", "priceCurrency": "usd"}, ("10", "USD")),
        ([{"price": "12", "priceCurrency": "EUR"}, {"price": "9", "priceCurrency": "EUR"}], ("9", "EUR")),
        (
            [
                {"price": "9", "priceCurrency": "EUR", "availability": "OutOfStock"},
                {"price": "12", "priceCurrency": "EUR"},
            ],
            ("12", "EUR"),
        ),
        ({"@type": "AggregateOffer", "lowPrice": 7, "highPrice": 9, "priceCurrency": "GBP"}, ("7", "GBP")),
        ({"@type": "AggregateOffer", "priceCurrency": "GBP", "offers": [{"price": 8}]}, ("8", "GBP")),
        ({"priceSpecification": {"price": 3, "priceCurrency": "USD"}}, ("3", "USD")),
        (
            {
                "priceCurrency": "USD",
                "priceSpecification": [
                    {"price": 2, "priceType": "https://schema.org/StrikethroughPrice"},
                    {"price": 5, "priceType": "https://schema.org/SalePrice"},
                ],
            },
            ("5", "USD"),
        ),
    ],
)
def test_prices(offers: object, expected: tuple[str, str]) -> None:
    found = offer(with_offers(offers))
    assert (found.price, found.currency) == (Decimal(expected[0]), expected[1])


UNPAYABLE: tuple[object, ...] = (0, -5, "", "ask us", "NaN", "1e999", None, True, [])


@pytest.mark.parametrize(
    "offers",
    [
        *({"price": each, "priceCurrency": "EUR"} for each in UNPAYABLE),
        *({"price": 5}, {"price": 5, "priceCurrency": "money"}, "https://elsewhere", 7, None, [], {}),
    ],
)
def test_what_nobody_can_pay_is_no_price(offers: object) -> None:
    assert only(with_offers(offers))[0].offers == ()


def test_shops_of_one_product_keep_their_offers_apart() -> None:
    offers = [
        {"price": 5, "priceCurrency": "EUR", "seller": {"@type": "Organization", "name": "One"}, "url": "/1"},
        {"price": 4, "priceCurrency": "EUR", "seller": {"name": "Two"}, "availability": "http://schema.org/SoldOut"},
    ]
    assert only(with_offers(offers))[0].offers == (
        FoundOffer("One", Decimal(5), "EUR", "https://shop.example/1", ""),
        FoundOffer("Two", Decimal(4), "EUR", URL, "SoldOut"),
    )


MICRODATA = """<body><div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">Coat &amp; belt</h1>
<img itemprop="image" src="/1.jpg"><a itemprop="image" href="//cdn.example/2.jpg"></a><meta itemprop="sku" content="C">
<div itemprop="offers" itemscope itemtype="http://schema.org/Offer"><span itemprop="price">1,299 kr</span>
<meta itemprop="priceCurrency" content="SEK"><link itemprop="availability" href="http://schema.org/OutOfStock"></div>
</div></body>"""
RDFA = """<body><div vocab="http://schema.org/" typeof="Product"><span property="name">Coat &amp; belt</span>
<img property="image" src="/1.jpg"><span property="sku" content="C"></span><div property="offers" typeof="Offer">
<span property="price" content="1299">1299</span><meta property="priceCurrency" content="SEK">
<link property="availability" href="http://schema.org/OutOfStock"></div></div></body>"""
OPEN_GRAPH = """<head><meta property="og:type" content="product"><meta property="og:title" content="Coat &amp; belt">
<meta property="og:image" content="/1.jpg"><meta property="og:image" content="//cdn.example/2.jpg">
<meta property="product:price:amount" content="1299"><meta property="product:price:currency" content="SEK">
<meta property="product:availability" content="out of stock"><meta property="product:retailer_item_id" content="C">
</head><body></body>"""


@pytest.mark.parametrize(("html", "photographs"), [(MICRODATA, 2), (RDFA, 1), (OPEN_GRAPH, 2)])
def test_the_other_syntaxes_say_the_same(html: str, photographs: int) -> None:
    product, images = only(f"<html>{html}</html>")
    assert product.item_id == "shop.example:C"
    assert product.name == "Coat & belt"
    assert product.offers == (FoundOffer("shop.example", Decimal(1299), "SEK", URL, "OutOfStock"),)
    assert images == ("https://shop.example/1.jpg", "https://cdn.example/2.jpg")[:photographs]


def test_one_syntax_completes_another() -> None:
    bare = {"@type": "Product", "name": "From JSON-LD"}
    html = script(json.dumps(bare)).replace("</head>", f"{OPEN_GRAPH[6:-21]}</head>")
    product, images = only(html)
    assert (product.name, product.offers[0].price) == ("From JSON-LD", Decimal(1299))
    assert len(images) == 2


def test_a_broken_syntax_costs_only_itself() -> None:
    broken = f"<div itemscope itemtype='http://schema.org/Product' itemref='a a a'>{script('{x')}</div>"
    html = f"<html>{OPEN_GRAPH}{broken}</html>"
    assert read(html).items


def test_a_list_of_products_is_followed_and_not_recorded() -> None:
    items = [{"@type": "ListItem", "item": {"@type": "Product", "name": str(n), "url": f"/goods/{n}"}} for n in (1, 2)]
    found = read(script(json.dumps({"@type": "ItemList", "itemListElement": items})), "https://shop.example/all")
    assert found.items == ()
    assert found.listed_urls == ("https://shop.example/goods/1", "https://shop.example/goods/2")


def test_products_beside_the_one_that_a_page_is_about_are_not_its() -> None:
    beside = {"@type": "Product", "name": "other", "url": "/goods/8"}
    found = read(script(json.dumps([{**TEE, "url": URL}, beside])))
    assert [each.product.name for each in found.items if each.product] == ["린넨 셔츠"]
    assert found.listed_urls == ("https://shop.example/goods/8",)


def test_a_product_without_a_number_is_known_by_its_address() -> None:
    plain = {"@type": "Product", "name": "a", "image": "a.jpg"}
    one, other = (only(script(json.dumps(plain)), url)[0] for url in (URL, f"{URL}?utm_source=x&PHPSESSID=1"))
    assert one.item_id == other.item_id
    assert one.item_id != only(script(json.dumps(plain)), "https://shop.example/goods/8")[0].item_id


def test_category_comes_from_the_way_to_the_page() -> None:
    steps = [{"@type": "ListItem", "name": name, "item": "/x"} for name in ("Women", "Dresses", "린넨 셔츠")]
    product, _ = only(script(json.dumps([TEE, {"@type": "BreadcrumbList", "itemListElement": steps}])))
    assert product.category == "Women > Dresses"


@pytest.mark.parametrize(
    "html", ["", "\x00", "<p>", "<html></html>", "not html", "<" * 10_000, script("null"), script("7")]
)
def test_pages_without_anything(html: str) -> None:
    assert read(html).items == ()


@pytest.mark.parametrize(
    ("encoding", "head", "kind"),
    [
        ("utf-8", "", "text/html; charset=utf-8"),
        ("euc-kr", "", "text/html; charset=EUC-KR"),
        ("cp949", '<meta charset="euc-kr">', "text/html"),
        ("shift_jis", '<meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS">', "text/html"),
        ("utf-16", "", "text/html; charset=utf-16"),
    ],
)
def test_texts_in_the_encodings_of_real_shops(encoding: str, head: str, kind: str) -> None:
    name = "한복 저고리" if encoding != "shift_jis" else "着物"
    html = script(json.dumps({**TEE, "name": name}, ensure_ascii=False)).replace("<head>", f"<head>{head}")
    response = page(html, encoding=encoding, Content_Type=kind)
    assert only(response.text)[0].name == name
