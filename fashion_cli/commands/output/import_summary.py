"""What came of importing a table: a table for people or one JSON object for programs on stdout, what was left out on
stderr.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Literal

import typer

from fashion_cli.commands.output.messages import NAMED, say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.render import Column, as_json, as_table, display_path, emit, on_terminal
from fashion_cli.errors import CatalogueError, ExitCode
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted

if TYPE_CHECKING:
    from fashion_cli.steps.import_catalogue import ImportReport

FEW = 5  # names of what is mostly as it should be: photographs of other products, products without a picture


def show_import(report: "ImportReport", format_name: Literal["table", "json"] | None, *, strict: bool) -> None:
    """Print the summary, and name what was left out.

    Raises:
        CatalogueError: If no product was taken, or the index does not know the catalogue.
        Exit: With `ExitCode.SKIPPED` if something was left out and `strict`.
    """
    _name_what_is_missing(report)
    chosen = format_name or ("table" if on_terminal() else "json")
    if chosen == "table":
        columns = (Column("of this table"), Column("", numeric=True))
        emit(as_table(columns, _rows(report), title=printable(display_path(report.catalog))))
    else:
        emit(as_json(asdict(report)) + "\n")
    if not report.products:
        raise CatalogueError(f"{printable(report.table)}: no product could be taken", hint="see above")
    if report.trouble:
        raise CatalogueError(f"the index does not know the catalogue: {report.trouble}", hint=report.hint)
    if strict and not report.is_whole:
        raise typer.Exit(ExitCode.SKIPPED)


def _rows(report: "ImportReport") -> list[tuple[str, str]]:
    joined = report.photographs
    counts = (
        ("rows", report.rows),
        ("products", report.products),
        ("  new", report.new),
        ("  changed", report.changed),
        ("  same", report.same),
        ("  gone", report.gone),
        ("photographs joined", sum(joined.values())),
        ("  by sha256", joined.get("sha256", 0)),
        ("  by path", joined.get("path", 0)),
        ("  by SKU", joined.get("sku", 0)),
        ("without a price", len(report.without_price)),
        ("without a photograph", len(report.without_photograph)),
        ("left out", len(report.left_out)),
        ("prices left out", len(report.prices_left_out)),
    )
    rows = [(name, f"{count:,}") for name, count in counts if count or not name.startswith((" ", "left", "prices"))]
    return [*rows, ("time", duration(report.seconds))]


def _name_what_is_missing(report: "ImportReport") -> None:
    columns = "; ".join(f"{role}: {headings}" for role, headings in report.columns.items())
    say(f"columns: {printable(columns)}")
    _name(report.left_out, NAMED, "row or product left out", "rows and products left out")
    _name(report.prices_left_out, NAMED, "price left out", "prices left out")
    if any("no currency" in each for each in report.prices_left_out):
        say("fashion: --currency KRW says which currency bare numbers are in")
    _name(report.without_price, FEW, "product without a price", "products without a price")
    if report.gallery:
        _name(
            report.ambiguous, NAMED, "name may mean several things, and is not joined", "names may mean several things"
        )
        _name(
            report.not_found, FEW, "photograph named that is not in the gallery", "photographs named that are not there"
        )
        _name(report.without_photograph, FEW, "product without a photograph", "products without a photograph")
        others = [display_path(path) for path in report.without_product]
        _name(others, FEW, "photograph without a product", "photographs without a product")
    else:
        say("fashion: no index here, so no photograph was joined: fashion index FOLDER, then this again, or --gallery")
    _name(report.notes, NAMED, "note", "notes")
    _tell_what_knows_it(report)


def _tell_what_knows_it(report: "ImportReport") -> None:
    catalog = printable(display_path(report.catalog))
    if report.index:
        index = printable(display_path(report.index))
        say(f"{index} knows {catalog}; photographs with a product: {report.in_catalog:,}")
    elif report.gallery and not report.trouble:
        say(f"fashion index {printable(report.gallery)} --catalog {catalog} joins the two")


def _name(names: Sequence[str], most: int, noun: str, plural: str) -> None:
    if not names:
        return
    say(f"fashion: {counted(len(names), noun, plural)}:")
    for each in names[:most]:
        say(f"  {printable(each)}")
    if len(names) > most:
        say(f"  and {len(names) - most:,} more; --format json names all")
