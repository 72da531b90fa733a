"""What goes wrong on real sites, one page or photograph each, as a crawler meets it.

Each trap is a product with a page of its own at `/odd/NAME`; where the photograph is the trap, it lies at
`/odd/NAME/photo`, and the page is fine.
"""

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html import escape

from tests.shop.goods import page, script
from tests.shop.photographs import again, encoded, gzip_bomb, photograph, picture, vast_png
from tests.shop.server import Reply, Visit

FORBIDDEN = "/private/"
SEED = 10_000_000  # photographs of traps are no photographs of goods
ALONE = "shut"  # keeps a crawler from its whole host, so no page links to it
ENDLESS = 1 << 28  # bytes after which even an endless reply ends
JPEG = "image/jpeg"


@dataclass(frozen=True)
class Trap:
    """One thing that goes wrong.

    Attributes:
        what: In words, for the documentation.
        reply: What the page answers; None: a page that is fine.
        photo: What the photograph answers; None: one that is fine.
        image: Its address on the page, where that is the trap.
    """

    what: str
    reply: Callable[[Visit], Reply] | None = None
    photo: Callable[[Visit], Reply] | None = None
    image: str = ""


def page_of(name: str, base: str, image: str = "", head: str = "") -> str:
    """The page of a trap's product."""
    values = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": f"odd {name}",
        "productID": name,
        "image": image or f"{base}/odd/{name}/photo",
        "offers": {"@type": "Offer", "price": "1000", "priceCurrency": "KRW"},
    }
    return page(name, "", head + script(json.dumps(values)))


def photo_of(name: str) -> bytes:
    return photograph(_seed(name))


def _seed(name: str) -> int:
    return SEED + zlib.crc32(name.encode()) % 1_000_000


def _fine(visit: Visit, head: str = "") -> Reply:
    name = visit.path.split("/")[2]
    return Reply(body=page_of(name, visit.base, head=head).encode())


def _status(status: int, *headers: tuple[str, str]) -> Callable[[Visit], Reply]:
    return lambda visit: Reply(status, headers=headers, body=b"<h1>no</h1>")


def _redirect(place: str, status: int = 302) -> Callable[[Visit], Reply]:
    return lambda visit: Reply(status, headers=(("Location", place),))


def _at_first(status: int, times: int, *headers: tuple[str, str]) -> Callable[[Visit], Reply]:
    """This status so many times, and fine from then on."""
    return lambda visit: Reply(status, headers=headers) if visit.before < times else _fine(visit)


def _zeros() -> Iterator[bytes]:
    yield b"<html><body>"
    for _ in range(ENDLESS >> 16):
        yield b" " * (1 << 16)


def _with(head: str = "", **changes: object) -> Callable[[Visit], Reply]:
    return lambda visit: replace(_fine(visit, head), **changes)  # type: ignore[arg-type]


def _photo(kind: str = JPEG, **changes: object) -> Callable[[Visit], Reply]:
    def reply(visit: Visit) -> Reply:
        return replace(Reply(kind=kind, body=photo_of(visit.path.split("/")[2])), **changes)  # type: ignore[arg-type]

    return reply


def _file(make: Callable[[str], bytes], kind: str = JPEG) -> Callable[[Visit], Reply]:
    return lambda visit: Reply(kind=kind, body=make(visit.path.split("/")[2]))


def _look_alike(_: str) -> bytes:
    return again(_seed("slow"))


def _deep(visit: Visit) -> Reply:
    return Reply(body=_fine(visit).body.replace(b"<body>", b"<body>" + b"<div>" * 20_000))  # type: ignore[union-attr]


def _lengthened(visit: Visit) -> Reply:
    fine = _fine(visit)
    return replace(fine, headers=(("Content-Length", "999999"),))


def _bomb(visit: Visit) -> Reply:
    return Reply(headers=(("Content-Encoding", "gzip"),), body=gzip_bomb())


def _endless(visit: Visit) -> Reply:
    return Reply(body=_zeros())


_NOAI = (("X-Robots-Tag", "noai, noimageai"),)
_META_NOAI = '<meta name="robots" content="noai">'
_CLIMB = "/odd/photo-climb/../../../etc/passwd.jpg"

