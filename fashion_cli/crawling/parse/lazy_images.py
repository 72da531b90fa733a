"""Lazy-loaded images: an `<img>` gets the URL that a browser would show in the end."""

import re
from typing import Any

_LAZY_ATTRIBUTES = (
    *("data-src", "data-lazy-src", "data-original", "data-lazy", "data-zoom-image", "data-large_image", "data-image"),
    *("data-full", "data-hi-res-src", "data-echo", "data-url", "data-img", "data-srcs", "ec-data-src", "lazy-src"),
)
_LAZY_SRCSETS = ("data-srcset", "data-lazy-srcset", "lazy-srcset")
# The names of files that stand where a photograph will be.
_PLACEHOLDER = re.compile(
    r"(?:^|[/_.-])(?:placeholder|blank|spacer|transparent|loading|loader|lazy|pixel|1x1|grey|gray|empty|dummy)"
    r"[\w-]*\.(?:gif|png|jpe?g|svg|webp)(?:$|\?)",
    re.IGNORECASE,
)
_SRCSET_CANDIDATE = re.compile(r"\s*,*\s*(\S*[^\s,])(?:\s+([\d.]+)([wxh]))?[^,]*(?:,|$)")


def resolve_lazy_images(tree: Any) -> None:
    """Give every `<img>` of a page the address of its photograph as `src`; those without one get an empty one.

    Args:
        tree: Of lxml; it is changed.
    """
    for image in tree.iter("img"):
        if url := _find_source(image):
            image.set("src", url)
        else:
            image.set("src", "data:,")  # without it, microdata would name the page itself


def pick_largest(srcset: str) -> str:
    """Pick the URL of the largest picture of a `srcset`; "" if it has none."""
    best, address = -1.0, ""
    for match in _SRCSET_CANDIDATE.finditer(srcset):
        size = float(match[2]) if match[2] and re.fullmatch(r"\d+(?:\.\d+)?", match[2]) else 1.0
        if size > best and _is_url(match[1]):
            best, address = size, match[1]
    return address


def _find_source(image: Any) -> str:
    lazy = next((value for name in _LAZY_ATTRIBUTES if _is_url(value := (image.get(name) or "").strip())), "")
    if lazy:
        return lazy
    source = (image.get("src") or "").strip()
    waits = not _is_url(source) or bool(_PLACEHOLDER.search(source))
    if not waits and not any(image.get(name) for name in _LAZY_SRCSETS):
        return source
    sets = [image.get(name) or "" for name in (*_LAZY_SRCSETS, "srcset")] + _read_picture_sources(image)
    candidate = next((url for each in sets if (url := pick_largest(each))), "") or _read_noscript(image)
    return candidate or (source if _is_url(source) else "")


def _is_url(text: str) -> bool:
    return bool(text) and not text.startswith(("{", "[", "data:", "about:"))


def _read_picture_sources(image: Any) -> list[str]:
    picture = next(image.iterancestors("picture"), None)  # libxml2 puts the image inside the source before it
    if picture is None:
        return []
    return [source.get(name) or "" for source in picture.iter("source") for name in (*_LAZY_SRCSETS, "srcset")]


def _read_noscript(image: Any) -> str:
    """The picture of the `noscript` element that follows, for browsers without scripts."""
    sibling = image.getnext()
    if sibling is None or sibling.tag != "noscript":
        return ""
    return next((url for each in sibling.iter("img") if _is_url(url := (each.get("src") or "").strip())), "")
