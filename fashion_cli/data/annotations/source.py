"""Annotations by one string: `inshop:DIR`, `c2s:DIR`, `attributes:DIR`, `csv:FILE`, `folder:DIR`, `masks:FILE`, or
a CSV manifest.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from fashion_cli.data.annotations.annotation import Annotation
from fashion_cli.data.annotations.category_attribute import read_category_attribute
from fashion_cli.data.annotations.consumer_to_shop import read_consumer_to_shop
from fashion_cli.data.annotations.folder import read_folder
from fashion_cli.data.annotations.in_shop import read_in_shop
from fashion_cli.data.annotations.manifest import read_manifest
from fashion_cli.data.annotations.masked_garments import read_masked_garments
from fashion_cli.errors import AnnotationError
from fashion_cli.suggestions import near_words

SOURCES: Mapping[str, Callable[[Path], Iterator[Annotation]]] = {
    "inshop": read_in_shop,
    "c2s": read_consumer_to_shop,
    "attributes": read_category_attribute,
    "csv": read_manifest,
    "folder": read_folder,
    "masks": read_masked_garments,
}


def names_a_source(text: str) -> bool:
    """Whether a text begins with the kind of a set, as `inshop:DIR` does."""
    kind, colon, _ = text.partition(":")
    return bool(colon) and kind in SOURCES


def kind_and_path(source: str) -> tuple[str, str]:
    """The parts of `KIND:PATH`; the path of a CSV manifest alone is of the kind "csv"."""
    if not names_a_source(source):
        return "csv", source
    kind, _, path = source.partition(":")
    return kind, path


def read_annotations(source: str, root: Path = Path()) -> Iterator[Annotation]:
    """The photographs of a set, one at a time.

    Args:
        source: `KIND:PATH` with a kind of `SOURCES`, or the path of a CSV manifest.
        root: What a relative path is relative to.

    Raises:
        AnnotationError: If there is no such kind, at the call; then with file, line and what was expected.
    """
    if names_a_source(source):
        kind, _, path = source.partition(":")
        if not path:
            raise AnnotationError(f"{source!r}: no path after the colon", hint=f"{kind}:PATH; {kind}:. is this folder")
        return SOURCES[kind](root / path)
    _check_manifest(source, root / source)
    return read_manifest(root / source)


def folder_of(source: str, root: Path = Path()) -> Path:
    """The folder that a set lies in: what is the same for all its photographs, wherever it is moved to.

    Args:
        source: As `read_annotations` takes it.
        root: Likewise.
    """
    kind, path = kind_and_path(source)
    return (root / path).parent if kind in ("csv", "masks") else root / path


def _check_manifest(source: str, path: Path) -> None:
    """A path may hold a colon; one that leads nowhere was meant to begin with a kind."""
    kind, colon, rest = source.partition(":")
    if not source or (colon and "/" not in kind and not path.exists()):
        near = near_words(kind, SOURCES, count=1)
        hint = f"did you mean {near[0]}:{rest}?" if near else f"known: {', '.join(f'{each}:…' for each in SOURCES)}"
        raise AnnotationError(f"{source!r}: neither a kind of set nor a file", hint=hint)
