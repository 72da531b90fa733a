"""A search as one HTML file to look at, send or print: everything is inside it, and it loads nothing.

The query comes first, then its hits, best first, each with its tags; tags that a hit shares with
the query are filled and carry a check mark, so colour is not all that tells them apart.
"""

import base64
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from fashion_cli.atomic_files import atomic_text
from fashion_cli.commands.output.render import display_path, tag_names
from fashion_cli.commands.output.search_results import summary
from fashion_cli.data.images import Box, thumbnail
from fashion_cli.data.tags import Tag
from fashion_cli.errors import ImageError
from fashion_cli.message_text import printable
from fashion_cli.steps.search import Hit, QueryPart, QueryResult, SearchReport

SIDE = 320  # pixels of a thumbnail's longest side: sharp at 160 on a telephone

# Without this a viewer could load something from elsewhere; with it a browser refuses to.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

_STYLE = """
:root { color-scheme: light dark; --page: #fff; --card: #f5f5f4; --text: #1c1917; --quiet: #57534e;
  --line: #d6d3d1; --accent: #1d4ed8; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --page: #171412; --card: #26221f; --text: #f5f5f4;
  --quiet: #bdb7b1; --line: #57534e; --accent: #a5c4ff; --on-accent: #0b1f4b; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1600px; padding: 1rem; background: var(--page); color: var(--text);
  font: 16px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; overflow-wrap: anywhere; margin: 0 0 .75rem; }
header p { color: var(--quiet); margin: .25rem 0 1rem; }
section { border-top: 1px solid var(--line); padding: 1rem 0 2rem; }
figure { margin: 0; }
.picture { display: block; width: 100%; aspect-ratio: 3 / 4; object-fit: contain; background: var(--card);
  border-radius: .5rem; }
.gone { display: grid; place-items: center; padding: .5rem; text-align: center; color: var(--quiet);
  border: 2px dashed var(--line); }
figcaption { padding: .4rem 0; font-size: .875rem; }
.query { display: flex; flex-wrap: wrap; gap: 1rem; margin-bottom: 1rem; }
.query figure { width: 9rem; }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 1.25rem 1rem;
  list-style: none; margin: 0; padding: 0; }
.score { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.rank { font-weight: 700; }
.path { overflow-wrap: anywhere; color: var(--quiet); font-size: .8125rem; margin: .2rem 0; }
.columns { margin: .2rem 0; font-size: .8125rem; overflow-wrap: anywhere; }
.columns div { display: flex; gap: .5ch; } .columns dt { color: var(--quiet); } .columns dt::after { content: ":"; }
.columns dd { margin: 0; }
.tags { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: .3rem 0 0; padding: 0;
  font-size: .8125rem; }
.tags li { padding: .05rem .5rem; border: 1px solid var(--line); border-radius: 1rem; }
.tags .shared { background: var(--accent); border-color: var(--accent); color: var(--on-accent);
  font-weight: 600; }
.tags .shared::before { content: "\\2713\\00a0" / ""; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%);
  white-space: nowrap; }
@media (min-width: 60rem) { .search { display: grid; grid-template-columns: 15rem 1fr; gap: 1.5rem; }
  .query { position: sticky; top: 1rem; align-self: start; flex-direction: column; margin: 0; }
  .query figure { width: 100%; } .hits { grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); } }
@media print { .query { position: static; } .hits li { break-inside: avoid; } }
"""


def write_contact_sheet(report: SearchReport, path: Path, *, box: Box | None = None) -> None:
    """Write a search as one HTML file.

    Args:
        report: What was found.
        path: Where to.
        box: The part of each query photograph that was searched for.

    Raises:
        OutputError: If the file cannot be written.
    """
    with atomic_text(path) as stream:
        stream.writelines(_page(report, box))


def _page(report: SearchReport, box: Box | None) -> Iterator[str]:
    hits = sum(len(result.hits) for result in report.results)
    title = _title(report.results)
    yield (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{title}</h1>\n"
        f"<p>{_text(summary(report, hits))}. Tags with a check mark are shared with the query.</p>\n"
        "</header>\n<main>\n"
    )
    for number, result in enumerate(report.results, 1):
        yield from _search(number, result, box)
    yield "</main>\n</body>\n</html>\n"


