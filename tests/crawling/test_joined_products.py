"""Which nodes of a page are one product, which of several products a page is about, and what it claims."""

import json
from typing import Any

import pytest

from fashion_cli.crawling.parse.product_pages import HtmlPage, PageProducts, read_products
from tests.crawling.responses import URL

SHIRT: dict[str, Any] = {"@type": "Product", "name": "Shirt", "sku": "S-1"}
PRICED = {"offers": {"price": 30, "priceCurrency": "EUR"}}


def block(values: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(values)}</script>'


def read(*blocks: Any, url: str = URL, body: str = "", title: str = "Shop") -> PageProducts:
    html = f"<html><head><title>{title}</title>{''.join(map(block, blocks))}</head><body>{body}</body></html>"
    return read_products(HtmlPage(html, url, url, "typed"))


def numbers(found: PageProducts) -> list[str]:
    return [each.product.item_id.partition(":")[2] for each in found.items if each.product]


@pytest.mark.parametrize(
    "blocks",
    [
        ({**SHIRT, "image": "a.jpg"}, {"@type": "Product", "name": "Shirt", **PRICED}),
        ({"@type": "Product", "name": "Shirt", **PRICED}, {**SHIRT, "image": "a.jpg"}),
        ({**SHIRT, "image": "a.jpg"}, {"@type": "Product", "name": "The shirt", "sku": "S-1", **PRICED}),
        ({"@id": "#p", **SHIRT, "image": "a.jpg"}, {"@id": "#p", "@type": "Product", "name": "Tee", **PRICED}),
        ({**SHIRT, "image": "a.jpg"}, {"@type": "Product", "name": "SHIRT", **PRICED}, {**SHIRT, "sku": ""}),
        ([{**SHIRT, **PRICED}, {"@type": "Product", "sku": "S-1", "image": "a.jpg"}],),
        ({"@graph": [{**SHIRT, "image": "a.jpg"}]}, {"@graph": [{"@type": "Product", "name": "Shirt", **PRICED}]}),
    ],
    ids=range(7),
)
def test_what_several_blocks_say_of_one_product_is_put_together(blocks: tuple[Any, ...]) -> None:
    found = read(*blocks)
    assert numbers(found) == ["S-1"]
    (one,) = found.items
    assert one.images == ("https://shop.example/goods/a.jpg",)
    assert one.product is not None
    assert [str(each.price) for each in one.product.offers] == ["30"]


@pytest.mark.parametrize(
    "others",
    [
        [{"@type": "Product", "name": "Shirt", "sku": "S-2"}],  # another number
        [{"@type": "Product", "name": "Shirt", "url": "/goods/8"}],  # another address
        [{"@id": "#p", "@type": "Product", "name": "Skirt", "sku": "S-3"}],
    ],
)
def test_what_is_not_one_product_is_not_put_together(others: list[Any]) -> None:
    found = read([{"@id": "#p", **SHIRT, "url": URL, **PRICED}, *others])
    assert numbers(found) == ["S-1"]
    assert read([{"@id": "#p", **SHIRT, **PRICED}, *others]).items != ()


def reference(name: str) -> dict[str, str]:
    return {"@id": name}


GROUP = {"@type": "ProductGroup", "@id": "#g", "productGroupID": "G-1", "name": "Parka"}


def variant(number: str, **more: Any) -> dict[str, Any]:
    offers = {"price": 60 + ord(number), "priceCurrency": "EUR", "url": f"?variant={number}"}
    return {
        "@type": "Product",
        "sku": number,
        "name": f"Parka {number}",
        "image": f"{number}.jpg",
        "offers": offers,
        **more,
    }


