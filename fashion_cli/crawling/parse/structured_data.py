"""Structured data of a page: JSON-LD, microdata, RDFa, Open Graph, each read on its own.

Microdata and RDFa are read by extruct, without its `uniform=True`: that turns RDFa's references into texts. All come
out as nodes (see `nodes.py`). One broken block of a page costs nothing else (extruct#87).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from extruct.rdfa import RDFaExtractor
from extruct.utils import parse_html, parse_xmldom_html
from extruct.w3cmicrodata import MicrodataExtractor
from lxml.etree import LxmlError, ParserError
from lxml.html import tostring

from fashion_cli.crawling.parse.json_ld import MAX_DEPTH, local_name, read_json_ld, resolve_references
from fashion_cli.crawling.parse.lazy_images import resolve_lazy_images
from fashion_cli.crawling.parse.nodes import Node, as_list, normalize_text

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_OPEN_GRAPH_PREFIXES = ("og:", "product:")


@dataclass(frozen=True)
class StructuredData:
    """What the four syntaxes say, with the headings and links that a person sees.

    Attributes:
        json_ld: Nodes at the top of each block, `@graph` taken apart.
        microdata: Items at the top of the page.
        rdfa: All resources of the page.
        open_graph: Property -> its values in order.
        headings: Title and headings of the first order.
        links: Text of a link, or of the picture in it -> where it leads, as it is written.
        notes: Blocks that could not be read, and why.
    """

    json_ld: tuple[Node, ...] = ()
    microdata: tuple[Node, ...] = ()
    rdfa: tuple[Node, ...] = ()
    open_graph: dict[str, list[str]] = field(default_factory=dict)
    headings: tuple[str, ...] = ()
    links: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def syntaxes(self) -> tuple[tuple[Node, ...], ...]:
        """The syntaxes that have nodes, the one that says most first."""
        return self.json_ld, self.microdata, self.rdfa


def read_structured_data(html: str, base_url: str) -> StructuredData:
    """Read the structured data of a page.

    Args:
        html: The page, decoded.
        base_url: What relative addresses are relative to.
    """
    body = _CONTROLS.sub("", html).encode("utf-8", "replace")
    notes: list[str] = []
    try:
        tree = parse_html(body, encoding="UTF-8")
    except (ParserError, ValueError, LxmlError) as error:
        return StructuredData(notes=(f"the page cannot be parsed ({error})",))
    if tree is None:
        return StructuredData()
    json_ld = tuple(_try_reader("JSON-LD", notes, lambda: read_json_ld(tree, notes)))
    resolve_lazy_images(tree)
    return StructuredData(
        json_ld=json_ld,
        microdata=tuple(_try_reader("microdata", notes, lambda: _read_microdata(tree, base_url))),
        rdfa=tuple(_try_reader("RDFa", notes, lambda: _read_rdfa(tree, body, base_url))),
        open_graph=_read_open_graph(tree),
        headings=_read_headings(tree),
        links=_read_links(tree),
        notes=tuple(notes),
    )


def _read_microdata(tree: Any, base_url: str) -> list[Node]:
    return [_build_node(item, 0) for item in MicrodataExtractor().extract_items(tree, base_url)]


def _build_node(item: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(item, list):
        return [_build_node(each, depth + 1) for each in item]
    if not isinstance(item, dict):
        return item
    properties = item.get("properties") or {"name": item.get("value", "")}
    node = {name: _build_node(value, depth + 1) for name, value in properties.items()}
    types = [local_name(each) for each in as_list(item.get("type"))]
    return {**node, "@type": types, **({"@id": item["id"]} if item.get("id") else {})}


def _read_rdfa(tree: Any, body: bytes, base_url: str) -> list[Node]:
    if b"typeof" not in body:
        return []  # reading RDFa is slow, and without a type there is no product
    document = parse_xmldom_html(tostring(tree, encoding="utf-8"), encoding="UTF-8")
    items = RDFaExtractor().extract_items(document, base_url=base_url, expanded=True)
    nodes = [{local_name(key): _simplify(each) for key, each in node.items()} for node in items]
    return resolve_references(
        [node for node in nodes if node.get("@type")] + [node for node in nodes if not node.get("@type")]
    )


def _simplify(values: Any) -> Any:
    """Values of expanded JSON-LD as plain ones; what only names a resource stays a reference."""
    if not isinstance(values, list):
        return values
    plain = [each["@value"] if isinstance(each, dict) and "@value" in each else each for each in values]
    return plain[0] if len(plain) == 1 else plain


def _read_open_graph(tree: Any) -> dict[str, list[str]]:
    """Properties in `property=`, where they belong, or in `name=`, where many themes write them.

    extruct reads the first only, and drops repeated ones where a page declares no prefix.
    """
    properties: dict[str, list[str]] = {}
    for meta in tree.iter("meta"):
        names = f"{meta.get('property') or ''} {meta.get('name') or ''}".lower().split()
        text = normalize_text(meta.get("content") or meta.get("value") or "")
        for name in dict.fromkeys(each for each in names if each.startswith(_OPEN_GRAPH_PREFIXES)):
            if text:
                properties.setdefault(name, []).append(text)
    return properties


def _read_headings(tree: Any) -> tuple[str, ...]:
    headings = [normalize_text(each.text_content()) for tag in ("title", "h1") for each in tree.iter(tag)]
    return tuple(text for text in headings if text)


def _read_links(tree: Any) -> dict[str, str]:
    links: dict[str, str] = {}
    for link in tree.iter("a"):
        href = (link.get("href") or "").strip()
        if not href or href.startswith(("#", "javascript:")):
            continue
        texts = [link.text_content(), link.get("title") or "", *(each.get("alt") or "" for each in link.iter("img"))]
        for text in texts:
            if name := normalize_text(text).casefold():
                links.setdefault(name, href)
    return links


def _try_reader(what: str, notes: list[str], read: Callable[[], list[Any]]) -> list[Any]:
    """What a syntax says; nothing, with a note, where its reader fails on the page."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001  # libraries of others on pages of others: anything may come
        notes.append(f"{what} cannot be read ({type(error).__name__})")
        return []