TRAPS: dict[str, Trap] = {
    # Pages.
    "slow": Trap("a page that takes a second", _with(wait=1.0)),
    "silent": Trap("a page that never answers", _with(wait=3600.0)),
    "moved": Trap("three redirects to the page", _redirect("/odd/moved/2", 301)),
    "circle": Trap("redirects in a circle", _redirect("/odd/circle?round")),
    "to-a-file": Trap("a redirect to `file:///etc/passwd`", _redirect("file:///etc/passwd")),
    "missing": Trap("a page that is not there (404)", _status(404)),
    "gone": Trap("a page that is gone (410)", _status(410)),
    "busy": Trap("429 with `Retry-After: 1`, once", _at_first(429, 1, ("Retry-After", "1"))),
    "shut": Trap("429 with `Retry-After: 3600`, always", _status(429, ("Retry-After", "3600"))),
    "ailing": Trap("500, twice", _at_first(500, 2)),
    "recovering": Trap("500, four times", _at_first(500, 4)),
    "ill": Trap("500, always", _status(500)),
    "bomb": Trap("a page of 1 MB that unpacks to 1 GB", _bomb),
    "endless": Trap("a page that never ends", _endless),
    "cut": Trap("a page shorter than it says", _lengthened),
    "noise": Trap("something that is no HTTP", lambda visit: Reply(raw=True, body=b"\x16\x03\x01 hello\r\n\r\n")),
    "empty": Trap("an empty page", lambda visit: Reply()),
    "untyped": Trap("a page without `Content-Type`", _with(kind="")),
    "paper": Trap("a PDF behind a link", lambda visit: Reply(kind="application/pdf", body=b"%PDF-1.7 " + bytes(999))),
    "deep": Trap("20,000 elements, each inside the one before", _deep),
    "page-noai": Trap("a page with `X-Robots-Tag: noai, noimageai`", _with(headers=_NOAI)),
    "meta-noai": Trap(
        'a page with `<meta name="robots" content="noai">`', _with('<meta name="robots" content="noai">')
    ),
    # Photographs.
    "photo-moved": Trap("a photograph behind a redirect", photo=_redirect("/odd/photo-moved/photo/2")),
    "photo-circle": Trap("a photograph behind a circle of redirects", photo=_redirect("/odd/photo-circle/photo")),
    "photo-missing": Trap("a photograph that is not there (404)", photo=_status(404)),
    "photo-noai": Trap("a photograph with `X-Robots-Tag: noai, noimageai`", photo=_photo(headers=_NOAI)),
    "photo-forbidden": Trap("a photograph that robots.txt forbids", image=f"{FORBIDDEN}photo-forbidden.jpg"),
    "photo-page": Trap("a web page as `image/jpeg`", photo=_file(lambda name: page(name, "sign in").encode())),
    "photo-svg": Trap(
        "an SVG drawing", photo=_file(lambda _: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "image/svg+xml")
    ),
    "photo-plain": Trap("a JPEG as `text/plain`", photo=_photo("text/plain")),
    "photo-png": Trap("a PNG as `image/jpeg`", photo=_file(lambda name: encoded(picture(len(name)), "PNG"))),
    "photo-vast": Trap("a PNG of 30,000 x 30,000 pixels in 110 kB", photo=_file(lambda _: vast_png(), "image/png")),
    "photo-tiny": Trap("a photograph of 20 x 20 pixels", photo=_file(lambda _: encoded(picture(5).resize((20, 20))))),
    "photo-cut": Trap("a photograph of which half is missing", photo=_file(lambda name: photo_of(name)[:2000])),
    "photo-broken": Trap("a JPEG with noise inside", photo=_file(lambda name: photo_of(name)[:300] + bytes(2000))),
    "photo-empty": Trap("an empty photograph", photo=_file(lambda _: b"")),
    "photo-bomb": Trap("a photograph of 1 MB that unpacks to 1 GB", photo=_bomb),
    "photo-endless": Trap("a photograph that never ends", photo=_endless),
    "photo-data": Trap("a photograph inside the page (`data:`)", image="data:image/gif;base64,R0lGODlhAQABAAAAACw="),
    "photo-climb": Trap("a photograph named `../../../etc/passwd.jpg`", image=_CLIMB),
    # Copies.
    "twin": Trap("a photograph that another product has too", image="/photos/7-0.jpg"),
    "look-alike": Trap("the photograph of the slow page, enlarged and compressed again", photo=_file(_look_alike)),
}
_PLACES: dict[str, Callable[[Visit], Reply]] = {
    "/odd/moved/2": _redirect("/odd/moved/3"),
    "/odd/moved/3": _redirect("arrived", 307),
    "/odd/moved/arrived": _fine,
    "/odd/photo-moved/photo/2": _photo(),
    "/etc/passwd.jpg": lambda visit: Reply(kind=JPEG, body=photograph(SEED - 1)),
}


def answer(visit: Visit) -> Reply | None:
    """The reply of `/odd/…`; None for what is no trap."""
    if visit.path in _PLACES:
        return _PLACES[visit.path](visit)
    name, _, part = visit.path.removeprefix("/odd/").partition("/")
    trap = TRAPS.get(name)
    if trap is None or part not in ("", "photo"):
        return None
    if part == "photo":
        return (trap.photo or _photo())(visit)
    if trap.reply is not None:
        return trap.reply(visit)
    image = visit.base + trap.image if trap.image.startswith("/") else trap.image
    return Reply(body=page_of(name, visit.base, image).encode())


def listing() -> str:
    """A page with links to all traps but `ALONE`."""
    links = "".join(f'<a href="/odd/{name}">{escape(name)}</a> ' for name in TRAPS if name != ALONE)
    return page("odd", links + '<a href="mailto:a@b.example">mail</a> <a href="javascript:void(0)">no</a>')
