"""The REST API against `fashion search`, arithmetic written out and the catalogue itself."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import numpy.typing as npt
import pytest

from fashion_cli.data.features import FeatureFile
from fashion_cli.data.images import Box
from fashion_cli.data.tags import present_tags
from fashion_cli.model_cards import CARD_FILE, CategoryPrior, ModelCard, Vocabulary
from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.records import FoundOffer, FoundPhotograph, FoundProduct
from fashion_cli.retrieval.manifest import Manifest
from fashion_cli.retrieval.search import Hit, SearchOptions
from fashion_cli.steps.search import QueryPart, SearchConfig, search_gallery
from fashion_cli.web.reply_building import decimal_text, web_address
from tests.web.shops import (
    COUNT,
    ONNX,
    PER_ITEM,
    Running,
    Shop,
    available,
    draw,
    item,
    make_index,
    make_shop,
    png,
    price,
    served,
)

Matrix = npt.NDArray[np.float64]
OPTIONS = {each.name for each in fields(SearchOptions)}
STRANGER = png(draw(1000))  # not in the index


def by_command(shop: Shop, tmp_path: Path, data: bytes, **more: Any) -> list[Hit]:
    """What `fashion search` finds."""
    query = tmp_path / "query.png"
    query.write_bytes(data)
    options = SearchOptions(**{name: more.pop(name) for name in [*more] if name in OPTIONS})
    (result,) = search_gallery(SearchConfig(((QueryPart(query),),), shop.index, ONNX, options, **more)).results
    return list(result.hits)


def assert_same(hits: list[dict[str, Any]], expected: list[Hit], shop: Shop) -> None:
    assert [hit["photograph"] for hit in hits] == [shop.sha256(int(Path(hit.path).stem)) for hit in expected]
    for hit, other in zip(hits, expected, strict=True):
        assert (hit["rank"], hit["retrieval_rank"]) == (other.rank, other.retrieval_rank)
        assert hit["cosine"] == pytest.approx(other.cosine, abs=1e-6)
        assert [(tag["group"], tag["tag"], tag["score"]) for tag in hit["tags"]] == [
            (tag.group, tag.name, tag.score) for tag in other.tags
        ]
        assert [f"{tag['group']}:{tag['tag']}" for tag in hit["shared_tags"]] == [str(tag) for tag in other.shared_tags]


def stored(shop: Shop) -> tuple[Matrix, npt.NDArray[np.float16], Vocabulary]:
    """Vectors, scores and tags of the index, row by row in the order of the photographs' numbers."""
    with FeatureFile.open(shop.index / Manifest.read(shop.index).features) as features:
        order = np.argsort([int(Path(path).stem) for path in features.paths()])
        return (
            features.vectors().astype(np.float64)[order],
            features.scores()[order],
            features.header.vocabulary,
        )


def test_health_says_what_is_served(running: Running, drawn_shop: Shop) -> None:
    assert running.client.get("/api/v1/health").json() == {
        "status": "ok",
        "model": "tiny",
        "rows": COUNT,
        "generation": 1,
        "catalogue": True,
    }


def test_groups_count_photographs(running: Running, drawn_shop: Shop) -> None:
    _, scores, vocabulary = stored(drawn_shop)
    shown = present_tags(scores, vocabulary)
    found = running.client.get("/api/v1/groups").json()["groups"]
    assert [group["name"] for group in found] == ["category", "colour"]
    assert [tag["count"] for group in found for tag in group["tags"]] == [sum(column) for column in shown.T.tolist()]
    assert [group["exclusive"] for group in found] == [False, True]


@pytest.mark.parametrize("rerank", [True, False])
def test_hits_are_those_of_the_command(running: Running, drawn_shop: Shop, tmp_path: Path, rerank: bool) -> None:
    for seed in (1000, 1001, 1002):
        data = png(draw(seed, (90, 70)))
        expected = by_command(drawn_shop, tmp_path, data, topk=10, rerank=rerank)
        assert_same(running.hits(data, topk=10, rerank=rerank, one_per_item=False), expected, drawn_shop)


