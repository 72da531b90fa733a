"""What is read from pages: products in four syntaxes and many variants, links, sitemaps, and what sites forbid."""

import gzip
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scrapy.http import HtmlResponse, Response

from fashion_cli.crawling.image_lists import read_list
from fashion_cli.crawling.items import Discovery
from fashion_cli.crawling.links import read_links
from fashion_cli.crawling.prices import currency_code, read_price
from fashion_cli.crawling.product_pages import Page, ProductsOfPage, read_products
from fashion_cli.crawling.robot_tags import robot_tags
from fashion_cli.crawling.sitemaps import SitemapError, is_sitemap, read_sitemap
from fashion_cli.crawling.sources import parse_source
from fashion_cli.crawling.urls import absolute, is_loop, page_key, page_url, same_owner, site_key, turns_pages
from fashion_cli.errors import CrawlError, UsageError
from fashion_cli.products.records import FoundOffer, FoundProduct

URL = "https://shop.example/goods/7"
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


def read(html: str, url: str = URL) -> ProductsOfPage:
    return read_products(Page(html, url, url, "typed"))


def only(html: str, url: str = URL) -> tuple[FoundProduct, tuple[str, ...]]:
    (found,) = read(html, url).discoveries
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
    assert len(found.discoveries) == 1
    assert found.notes == ("JSON-LD block 1 of 2 is not JSON",)


def test_nodes_refer_to_each_other_also_in_circles() -> None:
    graph = [
        {"@type": "Product", "@id": "#p", "name": "a", "offers": {"@id": "#o"}, "isRelatedTo": {"@id": "#p"}},
        {"@type": "Offer", "@id": "#o", "price": 5, "priceCurrency": "EUR", "itemOffered": {"@id": "#p"}},
    ]
    product, _ = only(script(json.dumps({"@graph": graph})))
    assert product.offers[0].price == 5


def test_json_as_deep_as_a_well_does_no_harm() -> None:
    assert read(script("[" * 100_000)).discoveries == ()
    deep: Any = {"@type": "Product", "name": "deep"}
    for _ in range(500):
        deep = {"mainEntity": deep}
    assert read(script(json.dumps(deep))).discoveries == ()


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


def test_currencies_by_sign_and_by_name() -> None:
    assert [currency_code(each) for each in ("₩", "원", "won", "KRW", "€", "us$", "RMB", "kr.", "")] == [
        *("KRW", "KRW", "KRW", "KRW", "EUR", "USD", "CNY", "", "")
    ]
    assert read_price("39,000", "원") == (Decimal(39000), "KRW")


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
    assert read(html).discoveries


def test_a_list_of_products_is_followed_and_not_recorded() -> None:
    items = [{"@type": "ListItem", "item": {"@type": "Product", "name": str(n), "url": f"/goods/{n}"}} for n in (1, 2)]
    found = read(script(json.dumps({"@type": "ItemList", "itemListElement": items})), "https://shop.example/all")
    assert found.discoveries == ()
    assert found.teased == ("https://shop.example/goods/1", "https://shop.example/goods/2")


def test_products_beside_the_one_that_a_page_is_about_are_not_its() -> None:
    beside = {"@type": "Product", "name": "other", "url": "/goods/8"}
    found = read(script(json.dumps([{**TEE, "url": URL}, beside])))
    assert [each.product.name for each in found.discoveries if each.product] == ["린넨 셔츠"]
    assert found.teased == ("https://shop.example/goods/8",)


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
    assert read(html).discoveries == ()


def page(body: str, url: str = URL, encoding: str = "utf-8", **headers: str) -> HtmlResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HtmlResponse(url, body=body.encode(encoding), headers=named, request=None)


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


def links(body: str, url: str = URL, **headers: str) -> Any:
    return read_links(page(body, url, **headers), "shop.example")


def test_links_stay_in_the_shop_and_leave_out_what_is_no_page() -> None:
    body = """<base href="/sub/"><a href="a?utm_source=mail&x=1#part">a</a><a href="/b" rel="nofollow ugc">b</a>
    <a href="//www.shop.example/c">c</a><a href="https://elsewhere.example/">e</a><a href="/d.pdf">d</a>
    <a href="e.JPG">e</a><a href="javascript:void(0)">j</a><a href="mailto:a@b.c">m</a><a href="#top">t</a>
    <a href="f" download>f</a><a href="/x/y/x/y/x/y">loop</a><a href="https://shop.example:8443/p">p</a>
    <a href="a?x=1">again</a><a href="">x</a>"""
    assert links(body).pages == ("https://shop.example/sub/a?x=1", "https://www.shop.example/c")