@pytest.mark.parametrize(
    "blocks",
    [
        ([GROUP, variant("r", isVariantOf={"@id": "#g"}), variant("b", isVariantOf={"@id": "#g"})],),
        ([variant("r", isVariantOf={"@id": "#g"}), variant("b", isVariantOf=[{"@id": "#g"}]), GROUP],),
        ([GROUP, variant("r", inProductGroupWithID="G-1"), variant("b", inProductGroupWithID="G-1")],),
        ([{**GROUP, "hasVariant": [variant("r"), variant("b")]}],),
        (
            [
                {**GROUP, "hasVariant": [reference("#r"), reference("#b")]},
                *(variant(each, **reference(f"#{each}")) for each in "rb"),
            ],
        ),
        ([variant("r", isVariantOf=GROUP), variant("b", isVariantOf=GROUP)],),
        ([GROUP], [variant("r", isVariantOf=reference("#g"))], [variant("b", isVariantOf={"productGroupID": "G-1"})]),
    ],
    ids=range(7),
)
def test_variants_are_folded_into_their_group(blocks: tuple[Any, ...]) -> None:
    found = read(*blocks)
    assert numbers(found)[:1] == ["G-1"]
    one = found.items[0]
    assert {each.rpartition("/")[2] for each in one.images} == {"r.jpg", "b.jpg"}
    assert one.product is not None
    assert sorted(str(each.price) for each in one.product.offers) == ["158", "174"]


OTHER = {"@type": "Product", "name": "Other", "sku": "O", "url": "/goods/8"}


@pytest.mark.parametrize(
    ("url", "canonical"),
    [
        (URL, URL),
        (URL, f"{URL}/"),
        (URL, "/goods/7/index.html"),
        (URL, "http://shop.example/goods/7"),
        (URL, "https://www.shop.example/Goods/7"),
        (URL, "https://staging.elsewhere.example:8443/goods/7"),
        (URL, f"{URL}?variant=41&color=red"),
        (URL, f"{URL}?utm_source=x&ref=feed"),
        (f"{URL}?no=4&x=1", f"{URL}?no=4&amp;x=1"),
        (f"{URL}?no=4&x=1", f"{URL}?x=1&amp;amp;no=4"),
        ("https://shop.example/%EC%83%81%EC%9D%98/1", "/상의/1"),
    ],
)
def test_an_address_is_compared_without_what_shops_write_differently(url: str, canonical: str) -> None:
    found = read([{**SHIRT, "url": canonical, **PRICED}, OTHER], url=url)
    assert numbers(found) == ["S-1"]
    assert [each.canonical for each in found.items] == [""]
    assert found.listed_urls == ("https://shop.example/goods/8",)


def test_the_parameter_that_chooses_the_product_is_no_variant() -> None:
    found = read([{**SHIRT, "url": f"{URL}?no=5"}, {**OTHER, "url": f"{URL}?no=4"}], url=f"{URL}?no=4")
    assert numbers(found) == ["O"]


def test_a_heading_says_which_of_several_a_page_is_about_where_no_address_does() -> None:
    found = read([{**SHIRT, "url": "/x/shirt-old"}, OTHER], title="Shirt – Shop")
    assert numbers(found) == ["S-1"]
    assert found.items[0].canonical == "https://shop.example/x/shirt-old"


def miniature(name: str, href: str = "") -> str:
    link = f'<a href="{href}">{name}</a>' if href else name
    return f'<div itemscope itemtype="http://schema.org/Product"><h3 itemprop="name">{link}</h3></div>'


def test_miniatures_of_a_list_are_products_of_their_own_pages() -> None:
    for names in (("Hat", "Cap", "Scarf"), ("Hat",)):
        found = read(body="".join(miniature(name, f"/{name}") for name in names), title="Accessories")
        assert found.items == ()
        assert found.listed_urls == tuple(f"https://shop.example/{name}" for name in names)
        assert found.notes == ()


def test_several_without_address_or_number_are_a_list_and_are_named() -> None:
    found = read(body=miniature("Hat") + miniature("Cap"))
    assert found.items == ()
    assert found.notes == ("2 products without an address or a number that tells them apart: taken for a list",)


def test_an_offer_leads_to_its_product() -> None:
    offer = {"@type": "Offer", "price": "12", "priceCurrency": "GBP", "itemOffered": {**SHIRT, "image": "a.jpg"}}
    (one,) = read(offer).items
    assert one.product is not None
    assert [(str(each.price), each.currency) for each in one.product.offers] == [("12", "GBP")]