def test_a_box_is_that_of_the_command(running: Running, drawn_shop: Shop, tmp_path: Path) -> None:
    data = png(draw(1003, (200, 120)))
    expected = by_command(drawn_shop, tmp_path, data, topk=COUNT, box=Box(20, 10, 90, 100))
    hits = running.hits(data, topk=COUNT, box="20,10,90,100", one_per_item=False)
    assert_same(hits, expected, drawn_shop)
    assert hits != running.hits(data, topk=COUNT, one_per_item=False)


def test_filters_are_those_of_the_command(running: Running, drawn_shop: Shop, tmp_path: Path) -> None:
    for where in (["colour=red"], ["colour=red,blue", "category=shirt"]):
        expected = by_command(drawn_shop, tmp_path, STRANGER, topk=COUNT, where=tuple(where))
        assert expected
        assert_same(running.hits(STRANGER, topk=COUNT, where=where, one_per_item=False), expected, drawn_shop)


def test_tags_are_those_of_the_search(running: Running) -> None:
    seen = running.post("tags", STRANGER).json()
    answer = running.post("search", STRANGER).json()
    assert answer["query"] == seen
    assert (seen["width"], seen["height"], seen["style"]) == (48, 64, None)
    assert answer["searched"] == COUNT


def test_an_item_is_found_once_by_its_nearest_photograph(running: Running, drawn_shop: Shop, tmp_path: Path) -> None:
    everything = by_command(drawn_shop, tmp_path, STRANGER, topk=COUNT, rerank=False)
    expected, known = [], set()
    for hit in everything:
        number = int(Path(hit.path).stem)
        product = number // PER_ITEM if number < COUNT - 4 else f"none {number}"
        if product not in known:
            known.add(product)
            expected.append(drawn_shop.sha256(number))
    for topk in (3, 10, COUNT):
        assert [hit["photograph"] for hit in running.hits(STRANGER, topk=topk, rerank=False)] == expected[:topk]


def test_but_moves_the_query_and_asks_for_the_tag(running: Running, drawn_shop: Shop) -> None:
    vectors, scores, vocabulary = stored(drawn_shop)
    shown = present_tags(scores, vocabulary)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    colours = vocabulary.columns["colour"]
    names = vocabulary.names[colours]
    seen = running.post("tags", STRANGER).json()["tags"]
    (old,) = [tag["tag"] for tag in seen if tag["group"] == "colour"]
    new = next(name for name in names if name != old and shown[:, colours][:, names.index(name)].any())

    def mean(name: str) -> Matrix:
        found: Matrix = units[shown[:, colours][:, names.index(name)]].mean(axis=0)
        return found

    plain = running.hits(STRANGER, topk=COUNT, rerank=False, one_per_item=False)
    query, *_ = np.linalg.lstsq(  # the query's vector, from its cosines with every photograph
        units[[drawn_shop.number(hit["photograph"]) for hit in plain]], [hit["cosine"] for hit in plain], rcond=None
    )
    moved = query + mean(new) - mean(old)
    cosines = units @ (moved / np.linalg.norm(moved))
    rows = [row for row in np.argsort(-cosines) if shown[row, colours][names.index(new)]]
    hits = running.hits(STRANGER, topk=COUNT, rerank=False, one_per_item=False, but=f"colour={new}")
    assert [hit["photograph"] for hit in hits] == [drawn_shop.sha256(row) for row in rows]
    assert [hit["cosine"] for hit in hits] == pytest.approx(cosines[rows].tolist(), abs=1e-4)
    for hit in hits:
        assert {"group": "colour", "tag": new, "title": new} in hit["shared_tags"]


