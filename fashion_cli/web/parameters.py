"""What clients may ask, checked: the same fields in a query string and in a form."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fashion_cli.data import images
from fashion_cli.retrieval.filters import Condition
from fashion_cli.retrieval.manipulation import conditions_of, parse_exchanges
from fashion_cli.retrieval.search import SearchOptions
from fashion_cli.web.prices import PriceFilter

MOST_HITS = 200
MOST_SKIPPED = 10_000  # hits before a page
FEW = 24
MOST_CONDITIONS = 20

Language = Annotated[
    str,
    Field(description="Of the tags' titles", examples=["ko"], max_length=35, pattern=r"^[A-Za-z0-9-]*$"),
]
Box = Annotated[
    str,
    Field(
        description='"x,y,width,height": the part to look at, in pixels of the upright photograph, origin top left',
        examples=["120,80,400,600"],
        pattern=r"^(\d{1,6},\d{1,6},\d{1,6},\d{1,6})?$",
    ),
]
ConditionText = Annotated[str, StringConstraints(min_length=3, max_length=500)]
Price = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=4)]
Currency = Annotated[str, Field(examples=["KRW"], pattern=r"^([A-Z]{3})?$")]
Keyword = Annotated[
    str, Field(min_length=1, max_length=200, description="Words of name, brand, keywords or tags", examples=["linen"])
]


class TagsQuery(BaseModel):
    """What to say of a photograph."""

    model_config = ConfigDict(extra="forbid")

    box: Box = ""
    language: Language = ""

    @property
    def part(self) -> images.Box | None:
        return _part(self.box)

    @property
    def resolved_language(self) -> str:
        return resolved_language(self.language)


class SearchFilters(BaseModel):
    """Which hits."""

    model_config = ConfigDict(extra="forbid")

    topk: int = Field(FEW, ge=1, le=MOST_HITS, description="How many hits at most")
    offset: int = Field(
        0, ge=0, le=MOST_SKIPPED, description="How many hits come before: pages of the same topk follow each other"
    )
    where: list[ConditionText] = Field(
        [],
        max_length=MOST_CONDITIONS,
        description='"group=tag", "group=tag,tag", "group!=tag"; of columns "Price<30", "Price=1..9"; all have to hold',
        examples=[["colour=red"]],
    )
    but: list[ConditionText] = Field(
        [],
        max_length=MOST_CONDITIONS,
        description='"group=tag": like the query, but with this tag instead',
        examples=[["colour=red"]],
    )
    min_price: Price | None = Field(None, description="Of the lowest offer", examples=["10000"])
    max_price: Price | None = Field(None, description="Of the lowest offer", examples=["50000"])
    currency: Currency = Field(
        "", description="Only what is sold in it; else prices are in the one that most products are sold in"
    )
    available: bool | None = Field(None, description="Only what can be bought, or only what cannot")
    one_per_item: bool = Field(True, description="Of several photographs of an item only the nearest")
    collapse: bool = Field(True, description="Of photographs that are the same picture only the best")
    prior: bool = Field(True, description="Prefer what is the same kind of thing, where the model can tell")
    rerank: bool = Field(True, description="Order by rank and shared tags, not by rank alone")
    language: Language = ""

    @property
    def options(self) -> SearchOptions:
        return SearchOptions(
            topk=self.topk, rerank=self.rerank, collapse=self.collapse, language=self.resolved_language
        )

    @property
    def prices(self) -> PriceFilter:
        return PriceFilter(self.min_price, self.max_price, self.available, self.currency)

    @property
    def resolved_language(self) -> str:
        return resolved_language(self.language)

    @property
    def exchanges(self) -> dict[str, str]:
        """Group -> the tag that is wanted there instead.

        Raises:
            UsageError: If a text means nothing else, or a group comes twice.
        """
        return parse_exchanges(self.but)

    @property
    def conditions(self) -> list[Condition]:
        """What hits have to show.

        Raises:
            UsageError: If a text is no condition.
        """
        return [*map(Condition.parse, self.where), *conditions_of(self.exchanges)]


class PhotographQuery(SearchFilters):
    """A search by photograph."""

    box: Box = ""

    @property
    def part(self) -> images.Box | None:
        return _part(self.box)


class TextQuery(SearchFilters):
    """A search by words."""

    keyword: Keyword


def resolved_language(language: str) -> str:
    """The language without its region."""
    return language.partition("-")[0].lower()


def _part(box: str) -> images.Box | None:
    return images.Box.parse(box) if box else None