def test_the_next_page_of_a_list_is_known_as_such() -> None:
    found = links('<link rel="next" href="?page=2"><a href="/x">x</a><a rel="prev" href="?page=0">p</a>')
    assert found.following == {f"{URL}?page=2", f"{URL}?page=0"}
    assert "https://shop.example/x" in found.pages


@pytest.mark.parametrize(
    ("body", "url", "headers", "expected"),
    [
        ('<link rel="canonical" href="/goods/8">', URL, {}, "https://shop.example/goods/8"),
        ("", URL, {"Link": '<https://shop.example/goods/8>; rel="canonical"'}, "https://shop.example/goods/8"),
        ('<link rel="canonical" href="/">', URL, {}, URL),
        ('<link rel="canonical" href="https://elsewhere.example/">', URL, {}, URL),
        (
            '<link rel="canonical" href="/all">',
            "https://shop.example/all?page=2",
            {},
            "https://shop.example/all?page=2",
        ),
        ('<link rel="canonical" href="/all">', "https://shop.example/all?sort=new", {}, "https://shop.example/all"),
        ("", f"{URL}?PHPSESSID=12&a=1", {}, f"{URL}?a=1"),
    ],
)
def test_the_address_that_a_page_calls_its_own(body: str, url: str, headers: dict[str, str], expected: str) -> None:
    assert links(body, url, **headers).canonical == expected


def test_one_spelling_for_each_page() -> None:
    assert page_key("http://a.example/p?b=2&a=1#x") == page_key("http://a.example/p?a=1&b=2&utm_campaign=z")
    assert page_url("http://a.example/p;jsessionid=AB12?sid=ff00ff&x=1") == "http://a.example/p?x=1"
    assert page_url("http://a.example/p?sid=7") == "http://a.example/p?sid=7"  # the number of a style, perhaps
    assert absolute("http://a.example/x/y", "../../../e t/c") == "http://a.example/e%20t/c"
    assert absolute("http://a.example/", "http://a.example:80/%7Eb/./c/../d") == "http://a.example/%7Eb/d"
    assert absolute("http://a.example/", "http://[broken") == ""
    assert is_loop("http://a.example/b/c/b/c/b/c")
    assert not is_loop("http://a.example/b/b/c")
    assert turns_pages("http://a.example/l/page/2", "http://a.example/l/")


def test_what_makes_one_site() -> None:
    assert site_key("https://www.shop.example:443/a") == site_key("http://shop.example/") == "shop.example"
    assert site_key("http://127.0.0.1:8000/") != site_key("http://127.0.0.1:8001/")
    assert same_owner("http://m.shop.co.kr/", "https://www.shop.co.kr/")
    assert not same_owner("http://one.co.kr/", "http://two.co.kr/")


SITEMAP = (
    b'<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc> /goods/1 </loc>'
    b"<lastmod>2024</lastmod></url><url><loc>https://shop.example/goods/2?a=1&amp;b=2</loc></url><url/></urlset>"
)


@pytest.mark.parametrize(
    "body", [SITEMAP, b"\xef\xbb\xbf" + SITEMAP, b"\n" + SITEMAP, gzip.compress(SITEMAP), SITEMAP[:-9]]
)
def test_sitemaps(body: bytes) -> None:
    found = read_sitemap(body, "https://shop.example/sitemap.xml")
    assert found.pages == ("https://shop.example/goods/1", "https://shop.example/goods/2?a=1&b=2")


def test_lists_of_sitemaps_and_plain_ones() -> None:
    index = b"<sitemapindex><sitemap><loc>http://a.example/1.xml.gz</loc></sitemap></sitemapindex>"
    assert read_sitemap(index, "http://a.example/").sitemaps == ("http://a.example/1.xml.gz",)
    assert (
        read_sitemap(b"http://a.example/1\nhttp://a.example/2\n", "http://a.example/").pages[1] == "http://a.example/2"
    )


@pytest.mark.parametrize("body", [b"<html><body>404</body></html>", b"<", b"\x1f\x8b\x08broken", b"<!DOCTYPE x>"])
def test_what_is_no_sitemap(body: bytes) -> None:
    with pytest.raises(SitemapError):
        read_sitemap(body, "http://a.example/sitemap.xml")


def test_a_sitemap_that_unpacks_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fashion_cli.crawling.sitemaps.MAX_BYTES", 10_000)
    with pytest.raises(SitemapError, match="over the limit"):
        read_sitemap(gzip.compress(b" " * 1_000_000), "http://a.example/sitemap.xml.gz")


def test_entities_of_a_sitemap_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("http://a.example/secret")
    entity = f'<!DOCTYPE x [<!ENTITY e SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    body = f"{entity}<urlset><url><loc>&e;</loc></url></urlset>"
    assert read_sitemap(body.encode(), "http://a.example/").pages == ()


