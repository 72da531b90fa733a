"""What an answer says beside its text: how often it was asked for, and what it leads to."""

import hashlib
from collections.abc import Iterable

from scrapy.http import Response

from fashion_cli.crawling.fetch.middlewares import tries
from fashion_cli.crawling.parse.items import Visit
from fashion_cli.crawling.parse.links import Links
from fashion_cli.crawling.parse.urls import page_key, page_url
from fashion_cli.crawling.state.canonicals import IGNORE_CANONICAL
from fashion_cli.crawling.state.database import Memory
from fashion_cli.crawling.state.requests import Outcome, code_of


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


def is_alias(memory: Memory, canonical: str, own: str, visit: Visit) -> bool:
    """Whether another address shows the page of a visit, and is or will be read.

    Args:
        memory: Of the crawl.
        canonical: What the page calls its address.
        own: Where it was read.
        visit: What was asked for.
    """
    if visit.meta.get(IGNORE_CANONICAL):
        return False
    asked = page_key(visit.url)
    if page_key(own) != asked and code_of(memory, "page", own)[0] == "done":
        return True  # a redirect to a page that was read
    if page_key(canonical) in (page_key(own), asked):
        return False
    status, code = code_of(memory, "page", canonical)
    return status in ("", "pending") or (status == "done" and code != "alias")


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
