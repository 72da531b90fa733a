"""Fill the product catalogue from a table, and join its products with the photographs of a gallery."""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from fashion_cli.checked_fields import CheckedFields
from fashion_cli.data.features import stored_path
from fashion_cli.errors import (
    CatalogueError,
    FashionError,
    FeatureFileError,
    IndexDirectoryError,
    TableError,
    UsageError,
)
from fashion_cli.message_text import printable
from fashion_cli.products.currencies import currency_code
from fashion_cli.products.gallery_photographs import GalleryPhotographs, read_gallery
from fashion_cli.products.locations import CATALOGUE_FILE, default_location
from fashion_cli.products.photograph_join import GalleryPhotograph, Method, PhotographJoin, PhotographMatcher
from fashion_cli.products.records import FoundPhotograph
from fashion_cli.retrieval.gallery import Gallery, find_index

if TYPE_CHECKING:
    from fashion_cli.crawling.parse.product_rows import RowIdentity
    from fashion_cli.crawling.parse.product_tables import ProductTable, TableProduct, TableSurvey
    from fashion_cli.products.catalogue import Catalogue

Progress = Callable[[int, int], None]

BATCH = 200  # products in one transaction
SOURCE = "table:"  # before the name under which the catalogue remembers a table


@dataclass(frozen=True)
class ImportConfig(CheckedFields):
    """What to import.

    Attributes:
        table: CSV or text in any encoding, .xlsx, a merchant feed, Parquet.
        catalog: Where the catalogue is; None for the one here, else the index's, else a new one here.
        index: The index directory that is to know the catalogue; None for none.
        gallery: A folder or a feature file with the photographs; None for those of the index.
        columns: ROLE=HEADING instead of what is guessed; ROLE= for no column.
        currency: Of prices that say none; "" to leave those out.
        shop: Who sells where the table does not say it.
        source: What the catalogue remembers the table by; "" for its name without suffix.
        replace: Products of an earlier import by this source that the table has no more are gone.
    """

    table: Path
    catalog: str | None = None
    index: Path | None = None
    gallery: Path | None = None
    columns: tuple[str, ...] = ()
    currency: str = ""
    shop: str = ""
    source: str = ""
    replace: bool = False


