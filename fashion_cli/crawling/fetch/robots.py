"""What a site says about a page or a photograph beside robots.txt: `X-Robots-Tag` and `<meta name="robots">`.

`noai` and `noimageai` (DeviantArt, 2022) ask not to be used for machine learning; the vectors of an index are made by a
learned model. `noindex`, `noimageindex` and `none` ask not to be found in a search, which is what an index is for.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from scrapy.http import Response, TextResponse

AGENT = "fashion-cli"  # the product token of our user agent, RFC 9309 section 2.2.1
_KEEP_OUT = frozenset({"noai", "noimageai", "noindex", "noimageindex", "none"})
_RULES = _KEEP_OUT | {
    *("all", "index", "follow", "nofollow", "noarchive", "nocache", "nosnippet", "notranslate", "indexifembedded"),
    *("noodp", "noydir", "nositelinkssearchbox"),
}
_WITH_VALUE = ("max-snippet", "max-image-preview", "max-video-preview", "unavailable_after")


@dataclass(frozen=True)
class RobotTags:
    """What holds for one response.

    Attributes:
        keep_out: The rule that forbids to keep its products and photographs; "" if none does.
        nofollow: Whether its links are not to be followed.
    """

    keep_out: str
    nofollow: bool


def robot_tags(response: Response) -> RobotTags:
    """What a response's headers and, on a page, its `<meta>` elements ask of us."""
    rules = set(_of_headers(value.decode("latin-1") for value in response.headers.getlist("X-Robots-Tag")))
    if isinstance(response, TextResponse):
        for element in response.css("meta[name][content]"):
            if element.attrib["name"].strip().lower() in ("robots", AGENT):
                rules |= {rule.strip().lower() for rule in element.attrib["content"].split(",")}
    keep_out = sorted(rules & _KEEP_OUT)
    return RobotTags(keep_out[0] if keep_out else "", bool(rules & {"nofollow", "none"}))


def _of_headers(values: Iterable[str]) -> Iterable[str]:
    """The rules of `X-Robots-Tag` that are for everybody or for us: `noai`, `otherbot: noai`, `fashion-cli: noai`."""
    for value in values:
        for_us = True
        for part in value.lower().split(","):
            before, colon, after = (text.strip() for text in part.partition(":"))
            if not colon or before in _WITH_VALUE:
                rule = before
            else:  # names the robot that this rule and those behind it are for
                for_us, rule = before in ("*", AGENT), after
            if for_us and rule in _RULES:
                yield rule
