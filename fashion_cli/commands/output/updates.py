"""Summaries of an updated feature file or index. On stderr: the data went to the file."""

import typer

from fashion_cli.commands.output.messages import name_skipped, say
from fashion_cli.commands.output.progress import duration, per_second
from fashion_cli.embedding.manifest_matching import ManifestMatch
from fashion_cli.errors import ExitCode
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.steps.embed import EmbedReport
from fashion_cli.steps.index import IndexReport
from fashion_cli.steps.tag import AddTagsReport

NAMED_ROWS = 3  # of a manifest


def show_embedded(report: EmbedReport, *, strict: bool) -> None:
    """Say what a feature file holds now.

    Raises:
        Exit: If photographs were skipped, or rows of a manifest are about none, and `strict`.
    """
    say(f"{printable(report.out)}: {counted(report.rows, 'photograph')} by {report.model}")
    say(_changes(report, report.seconds))
    _name_not_found(report.manifest)
    name_skipped(report.skipped, report.rows, strict=strict)
    if strict and report.manifest and report.manifest.not_found:
        raise typer.Exit(ExitCode.SKIPPED)


def show_added(report: AddTagsReport, *, strict: bool) -> None:
    """Say what a feature file holds beside what it held.

    Raises:
        Exit: If photographs were skipped, or rows of a manifest are about none, and `strict`.
    """
    others = f" beside those of {', '.join(report.other_models)}" if report.other_models else ""
    groups = printable(", ".join(report.groups))
    say(f"{printable(report.out)}: {counted(report.rows, 'photograph')}, with {groups} of {report.tagger}{others}")
    looked = report.tagged + report.embedded
    counts = (("new", report.embedded), ("dropped", report.dropped))
    rest = "".join(f", {count:,} {word}" for word, count in counts if count)
    rate = f"tagged {looked:,} in {duration(report.seconds)}, {per_second(looked, report.seconds)}"
    say(f"{rate if looked else 'nothing new to tag'}{rest}")
    name_skipped(report.skipped, report.rows, strict=strict)


def show_indexed(report: IndexReport, *, strict: bool) -> None:
    """Say what an index holds now, and how well it finds.

    Raises:
        Exit: If photographs were skipped, or rows of a manifest are about none, and `strict`.
    """
    say(f"{printable(report.directory)}: {counted(report.rows, 'photograph')} by {report.model}, {_neighbours(report)}")
    if report.catalog:
        say(f"{report.in_catalog:,} of them are in the product catalogue {printable(report.catalog)}")
    if report.note:
        say(f"fashion: {report.note}")
    say(f"{_changes(report, report.embed_seconds)}; {duration(report.seconds)} in all")
    _name_not_found(report.manifest)
    name_skipped(report.skipped, report.rows, strict=strict)
    if strict and report.manifest and report.manifest.not_found:
        raise typer.Exit(ExitCode.SKIPPED)


def _name_not_found(match: ManifestMatch | None) -> None:
    """Say which rows of a manifest are about no photograph."""
    if match is None or not match.not_found:
        return
    first = ", ".join(map(printable, match.not_found[:NAMED_ROWS]))
    more = f" and {len(match.not_found) - NAMED_ROWS:,} more" if len(match.not_found) > NAMED_ROWS else ""
    matched = match.rows - len(match.not_found)
    say(f"fashion: {match.manifest}: {matched:,} of {counted(match.rows, 'row')} matched, not found: {first}{more}")


def _neighbours(report: IndexReport) -> str:
    if report.kind == "exact":
        return f"every search compares all ({report.reason})" if report.reason else "every search compares all"
    reached = f"recall@50 {report.recall_reached:.3f} of {report.recall_target:g} wanted"
    return f"Annoy with {report.trees} trees, {reached}"


def _changes(report: EmbedReport | IndexReport, seconds: float) -> str:
    counts = (("kept", report.kept), ("moved", report.moved), ("dropped", report.dropped))
    rest = "".join(f", {count:,} {word}" for word, count in counts if count)
    if not report.embedded:
        return f"nothing new to embed{rest}"
    rate = per_second(report.embedded, seconds)
    return f"embedded {report.embedded:,} in {duration(seconds)}, {rate}{rest}"
