"""What the REST API answers, as its OpenAPI description shows it."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Sha256 = Annotated[str, Field(description="Of the photograph's bytes, hexadecimal", examples=["9f" * 32])]
Score = Annotated[float, Field(description="Probability in [0, 1]", examples=[0.93])]


class Reply(BaseModel):
    """All have this in common."""

    model_config = ConfigDict(frozen=True)


class TagReply(Reply):
    """A tag of a photograph."""

    group: str = Field(examples=["colour"])
    tag: str = Field(examples=["red"])
    title: str = Field(description="In the language that was asked for", examples=["빨강"])
    score: Score


class StyleReply(Reply):
    """The surest style."""

    tag: str = Field(examples=["techwear"])
    title: str = Field(examples=["techwear"])
    score: Score


class SharedTagReply(Reply):
    """A tag that a hit and the query both show."""

    group: str = Field(examples=["colour"])
    tag: str = Field(examples=["red"])
    title: str = Field(examples=["빨강"])


class SeenReply(Reply):
    """What is on a photograph."""

    width: int = Field(description="Pixels of the upright photograph", examples=[1080])
    height: int = Field(examples=[1440])
    tags: list[TagReply]
    style: StyleReply | None = None


class OfferReply(Reply):
    """What one shop asks."""

    shop: str = Field(examples=["shop.example"])
    price: str = Field(description="A decimal number", examples=["39000"])
    currency: str = Field(description="ISO 4217", examples=["KRW"])
    url: str = Field(examples=["https://shop.example/p/17"])
    available: bool


class ProductReply(Reply):
    """The product on a photograph, with the lowest of its latest prices."""

    item_id: str = Field(examples=["shop.example:17"])
    name: str = Field(examples=["Linen shirt"])
    brand: str
    sku: str = Field(description="What the shop calls it; empty where it does not say it", examples=["LS-17"])
    keywords: list[str]
    category: str
    shop: str = Field(description="Of the lowest price", examples=["shop.example"])
    url: str = Field(description="Where it is sold; empty where the shop's address is no web address")
    price: str | None = Field(description="A decimal number; null where no shop says one", examples=["39000"])
    currency: str = Field(examples=["KRW"])
    available: bool
    gone: bool = Field(description="Not in the shop any more when it was last looked at")
    seen_at: datetime
    offers: list[OfferReply]


class HitReply(Reply):
    """A photograph that was found."""

    photograph: Sha256
    image: str = Field(description="Where a small picture of it is", examples=["/api/v1/photographs/9f…?size=320"])
    width: int
    height: int
    rank: int = Field(description="From 1, as shown")
    retrieval_rank: int = Field(description="From 1, before re-ranking")
    cosine: float | None = Field(description="With the query, in [-1, 1]; null in a search by words")
    rerank_score: float | None = Field(
        description="What `rank` follows: a place costs 2, a shared tag brings 2; null without re-ranking"
    )
    agreement: float | None = Field(
        description="How far it is the same kind of thing as the query, in [0, 1]; null where that was not weighed"
    )
    copies: int = Field(description="Further photographs that are the same picture")
    copy_photographs: list[Sha256] = Field(description="What those are, each once")
    tags: list[TagReply]
    shared_tags: list[SharedTagReply]
    path: str | None = Field(description="Where the file lies; null unless the server was told to say it")
    product: ProductReply | None
    columns: dict[str, str] = Field(
        description="What a table said about it when it was indexed, by the names of its columns",
        examples=[{"Price": "39.90"}],
    )


class SearchReply(Reply):
    """What was found."""

    query: SeenReply | None = Field(description="What is on the query; null in a search by words")
    hits: list[HitReply]
    total: int = Field(
        description="Items that fit, or photographs with `one_per_item=false`; hits or not", examples=[312]
    )
    counts: dict[str, dict[str, int]] = Field(
        description="How many of those show each tag, by group", examples=[{"colour": {"red": 212, "pink": 100}}]
    )
    searched: int = Field(description="Photographs in the index", examples=[11511])
    generation: int = Field(description="Of the index that answered")
    seconds: float
    notes: list[str] = Field(description="What to know about the filters, as cells that are no numbers")


class GroupTagReply(Reply):
    """A tag of a group."""

    name: str = Field(examples=["red"])
    title: str = Field(examples=["빨강"])
    count: int = Field(description="Photographs of the index that show it", examples=[812])


class GroupReply(Reply):
    """Tags that answer one question."""

    name: str = Field(examples=["colour"])
    title: str = Field(examples=["colour"])
    exclusive: bool = Field(description="Whether a photograph has at most one of them")
    tags: list[GroupTagReply]


class NumbersReply(Reply):
    """A column of numbers, which a table brought into the index."""

    name: str = Field(examples=["Price"])
    least: float = Field(examples=[9.9])
    most: float = Field(examples=[129])


class GroupsReply(Reply):
    """All groups of tags of the index, and its columns of numbers."""

    groups: list[GroupReply]
    columns: list[NumbersReply]


class HealthReply(Reply):
    """Whoever has not shown the token is told the status alone."""

    status: str = Field(examples=["ok"])
    model: str | None = Field(default=None, examples=["fashion-mobilenet"])
    rows: int | None = Field(default=None, examples=[11511])
    generation: int | None = Field(default=None, examples=[1])
    catalogue: bool | None = None


class FaultDetail(Reply):
    """What is wrong, and what to do."""

    message: str = Field(examples=["box '1,2': not four whole numbers"])
    hint: str = Field(examples=["--box x,y,width,height, in pixels"])
    suggestions: list[str] = Field([], description="Words that are known, instead of those that are not")


class FaultReply(Reply):
    """Any error."""

    error: FaultDetail
