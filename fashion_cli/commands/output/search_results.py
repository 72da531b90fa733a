"""The results of a search, in every format."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from fashion_cli.commands.cli.options import Format
from fashion_cli.commands.output.messages import say
from fashion_cli.commands.output.products import CELLS, product_cells, product_document, product_words
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
from fashion_cli.retrieval.columns import qualify_names
from fashion_cli.retrieval.facets import Facets
from fashion_cli.steps.search import Hit, QueryResult, SearchReport

NOTHING_FOUND = "nothing found: search with fewer words or filters"
MAX_GROUP_TAGS = 5  # tags of a group whose numbers stand below a table
CSV_COLUMNS = (
    *("query", "rank", "path", "cosine", "retrieval_rank", "rerank_score", "shared_tags", "tags", "agreement"),
    "copies",
)
PRODUCT = (
    Column("product", wraps=True),
    Column("sku", wraps=True),
    Column("price", numeric=True),
    Column("shop", wraps=True),
    Column("link", wraps=True),
)


def show_hits(report: SearchReport, format_name: Format, *, null: bool = False) -> None:
    """Print every query's hits.

    Args:
        report: What was found.
        format_name: How.
        null: Paths end with NUL instead of a newline.
    """
    if report.note:
        say(f"fashion: {report.note}")
    if format_name == "table":
        _show_tables(report)
        return
    for result in report.results:
        if not result.hits:
            say(f"fashion: {printable(result.label)}: {NOTHING_FOUND}")
    answers = ResultWriters(
        documents=lambda: [_query_document(result) for result in report.results],
        lines=lambda: (line for result in report.results for line in _hit_lines(result)),
        cells=lambda: _csv_rows(report),
        paths=lambda: (hit.path for result in report.results for hit in result.hits),
    )
    emit_results(answers, format_name, null=null)


def summary(report: SearchReport, hits: int) -> str:
    """A line about a search: "5 of 4,462 photographs, all compared, 0.41 s"."""
    how = "through Annoy" if report.kind == "annoy" else "all compared"
    return f"{hits:,} of {counted(report.rows, 'photograph')}, {how}, {duration(report.seconds)}"


def _show_tables(report: SearchReport) -> None:
    several = len(report.results) > 1
    for number, result in enumerate(report.results):
        if not result.words:
            say(f"{printable(result.label)}: {tag_names(result.tags) or 'no tags'}")
        title = result.label if several else ""
        if result.hits:
            emit(("\n" if number else "") + as_table(_columns(result), _table_rows(result), title))
        else:
            say(f"fashion: {NOTHING_FOUND}")
        if result.facets is not None and result.facets.total < report.rows:
            _say_facets(result.facets)
    say(summary(report, sum(len(result.hits) for result in report.results)))


def _say_facets(facets: Facets) -> None:
    """How many there are in all, and which tags they show most."""
    counts = [
        f"{group}: {', '.join(f'{tag} {count:,}' for tag, count in list(tags.items())[:MAX_GROUP_TAGS])}"
        for group, tags in facets.counts.items()
        if tags
    ]
    say(f"{facets.total:,} fit{'s' if facets.total == 1 else ''} in all" + (f"; {'; '.join(counts)}" if counts else ""))


def _is_reranked(result: QueryResult) -> bool:
    return any(not math.isnan(hit.rerank_score) for hit in result.hits)


def _is_weighed(result: QueryResult) -> bool:
    return any(not math.isnan(hit.agreement) for hit in result.hits)


def _has_copies(result: QueryResult) -> bool:
    return any(hit.copies for hit in result.hits)


def _columns(result: QueryResult) -> Sequence[Column]:
    before = [Column("before", numeric=True)] if _is_reranked(result) else []
    kind = [Column("kind", numeric=True)] if _is_weighed(result) else []
    copies = [Column("copies", numeric=True)] if _has_copies(result) else []
    product = PRODUCT if result.products else ()
    return [
        RANK,
        PATH,
        *([] if result.words else [Column("cosine", numeric=True)]),
        *kind,
        *before,
        *copies,
        Column("tags" if result.words else "shared tags", wraps=True),
        *product,
    ]


def _table_rows(result: QueryResult) -> list[list[str]]:
    reranked, weighed, copies = _is_reranked(result), _is_weighed(result), _has_copies(result)
    return [
        [
            str(hit.rank),
            display_path(hit.path),
            *([] if result.words else [f"{hit.cosine:.3f}"]),
            *([f"{hit.agreement:.2f}"] if weighed else []),
            *([str(hit.retrieval_rank)] if reranked else []),
            *([f"+{len(hit.copies)}" if hit.copies else ""] if copies else []),
            tag_names(hit.tags if result.words else hit.shared_tags),
            *(product_words(result.products.get(hit.sha256)) if result.products else ()),
        ]
        for hit in result.hits
    ]


def _query_document(result: QueryResult) -> dict[str, Any]:
    return {
        "query": result.label,
        "parts": [{"path": str(part.path), "weight": part.weight} for part in result.query],
        "tags": tags_by_group(result.tags),
        "total": None if result.facets is None else result.facets.total,
        "counts": {} if result.facets is None else {group: dict(tags) for group, tags in result.facets.counts.items()},
        "hits": [_hit_document(hit, result) for hit in result.hits],
    }


def _hit_lines(result: QueryResult) -> Iterable[dict[str, Any]]:
    for hit in result.hits:
        yield {"query": result.label, **_hit_document(hit, result)}


def _hit_document(hit: Hit, result: QueryResult) -> dict[str, Any]:
    return {
        "rank": hit.rank,
        "path": hit.path,
        "cosine": None if math.isnan(hit.cosine) else round(hit.cosine, 6),
        "agreement": None if math.isnan(hit.agreement) else round(hit.agreement, 4),
        "retrieval_rank": hit.retrieval_rank,
        "rerank_score": None if math.isnan(hit.rerank_score) else hit.rerank_score,
        "shared_tags": [str(tag) for tag in hit.shared_tags],
        "tags": tags_by_group(hit.tags),
        "columns": dict(hit.columns),
        "copies": len(hit.copies),
        "copy_paths": [copy.path for copy in hit.copies],
        "product": product_document(result.products.get(hit.sha256)),
    }


def _csv_rows(report: SearchReport) -> Iterable[Sequence[object]]:
    hits = [(result, hit) for result in report.results for hit in result.hits]
    product = CELLS if report.catalog else ()
    own = (*CSV_COLUMNS, *product)
    more = qualify_names(sorted({name for _, hit in hits for name in hit.columns}), own)
    yield [*CSV_COLUMNS, *more.values(), *product]
    for result, hit in hits:
        yield [
            result.label,
            hit.rank,
            hit.path,
            "" if math.isnan(hit.cosine) else f"{hit.cosine:.6f}",
            hit.retrieval_rank,
            "" if math.isnan(hit.rerank_score) else hit.rerank_score,
            tag_cell(hit.shared_tags),
            tag_cell(hit.tags),
            "" if math.isnan(hit.agreement) else f"{hit.agreement:.4f}",
            len(hit.copies),
            *(hit.columns.get(name, "") for name in more),
            *(product_cells(result.products.get(hit.sha256)) if product else ()),
        ]
