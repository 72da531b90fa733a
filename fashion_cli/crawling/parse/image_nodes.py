"""The photographs of a product node, in the order in which it names them."""

from typing import Any

from fashion_cli.crawling.parse.nodes import Node, as_list
from fashion_cli.crawling.parse.urls import address, address_list

# Where an ImageObject has its address, the first that is there.
_ADDRESSES = ("contentUrl", "url", "image", "embedUrl", "@id", "@value", "thumbnailUrl")


def images_of(node: Node, base: str, encoding: str) -> list[str]:
    """Absolute addresses."""
    found: list[str] = []
    for value in as_list(node.get("image")) or as_list(node.get("photo")) or as_list(node.get("images")):
        for text in _texts(value, 0):
            found += [url for each in address_list(text) if (url := address(base, each, encoding))]
    return found


def _texts(value: Any, depth: int) -> list[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict) or depth > 3:
        return []
    named = next((value[name] for name in _ADDRESSES if value.get(name)), None)
    return [text for each in as_list(named) for text in _texts(each, depth + 1)]
