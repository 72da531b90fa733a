"""The test shop: several hundred products told in several ways, and the traps between them."""

import gzip
import posixpath
import random
from collections.abc import Callable
from dataclasses import replace
from html import escape
from xml.sax.saxutils import escape as xml_escape

from tests.shop import scripted, traps
from tests.shop.goods import Page, Product, goods, page, told
from tests.shop.photographs import draw_garments, photograph, seed_of
from tests.shop.server import Reply, Server, Visit

PER_PAGE = 40
PLAIN, XML = "text/plain; charset=utf-8", "application/xml"


class Shop(Server):
    """The shop.

    Args:
        products: How many there are. The last tenth is linked from nowhere: only the sitemap names it.
        odd: Whether the shop has traps.
        crawl_delay: Seconds, for robots.txt.
        host: The address to listen on.
        port: 0 for any free one.
    """

    def __init__(
        self,
        products: int = 40,
        *,
        odd: bool = False,
        crawl_delay: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        super().__init__(self._answer, host, port)
        draw_garments()  # before anybody waits for a photograph
        self.season = 1
        self.canary = 9  # a port where scripts look around
        self._count, self._odd, self._crawl_delay = products, odd, crawl_delay
        self._rooms: dict[str, Callable[[Visit], Reply | None]] = {
            "": self._home,
            "all": self._all,
            "goods": self._product,
            "photos": self._photo,
            "private": self._private,
            "calendar": self._calendar,
            "endless": self._endless,
            "session": self._session,
            "scripted": lambda visit: scripted.answer(visit, self.canary),
            "robots.txt": self._robots,
            "sitemap.xml": self._sitemap_index,
            "sitemap-1.xml.gz": self._first_sitemap,
            "sitemap-2.xml": self._second_sitemap,
        }

    @property
    def products(self) -> list[Product]:
        """What is sold now."""
        return list(goods(self._count, self.season))

    @property
    def linked(self) -> list[Product]:
        return [each for each in self.products if each.number < 0.9 * self._count]

    def _answer(self, visit: Visit) -> Reply | None:
        if "/../" in visit.path:
            visit = replace(visit, path=posixpath.normpath(visit.path))
        if visit.path.startswith(("/odd/", "/etc/")):
            return _html(traps.listing()) if visit.path == "/odd/" else traps.answer(visit)
        room = visit.path.lstrip("/").partition("/")[0]
        return self._rooms[room](visit) if room in self._rooms else None

    def _home(self, _: Visit) -> Reply:
        more = '<a href="/odd/">odd</a> <a href="/calendar/0">calendar</a> <a href="/endless?page=1">more</a>'
        links = f'<a href="all?page=1">All</a> <a href="{traps.FORBIDDEN}secret">secret</a> <a href="/session/0">in</a>'
        return _html(page("A shop", links + (more if self._odd else "")))

    def _all(self, visit: Visit) -> Reply:
        number = int(visit.query.get("page", ["1"])[0])
        shown = self.linked[(number - 1) * PER_PAGE : number * PER_PAGE]
        links = "".join(f'<a href="{each.path}">{escape(each.name)}</a> ' for each in shown)
        after = f'<a rel="next" href="/all?page={number + 1}">next</a>' if len(shown) == PER_PAGE else ""
        return _html(page(f"Page {number}", links + after))

    def _product(self, visit: Visit) -> Reply | None:
        number = visit.path.rpartition("/")[2]
        found = [each for each in self.products if str(each.number) == number]
        if not found:
            return Reply(410 if int(number) % 20 == 3 else 404)
        return _page(told(found[0], visit.base))

    def _photo(self, visit: Visit) -> Reply | None:
        number, _, view = visit.path.rpartition("/")[2].removesuffix(".jpg").partition("-")
        if not (number.isdecimal() and view.isdecimal()):
            return None
        return Reply(kind="image/jpeg", body=photograph(seed_of(int(number), int(view))))

    def _private(self, visit: Visit) -> Reply:
        return _html(traps.page_of("secret", visit.base, image=f"{visit.base}/photos/0-0.jpg"))

    def _calendar(self, visit: Visit) -> Reply:
        """Every day links to the next, without end."""
        day = int(visit.path.rpartition("/")[2])
        return _html(page(f"Day {day}", f'<a href="/calendar/{day + 1}">tomorrow</a>'))

    def _endless(self, visit: Visit) -> Reply:
        """A list whose last page never comes, and shows the same product again and again."""
        number = int(visit.query.get("page", ["1"])[0])
        return _html(page("More", f'<a href="/goods/1">1</a> <a rel="next" href="?page={number + 1}">next</a>'))

    def _session(self, visit: Visit) -> Reply:
        """Every visitor gets a new number, which every link carries."""
        number = f"{random.Random(visit.before).getrandbits(64):x}"
        links = f'<a href="/session/0;jsessionid={number}">here</a> <a href="/session/0?PHPSESSID={number}">here</a>'
        return _html(page("Session", links))

    def _robots(self, visit: Visit) -> Reply:
        delay = f"Crawl-delay: {self._crawl_delay}\n" if self._crawl_delay else ""
        text = f"User-agent: *\nDisallow: {traps.FORBIDDEN}\n{delay}\nSitemap: {visit.base}/sitemap.xml\n"
        return Reply(kind=PLAIN, body=text.encode())

    def _sitemap_index(self, visit: Visit) -> Reply:
        parts = (f"<sitemap><loc>{visit.base}/{name}</loc></sitemap>" for name in ("sitemap-1.xml.gz", "sitemap-2.xml"))
        return _xml("sitemapindex", "".join(parts))

    def _first_sitemap(self, visit: Visit) -> Reply:
        whole = self._sitemap(visit, self.linked)
        return Reply(kind="application/gzip", body=gzip.compress(bytes(whole.body)))  # type: ignore[arg-type]

    def _second_sitemap(self, visit: Visit) -> Reply:
        return self._sitemap(visit, [each for each in self.products if each not in self.linked])

    def _sitemap(self, visit: Visit, listed: list[Product]) -> Reply:
        entries = (f"<url><loc>{xml_escape(visit.base + each.path)}</loc></url>" for each in listed)
        return _xml("urlset", "".join(entries))


def _html(text: str) -> Reply:
    return Reply(body=text.encode())


def _page(told_by: Page) -> Reply:
    kind = f"text/html; charset={told_by.declared}" if told_by.declared else "text/html"
    return Reply(kind=kind, body=told_by.text.encode(told_by.charset, "xmlcharrefreplace"))


def _xml(root: str, inside: str) -> Reply:
    start = f'<?xml version="1.0" encoding="UTF-8"?><{root} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    return Reply(kind=XML, body=f"{start}{inside}</{root}>".encode())