@pytest.mark.parametrize("one", ["A B", "a-b", "A/B", "A  B", "x" * 130])
def test_numbers_are_never_changed_into_others(one: str) -> None:
    ids = {numbers(read({**SHIRT, "sku": each}))[0] for each in (one, "AB", "A_B", "x" * 120, "x" * 131)}
    assert len(ids) == 5


@pytest.mark.parametrize("word", ["N/A", "none", "-", "0", "SKU", "undefined", "TBD"])
def test_a_word_for_no_number_is_none(word: str) -> None:
    one, other = (numbers(read({**SHIRT, "sku": word}, url=url)) for url in (URL, "https://shop.example/goods/8"))
    assert one != other


def test_breadcrumbs_stand_in_the_order_of_their_positions() -> None:
    places = ((3, "Shirt"), (1, "Men"), (2, "Tops"))
    steps = [{"@type": "ListItem", "position": str(place), "name": name} for place, name in places]
    (one,) = read([SHIRT, {"@type": "BreadcrumbList", "itemListElement": steps}]).items
    assert one.product is not None
    assert one.product.category == "Men > Tops"


def images(value: Any) -> list[str]:
    (one,) = read({**SHIRT, "image": value}).items
    return [each.removeprefix("https://shop.example/goods/") for each in one.images]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a.jpg, b.jpg", ["a.jpg", "b.jpg"]),
        ("https://shop.example/goods/a.jpg,https://shop.example/goods/w_1,h_2/b.jpg", ["a.jpg", "w_1,h_2/b.jpg"]),
        ("w_1,h_2/a.jpg", ["w_1,h_2/a.jpg"]),
        ({"@list": ["a.jpg", {"@type": "ImageObject", "url": "b.jpg"}]}, ["a.jpg", "b.jpg"]),
        ({"@type": "ImageObject", "image": {"@type": "ImageObject", "contentUrl": "a.jpg"}}, ["a.jpg"]),
        (["a b.jpg", "data:image/png;base64,AA"], ["a%20b.jpg"]),
        ("a.jpg?x=1&amp;copy=2", ["a.jpg?x=1&copy=2"]),
        ("a.jpg?x=1&copy=2", ["a.jpg?x=1&copy=2"]),
        ("\\goods\\a.jpg", ["a.jpg"]),
    ],
)
def test_photographs(value: Any, expected: list[str]) -> None:
    assert images(value) == expected


def shown(image: str) -> list[str]:
    body = f'<div itemscope itemtype="http://schema.org/Product"><b itemprop="name">Shirt</b>{image}</div>'
    (one,) = read(body=body).items
    return [each.removeprefix("https://shop.example/goods/") for each in one.images]


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ('<img itemprop="image" src="a.jpg">', ["a.jpg"]),
        ('<img itemprop="image" src="/blank.gif" data-original="a.jpg">', ["a.jpg"]),
        ('<img itemprop="image" src="data:image/gif;base64,AA" data-srcset="s.jpg 300w, a.jpg 900w">', ["a.jpg"]),
        ('<img itemprop="image" src="/img/loading.svg" srcset="a.jpg 2x, s.jpg">', ["a.jpg"]),
        ('<picture><source srcset="a.jpg 1200w, s.jpg 400w"><img itemprop="image"></picture>', ["a.jpg"]),
        ('<img itemprop="image" src="/1x1.png"><noscript><img src="a.jpg"></noscript>', ["a.jpg"]),
        ('<img itemprop="image" src="lazy-coat.jpg">', ["lazy-coat.jpg"]),
        ('<img itemprop="image" src="data:image/gif;base64,AA">', []),
        ('<img itemprop="image" srcset="w_1,h_2/a.jpg 2x, s.jpg 1x">', ["w_1,h_2/a.jpg"]),
    ],
)
def test_a_script_puts_the_photograph_in_place(image: str, expected: list[str]) -> None:
    assert shown(image) == expected