@dataclass(frozen=True)
class ImportReport:
    """What was done, and everything that was left out.

    Attributes:
        table: The file.
        catalog: The catalogue, without a password.
        columns: What was read -> headings of the table.
        rows: Of the table, without empty ones.
        products: That the catalogue has now from these rows.
        new: Of these, so many were not there before.
        changed: Of these, so many say something else than before.
        same: Of these, so many say what they said.
        gone: Products that the table has no more, with `replace`.
        photographs: How they were joined with products -> how many.
        gallery: Of which photographs; "" without any.
        index: The index that knows the catalogue now; "" for none.
        in_catalog: Photographs of that index whose product is in the catalogue.
        left_out: Rows and products that no catalogue takes, each with the reason.
        prices_left_out: Prices, likewise.
        without_price: Products of which no row says a price.
        without_photograph: Products of which the gallery has no photograph.
        not_found: Photographs that the table names and the gallery does not have.
        ambiguous: Photographs and names that may mean several products.
        without_product: Photographs of the gallery of which the table says nothing.
        notes: What else a person should know.
        trouble: Why the index does not know the catalogue, although it should; mostly empty.
        hint: What to do about that.
        seconds: In all.
    """

    table: str
    catalog: str
    columns: Mapping[str, str]
    rows: int
    products: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    gone: int = 0
    photographs: Mapping[Method, int] = field(default_factory=dict)
    gallery: str = ""
    index: str = ""
    in_catalog: int = 0
    left_out: tuple[str, ...] = ()
    prices_left_out: tuple[str, ...] = ()
    without_price: tuple[str, ...] = ()
    without_photograph: tuple[str, ...] = ()
    not_found: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    without_product: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""
    hint: str = ""
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the table was left out, and every product has its photograph."""
        return not (
            self.left_out or self.prices_left_out or self.ambiguous or (self.gallery and self.without_photograph)
        )


def resolve_index(index: Path | None, gallery: Path | None) -> Path | None:
    """The index that was named; without a gallery of its own, else the nearest; None where there is none.

    Raises:
        IndexDirectoryError: If the one that was named does not exist.
    """
    if index is not None:
        return find_index(index, {})
    if gallery is None:
        with suppress(IndexDirectoryError):
            return find_index(None, {})
    return None


def import_catalogue(config: ImportConfig, progress: Progress) -> ImportReport:
    """Import a table. Every product is one transaction, so a kill leaves a whole catalogue, and the same call goes on.

    Args:
        config: What to import.
        progress: Called with (done, total) rows.

    Raises:
        UsageError: If a column, a currency or the gallery cannot be meant, or there is no such table.
        TableError: If the table cannot be read, nobody can tell its columns, or it holds no product.
        CatalogueError: If the catalogue cannot be used.
        FeatureFileError: If the gallery's feature file is damaged.
    """
    from fashion_cli.crawling.parse.product_tables import ProductTable
    from fashion_cli.products.catalogue import Catalogue

    start = time.perf_counter()
    _require_file(config.table)
    table = ProductTable(config.table, config.columns, _require_currency(config.currency), config.shop)
    gallery = read_gallery(config.gallery, config.index)
    survey, join, notes, left_out = _survey(table, config, gallery)
    if not survey.sizes:
        raise TableError(f"{printable(config.table)}: no row with a number of a product", hint=_first(left_out))
    with Catalogue.open(_location(config), create=True) as catalogue:
        report = ImportReport(str(config.table), catalogue.location, table.columns.describe(), survey.rows)
        run = _Import(config, catalogue, join, gallery)
        run.record(table, survey, progress)
        report = replace(
            run.add_to(report),
            left_out=(*left_out, *run.left_out),
            notes=(*gallery.notes, *notes, *run.notes),
            gone=run.mark_gone() if config.replace else 0,
        )
        report = _attach(config, catalogue, report)
    return replace(report, seconds=time.perf_counter() - start)


class _Import:
    """One import: products into the catalogue, and what is to be said of them."""

    def __init__(
        self, config: ImportConfig, catalogue: "Catalogue", join: PhotographJoin, gallery: GalleryPhotographs
    ) -> None:
        self._catalogue, self._join, self._gallery = catalogue, join, gallery
        self._source = SOURCE + (config.source or config.table.stem)
        self._moment = datetime.now(UTC)
        self._changes: Counter[str] = Counter()
        self._methods: Counter[Method] = Counter()
        self._without_price: list[str] = []
        self._without_photograph: list[str] = []
        self._prices: list[str] = []
        self.left_out: list[str] = []
        self.notes: list[str] = []

    def record(self, table: "ProductTable", survey: "TableSurvey", progress: Progress) -> None:
        """Record every product of the table."""
        done = 0
        found = table.products(survey, self._source)
        while batch := list(islice(found, BATCH)):
            self._record_batch(batch)
            done += sum(each.rows for each in batch)
            progress(done, survey.rows)

    def _record_batch(self, batch: "Sequence[TableProduct]") -> None:
        joined = [self._join.by_product.get(each.key, []) for each in batch]
        photographs = [[self._photograph(one.photograph, place) for place, one in enumerate(each)] for each in joined]
        products = [each.product for each in batch]
        changes = self._catalogue.record_all(zip(products, photographs, strict=True), self._moment, self._join.claimed)
        for each, shown, change in zip(batch, joined, changes, strict=True):
            if isinstance(change, CatalogueError):
                self.left_out.append(f"{each.label}: {change}")
                continue
            self._changes[change] += 1
            self._methods.update(one.method for one in shown)
            self._describe(each, joined=bool(shown))

    def mark_gone(self) -> int:
        """Mark products of earlier imports that the table has no more."""
        gone = self._catalogue.unseen_since(self._source, self._moment)
        return self._catalogue.mark_gone(gone, self._moment)

    def add_to(self, report: ImportReport) -> ImportReport:
        return replace(
            report,
            products=self._changes.total(),
            new=self._changes["new"],
            changed=self._changes["changed"],
            same=self._changes["same"],
            photographs={method: self._methods[method] for method in ("sha256", "path", "sku")},
            gallery=self._gallery.name,
            prices_left_out=tuple(self._prices),
            without_price=tuple(self._without_price),
            without_photograph=tuple(self._without_photograph),
            not_found=self._join.not_found,
            ambiguous=self._join.ambiguous,
            without_product=self._join.without_product,
        )

    def _describe(self, found: "TableProduct", *, joined: bool) -> None:
        if not found.product.offers:
            self._without_price.append(found.label)
        if not joined:
            self._without_photograph.append(found.label)
        if found.untitled:
            self.notes.append(f"{found.label}: no title, so it is called by its number")
        self._prices += found.prices_left_out
        self.notes += found.notes

    def _photograph(self, found: GalleryPhotograph, position: int) -> FoundPhotograph:
        path = PurePath(stored_path(found.path, self._gallery.root)).as_posix()
        return FoundPhotograph(found.sha256, path, "", found.width, found.height, position)


def _survey(
    table: "ProductTable", config: ImportConfig, gallery: GalleryPhotographs
) -> "tuple[TableSurvey, PhotographJoin, list[str], list[str]]":
    """Read the table for the first time: which rows belong together, and which photographs they name."""
    counts: Counter[str] = Counter()
    left_out: list[str] = []
    matcher = PhotographMatcher(gallery.photographs, gallery.root, str(config.table.absolute().parent))

    def look_at(row: "RowIdentity") -> None:
        if not row.key:
            left_out.append(f"{row.label}: no number of a product")
        elif gallery.name:
            matcher.add_row(row.key, row.label, sha256s=row.sha256s, references=row.references, numbers=row.numbers)

    survey = table.survey(lambda note: counts.update([note]), look_at)
    notes = [note if count == 1 else f"{note} ({count:,} times)" for note, count in counts.items()]
    return survey, matcher.finish(survey.resolve), notes, left_out


def _location(config: ImportConfig) -> str | Path:
    """The catalogue that was named, else the one here, else the index's, else a new one here."""
    if config.catalog:
        return config.catalog
    if here := default_location(Path()):
        return here
    if config.index is not None:
        with suppress(IndexDirectoryError, FeatureFileError), Gallery.open(config.index) as gallery:
            if gallery.catalog:
                return gallery.catalog
    return Path(CATALOGUE_FILE)


