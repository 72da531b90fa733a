"""What an answer says beside its text: how often it was asked for, and what it leads to."""

import hashlib
from collections.abc import Iterable

from scrapy.http import Response

from fashion_cli.crawling.items import Visit
from fashion_cli.crawling.links import Links
from fashion_cli.crawling.middlewares import tries
from fashion_cli.crawling.urls import page_url
from fashion_cli.crawling.visits import Outcome


def pages_to_visit(visit: Visit, links: Links, teased: Iterable[str]) -> list[Visit]:
    """The pages that a page leads to.

    The next page of a list is as near as the first, however long the list. One that shows what the page before it
    showed is farther away, so that a list without end comes to an end.
    """
    shown = sorted(set(links.pages) - links.following)
    digest = hashlib.sha256("\n".join(shown).encode()).hexdigest()[:16]
    new = digest != visit.meta.get("list")
    found = []
    for url in dict.fromkeys((*links.pages, *teased)):
        turned = url in links.following
        meta = {"list": digest} if turned else {}
        found.append(Visit("page", url, visit.source, visit.depth + (not (turned and new)), meta=meta))
    return found


def sent(response: Response) -> int:
    return tries(response.request) if response.request else 1


def seen(response: Response) -> Outcome:
    """A page that was read."""

    def header(name: str) -> str:
        return (response.headers.get(name) or b"").decode("latin-1")

    return Outcome(
        "done",
        http_status=response.status,
        attempts=sent(response),
        etag=header("ETag"),
        last_modified=header("Last-Modified"),
        arrived=page_url(response.url),
    )
