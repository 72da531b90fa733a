import unicodedata
from decimal import Decimal

from sqlalchemy import select

from fashion_cli.products.catalogue import Catalogue
from fashion_cli.products.database import connect_database
from fashion_cli.products.orm import Sighting, Source
from tests.products.found import later, offer, photograph, product


def test_a_recorded_product_comes_back_whole(catalogue: Catalogue):
    found = product(1, offer("19900"), offer("18900.5", "Mall"))
    assert catalogue.record(found, [photograph(1), photograph(2, 1)], later(0)) == "new"
    (shown,) = catalogue.products()
    assert (shown.item_id, shown.name, shown.brand, shown.category) == (
        found.item_id,
        found.name,
        found.brand,
        found.category,
    )
    assert (shown.keywords, shown.description, shown.sku, shown.page) == (
        found.keywords,
        found.description,
        found.sku,
        found.url,
    )
    assert (shown.price, shown.currency, shown.shop, shown.url) == (
        Decimal("18900.5"),
        "KRW",
        "Mall",
        found.offers[1].url,
    )
    assert [each.price for each in shown.offers] == [Decimal("18900.5"), Decimal(19900)]
    assert (shown.available, shown.gone, shown.seen_at, shown.first_seen_at) == (True, False, later(0), later(0))
    assert catalogue.photographs(found.item_id) == (photograph(1), photograph(2, 1))
    assert catalogue.by_items([found.item_id, "nobody"]) == {found.item_id: shown}
    assert catalogue.by_photographs([photograph(2).sha256, "0" * 64]) == {photograph(2).sha256: shown}
    assert catalogue.item_ids_by_photograph([photograph(1).sha256]) == {photograph(1).sha256: found.item_id}


def test_recording_again_changes_nothing(catalogue: Catalogue):
    catalogue.record(product(), [photograph(1)], later(0))
    before = list(catalogue.export()), catalogue.prices("shop.example:1")
    assert catalogue.record(product(), [photograph(1)], later(0)) == "same"
    assert (list(catalogue.export()), catalogue.prices("shop.example:1")) == before


def test_a_price_that_changes_is_added_to_its_history(catalogue: Catalogue):
    catalogue.record(product(1, offer("100"), offer("90", "Mall")), [], later(0))
    assert catalogue.record(product(1, offer("100"), offer("80", "Mall")), [], later(1)) == "changed"
    assert catalogue.record(product(1, offer("100"), offer("80", "Mall")), [], later(2)) == "same"
    assert catalogue.record(product(1, offer("120")), [], later(3)) == "changed"
    history = [(each.shop, int(each.price), each.seen_at, each.until) for each in catalogue.prices("shop.example:1")]
    assert history == [
        ("Shop", 100, later(0), later(3)),
        ("Mall", 90, later(0), later(1)),
        ("Mall", 80, later(1), later(3)),  # withdrawn
        ("Shop", 120, later(3), None),
    ]
    (shown,) = catalogue.products()
    assert (shown.price, shown.shop, len(shown.offers), shown.seen_at) == (Decimal(120), "Shop", 1, later(3))


def test_an_offer_that_was_not_there_for_a_while_has_a_gap_in_its_history(catalogue: Catalogue):
    both = [offer("100"), offer("90", "Mall")]
    catalogue.record(product(1, *both), [], later(0))
    catalogue.record(product(1, both[0]), [], later(1))
    assert catalogue.record(product(1, *both), [], later(5)) == "changed"
    catalogue.mark_gone(["shop.example:1"], later(6))
    assert [(each.shop, each.seen_at, each.until) for each in catalogue.prices("shop.example:1")] == [
        ("Shop", later(0), later(6)),
        ("Mall", later(0), later(1)),
        ("Mall", later(5), later(6)),
    ]
    catalogue.record(product(1, both[0]), [], later(9))
    assert [(each.shop, each.seen_at, each.until) for each in catalogue.prices("shop.example:1")] == [
        ("Shop", later(0), later(6)),
        ("Mall", later(0), later(1)),
        ("Mall", later(5), later(9)),
        ("Shop", later(9), None),
    ]


def test_photographs_of_the_latest_sighting_come_first(catalogue: Catalogue):
    catalogue.record(product(), [photograph(1), photograph(2, 1)], later(0))
    catalogue.record(product(), [photograph(9), photograph(2, 1)], later(1))
    shown = ["9", "2", "1"]
    assert [each.sha256[-1] for each in catalogue.photographs("shop.example:1")] == shown
    catalogue.record(product(), [photograph(1), photograph(3, 1)], later(0.5))  # says nothing about what is known
    assert [each.sha256[-1] for each in catalogue.photographs("shop.example:1")] == [*shown, "3"]
    catalogue.record(product(), [], later(2))
    assert [each.sha256[-1] for each in catalogue.photographs("shop.example:1")] == [*shown, "3"]


def test_what_is_gone_comes_back_when_it_is_seen_again(catalogue: Catalogue):
    for number in range(3):
        catalogue.record(product(number), [], later(number))
    assert catalogue.mark_gone(["shop.example:0", "shop.example:2", "nobody"], later(1)) == 1  # 2 was seen later
    assert catalogue.mark_gone(["shop.example:0"], later(1)) == 0
    assert [each.item_id for each in catalogue.products(gone=True)] == ["shop.example:0"]
    assert not next(catalogue.products(gone=True)).available
    assert catalogue.record(product(0), [], later(2)) == "changed"
    assert not list(catalogue.products(gone=True))


def test_where_and_when_a_product_was_seen_is_kept(location: str):
    search = 'naver:"테크웨어"'
    with Catalogue.open(location, create=True) as catalogue:
        for hours, source in ((3, product().source), (5, search), (4, search), (9, product().source)):
            catalogue.record(product(source=source), [], later(hours))
    engine = connect_database(location, create=False)
    with engine.connect() as connection:
        seen = select(Source.location, Sighting.first_seen_at, Sighting.seen_at).join_from(Sighting, Source)
        rows = connection.execute(seen).all()
    engine.dispose()
    assert sorted(map(tuple, rows)) == [
        (product().source, later(3), later(9)),
        (search, later(4), later(5)),
    ]


WORDS = {
    "denim": [0, 1, 2],
    "DENIM jacket 1": [1],
    "jacket denim": [0, 1, 2],
    "nim jac": [0, 1, 2],
    "테크": [0, 1, 2],
    unicodedata.normalize("NFD", "테크"): [0, 1, 2],  # as macOS writes it
    "nÄHWERK": [0, 1, 2],
    "outerwear": [0, 1, 2],
    "100% wool": [3],
    "100_": [],
    "_": [],
    "/": [3],
    "straße": [3],
    "STRASSE": [3],
    "ｗｏｏｌ": [3],
    "자켓": [3],
    "🧥": [3],
    "pockets": [],  # a description is no keyword
    "  ": [],
    "denim wool": [],
    "denim\x00": [0, 1, 2],
}


def test_words_are_found(catalogue: Catalogue):
    for number in range(3):
        catalogue.record(product(number), [], later(0))
    coat = product(3, name="Straßenmantel 100% Wool 1/2 🧥", brand="데님 자켓", keywords=(), category="")
    catalogue.record(coat, [], later(0))
    found = {words: [int(each.item_id[-1]) for each in catalogue.find(words, limit=10)] for words in WORDS}
    assert found == WORDS
    assert [each.item_id[-1] for each in catalogue.find("denim", limit=2)] == ["0", "1"]
    catalogue.mark_gone(["shop.example:0"], later(1))
    assert [each.item_id[-1] for each in catalogue.find("denim")] == ["1", "2"]
