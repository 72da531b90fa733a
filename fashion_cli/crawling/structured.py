"""What a page says about itself for machines: JSON-LD, microdata, RDFa, Open Graph, each read on its own by extruct.

All four come out in one form: a node is a dict with `@type` (a list of plain names, "Product") and properties whose
values are texts, numbers, nodes, or lists of those. One broken block of a page costs nothing else (extruct#87).
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any

import jstyleson
from extruct.jsonld import JsonLdExtractor
from extruct.opengraph import OpenGraphExtractor
from extruct.rdfa import RDFaExtractor
from extruct.utils import parse_html, parse_xmldom_html
from extruct.w3cmicrodata import MicrodataExtractor
from lxml.etree import LxmlError, ParserError

Node = dict[str, Any]

DEEPEST = 40  # levels of a page's data that are looked at
MOST_NODES = 50_000  # of a page, with every reference as often as it is followed
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what JSON can spell and no database keeps
# Comments' signs and CDATA around a block. The blanks are bounded: without that, a page of blanks takes hours.
_WRAPPING = re.compile(r"<!--|-->|((//|/\*)\s{0,9})?(<!\[CDATA\[|\]\]>)(\s{0,9}\*/)?")


@dataclass(frozen=True)
class Structured:
    """What the four syntaxes say.

    Attributes:
        json_ld: Nodes at the top of each block, `@graph` taken apart.
        microdata: Items at the top of the page.
        rdfa: All resources of the page.
        open_graph: Property -> its values in order; empty if the page has none.
        notes: Blocks that could not be read, and why.
    """

    json_ld: tuple[Node, ...] = ()
    microdata: tuple[Node, ...] = ()
    rdfa: tuple[Node, ...] = ()
    open_graph: dict[str, list[str]] | None = None
    notes: tuple[str, ...] = ()


def read_structured(html: str, base_url: str) -> Structured:
    """Read what a page says for machines.

    Args:
        html: The page, decoded.
        base_url: What relative addresses are relative to.
    """
    body = _CONTROLS.sub("", html).encode("utf-8", "replace")
    notes: list[str] = []
    try:
        tree = parse_html(body, encoding="UTF-8")
    except (ParserError, ValueError, LxmlError) as error:
        return Structured(notes=(f"the page cannot be parsed ({error})",))
    return Structured(
        json_ld=tuple(_json_ld(tree, notes)),
        microdata=tuple(_tried("microdata", notes, lambda: _microdata(tree, base_url))),
        rdfa=tuple(_tried("RDFa", notes, lambda: _rdfa(body, base_url))),
        open_graph=_open_graph(tree, notes),
        notes=tuple(notes),
    )


def nodes_of_type(nodes: tuple[Node, ...], *wanted: str) -> Iterator[Node]:
    """Nodes of a type that a page is about: at the top, or inside what describes the page; not inside each other."""
    for node in nodes:
        yield from _inside(node, frozenset(wanted), 0)


def crumbs_of(data: Structured) -> tuple[str, ...]:
    """The names on the way to a page: "Women", "Dresses"."""
    for nodes in (data.json_ld, data.microdata, data.rdfa):
        for trail in nodes_of_type(nodes, "BreadcrumbList"):
            steps = [step for step in as_list(trail.get("itemListElement")) if isinstance(step, dict)]
            names = [text_of(step.get("name")) or text_of(step.get("item")) for step in steps]
            if any(names):
                return tuple(name for name in names if name)
    return ()


def as_list(value: Any) -> list[Any]:
    """A property's values, however many there are."""
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def text_of(value: Any) -> str:
    """The first value of a property as text on one line; a node's name where it is one."""
    for each in as_list(value):
        if isinstance(each, dict):
            found = text_of(each.get("@value") or each.get("name"))
        elif isinstance(each, str):
            found = " ".join(_UNSTORABLE.sub("", unescape(each)).split())
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
        said = each.get("@id") or each.get("url") if isinstance(each, dict) else each
        if isinstance(said, str) and (plain := _UNSTORABLE.sub("", said).strip()):
            return plain
    return ""


def _json_ld(tree: Any, notes: list[str]) -> list[Node]:
    scripts = [each for each in tree.iter("script") if _says_json_ld(each.get("type") or "")]
    for number, script in enumerate(scripts, start=1):
        mended = _mended(script.xpath("string()"))
        if mended is None:
            notes.append(f"JSON-LD block {number} of {len(scripts)} is not JSON")
        # What could not be mended is emptied, so that the others are read.
        script.text = mended or "[]"
        script.set("type", "application/ld+json")
    found = _tried("JSON-LD", notes, lambda: JsonLdExtractor().extract_items(tree))
    return _linked(list(_unfolded(found)))