def _title(results: Sequence[QueryResult]) -> str:
    if len(results) == 1 and results[0].words:
        return f"Photographs of {_text(results[0].words)}"
    if len(results) == 1:
        names = " + ".join(part.path.name for part in results[0].query)
        return f"Photographs like {_text(names)}"
    return f"{len(results)} searches"


def _search(number: int, result: QueryResult, box: Box | None) -> Iterator[str]:
    yield (
        f'<section aria-labelledby="query-{number}">\n<h2 id="query-{number}">{_text(result.label)}</h2>\n'
        '<div class="search">\n<div class="query">\n'
    )
    for part in result.query:
        yield _query_part(part, result, box)
    yield f'<div>{_tags(result.tags, frozenset())}{_total(result)}</div>\n</div>\n<ol class="hits">\n'
    if not result.hits:
        yield "<li>Nothing found.</li>\n"
    for hit in result.hits:
        yield _hit(hit)
    yield "</ol>\n</div>\n</section>\n"


def _query_part(part: QueryPart, result: QueryResult, box: Box | None) -> str:
    weight = "" if len(result.query) == 1 and part.weight == 1 else f" × {part.weight:g}"
    picture = _picture(str(part.path), f"Query {part.path.name}", box)
    return f"<figure>{picture}<figcaption>Query{weight}</figcaption></figure>\n"


def _hit(hit: Hit) -> str:
    shared = frozenset(map(str, hit.shared_tags))
    moved = f" (was {hit.retrieval_rank})" if hit.retrieval_rank != hit.rank else ""
    picture = _picture(hit.path, f"Hit {hit.rank}: {tag_names(hit.tags) or 'no tags'}", None)
    return (
        f"<li><figure>{picture}<figcaption>\n"
        f'<div class="score"><span><span class="rank">{hit.rank}</span>{moved}</span>'
        f"{_copies(hit)}</div>\n"
        f'<div class="path" title="{_text(hit.path)}">{_text(display_path(hit.path))}</div>\n'
        f"{_columns(hit)}"
        f"{_tags(hit.tags, shared)}</figcaption></figure></li>\n"
    )


def _copies(hit: Hit) -> str:
    """How often the picture is there, and where, if that is more than once."""
    if not hit.copies:
        return ""
    paths = _text("\n".join(display_path(copy.path) for copy in hit.copies))
    return f'<span title="{paths}">{len(hit.copies) + 1} copies</span>'


def _columns(hit: Hit) -> str:
    """What a table said about it."""
    rows = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>"
        for name, value in hit.columns.items()
        if value.strip()
    )
    return f'<dl class="columns">{rows}</dl>\n' if rows else ""


def _total(result: QueryResult) -> str:
    return "" if result.facets is None else f"<p>{result.facets.total:,} in all</p>"


def _tags(tags: Sequence[Tag], shared: frozenset[str]) -> str:
    """Tags as a list, those that are shared first."""
    ordered = sorted(tags, key=lambda tag: str(tag) not in shared)
    items = "".join(_tag(tag, is_shared=str(tag) in shared) for tag in ordered)
    return f'<ul class="tags">{items}</ul>' if items else ""


def _tag(tag: Tag, *, is_shared: bool) -> str:
    about = _text(f"{tag.group}, {tag.score:.2f}")
    if is_shared:
        return f'<li class="shared" title="{about}"><span class="unseen">shared: </span>{_text(tag.name)}</li>'
    return f'<li title="{about}">{_text(tag.name)}</li>'


def _picture(path: str, description: str, box: Box | None) -> str:
    try:
        data = base64.b64encode(thumbnail(Path(path), SIDE, box)).decode("ascii")
    except ImageError:
        why = "cannot be read" if Path(path).exists() else "is not there any more"
        label = f'role="img" aria-label="{_text(description)}"'
        return f'<div class="picture gone" {label}>The photograph {why}.</div>'
    return f'<img class="picture" alt="{_text(description)}" src="data:image/jpeg;base64,{data}">'


def _text(text: str) -> str:
    return escape(printable(text))
