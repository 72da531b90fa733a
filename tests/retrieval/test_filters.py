"""`--where` against plain loops over the rows of a gallery."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from fashion_cli.data.features import FeatureFile, FeatureHeader, FeatureRows, FeatureWriter
from fashion_cli.errors import UsageError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.filters import Condition, _match_values, match_condition
from fashion_cli.retrieval.gallery import Gallery
from tests.described_gallery import COUNT, DescribedGallery, make_gallery


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DescribedGallery:
    return make_gallery(tmp_path_factory.mktemp("filters"))


@pytest.fixture(scope="module")
def features(made: DescribedGallery) -> Iterator[FeatureFile]:
    with Gallery.open(made.index) as gallery:
        yield gallery.features


def rows(features: FeatureFile, text: str) -> list[int]:
    found: list[int] = np.flatnonzero(match_condition(features, Condition.parse(text)).rows).tolist()
    return found


def plain(cell: str) -> float | None:
    """A number, if a cell is one, by another way than the code's."""
    return float(cell) if re.match(r"^\s*-?[0-9]+(\.[0-9]+)?(e[0-9]+)?\s*$", cell) else None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Price<30", lambda price: price < 30),
        ("Price<=30", lambda price: price <= 30),
        ("Price>30", lambda price: price > 30),
        ("Price>=30", lambda price: price >= 30),
        ("price = 30", lambda price: price == 30),
        ("price==30", lambda price: price == 30),
        ("PRICE!=30", lambda price: price != 30),
        ("label/Price<30", lambda price: price < 30),
        ("Price=10..30", lambda price: 10 <= price <= 30),
        ("Price=9.5..30.0", lambda price: 9.5 <= price <= 30),
        ("Price=10..", lambda price: price >= 10),
        ("Price=..30", lambda price: price <= 30),
        ("10<=Price<30", lambda price: 10 <= price < 30),
        ("30>=Price>9.99", lambda price: 9.99 < price <= 30),
        ("30>Price", lambda price: price < 30),
        ("Price<-1", lambda price: price < -1),
        ("Price>=1e2", lambda price: price >= 100),
        ("Price=30,45", lambda price: price in (30, 45)),
        ("Price!=30,45", lambda price: price not in (30, 45)),
    ],
)
def test_numbers_of_a_column(
    made: DescribedGallery, features: FeatureFile, text: str, holds: Callable[[float], bool]
) -> None:
    numbers = [plain(cell) for cell in made.prices]
    expected = [row for row, number in enumerate(numbers) if number is not None and holds(number)]
    assert 0 < len(expected) < COUNT
    assert rows(features, text) == expected


def test_what_is_no_number_is_counted(made: DescribedGallery, features: FeatureFile) -> None:
    note = match_condition(features, Condition.parse("price<30")).note
    odd = sum(cell in ("n/a", "1,299") for cell in made.prices)
    assert note == f"price<30: of {COUNT} values {odd} are no numbers, as 'n/a' and {made.prices.count('')} are empty"


def test_texts_of_a_column(made: DescribedGallery, features: FeatureFile) -> None:
    brands = made.brands
    assert rows(features, "Brand=ACME") == [row for row in range(COUNT) if brands[row] == "ACME"]
    assert rows(features, "brand=acme,nähwerk") == [row for row in range(COUNT) if brands[row] in ("ACME", "Nähwerk")]
    assert rows(features, "Brand!=1017") == [row for row in range(COUNT) if brands[row] != "1017"]


MIXED = ("Blue", "Red", "blue-ish", "Marks, Spencer", 'a,"b"', "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maker=blue", {"Blue"}),
        ("Maker=blue,Red", {"Blue", "Red"}),
        ("Maker=Blue,red", {"Blue", "Red"}),
        ("Maker!=blue,Red", {"blue-ish", "Marks, Spencer", 'a,"b"', ""}),
        ("Maker=Marks, Spencer", {"Marks, Spencer"}),
        ("Maker=marks, spencer", {"Marks, Spencer"}),
        ("Maker!=Marks, Spencer", set(MIXED) - {"Marks, Spencer"}),
        ('Maker=a,"b"', {'a,"b"'}),
        ("Maker=Spencer,Red", {"Red"}),
    ],
)
def test_each_value_of_a_list_by_itself_and_commas_within_one(text: str, expected: set[str]) -> None:
    fits = _match_values(MIXED, Condition.parse(text))
    assert {cell for cell, fit in zip(MIXED, fits.tolist(), strict=True) if fit} == expected


