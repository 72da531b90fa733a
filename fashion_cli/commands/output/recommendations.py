"""Recommendations, in every format."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from fashion_cli.commands.cli.options import Format
from fashion_cli.commands.output.messages import say
from fashion_cli.commands.output.progress import duration
from fashion_cli.commands.output.render import (
    PATH,
    RANK,
    Column,
    ResultWriters,
    as_table,
    display_path,
    emit,
    emit_results,
    tag_cell,
    tag_names,
    tags_by_group,
)
from fashion_cli.message_text import printable
from fashion_cli.plurals import counted
from fashion_cli.steps.recommend import Recommendation, Recommended, RecommendReport
from fashion_cli.steps.search import Hit, QueryPart, QueryResult, SearchReport

COLUMNS = (
    RANK,
    PATH,
    Column("difference", numeric=True),
    Column("distance", numeric=True),
    Column("because it shares", wraps=True),
)


def show_recommendations(report: RecommendReport, format_name: Format, *, null: bool = False) -> None:
    """Print what is recommended for each photograph.

    Args:
        report: What is.
        format_name: How.
        null: Paths end with NUL instead of a newline.
    """
    if format_name == "table":
        _show_tables(report)
        return
    answers = ResultWriters(
        documents=lambda: [_document(result) for result in report.results],
        lines=lambda: (line for result in report.results for line in _lines(result)),
        cells=lambda: _csv_rows(report),
        paths=lambda: (each.path for result in report.results for each in result.garments),
    )
    emit_results(answers, format_name, null=null)


def as_search(report: RecommendReport) -> SearchReport:
    """The same as a search, for what shows searches: its cosine is the similarity of attributes."""
    return SearchReport(
        results=tuple(
            QueryResult(
                (QueryPart(result.query),),
                result.tags,
                tuple(
                    Hit(each.path, each.rank, each.rank, each.similarity, math.nan, each.shared_tags, each.tags)
                    for each in result.garments
                ),
            )
            for result in report.results
        ),
        skipped=report.skipped,
        rows=report.rows,
        index=report.map,
        kind="exact",
        note="",
        seconds=report.seconds,
    )


def _show_tables(report: RecommendReport) -> None:
    for number, result in enumerate(report.results):
        path = printable(result.query)
        say(f"{path}: {tag_names(result.tags) or 'no tags'}")
        say(f"its place on the map, {result.x:.2f} {result.y:.2f}, stands for: {tag_names(result.decoded)}")
        title = str(result.query) if len(report.results) > 1 else ""
        emit(("\n" if number else "") + as_table(COLUMNS, [_table_row(each) for each in result.garments], title))
    count = sum(len(result.garments) for result in report.results)
    say(f"{count:,} of {counted(report.rows, 'garment')}, {duration(report.seconds)}")


def _table_row(each: Recommended) -> list[str]:
    reason = ", ".join(f"{tag.group} {tag.name}" for tag in each.shared_tags)
    return [
        str(each.rank),
        display_path(each.path),
        f"{each.difference:.2f}",
        f"{each.distance:.3f}",
        reason or "no tag, only the place",
    ]


def _document(result: Recommendation) -> dict[str, Any]:
    return {
        "query": str(result.query),
        "x": round(result.x, 6),
        "y": round(result.y, 6),
        "tags": tags_by_group(result.tags),
        "decoded": tags_by_group(result.decoded),
        "garments": [_garment(each) for each in result.garments],
    }


def _lines(result: Recommendation) -> Iterable[dict[str, Any]]:
    for each in result.garments:
        yield {"query": str(result.query), **_garment(each)}


def _garment(each: Recommended) -> dict[str, Any]:
    return {
        "rank": each.rank,
        "path": each.path,
        "similarity": round(each.similarity, 6),
        "difference": round(each.difference, 4),
        "distance": round(each.distance, 6),
        "x": round(each.x, 6),
        "y": round(each.y, 6),
        "shared_tags": [str(tag) for tag in each.shared_tags],
        "tags": tags_by_group(each.tags),
    }


def _csv_rows(report: RecommendReport) -> Iterable[Sequence[object]]:
    yield ["query", "rank", "path", "similarity", "difference", "distance", "x", "y", "shared_tags", "tags"]
    for result in report.results:
        for each in result.garments:
            yield [
                str(result.query),
                each.rank,
                each.path,
                f"{each.similarity:.6f}",
                f"{each.difference:.4f}",
                f"{each.distance:.6f}",
                f"{each.x:.6f}",
                f"{each.y:.6f}",
                tag_cell(each.shared_tags),
                tag_cell(each.tags),
            ]
