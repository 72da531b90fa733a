"""The map directory: `map.json` says what the map is, and names the one file of numbers beside it.

What people look at, `map.html`, `map.png` and `map.parquet`, lies there too, and nothing is read back from it. A map is
drawn up in a folder inside and takes its place in one go, `map.json` last: whenever the process is killed, either the
old map or the new one is there, whole. `docs/map.md` describes the files to other programs.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from fashion_cli import __version__
from fashion_cli.atomic_files import lock, output_errors, sync
from fashion_cli.data.features import AddedTags, FeatureHeader
from fashion_cli.data.features.rows import SHA256_DIGITS
from fashion_cli.errors import MapDirectoryError
from fashion_cli.model_cards import TagGroup, Vocabulary
from fashion_cli.retrieval.attribute_map import AttributeMap, Garments

MAP_FOLDER = "map"
MAP_FILE = "map.json"
FORMAT = "fashion-map"
VERSION = 1
DRAFT_FOLDER = ".draft"
OPENINGS = 20  # a new map may take the old one's numbers away between reading map.json and opening them
AGAIN = "make it again: fashion map GALLERY -o DIR"
ROOM = "choose another place with -o, or make room there"
LAYER = "autoencoder."  # before the names of the autoencoder's tensors


@dataclass(frozen=True)
class _Description:
    """What `map.json` says.

    Attributes:
        generation: Counts the maps of a directory, from 1.
        numbers: Name of the file of numbers.
        rows: Garments.
        header: As in `AttributeMap`, and so are the others.
    """

    generation: int
    numbers: str
    rows: int
    header: FeatureHeader
    groups: tuple[str, ...]
    source: str
    seed: int
    figures: Mapping[str, float]


def open_map(directory: Path) -> AttributeMap:
    """Open a map directory. One that is replaced at this moment is opened before or after.

    Raises:
        MapDirectoryError: If there is no map, or it is damaged or of a newer version.
    """
    description = _read(directory)
    for _ in range(OPENINGS):
        try:
            return _open(directory, description)
        except MapDirectoryError:
            latest = _read(directory)
            if latest.generation == description.generation:
                raise
            description = latest
    raise MapDirectoryError(f"{directory}: replaced again and again", hint="wait until the other command is done")


def find_map(option: Path | None, here: Path | None = None) -> Path:
    """Where the map is: the one given, else `map` here or in the nearest parent, where its index lies too.

    Args:
        option: The value of `--map` or of its setting.
        here: Where to start; the working directory where None.

    Raises:
        MapDirectoryError: If there is no map there.
    """
    if option is not None:
        if (option / MAP_FILE).exists():
            return option
        raise MapDirectoryError(f"{option}: no map here", hint=f"fashion map GALLERY -o {option}")
    start = (here or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / MAP_FOLDER / MAP_FILE).is_file():
            return folder / MAP_FOLDER
    raise MapDirectoryError(
        f"{start}: no map here or in any parent", hint="fashion map GALLERY, or --map DIR, or $FASHION_MAP"
    )


@contextmanager
def drafting(directory: Path) -> Iterator[Path]:
    """A folder to draw up a map in; at the end of the block what is in it takes its place.

    Args:
        directory: The map directory; made where it is not there. What else lies in it stays.

    Yields:
        The folder, empty.

    Raises:
        MapDirectoryError: If another process is writing the map.
        OutputError: If the directory cannot be written. The old map is still there.
    """
    draft = directory / DRAFT_FOLDER
    with output_errors(directory, ROOM):
        draft.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(draft, os.O_RDONLY)
    try:
        message = f"{directory}: another process is writing this map"
        lock(descriptor, busy=MapDirectoryError(message, hint="wait until it is done, or stop it"))
        try:
            with output_errors(directory, ROOM):
                _empty(draft)
            yield draft
            with output_errors(directory, ROOM):
                _put_in_place(draft, directory)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    finally:
        os.close(descriptor)


def write_map(attribute_map: AttributeMap, draft: Path) -> None:
    """Write `map.json` and the file of numbers.

    Args:
        attribute_map: What is written.
        draft: The folder of `drafting`.

    Raises:
        OutputError: If it cannot be written.
    """
    generation = _generation(draft.parent) + 1
    numbers = f"map-{generation:06}.safetensors"
    garments = attribute_map.garments
    tensors: dict[str, npt.NDArray[Any]] = {
        f"{LAYER}{name}": np.ascontiguousarray(each) for name, each in attribute_map.tensors.items()
    }
    tensors |= {
        "points": garments.points,
        "attributes": garments.attributes,
        "sizes": garments.sizes,
        "mtimes_ns": garments.mtimes_ns,
        "sha256": np.frombuffer("".join(garments.sha256).encode(), np.uint8),
        "paths": np.frombuffer("\0".join(garments.paths).encode("utf-8", "surrogateescape"), np.uint8),
    }
    document = {
        "format": FORMAT,
        "version": VERSION,
        "created_by": f"fashion-cli {__version__}",
        "generation": generation,
        "numbers": numbers,
        "rows": len(garments),
        "source": attribute_map.source,
        "seed": attribute_map.seed,
        "groups": list(attribute_map.groups),
        "figures": dict(attribute_map.figures or {}),
        "features": asdict(attribute_map.header),
    }
    with output_errors(draft.parent, ROOM):
        (draft / numbers).write_bytes(save(tensors))  # `save_file` lets only its owner read it
        text = json.dumps(document, indent=1)  # ASCII: a path that is not UTF-8 is escaped
        (draft / MAP_FILE).write_text(text + "\n", encoding="utf-8")


def _put_in_place(draft: Path, directory: Path) -> None:
    names = sorted((path.name for path in draft.iterdir()), key=lambda name: (name == MAP_FILE, name))
    for name in names:
        sync(draft / name)
    for name in names:
        os.replace(draft / name, directory / name)
    sync(directory)
    for old in directory.glob("map-[0-9]*.safetensors"):
        if old.name not in names:
            with suppress(OSError):
                old.unlink()


def _generation(directory: Path) -> int:
    """Of the map that is there; 0 where there is none that can be read."""
    generations = [int(path.stem[4:]) for path in directory.glob("map-[0-9]*.safetensors") if path.stem[4:].isdecimal()]
    with suppress(MapDirectoryError):
        generations.append(_read(directory).generation)
    return max(generations, default=0)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _read(directory: Path) -> _Description:
    path = directory / MAP_FILE
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT or not isinstance(document["version"], int):
            raise ValueError(f"format {document['format']!r}, version {document['version']!r}")
        if document["version"] <= VERSION:
            return _described(document)
    except (FileNotFoundError, NotADirectoryError):
        raise MapDirectoryError(f"{directory}: no map here", hint=f"fashion map GALLERY -o {directory}") from None
    except OSError as error:
        raise MapDirectoryError(
            f"{path}: cannot be read ({error.strerror})", hint="change its permissions, or choose another map"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise MapDirectoryError(f"{path}: damaged ({type(error).__name__}: {error})", hint=AGAIN) from error
    raise MapDirectoryError(
        f"{directory}: written by a newer fashion-cli (map version {document['version']})",
        hint="pip install --upgrade fashion-cli",
    )


def _described(document: Mapping[str, Any]) -> _Description:
    header, groups = _header(document["features"]), tuple(document["groups"])
    if unknown := [name for name in groups if name not in header.vocabulary.columns]:
        raise ValueError(f"no tag group {unknown[0]!r}")
    if not groups or Path(document["numbers"]).name != document["numbers"]:
        raise ValueError(f"groups {groups}, numbers {document['numbers']!r}")
    return _Description(
        generation=int(document["generation"]),
        numbers=document["numbers"],
        rows=int(document["rows"]),
        header=header,
        groups=groups,
        source=str(document["source"]),
        seed=int(document["seed"]),
        figures=dict(document["figures"]),
    )


def _header(document: Mapping[str, Any]) -> FeatureHeader:
    added = tuple(
        AddedTags(**{**each, "vocabulary": _vocabulary(each["vocabulary"])}) for each in document.get("added", ())
    )
    return FeatureHeader(**{**document, "vocabulary": _vocabulary(document["vocabulary"]), "added": added})


def _vocabulary(document: Mapping[str, Any]) -> Vocabulary:
    groups = []
    for each in document["groups"]:
        lists = {name: tuple(value) for name, value in each.items() if isinstance(value, list)}
        groups.append(TagGroup(**{**each, **lists}))
    return Vocabulary(tuple(groups))


def _open(directory: Path, description: _Description) -> AttributeMap:
    path = directory / description.numbers
    try:
        tensors = load_file(path)
        garments = Garments(
            paths=tuple(tensors["paths"].tobytes().decode("utf-8", "surrogateescape").split("\0")),
            sizes=tensors["sizes"],
            mtimes_ns=tensors["mtimes_ns"],
            attributes=tensors["attributes"],
            points=tensors["points"],
            sha256=_digests(tensors.get("sha256")),
        )
        layers = {name.removeprefix(LAYER): each for name, each in tensors.items() if name.startswith(LAYER)}
        opened = AttributeMap(
            description.header,
            description.groups,
            layers,
            garments,
            description.source,
            description.seed,
            description.figures,
        )
        if fault := _fault(opened, description):
            raise ValueError(fault)
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise MapDirectoryError(f"{path}: missing or damaged ({error})", hint=AGAIN) from error
    return opened


def _digests(characters: npt.NDArray[np.uint8] | None) -> tuple[str, ...]:
    """The sha256 of each photograph; none on a map of an older version."""
    text = "" if characters is None else characters.tobytes().decode("ascii")
    return tuple(text[start : start + SHA256_DIGITS] for start in range(0, len(text), SHA256_DIGITS))


def _fault(opened: AttributeMap, description: _Description) -> str:
    """Where the file of numbers is not what `map.json` says; empty where it is."""
    garments, width = opened.garments, len(opened.vocabulary)
    shapes = (garments.points.shape, garments.attributes.shape, len(garments.sizes), len(garments.mtimes_ns))
    if len(garments.sha256) not in (0, description.rows):
        return f"{len(garments.sha256)} sha256 of {description.rows} garments"
    if (
        shapes != ((description.rows, 2), (description.rows, width), description.rows, description.rows)
        or len(garments) != description.rows
    ):
        return f"not {description.rows} garments with {width} attributes"
    if not (np.isfinite(garments.points).all() and np.isfinite(garments.attributes).all()):
        return "a number that is not finite"
    trial = opened.decode(opened.place(np.zeros((1, width), np.float32)))
    return "" if trial.shape == (1, width) and np.isfinite(trial).all() else "the autoencoder is of another width"
