"""Photographs of a crawl: checked before they are kept, named by their SHA-256, near-duplicates dropped."""

import hashlib
import os
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Any

import imagehash
import numpy as np
import numpy.typing as npt
from sqlalchemy import Row, select, update

from fashion_cli.crawling.state.crawl_tables import photographs
from fashion_cli.crawling.state.database import CrawlDatabase
from fashion_cli.crawling.state.requests import Photo
from fashion_cli.data.image_formats import WEB_FORMATS, media_type
from fashion_cli.data.images import MAX_PIXELS, upright
from fashion_cli.errors import ImageError, OutputError

FOLDER = "photographs"
SUFFIXES = {each.media_type: each.suffixes[0] for each in WEB_FORMATS}
HASH_BITS = 64
COLOUR_SIDE = 16  # pixels
# Mean difference of 16 x 16 pixels, of 255. Perceptual hashes are blind to colour: without this, the blue shirt is a
# duplicate of the red one. Copies that were scaled to 0.4 and saved at quality 50 differ by less than 1.8.
COLOUR_LIMIT = 2.0


class RefusedPhotographError(Exception):
    """A file that is not kept.

    Args:
        code: What kind of reason, in one word.
        reason: In words.
    """

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def inspect_photograph(data: bytes, url: str, min_side: int, max_pixels: int = MAX_PIXELS) -> Photo:
    """Check that bytes are a photograph worth keeping, and describe it. Any number of threads may do so.

    Raises:
        RefusedPhotographError: If they are not.
    """
    suffix = SUFFIXES.get(media_type(data))
    if suffix is None:
        raise RefusedPhotographError("type", "not a JPEG, PNG, WebP, AVIF or GIF image")
    try:
        image = upright(data, Path("image"), max_pixels=max_pixels)
    except ImageError as error:
        reason = str(error).removeprefix("image: ")
        raise RefusedPhotographError("pixels" if "limit" in reason else "damaged", reason) from error
    if min(image.size) < min_side:
        raise RefusedPhotographError("pixels", f"{image.width} x {image.height} pixels, under the limit of {min_side}")
    digest = hashlib.sha256(data).hexdigest()
    return Photo(
        sha256=digest,
        path=str(PurePosixPath(FOLDER, digest[:2], digest + suffix)),
        width=image.width,
        height=image.height,
        size=len(data),
        phash=str(imagehash.phash(image)),
        colours=np.asarray(image.resize((COLOUR_SIDE, COLOUR_SIDE), reducing_gap=2.0)).tobytes(),
        url=url,
    )


def save_photograph(folder: Path, photo: Photo, data: bytes) -> None:
    """Save a photograph so that its name stands for a whole file at any moment.

    Raises:
        OutputError: If it cannot be written.
    """
    target = folder / photo.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            return
        # A name of its own: two addresses may give the same bytes, and be saved at once.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".partial")
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            Path(name).chmod(0o644)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OutputError(
            f"{target}: cannot be written ({error.strerror})", hint="make room there; the same call goes on from here"
        ) from error


def list_stored(folder: Path) -> Iterator[str]:
    """List the hashes of the photographs in the folder. What a killed crawl left half written is removed."""
    for file in sorted((folder / FOLDER).glob("??/*")):
        if file.name.startswith(".") and file.suffix == ".partial":
            file.unlink(missing_ok=True)
        elif file.suffix in SUFFIXES.values():
            yield file.stem


