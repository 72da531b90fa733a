"""Nodes of structured data, whichever syntax they come from, and what their properties hold.

A node is a dict with `@type` (a list of plain names, "Product") and properties whose values are texts, numbers, nodes,
or lists of those.
"""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from typing import Any

from w3lib.html import remove_tags

Node = dict[str, Any]

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what JSON can spell and no database keeps
# Properties of a page, a list or an offer that lead to what they are about.
_LEADING = ("mainEntity", "mainEntityOfPage", "about", "itemListElement", "item", "itemOffered", "hasPart")


def nodes_of_type(nodes: tuple[Node, ...], *types: str) -> Iterator[Node]:
    """Nodes of a type that a page is about: at the top, or inside what describes the page; not inside each other."""
    for node in nodes:
        yield from _inside(node, _folded(types), 0)


def products_and_offers(nodes: tuple[Node, ...], types: tuple[str, ...]) -> Iterator[tuple[Node, Node | None]]:
    """Product nodes, each with the offer that leads to it (`itemOffered`) where one does."""
    for node in nodes:
        for found, above in _with_parent(node, _folded(types), 0, None):
            yield found, above if is_of_type(above, "Offer", "AggregateOffer") else None


def is_of_type(node: Any, *types: str) -> bool:
    return isinstance(node, dict) and not _folded(types).isdisjoint(_folded(node.get("@type") or ()))


def breadcrumbs(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """The names on the way to a page, in the order of their positions: "Women", "Dresses"."""
    for trail in nodes_of_type(nodes, "BreadcrumbList"):
        steps = [step for step in as_list(trail.get("itemListElement")) if isinstance(step, dict)]
        names = [text_of(step.get("name")) or text_of(step.get("item")) for step in sorted(steps, key=_position)]
        if any(names):
            return tuple(name for name in names if name)
    return ()


def as_list(value: Any) -> list[Any]:
    """A property's values, however many there are."""
    if value is None:
        return []
    if isinstance(value, dict) and (listed := value.get("@list", value.get("@set"))) is not None:
        return as_list(listed)
    return [each for part in value for each in as_list(part)] if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """The first value of a property as text on one line; a node's name where it is one."""
    for each in as_list(value):
        if isinstance(each, dict):
            found = text_of(each.get("@value") or each.get("name"))
        elif isinstance(each, str):
            found = plain_text(each)
        elif isinstance(each, int | float) and not isinstance(each, bool):
            found = str(each)
        else:
            found = ""
        if found:
            return found
    return ""


def reference_of(value: Any) -> str:
    """The address that a property names, as a text or as a node that is only referred to; "" if there is none."""
    for each in as_list(value):
        named = each.get("@id") or each.get("url") or each.get("@value") if isinstance(each, dict) else each
        for text in as_list(named):
            if isinstance(text, str) and (plain := _UNSTORABLE.sub("", text).strip()):
                return plain
    return ""


def plain_text(text: str) -> str:
    """A text on one line, without entities, however often a template wrote them."""
    for _ in range(3):
        decoded = unescape(text)
        if decoded == text:
            break
        text = decoded
    return " ".join(_UNSTORABLE.sub("", text).split())


def without_tags(text: str) -> str:
    """A text on one line, without entities and the tags of HTML: "a < b" stays."""
    return (
        plain_text(remove_tags(plain_text(text)))
        if re.search(r"</?[a-zA-Z][^<>]*>", unescape(text))
        else plain_text(text)
    )


def _position(step: Node) -> float:
    """Where a step stands; those that do not say it keep their order before the others."""
    try:
        return float(text_of(step.get("position")) or 0)
    except ValueError:
        return 0


def _folded(types: Iterable[str]) -> frozenset[str]:
    return frozenset(each.casefold() for each in types)


def _inside(node: Any, types: frozenset[str], depth: int) -> Iterator[Node]:
    for found, _ in _with_parent(node, types, depth, None):
        yield found


def _with_parent(
    node: Any, types: frozenset[str], depth: int, above: Node | None
) -> Iterator[tuple[Node, Node | None]]:
    if not isinstance(node, dict) or depth > 6:
        return
    if types & _folded(node.get("@type") or ()):
        yield node, above
        return
    for name in _LEADING:
        for value in as_list(node.get(name)):
            yield from _with_parent(value, types, depth + 1, node)