def _says_json_ld(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == "application/ld+json"


def _mended(text: str) -> str | None:
    """A block as JSON; None if it is not to be understood.

    The usual faults: comments and CDATA around it, commas before brackets, line breaks in texts, entities for quotes, a
    semicolon behind, two objects where one belongs.
    """
    plain = text.strip().strip("\ufeff").strip()
    if not plain:
        return "[]"
    tries: tuple[Callable[[str], str], ...] = (
        lambda each: each,
        lambda each: _WRAPPING.sub("", each).strip().rstrip(";"),
        lambda each: jstyleson.dispose(_WRAPPING.sub("", each).strip().rstrip(";")),
        lambda each: jstyleson.dispose(unescape(each)),
    )
    for attempt in tries:
        try:
            return json.dumps(_objects(attempt(plain)))
        except (ValueError, RecursionError, IndexError):
            continue
    return None


def _objects(text: str) -> list[Any]:
    """Every value of a text that should hold one."""
    decoder, place, found = json.JSONDecoder(strict=False), 0, []
    text = text.strip()
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        found += value if isinstance(value, list) else [value]
        while place < len(text) and text[place] in " \t\r\n,;":
            place += 1
    return found


def _unfolded(values: list[Any], depth: int = 0) -> Iterator[Node]:
    for value in values:
        if isinstance(value, dict) and depth < DEEPEST:
            graph = as_list(value.get("@graph"))
            if graph:
                yield from _unfolded(graph, depth + 1)
            if len(value) > 2 or not graph:
                yield {key: each for key, each in value.items() if key != "@graph"}
        elif isinstance(value, list) and depth < DEEPEST:
            yield from _unfolded(value, depth + 1)


def _linked(nodes: list[Node]) -> list[Node]:
    """Nodes with plain types, in which a reference is replaced by what it refers to."""
    known = {node["@id"]: node for node in nodes if isinstance(node.get("@id"), str) and len(node) > 1}
    left = iter(range(MOST_NODES))
    return [_resolved(node, known, (), left) for node in nodes]


def _resolved(value: Any, known: dict[str, Node], above: tuple[str, ...], left: Iterator[int]) -> Any:
    if len(above) > DEEPEST:
        return None
    if isinstance(value, list):
        return [_resolved(each, known, above, left) for each in value]
    if not isinstance(value, dict):
        return value
    if next(left, None) is None:  # each of thirty nodes refers to the next one twice: a billion nodes
        return None
    name = value.get("@id")
    if isinstance(name, str):
        if set(value) == {"@id"}:
            if name not in known or name in above:
                return value
            value = known[name]
        above = (*above, name)
    else:
        above = (*above, "")
    resolved = {_plain_name(key): _resolved(each, known, above, left) for key, each in value.items() if key != "@type"}
    return {**resolved, "@type": [_plain_name(str(each)) for each in as_list(value.get("@type"))]}


def _plain_name(name: str) -> str:
    """The last part of a name: `Product` of `https://schema.org/Product` and `schema:Product`."""
    return name if name.startswith("@") else re.split(r"[/#]", name.rstrip("/#"))[-1].removeprefix("schema:")


def _microdata(tree: Any, base_url: str) -> list[Node]:
    return [_from_item(item, 0) for item in MicrodataExtractor().extract_items(tree, base_url)]


def _from_item(item: Any, depth: int) -> Any:
    if depth > DEEPEST:
        return None
    if isinstance(item, list):
        return [_from_item(each, depth + 1) for each in item]
    if not isinstance(item, dict):
        return item
    properties = item.get("properties") or {"name": item.get("value", "")}
    node = {name: _from_item(value, depth + 1) for name, value in properties.items()}
    types = [_plain_name(each) for each in as_list(item.get("type"))]
    return {**node, "@type": types, **({"@id": item["id"]} if item.get("id") else {})}


def _rdfa(body: bytes, base_url: str) -> list[Node]:
    if b"typeof" not in body:
        return []  # reading RDFa is slow, and without a type there is no product
    tree = parse_xmldom_html(body, encoding="UTF-8")
    found = RDFaExtractor().extract_items(tree, base_url=base_url, expanded=True)
    nodes = [{_plain_name(key): _value(each) for key, each in node.items()} for node in found]
    return _linked([node for node in nodes if node.get("@type")] + [node for node in nodes if not node.get("@type")])


def _value(values: Any) -> Any:
    """Values of expanded JSON-LD as plain ones; what only names a resource stays a reference."""
    if not isinstance(values, list):
        return values
    plain = [each["@value"] if isinstance(each, dict) and "@value" in each else each for each in values]
    return plain[0] if len(plain) == 1 else plain


def _open_graph(tree: Any, notes: list[str]) -> dict[str, list[str]]:
    properties: dict[str, list[str]] = {}
    for found in _tried("Open Graph", notes, lambda: list(OpenGraphExtractor().extract_items(tree))):
        for name, value in found["properties"]:
            if value.strip():
                properties.setdefault(name.strip().lower(), []).append(" ".join(value.split()))
    return properties


def _tried(what: str, notes: list[str], read: Callable[[], list[Any]]) -> list[Any]:
    """What a syntax says; nothing, with a note, where its library fails on the page."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001  # libraries of others on pages of others: anything may come
        notes.append(f"{what} cannot be read ({type(error).__name__})")
        return []


# Properties of a page, a list or an offer that lead to what they are about.
_LEADING = ("mainEntity", "mainEntityOfPage", "about", "itemListElement", "item", "itemOffered", "hasPart")


def _inside(node: Any, wanted: frozenset[str], depth: int) -> Iterator[Node]:
    if not isinstance(node, dict) or depth > 6:
        return
    if wanted & set(node.get("@type") or ()):
        yield node
        return
    for name in _LEADING:
        for value in as_list(node.get(name)):
            yield from _inside(value, wanted, depth + 1)
