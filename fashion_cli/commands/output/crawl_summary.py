"""The summary of a crawl: a table for people or one JSON object for programs on stdout, troubles on stderr."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import typer

from fashion_cli.commands.output.messages import NAMED, say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.render import Column, as_json, as_table, emit, on_terminal
from fashion_cli.errors import CrawlError, ExitCode
from fashion_cli.message_text import printable

if TYPE_CHECKING:
    from fashion_cli.steps.crawl import CrawlReport


def warn_of_proxies(names: Sequence[str]) -> None:
    """Say that a proxy is not used, where one is set."""
    if names:
        say(f"fashion: {', '.join(names)} not used: through a proxy, addresses could not be checked")


def show_crawl(report: "CrawlReport", format_name: Literal["table", "json"] | None, *, strict: bool) -> None:
    """Print the summary.

    Raises:
        CrawlError: If nothing could be fetched, or a search ended before its end.
        Exit: With `ExitCode.SKIPPED` if something failed and `strict`.
    """
    for each in report.notes:
        say(f"fashion: {printable(each)}")
    _name_failures(report)
    chosen = format_name or ("table" if on_terminal() else "json")
    if chosen == "table":
        emit(
            as_table((Column("of this call"), Column("", numeric=True)), _rows(report), title=printable(report.folder))
        )
    else:
        emit(as_json(report.to_values()) + "\n")
    if report.fetched_nothing:
        why = [*report.failed, *report.refused]
        first = report.failures[0].reason if report.failures else why[0]
        raise CrawlError(f"nothing could be fetched: {printable(first)}", hint="is the address right? See --verbose")
    if report.unfinished:
        raise CrawlError(
            f"a search ended early: {printable(report.unfinished[0])}", hint="call it again: it goes on from here"
        )
    if strict and report.failed:
        raise typer.Exit(ExitCode.SKIPPED)


def _rows(report: "CrawlReport") -> list[tuple[str, str]]:
    counts = (
        ("pages", report.pages),
        ("  unchanged", report.unchanged),
        ("products", report.products),
        ("  gone", report.gone),
        ("photographs kept", report.photographs),
        ("  duplicates", report.duplicates),
        ("  near duplicates", report.near_duplicates),
        *_reasons("refused", report.refused),
        *_reasons("failed", report.failed),
        ("left for another call", report.left),
        ("products in all", report.all_products),
        ("photographs in all", report.all_photographs),
    )
    rows = [(name, f"{count:,}") for name, count in counts if count or not name.startswith((" ", "left"))]
    return [*rows, ("megabytes", f"{report.bytes / 1e6:,.1f}"), ("time", duration(report.seconds))]


def _reasons(what: str, reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    if not reasons:
        return []
    return [(what, sum(reasons.values())), *((f"  {reason}", count) for reason, count in reasons.items())]


def _name_failures(report: "CrawlReport") -> None:
    total = sum(report.failed.values())
    if not total:
        return
    say(f"fashion: {total:,} could not be fetched; --retry-failed tries them again:")
    for each in report.failures[:NAMED]:
        say(f"  {printable(each.url)}: {printable(each.reason)}")
    if total > NAMED:
        say(f"  and {total - NAMED:,} more")