def test_but_keeps_as_many_other_tags_as_there_are(running: Running, drawn_shop: Shop) -> None:
    """First what shares most with the query, then what is nearest; few hits are the beginning of many."""
    _, scores, vocabulary = stored(drawn_shop)
    shown = present_tags(scores, vocabulary)
    names = vocabulary.names
    old = {tag["tag"] for tag in running.post("tags", STRANGER).json()["tags"] if tag["group"] == "colour"}
    category = {tag["tag"] for tag in running.post("tags", STRANGER).json()["tags"]} - old
    told_apart = 0
    for new in {"red", "green", "blue"} - old:
        asked = {"but": f"colour={new}", "one_per_item": False}
        nearest = [
            drawn_shop.number(hit["photograph"]) for hit in running.hits(STRANGER, topk=COUNT, rerank=False, **asked)
        ]
        kept = {row: sum(bool(shown[row, names.index(tag)]) for tag in category) for row in nearest}
        expected = sorted(nearest, key=lambda row: -kept[row])
        told_apart += expected != nearest
        for topk in (2, COUNT):
            hits = running.hits(STRANGER, topk=topk, **asked)
            assert [drawn_shop.number(hit["photograph"]) for hit in hits] == expected[:topk]
    assert told_apart


def test_the_same_picture_is_one_hit(tiny_model: Path, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    sent = shop.photograph(3).read_bytes()
    draw(3).save(shop.folder / "photographs" / "again.bmp")
    for number in range(2):
        shutil.copy(shop.photograph(3), shop.folder / "photographs" / f"copy {number}.png")
    make_index(shop, tiny_model)
    with served(shop) as running:
        form = {"topk": "5", "one_per_item": "false", "rerank": "false"}
        hits = running.hits(sent, **form)
        assert [hit["copies"] for hit in hits] == [3, 0, 0, 0, 0]
        pictures = {hits[0]["photograph"], *hits[0]["copy_photographs"]}
        assert len(pictures) == 2  # bytes of two kinds
        assert shop.sha256(3) in pictures
        assert not pictures & {hit["photograph"] for hit in hits[1:]}
        expected = by_command(shop, tmp_path, sent, topk=5, rerank=False)
        assert [hit["photograph"] for hit in hits] == [hit.sha256 for hit in expected]
        everything = running.hits(sent, **form, collapse="false")
        assert {hit["photograph"] for hit in everything[:4]} == pictures
        assert [hit["copies"] for hit in everything] == [0] * 5


def test_hits_of_the_querys_kind_come_first(tiny_model: Path, tmp_path: Path) -> None:
    model = tmp_path / "kinds"
    shutil.copytree(tiny_model, model)
    card = ModelCard.read(model / CARD_FILE)
    replace(card, prior=CategoryPrior("category", weight=0.5)).write(model / CARD_FILE)
    shop = make_shop(tmp_path / "shop", model)
    with served(shop) as running:
        form = {"topk": "20", "one_per_item": "false", "rerank": "false"}
        hits = running.hits(STRANGER, **form)
        expected = by_command(shop, tmp_path, STRANGER, topk=20, rerank=False)
        assert [hit["photograph"] for hit in hits] == [hit.sha256 for hit in expected]
        assert [hit["agreement"] for hit in hits] == pytest.approx([hit.agreement for hit in expected], abs=1e-3)
        plain = running.hits(STRANGER, **form, prior="false")
        assert [hit["photograph"] for hit in plain] != [hit["photograph"] for hit in hits]
        assert [hit["cosine"] for hit in plain] == sorted((hit["cosine"] for hit in plain), reverse=True)
        assert {hit["agreement"] for hit in plain} == {None}
        similar = running.client.get(f"/api/v1/photographs/{shop.sha256(3)}/similar", params={"topk": 5}).json()
        assert all(0 <= hit["agreement"] <= 1 for hit in similar["hits"])
        other = running.hits(STRANGER, **form, but="category=dress")  # another kind of thing than the query's
        assert {hit["agreement"] for hit in other} == {None}
        red = running.hits(STRANGER, **form, but="colour=red")
        assert all(0 <= hit["agreement"] <= 1 for hit in red)


def test_similar_finds_what_the_command_finds_without_the_item(running: Running, drawn_shop: Shop) -> None:
    path, options = drawn_shop.photograph(7), SearchOptions(topk=COUNT, rerank=False)
    (result,) = search_gallery(SearchConfig(((QueryPart(path),),), drawn_shop.index, ONNX, options)).results
    others = [int(Path(hit.path).stem) for hit in result.hits]
    address = f"/api/v1/photographs/{drawn_shop.sha256(7)}/similar"
    every = running.client.get(address, params={"topk": COUNT, "rerank": False, "one_per_item": False}).json()
    assert [drawn_shop.number(hit["photograph"]) for hit in every["hits"]] == [n for n in others if n != 7]
    grouped = running.client.get(address, params={"topk": COUNT}).json()["hits"]
    assert item(3) not in [hit["product"]["item_id"] for hit in grouped if hit["product"]]


def test_hits_carry_what_the_catalogue_says_now(tiny_model: Path, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    with served(shop) as running, Catalogue.open(shop.catalogue) as catalogue:
        (hit,) = running.hits(shop.photograph(4).read_bytes(), topk=1)
        assert hit["product"] == {
            "item_id": item(2),
            "name": "Linen shirt 2",
            "brand": "Nähwerk",
            "sku": "",
            "keywords": ["dandy"],
            "category": "",
            "shop": "cheap",
            "url": "https://cheap.example/2",
            "price": "12000",
            "currency": "KRW",
            "available": True,
            "gone": False,
            "seen_at": "2026-05-01T00:00:00Z",
            "offers": [
                {
                    "shop": shop_name,
                    "price": amount,
                    "currency": "KRW",
                    "url": f"https://{shop_name}.example/2",
                    "available": True,
                }
                for shop_name, amount in (("cheap", "12000"), ("dear", "12500"))
            ],
        }
        catalogue.mark_gone([item(2)], datetime.now(UTC))
        (hit,) = running.hits(shop.photograph(4).read_bytes(), topk=1)
        assert (hit["product"]["gone"], hit["product"]["available"]) == (True, False)


def test_prices_filter(running: Running, drawn_shop: Shop) -> None:
    items = (COUNT - 4) // PER_ITEM
    for least, most, buyable in ((12_000, 15_000, None), (None, 14_000, True), (20_000, None, False)):
        expected = {
            item(number)
            for number in range(items)
            if (least is None or price(number) >= least)
            and (most is None or price(number) <= most)
            and (buyable is None or available(number) == buyable)
        }
        asked = {"min_price": least, "max_price": most, "available": buyable}
        fields = {name: str(value).lower() for name, value in asked.items() if value is not None}
        hits = running.hits(STRANGER, topk=COUNT, **fields)
        assert {hit["product"]["item_id"] for hit in hits} == expected
        words = running.client.get("/api/v1/search", params={"keyword": "linen", "topk": COUNT, **fields}).json()
        assert {hit["product"]["item_id"] for hit in words["hits"]} == expected
    assert running.hits(STRANGER, min_price="99999999") == []


def test_prices_of_two_currencies_are_not_compared(tiny_model: Path, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    offers = (FoundOffer("usd", Decimal(12_000), "USD", "https://usd.example/1", "InStock"),)
    abroad = FoundProduct("usd:1", "Shirt from abroad", "https://usd.example/1", "Shop", offers)
    seen = FoundPhotograph(shop.sha256(COUNT - 1), "photographs/x.png", "https://usd.example/i", 48, 64, 0)
    with Catalogue.open(shop.catalogue) as catalogue:
        catalogue.record(abroad, [seen], datetime.now(UTC))
    with served(shop) as running:

        def found(**asked: object) -> set[str]:
            hits = running.hits(STRANGER, topk=COUNT, **asked)
            return {hit["product"]["item_id"] for hit in hits}

        assert found(currency="USD") == {"usd:1"}
        assert found(currency="USD", min_price=1) == {"usd:1"}
        assert found(currency="USD", min_price=12_001) == set()
        assert found(min_price=12_000, max_price=12_000) == {item(2)}  # of most products: won
        assert found(min_price=12_000, max_price=12_000, currency="KRW") == {item(2)}
        assert "usd:1" in found(available="true")


def test_words_find_products(running: Running, drawn_shop: Shop) -> None:
    answer = running.client.get("/api/v1/search", params={"keyword": "테크웨어", "topk": 5}).json()
    assert [hit["product"]["item_id"] for hit in answer["hits"]] == [item(number) for number in (1, 3, 5, 7, 9)]
    assert [hit["photograph"] for hit in answer["hits"]] == [
        drawn_shop.sha256(2 * number) for number in (1, 3, 5, 7, 9)
    ]
    assert [hit["rank"] for hit in answer["hits"]] == [1, 2, 3, 4, 5]
    assert {hit["cosine"] for hit in answer["hits"]} == {None}
    assert answer["query"] is None


def test_words_find_tags_where_no_product_has_them(running: Running, drawn_shop: Shop) -> None:
    _, scores, vocabulary = stored(drawn_shop)
    shown = present_tags(scores, vocabulary)
    red, dress = vocabulary.names.index("red"), vocabulary.names.index("dress")
    expected = {drawn_shop.sha256(row) for row in range(COUNT) if shown[row, red] and shown[row, dress]}
    fields: dict[str, str | int] = {"keyword": "Red DRESS", "topk": COUNT, "one_per_item": False}
    hits = running.client.get("/api/v1/search", params=fields).json()["hits"]
    assert {hit["photograph"] for hit in hits} == expected
    sure = [sum(tag["score"] for tag in hit["tags"] if tag["tag"] in ("red", "dress")) for hit in hits]
    assert sure == sorted(sure, reverse=True)


def test_words_that_nothing_goes_by_are_named_with_near_ones(running: Running) -> None:
    answer = running.client.get("/api/v1/search", params={"keyword": "red drss"})
    assert (answer.status_code, answer.json()["error"]["suggestions"]) == (422, ["red dress"])
    assert "'drss'" in answer.json()["error"]["message"]
    far = running.client.get("/api/v1/search", params={"keyword": "qqqqqq"})
    assert (far.status_code, far.json()["error"]["suggestions"]) == (422, [])
    shop = running.client.get("/api/v1/search", params={"keyword": "Nahwerk"}).json()["error"]
    assert shop["suggestions"] == ["nähwerk"]  # a word of the catalogue


def test_without_a_catalogue_there_are_no_products_and_no_prices(drawn_shop: Shop) -> None:
    with served(drawn_shop, priced=False) as running:
        assert {hit["product"] for hit in running.hits(STRANGER)} == {None}
        refused = running.post("search", STRANGER, min_price="1")
        assert (refused.status_code, "catalogue" in refused.json()["error"]["message"]) == (422, True)
        assert "fashion serve --catalog" in refused.json()["error"]["hint"]
        assert running.client.get("/api/v1/nope").json()["error"]["hint"] == "/docs lists what there is"
        assert running.client.get("/api/v1/health").json()["catalogue"] is False


def test_a_catalogue_that_fails_leaves_hits_without_products(tiny_model: Path, tmp_path: Path) -> None:
    shop = make_shop(tmp_path / "shop", tiny_model)
    with served(shop) as running:
        assert running.hits(STRANGER, topk=3)
        shop.catalogue.write_bytes(b"no database" * 1000)
        assert [hit["product"] for hit in running.hits(STRANGER, topk=3)] == [None] * 3
        refused = running.post("search", STRANGER, min_price="1")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert "fashion_catalogue_failures_total 1.0" in running.client.get("/metrics").text


def test_a_further_model_names_the_style(drawn_shop: Shop, style_model: Path) -> None:
    with served(drawn_shop, added=(str(style_model),)) as running:
        seen = running.post("tags", STRANGER).json()
        styles = [tag for tag in seen["tags"] if tag["group"] == "style"]
        assert [seen["style"]["tag"], seen["style"]["score"]] == [styles[0]["tag"], styles[0]["score"]]
        plain = [tag for tag in seen["tags"] if tag["group"] in ("category", "colour")]
        hits = running.hits(STRANGER, topk=COUNT)
    with served(drawn_shop) as running:
        assert running.post("tags", STRANGER).json()["tags"] == plain
        assert running.hits(STRANGER, topk=COUNT) == hits


def test_tags_have_titles_in_the_language(drawn_shop: Shop, tiny_model: Path, tmp_path: Path) -> None:
    model = tmp_path / "with_titles"
    shutil.copytree(tiny_model, model)
    card = json.loads((model / "card.json").read_text())
    card["vocabulary"]["groups"][1]["titles"] = {"ko": ["빨강", "초록", "파랑"]}
    (model / "card.json").write_text(json.dumps(card))
    shop = Shop(tmp_path / "shop")
    make_index(shop, model, (drawn_shop.folder / "photographs",))
    with served(shop, priced=False) as running:
        groups = running.client.get("/api/v1/groups", params={"language": "ko-KR"}).json()["groups"]
        assert [tag["title"] for tag in groups[1]["tags"]] == ["빨강", "초록", "파랑"]
        assert [tag["title"] for tag in groups[0]["tags"]] == ["shirt", "dress", "shoes", "bag"]
        korean = {"red": "빨강", "green": "초록", "blue": "파랑"}
        answer = running.post("search", STRANGER, language="ko").json()
        told = [tag for hit in (answer["query"], *answer["hits"]) for tag in hit["tags"] if tag["group"] == "colour"]
        assert told
        assert all(tag["title"] == korean[tag["tag"]] for tag in told)
        by_words = running.client.get("/api/v1/search", params={"keyword": "빨강"}).json()["hits"]
        assert by_words
        assert all("red" in [tag["tag"] for tag in hit["tags"]] for hit in by_words)


def test_figures_are_there(running: Running) -> None:
    running.hits(STRANGER)
    text = running.client.get("/metrics").text
    assert 'fashion_http_requests_total{method="POST",route="/api/v1/search",status="200"}' in text
    assert f"fashion_index_rows {float(COUNT)}" in text
    assert "fashion_batch_photographs_count" in text


def test_the_description_stands_alone(running: Running) -> None:
    page = running.client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace(running.address, "").replace("http://www.w3.org", "")
    document = running.client.get("/api/v1/openapi.json").json()
    for path, operations in document["paths"].items():
        assert path in page.text
        for operation in operations.values():
            assert operation["summary"]


def test_decimals_and_addresses_are_plain() -> None:
    assert [decimal_text(Decimal(text)) for text in ("19900.0000", "19.90", "1E+3", "0")] == [
        "19900",
        "19.9",
        "1000",
        "0",
    ]
    assert [web_address(url) for url in ("https://a.example/x", "javascript:alert(1)", "//b", "http://[")] == [
        "https://a.example/x",
        "",
        "",
        "",
    ]


def test_many_at_once_get_what_each_gets_alone(running: Running) -> None:
    photographs = [png(draw(2000 + number)) for number in range(24)]
    alone = [running.hits(data, topk=8) for data in photographs]
    with ThreadPoolExecutor(12) as many:
        together = list(
            many.map(
                lambda data: httpx.post(
                    f"{running.address}/api/v1/search", files={"image": data}, data={"topk": 8}, timeout=60
                ).json()["hits"],
                photographs,
            )
        )
    for one, other in zip(alone, together, strict=True):
        assert [hit["photograph"] for hit in one] == [hit["photograph"] for hit in other]
        assert [hit["cosine"] for hit in one] == pytest.approx([hit["cosine"] for hit in other], abs=1e-3)