def drop_near_duplicates(database: CrawlDatabase, bits: int, *, all_there: bool) -> int:
    """Keep one of the photographs that look the same, and remove the files of the others.

    Which one is kept does not depend on the order in which they came: the file with most bytes, since an enlarged or a
    shrunk copy has less detail; of equals the one with the smallest hash. What was settled by an earlier call stays.

    Args:
        bits: Perceptual hashes differ in at most so many; under 0, nothing looks the same.
        all_there: Whether all photographs of this round are there. If not, only those are settled that look like no
            other, since a better one may still come.

    Returns:
        How many were dropped.
    """
    with database.connection.begin():
        rows = [
            _Fingerprint.of(row)
            for row in database.connection.execute(select(photographs).where(photographs.c.like == ""))
        ]
    # Settled ones first, then the best of the new ones: whoever comes later gives way.
    order = sorted(rows, key=lambda each: (not each.settled, -each.size, each.sha256))
    neighbours = _neighbours(order, bits)
    retained: set[int] = set()
    dropped: dict[str, str] = {}
    for place, each in enumerate(order):
        like = min((other for other in neighbours[place] if other in retained), default=None)
        if each.settled or like is None:
            retained.add(place)
        else:
            dropped[each.sha256] = order[like].sha256
    if not all_there:
        alone = [each.sha256 for place, each in enumerate(order) if not neighbours[place]]
        _mark_settled(database, alone, {})
        return 0
    _mark_settled(database, [order[place].sha256 for place in retained], dropped)
    return len(dropped)


def delete_dropped_files(database: CrawlDatabase) -> None:
    """Remove the files of photographs in whose place another one is kept."""
    with database.connection.begin():
        paths = list(database.connection.scalars(select(photographs.c.path).where(photographs.c.like != "")))
    for path in paths:
        (database.folder / path).unlink(missing_ok=True)


@dataclass(frozen=True, eq=False)
class _Fingerprint:
    sha256: str
    settled: bool
    size: int  # bytes
    hash: int
    colours: npt.NDArray[np.int16]  # (768,)

    @classmethod
    def of(cls, row: "Row[Any]") -> "_Fingerprint":
        colours = np.frombuffer(row.colours, np.uint8).astype(np.int16)
        return cls(row.sha256, bool(row.settled), row.size, int(row.phash, 16), colours)

    def is_near_duplicate(self, other: "_Fingerprint", bits: int) -> bool:
        if (self.hash ^ other.hash).bit_count() > bits:
            return False
        return float(np.abs(self.colours - other.colours).mean()) <= COLOUR_LIMIT


def _neighbours(fingerprints: Sequence[_Fingerprint], bits: int) -> dict[int, list[int]]:
    """Places of photographs that look like each other: place -> places."""
    neighbours: dict[int, list[int]] = defaultdict(list)
    if bits < 0:
        return neighbours
    # Two hashes that differ in at most `bits` places agree in at least one of `bits + 1` parts (pigeonhole principle):
    # only those that share a part are compared, instead of all pairs.
    edges = [round(part * HASH_BITS / (bits + 1)) for part in range(bits + 2)]
    seen: set[tuple[int, int]] = set()
    for low, high in pairwise(edges):
        parts: dict[int, list[int]] = defaultdict(list)
        for place, each in enumerate(fingerprints):
            parts[each.hash >> low & (1 << high - low) - 1].append(place)
        for one, other in _pairs(parts.values(), fingerprints):
            if (one, other) not in seen and fingerprints[one].is_near_duplicate(fingerprints[other], bits):
                seen.add((one, other))
                neighbours[one].append(other)
                neighbours[other].append(one)
    return neighbours


def _pairs(groups: Iterable[list[int]], fingerprints: Sequence[_Fingerprint]) -> Iterator[tuple[int, int]]:
    """Pairs of which one at least is new: the others were compared when they came."""
    for group in groups:
        for number, other in enumerate(group):
            if not fingerprints[other].settled:  # settled ones stand before
                yield from ((one, other) for one in group[:number])


def _mark_settled(database: CrawlDatabase, retained: Iterable[str], dropped: dict[str, str]) -> None:
    with database.connection.begin():
        for sha256 in retained:
            database.connection.execute(update(photographs).where(photographs.c.sha256 == sha256).values(settled=1))
        for sha256, like in dropped.items():
            database.connection.execute(
                update(photographs).where(photographs.c.sha256 == sha256).values(settled=1, like=like)
            )
    delete_dropped_files(database)