def test_tags(made: DescribedGallery, features: FeatureFile) -> None:
    tags = made.tags
    assert rows(features, "colour=red,blue") == [row for row in range(COUNT) if tags[row] & {"red", "blue"}]
    assert rows(features, "Colour!=red,blue") == [row for row in range(COUNT) if not tags[row] & {"red", "blue"}]
    assert rows(features, "colour=Gray") == [row for row in range(COUNT) if "grey" in tags[row]]
    assert rows(features, "category=trousers,티셔츠") == [
        row for row in range(COUNT) if tags[row] & {"pants", "t-shirt"}
    ]


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("title<5", "'title' holds text", "title=VALUE"),
        ("colour<3", "a group of tags", "colour=TAG"),
        ("Prize<3", "no tag group or column 'Prize'", "Price"),
        ("colur=red", "no tag group or column 'colur'", "colour"),
        ("colour=rad", "no tag 'rad'", "red"),
        ("Price<cheap", "'cheap' is no number", "Price<30"),
        ("Price<1,299", "'1,299' is no number", ""),
        ("Price<nan", "'nan' is no number", ""),
        ("Price<", "'' is no number", ""),
        ("Price=30..10", "nothing lies between", "10..30"),
        ("1<2", "no tag group or column '1'", ""),
        ("colour", "not group=tag, and no comparison", "Price<30"),
        ("=red", "not group=tag", ""),
        ("colour=", "not group=tag", ""),
        ("", "not group=tag", ""),
    ],
)
def test_what_cannot_be_meant_is_refused(features: FeatureFile, text: str, said: str, hint: str) -> None:
    with pytest.raises(UsageError) as refused:
        rows(features, text)
    assert said in str(refused.value)
    assert hint in refused.value.hint


def test_a_condition_says_what_it_is() -> None:
    texts = ("colour=red, pink", "colour != red", "Price <30", "Price=1..2", "10<=Price<30", "30 > price")
    assert [str(Condition.parse(text)) for text in texts] == list(texts)  # in the words of who typed it
    assert str(Condition("colour", ("red", "pink"))) == "colour=red,pink"


def test_a_column_that_is_named_as_a_group_is_reached_by_its_full_name(tmp_path: Path) -> None:
    header = FeatureHeader("m", "0" * 64, 2, Vocabulary((TagGroup("category", ("top", "shoes"), False),)), "test")
    drawn = FeatureRows(
        paths=("/a.jpg", "/b.jpg", "/c.jpg"),
        sha256=tuple(f"{row:064x}" for row in range(3)),
        sizes=np.ones(3, np.int64),
        mtimes_ns=np.ones(3, np.int64),
        widths=np.ones(3, np.int32),
        heights=np.ones(3, np.int32),
        vectors=np.array([[1, 0]] * 3, np.float16),
        scores=np.zeros((3, 2), np.float16),
        columns={"label/Category": ("Topwear", "Shoes", "Topwear")},
    )
    with FeatureWriter.create(tmp_path / "f.h5", header, ["label/Category"]) as writer:
        writer.append(drawn)
    with FeatureFile.open(tmp_path / "f.h5") as features:
        assert rows(features, "columns.category=Topwear") == [0, 2]
        assert rows(features, "Columns.Category!=Topwear") == [1]
        with pytest.raises(UsageError, match="no tag 'Topwear' in the group 'category'") as raised:
            rows(features, "category=Topwear")
        assert "columns.category is the table's own column" in raised.value.hint
        with pytest.raises(UsageError):
            rows(features, "columns.colour=Topwear")