@pytest.mark.parametrize(
    ("header", "keep_out", "nofollow"),
    [
        ("noai", "noai", False),
        ("NoAI, NoImageAI", "noai", False),
        ("fashion-cli: noimageai", "noimageai", False),
        ("googlebot: noai", "", False),
        ("googlebot: nofollow, noai", "", False),
        ("*: noindex, nofollow", "noindex", True),
        ("max-snippet: 5, noimageai", "noimageai", False),
        ("unavailable_after: 25 Jun 2027 15:00:00 PST", "", False),
        ("nofollow", "", True),
        ("none", "none", True),
        ("all", "", False),
    ],
)
def test_robot_tags_of_headers(header: str, keep_out: str, nofollow: bool) -> None:
    tags = robot_tags(Response("http://a.example/1.jpg", headers={"X-Robots-Tag": header}))
    assert (tags.keep_out, tags.nofollow) == (keep_out, nofollow)


def test_robot_tags_of_pages() -> None:
    assert robot_tags(page('<meta name="Robots" content="index, NoAI">')).keep_out == "noai"
    assert robot_tags(page('<meta name="fashion-cli" content="noimageai">')).keep_out == "noimageai"
    assert robot_tags(page('<meta name="googlebot" content="noai">')).keep_out == ""
    assert robot_tags(page('<meta name="robots" content="nofollow">')).nofollow


def test_sources_are_what_they_look_like(tmp_path: Path) -> None:
    (tmp_path / "images.csv").write_text("url\n")
    kinds = {
        "https://shop.example/": "shop",
        "https://shop.example/sitemap_index.xml.gz?x=1": "sitemap",
        str(tmp_path / "images.csv"): "list",
        'naver:"테크웨어"': "naver",
        "naver: 테크웨어 ": "naver",
    }
    assert {text: parse_source(text).kind for text in kinds} == kinds
    assert parse_source("naver:'테크웨어'").value == parse_source("naver:테크웨어").value == "테크웨어"
    assert is_sitemap("http://a.example/sitemap.txt")
    assert not is_sitemap("http://a.example/robots.txt")


@pytest.mark.parametrize("text", ["", "naver:", 'naver:""', "shop.example", "missing.csv", "photo.jpg", "http://"])
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(UsageError):
        parse_source(text)


def lists(tmp_path: Path, name: str, text: str) -> list[Discovery]:
    (tmp_path / name).write_text(text, encoding="utf-8-sig")
    return list(read_list(tmp_path / name))


def test_lists_of_urls(tmp_path: Path) -> None:
    found = lists(tmp_path, "a.txt", "# photographs\nhttp://a.example/1.jpg\n\nftp://no\n  http://a.example/2.jpg \n")
    assert [each.images for each in found] == [("http://a.example/1.jpg",), ("http://a.example/2.jpg",)]
    bare = lists(tmp_path, "b.csv", "1,http://a.example/1.jpg\n2,http://a.example/2.jpg\n3\n")
    assert [each.images for each in bare] == [each.images for each in found]


ROWS = [
    {"id": "7", "title": "Coat", "link": "https://shop.example/7", "image_link": "https://cdn.example/7.jpg"},
    {"id": "8", "title": "", "link": "", "image_link": "https://cdn.example/8.jpg"},
]


def test_tables_say_more(tmp_path: Path) -> None:
    text = (
        "ID,Title,link,Image Link,additional_image_link,price,availability\n"
        '7,Coat,https://shop.example/7,https://cdn.example/7.jpg,"https://cdn.example/8.jpg,https://cdn.example/9.jpg",'
        "15.00 USD,in_stock\n"
    )
    (found,) = lists(tmp_path, "feed.csv", text)
    assert found.images == tuple(f"https://cdn.example/{number}.jpg" for number in (7, 8, 9))
    assert found.product is not None
    assert (found.product.item_id, found.product.name) == ("shop.example:7", "Coat")
    assert found.product.offers == (
        FoundOffer("shop.example", Decimal("15.00"), "USD", "https://shop.example/7", "InStock"),
    )


def test_parquet_is_read_as_csv_is(tmp_path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.Table.from_pylist(ROWS), tmp_path / "feed.parquet")
    rows = "\n".join(",".join(row.values()) for row in ROWS)
    from_csv = lists(tmp_path, "feed.csv", ",".join(ROWS[0]) + f"\n{rows}\n")
    from_parquet = list(read_list(tmp_path / "feed.parquet"))
    assert [each.images for each in from_parquet] == [each.images for each in from_csv]
    assert [each.product and each.product.item_id for each in from_parquet] == ["shop.example:7", "feed:8"]


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b"name\ncoat\n"), ("a.parquet", b"no"), ("a.txt", b"\xff\xfe\x00")]
)
def test_lists_that_cannot_be_read(name: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(CrawlError, match=name):
        list(read_list(tmp_path / name))
