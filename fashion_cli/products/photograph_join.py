"""Which photographs of a gallery show which products of a table: by sha256, by path or file name, by SKU.

What is surer wins: the sha256, then a path, then a file name with as much of its folders as the table says, then a
column of the gallery and file names that begin with a SKU, for photographs that nothing surer speaks of. Where two
answers are equally sure, none is taken, and that is said.
"""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from fashion_cli.data.words import folded

Method = Literal["sha256", "path", "sku"]

SHORTEST_BEGINNING = 3  # letters and digits of a SKU that names may begin with; a shorter one is a whole file name
_SEVERAL = "\x00several"
_SHOWN = 3  # of the files that a name may mean


@dataclass(frozen=True)
class GalleryPhotograph:
    """A photograph that a table may speak of.

    Attributes:
        path: Absolute.
        sha256: Of its bytes.
        width: Pixels.
        height: Pixels.
        numbers: What the gallery says in columns like `sku`.
    """

    path: str
    sha256: str
    width: int
    height: int
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class JoinedPhotograph:
    """A photograph of a product, and how that was found out."""

    photograph: GalleryPhotograph
    method: Method


@dataclass(frozen=True)
class PhotographJoin:
    """What was found.

    Attributes:
        by_product: Key of a product -> its photographs, the first first.
        claimed: The sha256 of all of these.
        not_found: What the table names and the gallery does not have, each with its row.
        ambiguous: What may mean several products or several photographs.
        without_product: Paths of the gallery's other photographs.
    """

    by_product: dict[str, list[JoinedPhotograph]]
    claimed: frozenset[str]
    not_found: tuple[str, ...]
    ambiguous: tuple[str, ...]
    without_product: tuple[str, ...]


@dataclass
class _NamedFile:
    """A reference of the table that has the name of a photograph.

    Attributes:
        depth: How many parts of the path agree, from the end.
        claims: Key of a product -> when it was named.
        label: Where the table says so first.
    """

    depth: int
    claims: dict[str, int]
    label: str