def _attach(config: ImportConfig, catalogue: "Catalogue", report: ImportReport) -> ImportReport:
    """Let the index know the catalogue, unless it has another one."""
    from fashion_cli.products.index_catalogue import attach_catalogue

    if config.index is None:
        return report
    try:
        with Gallery.open(config.index) as gallery:
            named = gallery.catalog
        if named and named != catalogue.location:
            raise CatalogueError(
                f"{printable(config.index)}: has another product catalogue, {printable(named)}",
                hint=f"--catalog {named} imports into that; fashion index … --catalog {catalogue.location} takes this",
            )
        known = attach_catalogue(config.index, catalogue)
    except FashionError as error:
        return replace(report, trouble=str(error), hint=error.hint)
    return replace(report, index=str(config.index), in_catalog=known)


def _require_file(table: Path) -> None:
    if not table.is_file():
        is_address = re.match(r"https?:/", str(table), re.IGNORECASE)
        hint = "nothing is fetched: curl -LO ADDRESS, then the file" if is_address else "check the path"
        raise UsageError(f"{printable(table)}: no such file", hint=hint)


def _require_currency(text: str) -> str:
    if not text:
        return ""
    if code := currency_code(text):
        return code
    raise UsageError(f"--currency {text!r}: no currency", hint="a code of ISO 4217, as KRW, EUR or USD")


def _first(left_out: Sequence[str]) -> str:
    return f"the first: {left_out[0]}" if left_out else "--column sku=HEADING says which column has it"
