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
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
# Properties of a page, a list or an offer that lead to what they are about.
_CONTAINER_PROPERTIES = ("mainEntity", "mainEntityOfPage", "about", "itemListElement", "item", "itemOffered", "hasPart")


def find_nodes(nodes: tuple[Node, ...], *types: str) -> Iterator[Node]:
    """Find the nodes of a type that a page is about: at the top, or inside what describes the page."""
    for node in nodes:
        for match, _ in _walk(node, _casefold_types(types), 0, None):
            yield match


def find_products(nodes: tuple[Node, ...], types: tuple[str, ...]) -> Iterator[tuple[Node, Node | None]]:
    """Find product nodes, each with the offer that leads to it (`itemOffered`) where one does."""
    for node in nodes:
        for match, parent in _walk(node, _casefold_types(types), 0, None):
            yield match, parent if is_of_type(parent, "Offer", "AggregateOffer") else None


def is_of_type(node: Any, *types: str) -> bool:
    return isinstance(node, dict) and not _casefold_types(types).isdisjoint(_casefold_types(node.get("@type") or ()))


def get_breadcrumbs(nodes: tuple[Node, ...]) -> tuple[str, ...]:
    """Get the names on the way to a page, in the order of their positions: "Women", "Dresses"."""
    for trail in find_nodes(nodes, "BreadcrumbList"):
        steps = [step for step in as_list(trail.get("itemListElement")) if isinstance(step, dict)]
        names = [get_text(step.get("name")) or get_text(step.get("item")) for step in sorted(steps, key=_position)]
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


def get_text(value: Any) -> str:
    """Get the first value of a property as text on one line; a node's name where it is one."""
    for each in as_list(value):
        if isinstance(each, dict):
            text = get_text(each.get("@value") or each.get("name"))
        elif isinstance(each, str):
            text = normalize_text(each)
        elif isinstance(each, int | float) and not isinstance(each, bool):
            text = str(each)
        else:
            text = ""
        if text:
            return text
    return ""


def get_reference(value: Any) -> str:
    """Get the address that a property names, as a text or as a node that is only referred to; "" if there is none."""
    for each in as_list(value):
        named = each.get("@id") or each.get("url") or each.get("@value") if isinstance(each, dict) else each
        for text in as_list(named):
            if isinstance(text, str) and (plain := _UNSTORABLE.sub("", text).strip()):
                return plain
    return ""


def normalize_text(text: str) -> str:
    """Put a text on one line, without entities, however often a template wrote them."""
    for _ in range(3):
        decoded = unescape(text)
        if decoded == text:
            break
        text = decoded
    return " ".join(_UNSTORABLE.sub("", text).split())


def strip_tags(text: str) -> str:
    """Strip entities and the tags of HTML from a text; "a < b" stays."""
    plain = normalize_text(text)
    return normalize_text(remove_tags(plain)) if _TAG.search(unescape(text)) else plain


def _position(step: Node) -> float:
    """Where a step stands; those that do not say it keep their order before the others."""
    try:
        return float(get_text(step.get("position")) or 0)
    except ValueError:
        return 0


def _casefold_types(types: Iterable[str]) -> frozenset[str]:
    return frozenset(each.casefold() for each in types)


def _walk(node: Any, types: frozenset[str], depth: int, parent: Node | None) -> Iterator[tuple[Node, Node | None]]:
    """Nodes of some types with their parents; what lies inside such a node is not walked."""
    if not isinstance(node, dict) or depth > 6:
        return
    if types & _casefold_types(node.get("@type") or ()):
        yield node, parent
        return
    for name in _CONTAINER_PROPERTIES:
        for value in as_list(node.get(name)):
            yield from _walk(value, types, depth + 1, node)
