"""`fashion catalog import`, `list`, `export`, `prices` and `upgrade`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from fashion_cli.commands.cli.help import SectionedCommand
from fashion_cli.commands.cli.options import OUTPUT, IndexOption, QuietOption, RowFormatOption, verbatim
from fashion_cli.commands.cli.settings import is_typed
from fashion_cli.errors import UsageError
from fashion_cli.plurals import counted

EXPORT_SUFFIXES: dict[str, Literal["csv", "jsonl"]] = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}

app = typer.Typer(help="The product catalogue: import, list, export, price history, newer tables.")

CatalogOption = Annotated[
    str | None,
    typer.Option(
        "--catalog",
        metavar="URL|FILE|DIR",
        show_default="catalogue.sqlite here, else the index's",
        help="Which: a file, the folder of a crawl, or a database's URL.",
    ),
]
KeywordOption = Annotated[
    str,
    typer.Option(
        metavar="WORDS",
        show_default=False,
        help="Only products with all these words, or parts of them, in name, brand, keywords or category.",
    ),
]


@app.command("import", cls=SectionedCommand)
def import_command(
    *,
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE",
            parser=verbatim,
            show_default=False,
            help="CSV, text or .xlsx; a merchant feed (XML or text); an export of Shopify or WooCommerce.",
        ),
    ],
    catalog: Annotated[
        str | None,
        typer.Option(
            "--catalog",
            metavar="URL|FILE|DIR",
            show_default="catalogue.sqlite here, else the index's, else a new one here",
            help="Which catalogue: a file, the folder of a crawl, or a database's URL.",
        ),
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE=HEADING",
            show_default=False,
            help="What a column says, where its heading does not tell: title=상품명, sku=Code, image=Photo; repeated.",
        ),
    ] = None,
    currency: Annotated[
        str, typer.Option(metavar="CODE", show_default=False, help="Of prices that say none: KRW, EUR, …")
    ] = "",
    shop: Annotated[
        str, typer.Option(metavar="NAME", show_default=False, help="Who sells, where the table does not say it.")
    ] = "",
    source: Annotated[
        str,
        typer.Option(metavar="NAME", show_default="TABLE without suffix", help="What the table is remembered by."),
    ] = "",
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Products of an earlier table of this name that are missing here are gone."),
    ] = False,
    index: IndexOption = None,
    gallery: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR|F.h5",
            show_default="those of the index",
            help="The photographs to join: a folder or a feature file.",
        ),
    ] = None,
    format_name: Annotated[
        Literal["table", "json"] | None,
        typer.Option(
            "--format",
            show_default="table on a terminal, JSON in a pipe",
            help="How the summary is printed; JSON names everything that was left out.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    strict: Annotated[
        bool,
        typer.Option(
            "--strict",
            help="Exit with 3 where a row or price was left out, or a product has no photograph.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    quiet: QuietOption = False,
) -> None:
    """Fill the catalogue from a table of products.

    Photographs are joined by sha256, path, file name or SKU; nothing is fetched. Call it again with a newer
    table: prices get a new step in their history.
    """
    from fashion_cli.commands.output.import_summary import show_import
    from fashion_cli.commands.output.progress import show_progress
    from fashion_cli.steps.import_catalogue import ImportConfig, import_catalogue, resolve_index

    config = ImportConfig(
        table=Path(table),
        catalog=catalog,
        index=resolve_index(index, gallery),
        gallery=gallery,
        columns=tuple(column or ()),
        currency=currency,
        shop=shop,
        source=source,
        replace=replace,
    )
    with show_progress("importing", quiet=quiet, unit="rows") as progress:
        report = import_catalogue(config, progress)
    show_import(report, format_name, strict=strict)


@app.command("list", cls=SectionedCommand)
def list_command(
    *,
    catalog: CatalogOption = None,
    keyword: KeywordOption = "",
    gone: Annotated[bool, typer.Option("--gone", help="Those that are gone instead of those that are there.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, metavar="N", show_default=False, help="At most N.")] = None,
    format_name: RowFormatOption = None,
) -> None:
    """List products with their lowest price.

    In the order in which they were first recorded.
    """
    from fashion_cli.commands.output.catalogue_rows import show_products
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.steps.catalog import ProductsConfig, list_products

    show_products(list_products(ProductsConfig(catalog, keyword, gone, limit)), choose_format(format_name))


@app.command(cls=SectionedCommand)
def export(
    context: typer.Context,
    *,
    catalog: CatalogOption = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", show_default="standard output", help="The file to write."),
    ] = None,
    keyword: KeywordOption = "",
    format_name: Annotated[
        Literal["csv", "jsonl"] | None,
        typer.Option(
            "--format",
            show_default="as FILE ends; csv on standard output",
            help="How products are written.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
) -> None:
    """Write all products, one on each line.

    With the lowest price, all offers and photographs; also products that are gone.
    """
    from fashion_cli.commands.output.catalogue_rows import write_products
    from fashion_cli.steps.catalog import ProductsConfig, export_products

    if out is not None and not is_typed(context, "format_name"):  # the file's name says it, not a setting
        format_name = EXPORT_SUFFIXES.get(out.suffix.lower())
        if format_name is None:
            raise UsageError(f"{out}: neither .csv nor .jsonl", hint="the name says what is written: -o products.csv")
    chosen = format_name or "csv"
    write_products(export_products(ProductsConfig(catalog, keyword)), chosen, out)


@app.command(cls=SectionedCommand)
def prices(
    *,
    item: Annotated[str, typer.Argument(metavar="ITEM", show_default=False, help="The item_id of a product.")],
    catalog: CatalogOption = None,
    format_name: RowFormatOption = None,
) -> None:
    """Show what a product cost, where and when.

    One line for each change that was seen, the oldest first.
    """
    from fashion_cli.commands.output.catalogue_rows import show_prices
    from fashion_cli.commands.output.render import choose_format
    from fashion_cli.steps.catalog import price_history

    show_prices(price_history(catalog, item), choose_format(format_name))


@app.command(cls=SectionedCommand)
def upgrade(*, catalog: CatalogOption = None) -> None:
    """Bring the tables of an older catalogue up to date.

    Nothing is lost; an older fashion-cli cannot read it any more.
    """
    from fashion_cli.commands.output.messages import say
    from fashion_cli.message_text import printable
    from fashion_cli.steps.catalog import upgrade_catalogue

    report = upgrade_catalogue(catalog)
    change = "already" if report.before == report.after else f"upgraded from {report.before}, now"
    say(f"{printable(report.catalog)}: {change} version {report.after}, {counted(report.products, 'product')}")