@dataclass
class PhotographMatcher:
    """Matches rows of a table with photographs, row by row; `finish` says what came of it.

    Args:
        photographs: Of the gallery.
        root: Folder of the gallery, absolute.
        folder: Of the table, absolute.
    """

    photographs: Sequence[GalleryPhotograph]
    root: str
    folder: str
    _claims: dict[str, dict[str, tuple[Method, int]]] = field(default_factory=dict)  # sha256 -> key -> how, when
    _named: dict[str, dict[str, _NamedFile]] = field(default_factory=dict)  # sha256 -> reference -> what it says
    _keys_of_numbers: dict[str, str] = field(default_factory=dict)
    _not_found: list[str] = field(default_factory=list)
    _ambiguous: list[str] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        self._by_sha256: dict[str, GalleryPhotograph] = {}
        self._by_path: dict[str, str] = {}
        self._by_name: dict[str, list[GalleryPhotograph]] = defaultdict(list)
        for each in self.photographs:
            self._by_sha256.setdefault(each.sha256, each)
            self._by_path[_composed(each.path)] = each.sha256
            self._by_name[_parts(each.path)[-1]].append(each)

    def add_row(
        self, key: str, label: str, *, sha256s: Iterable[str], references: Iterable[str], numbers: Iterable[str]
    ) -> None:
        """Match a row.

        Args:
            key: Of its product.
            label: For messages.
            sha256s: Of files.
            references: Paths, file names and addresses.
            numbers: SKU and the like, which file names may begin with.
        """
        for sha256 in sha256s:
            if sha256 in self._by_sha256:
                self._claim(sha256, key, "sha256")
            else:
                self._not_found.append(f"{label}: {sha256}")
        for reference in references:
            self._match_reference(key, label, reference)
        for number in numbers:
            if plain := _plain(number):
                known = self._keys_of_numbers.setdefault(plain, key)
                if known != key:
                    self._keys_of_numbers[plain] = _SEVERAL

    def finish(self, resolve: Callable[[str], str]) -> PhotographJoin:
        """Settle what several rows said.

        Args:
            resolve: The key of a product by what a row calls it.
        """
        for sha256, references in self._named.items():
            self._settle_names(sha256, references)
        self._match_numbers()
        found: dict[str, list[tuple[int, JoinedPhotograph]]] = defaultdict(list)
        for sha256, claims in self._claims.items():
            for key, (method, when) in claims.items():
                found[resolve(key)].append((when, JoinedPhotograph(self._by_sha256[sha256], method)))
        by_product = {key: _in_order(joined) for key, joined in found.items()}
        others = tuple(each.path for each in self.photographs if each.sha256 not in self._claims)
        return PhotographJoin(
            by_product, frozenset(self._claims), tuple(self._not_found), tuple(self._ambiguous), others
        )

    def _claim(self, sha256: str, key: str, method: Method, when: int | None = None) -> None:
        self._count += 1
        self._claims.setdefault(sha256, {}).setdefault(key, (method, self._count if when is None else when))

    def _match_reference(self, key: str, label: str, reference: str) -> None:
        path, is_address = _path_of(reference)
        if not is_address:
            for base in (self.folder, self.root):
                if sha256 := self._by_path.get(_composed(os.path.normpath(os.path.join(base, path)))):
                    self._claim(sha256, key, "path")
                    return
        parts = _parts(path)
        depths = {each.path: _common_tail(parts, _parts(each.path)) for each in self._by_name.get(parts[-1], ())}
        deepest = max(depths.values(), default=0)
        nearest = [each for each in self._by_name.get(parts[-1], ()) if depths[each.path] == deepest]
        if not nearest:
            self._not_found.append(f"{label}: {_short(reference)}")
        elif len({each.sha256 for each in nearest}) > 1:
            files = ", ".join(os.path.relpath(each.path, self.root) for each in nearest[:_SHOWN])
            self._ambiguous.append(f"{label}: {_short(reference)} may be {len(nearest):,} photographs: {files}")
        else:
            self._count += 1
            named = self._named.setdefault(nearest[0].sha256, {}).setdefault(
                "/".join(parts) if is_address else path, _NamedFile(deepest, {}, label)
            )
            named.claims.setdefault(key, self._count)

    def _settle_names(self, sha256: str, references: dict[str, _NamedFile]) -> None:
        """Of several references with one file name, take the one that agrees with more folders of the photograph."""
        sure = self._claims.get(sha256, {})
        deepest = max(each.depth for each in references.values())
        best = [each for each in references.values() if each.depth == deepest]
        keys = {frozenset(each.claims) for each in best}
        if len(keys) > 1 and not sure:
            path = os.path.relpath(self._by_sha256[sha256].path, self.root)
            rows = " and ".join(each.label for each in best[:2])
            self._ambiguous.append(f"{path}: {rows} name different files of this name")
        for reference, each in references.items():
            taken = not sure and len(keys) == 1 and each.depth == deepest
            for key, when in each.claims.items():
                if taken or key in sure:
                    self._claim(sha256, key, "path", when)
                elif sure or len(keys) == 1:
                    self._not_found.append(f"{each.label}: {_short(reference)}")

    def _match_numbers(self) -> None:
        """Match photographs that nothing surer speaks of."""
        for each in sorted(self.photographs, key=_natural_order):
            if each.sha256 in self._claims:
                continue
            number = next((number for number in self._candidates(each) if number in self._keys_of_numbers), "")
            key = self._keys_of_numbers.get(number, "")
            if key == _SEVERAL:
                path = os.path.relpath(each.path, self.root)
                self._ambiguous.append(f"{path}: several products have the number {number!r}")
            elif key:
                self._claim(each.sha256, key, "sku")

    def _candidates(self, photograph: GalleryPhotograph) -> Iterable[str]:
        """Numbers that a photograph may be called by, the surest first."""
        yield from (_plain(number) for number in photograph.numbers if number)
        below = Path(os.path.relpath(photograph.path, self.root))
        stem = _plain(below.stem)
        yield stem
        pieces = stem.split("-")
        for end in range(len(pieces) - 1, 0, -1):
            if sum(map(len, pieces[:end])) >= SHORTEST_BEGINNING:
                yield "-".join(pieces[:end])
        for part in reversed(below.parent.parts):
            plain = _plain(part)
            if len(plain) >= SHORTEST_BEGINNING:
                yield plain


def _natural_order(photograph: GalleryPhotograph) -> tuple[list[str], str]:
    """Photographs of one SKU by their numbers: "AB-2" before "AB-10", and both before "AB-10 back"."""
    plain = _plain(os.path.splitext(photograph.path)[0])
    return [piece.zfill(12) if piece.isdecimal() else piece for piece in plain.split("-")], photograph.path


def _in_order(joined: list[tuple[int, JoinedPhotograph]]) -> list[JoinedPhotograph]:
    """Photographs in the order in which they were named, each once: a variant may have named it too."""
    found: dict[str, JoinedPhotograph] = {}
    for _, each in sorted(joined, key=lambda numbered: numbered[0]):
        found.setdefault(each.photograph.sha256, each)
    return list(found.values())


def _path_of(reference: str) -> tuple[str, bool]:
    """The path in a reference, and whether it is an address."""
    if "://" in reference or reference.startswith("//"):
        try:
            return unquote(urlsplit(reference).path), True
        except ValueError:
            return reference, True
    return reference.replace("\\", "/"), False


def _parts(path: str) -> list[str]:
    return [folded(part) for part in path.split("/") if part not in ("", ".")] or [""]


def _common_tail(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    for here, there in zip(reversed(one), reversed(other), strict=False):
        if here != there:
            break
        count += 1
    return count


def _composed(path: str) -> str:
    """A path in one spelling: some systems store letters and their accents apart, and syllables of Hangul too."""
    return unicodedata.normalize("NFC", path)


def _plain(number: str) -> str:
    """A number without case, and with one hyphen for whatever parts it: "AB/12 red" and "AB_12-Red" are one."""
    return "-".join(part for part in re.split(r"[\W_]+", folded(number)) if part)


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:40]}…{text[-39:]}"
