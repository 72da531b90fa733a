"""JSON-LD of a page: every block on its own, its usual faults mended, references replaced by what they refer to.

Read here and not by extruct: its reader hands numbers through a float, in which `39.000` won is 39, and knows none of
the faults below but comments.
"""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import jstyleson

from fashion_cli.crawling.parse.nodes import Node, as_list
from fashion_cli.products.money import JsonNumber

MAX_DEPTH = 40  # levels of a page's data that are looked at
MAX_NODES = 50_000  # of a page, with every reference as often as it is followed
# Comments' signs and CDATA around a block. The blanks are bounded: without that, a page of blanks takes hours.
_WRAPPERS = re.compile(
    r"<!--|-->|(?:(?://|/\*)\s{0,9})?(?:(?:<|&lt;)!\[CDATA\[|\]\](?:>|&gt;))(?:\s{0,9}\*/)?", re.IGNORECASE
)
# A text, which is left alone; a number with commas in it; a value that a template left empty.
_COMMON_FAULTS = re.compile(
    r'"(?:[^"\\]|\\.)*"'
    r"|(?P<number>(?<=[:\s])\d{1,3}(?:,\d{3})+(?:\.\d+)?(?=\s*[,}\]]))"
    r"|(?P<empty>:(?=\s*[,}\]]))",
    re.DOTALL,
)


def read_json_ld(tree: Any, notes: list[str]) -> list[Node]:
    """Nodes at the top of each block, `@graph` taken apart.

    Args:
        tree: Of lxml.
        notes: Gets a line for each block that cannot be read.
    """
    scripts = [each for each in tree.iter("script") if _is_json_ld(each.get("type") or "")]
    documents: list[Any] = []
    for number, script in enumerate(scripts, start=1):
        values = _parse_block(script.xpath("string()"))
        if values is None:
            notes.append(f"JSON-LD block {number} of {len(scripts)} is not JSON")
        documents += values or []
    return resolve_references(list(_flatten_graphs(documents)))


def resolve_references(nodes: list[Node]) -> list[Node]:
    """Nodes with plain types, in which a reference is replaced by what it refers to.

    Blocks that name the same `@id` describe one node together: what one says is added to what another says.
    """
    nodes_by_id: dict[str, Node] = {}
    for node in nodes:
        if isinstance(name := node.get("@id"), str) and len(node) > 1:
            nodes_by_id[name] = {**node, **nodes_by_id.get(name, {})}
    budget = iter(range(MAX_NODES))
    return [_resolve(node, nodes_by_id, (), budget) for node in nodes]


def local_name(name: str) -> str:
    """The last part of a name: `Product` of `https://schema.org/Product` and `schema:Product`."""
    return name if name.startswith("@") else re.split(r"[/#]", name.rstrip("/#"))[-1].removeprefix("schema:")


def _is_json_ld(kind: str) -> bool:
    return kind.partition(";")[0].strip().lower() == "application/ld+json"


def _parse_block(text: str) -> list[Any] | None:
    """What a block holds; None if it is not to be understood."""
    plain = text.strip().strip("\ufeff").strip()
    if not plain:
        return []
    attempts: tuple[Callable[[str], str], ...] = (
        lambda each: each,
        _unwrap,
        lambda each: jstyleson.dispose(_unwrap(each)),
        lambda each: _repair(jstyleson.dispose(_unwrap(each))),
        lambda each: jstyleson.dispose(_unwrap(unescape(each))),
        lambda each: _repair(jstyleson.dispose(_unwrap(unescape(each)))),
    )
    for attempt in attempts:
        try:
            return _decode_all(attempt(plain))
        except (ValueError, RecursionError, IndexError):
            continue
    return None


def _unwrap(text: str) -> str:
    return _WRAPPERS.sub("", text).strip().rstrip(";")


def _repair(text: str) -> str:
    """Commas in numbers, and nothing where a value belongs, as templates write them."""

    def repair(match: re.Match[str]) -> str:
        if match["number"]:
            return f'"{match["number"]}"'
        return ": null" if match["empty"] else match.group()

    return _COMMON_FAULTS.sub(repair, text)


def _decode_all(text: str) -> list[Any]:
    """Every value of a text that should hold one. Numbers keep their digits."""
    decoder = json.JSONDecoder(strict=False, parse_float=JsonNumber, parse_int=JsonNumber)
    place, values = 0, []
    text = text.strip()
    while place < len(text):
        value, place = decoder.raw_decode(text, place)
        values += value if isinstance(value, list) else [value]
        while place < len(text) and text[place] in " \t\r\n,;":
            place += 1
    return values


def _flatten_graphs(values: list[Any], depth: int = 0) -> Iterator[Node]:
    for value in values:
        if isinstance(value, dict) and depth < MAX_DEPTH:
            graph = as_list(value.get("@graph"))
            if graph:
                yield from _flatten_graphs(graph, depth + 1)
            if len(value) > 2 or not graph:
                yield {key: each for key, each in value.items() if key != "@graph"}
        elif isinstance(value, list) and depth < MAX_DEPTH:
            yield from _flatten_graphs(value, depth + 1)


def _resolve(value: Any, nodes_by_id: dict[str, Node], ancestors: tuple[str, ...], budget: Iterator[int]) -> Any:
    if len(ancestors) > MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [_resolve(each, nodes_by_id, ancestors, budget) for each in value]
    if not isinstance(value, dict):
        return value
    if next(budget, None) is None:  # each of thirty nodes refers to the next one twice: a billion nodes
        return None
    name = value.get("@id")
    if isinstance(name, str):
        if set(value) == {"@id"}:
            if name not in nodes_by_id or name in ancestors:
                return value
            value = nodes_by_id[name]
        ancestors = (*ancestors, name)
    else:
        ancestors = (*ancestors, "")
    resolved = {
        local_name(key): _resolve(each, nodes_by_id, ancestors, budget) for key, each in value.items() if key != "@type"
    }
    return {**resolved, "@type": [local_name(str(each)) for each in as_list(value.get("@type"))]}
