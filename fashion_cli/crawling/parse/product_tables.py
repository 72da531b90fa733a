"""A table of products: one product from the rows of its variants and further photographs, wherever those stand.

The table is read twice. The first reading finds out which rows belong together; the second puts a product together as
soon as its last row has come, so that memory holds only what is unfinished.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from fashion_cli.crawling.parse.feed_files import FeedRows, Note, read_rows
from fashion_cli.crawling.parse.product_columns import ProductColumns, find_columns, names_products
from fashion_cli.crawling.parse.product_rows import (
    RowIdentity,
    RowOptions,
    RowTexts,
    build_item_id,
    identify_row,
    looks_rounded,
    read_row,
)
from fashion_cli.crawling.parse.urls import site_key
from fashion_cli.errors import CrawlError, TableError
from fashion_cli.products.records import FoundProduct

_READABLE = "CSV or text between tabs in UTF-8, UTF-16 or CP949, .xlsx, a merchant feed in XML, Parquet"


@dataclass(frozen=True)
class TableProduct:
    """A product of the table.

    Attributes:
        key: What the table knows it by.
        product: For the catalogue.
        label: For messages: its first row and number.
        rows: How many rows it has.
        untitled: Whether it is called by its number because no row says a title.
        prices_left_out: Those of its rows, each with the reason.
        notes: What else could not be used, each with its row.
    """

    key: str
    product: FoundProduct
    label: str
    rows: int
    untitled: bool
    prices_left_out: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass
class TableSurvey:
    """What the first reading finds.

    Attributes:
        rows: How many there are, without empty ones.
        sizes: Key -> rows.
        aliases: What a variant may call its product -> the product's key.
    """

    rows: int = 0
    sizes: Counter[str] = field(default_factory=Counter)
    aliases: dict[str, str] = field(default_factory=dict)

    def resolve(self, key: str) -> str:
        """The key of a product by what a row calls it."""
        return self.aliases.get(key, key)


class ProductTable:
    """A table, opened: its columns are known.

    Args:
        path: The file.
        chosen: ROLE=HEADING instead of guesses.
        currency: Of prices that say none; "" for none.
        shop: Who sells where the table does not say it; "" for the site that its links lead to.

    Attributes:
        columns: Where it says what.

    Raises:
        TableError: If it cannot be read, or nobody can tell what its columns are about.
        UsageError: If a choice names a role or a heading that does not exist.
    """

    def __init__(self, path: Path, chosen: Sequence[str] = (), currency: str = "", shop: str = "") -> None:
        self._path, self._chosen = path, tuple(chosen)
        self._currency, self._shop = currency, shop
        self.columns = self._find_columns(self._read(_ignore))

    def survey(self, note: Note, on_row: Callable[[RowIdentity], None]) -> TableSurvey:
        """Read the table for the first time.

        Args:
            note: Called with what is wrong with the file, as rows with too many cells.
            on_row: Called with every row.

        Raises:
            TableError: If it cannot be read.
        """
        survey = TableSurvey()
        names_parents = bool(self.columns.headings["parent"])
        with self._naming_errors():
            for row in self._read(note).rows:
                identity = identify_row(row, self.columns, self._shop)
                survey.rows += 1
                if identity.key:
                    survey.sizes[identity.key] += 1
                if names_parents and not identity.is_variant:
                    for alias in _aliases(identity):
                        survey.aliases.setdefault(alias, identity.key)
                on_row(identity)
        return survey

    def products(self, survey: TableSurvey, source: str) -> Iterator[TableProduct]:
        """Read the table again: every product, once its last row has come.

        Args:
            survey: What the first reading found.
            source: What products are recorded as found in.

        Raises:
            TableError: If it cannot be read.
        """
        options = RowOptions(self.columns, self._currency, self._shop, datetime.now().astimezone())
        left: Counter[str] = Counter()
        for key, size in survey.sizes.items():
            left[survey.resolve(key)] += size
        waiting: dict[str, list[tuple[RowIdentity, RowTexts]]] = {}
        with self._naming_errors():
            for row in self._read(_ignore).rows:
                identity = identify_row(row, self.columns, self._shop)
                if not identity.key:
                    continue
                key = survey.resolve(identity.key)
                waiting.setdefault(key, []).append((identity, read_row(row, options)))
                left[key] -= 1
                if left[key] == 0:
                    yield _build_product(key, waiting.pop(key), source)

    def _read(self, note: Note) -> FeedRows:
        with self._naming_errors():
            return read_rows(self._path, note, names_products)

    def _find_columns(self, feed: FeedRows) -> ProductColumns:
        if not feed.headings:
            raise TableError(f"{self._path}: a list of addresses, not a table of products", hint=_READABLE)
        return find_columns(feed, self._chosen, str(self._path))

    @contextmanager
    def _naming_errors(self) -> Iterator[None]:
        try:
            yield
        except CrawlError as error:
            hint = error.hint if "image_url" not in error.hint and "RSS" not in error.hint else _READABLE
            raise TableError(str(error), hint=hint) from error
        except (OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            raise TableError(f"{self._path}: cannot be read ({reason})", hint=_READABLE) from error


def _ignore(_: str) -> None:
    """The first reading has said it."""


def _aliases(identity: RowIdentity) -> Iterator[str]:
    """What WooCommerce writes as the parent of a variant."""
    yield from identity.numbers
    if identity.own:
        yield f"id:{identity.own}"


def _build_product(key: str, rows: list[tuple[RowIdentity, RowTexts]], source: str) -> TableProduct:
    """Put a product together: what its own row says, then its variants in their order."""
    rows.sort(key=lambda each: each[0].is_variant)
    first = rows[0][0]
    texts = [each for _, each in rows]
    notes = [f"{identity.label}: {note}" for identity, each in rows for note in each.notes]
    titles = list(dict.fromkeys(each.title for identity, each in rows if each.title and _is_whole(identity, first)))
    if len(titles) > 1:
        notes.append(f"{first.label}: several titles, of which the first counts: {titles[0]!r}, {titles[1]!r}")
    if looks_rounded(key):
        notes.append(f"{first.label}: the number {key!r} looks as if a spreadsheet had rounded it")
    links = [each.link for each in texts if each.link]
    shop = next((each.shop for each in texts if each.shop), "") or (site_key(links[0]) if links else "")
    offers = tuple(replace(each.offer, shop=each.offer.shop or shop) for each in texts if each.offer)
    title = _first(texts, "title")
    product = FoundProduct(
        item_id=build_item_id(key, site_key(links[0]) if links else shop),
        name=title or key,
        url=links[0] if links else "",
        shop=shop,
        offers=offers,
        keywords=tuple(dict.fromkeys(word for each in texts for word in each.keywords)),
        brand=_first(texts, "brand"),
        description=_first(texts, "description"),
        category=_first(texts, "category"),
        sku=_first(texts, "sku") or key,
        source=source,
    )
    left_out = [f"{identity.label}: {reason}" for identity, each in rows for reason in each.prices_left_out]
    return TableProduct(key, product, first.label, len(rows), not title, tuple(left_out), tuple(notes))


def _is_whole(identity: RowIdentity, first: RowIdentity) -> bool:
    """Whether a row is named as the first is: variants of a group may be called by their colours."""
    return identity.own == first.own


def _first(texts: Sequence[RowTexts], name: str) -> str:
    return next((text for each in texts if (text := getattr(each, name))), "")
