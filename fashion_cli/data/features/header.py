"""What every row of a feature file has in common, in HDF5: attributes of the root, and the datasets in `tags`."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from fashion_cli.data.features.file_errors import damage, naming_damage
from fashion_cli.data.features.roots import way_to
from fashion_cli.data.features.rows import AddedTags, FeatureHeader, decode_text, encode_text
from fashion_cli.errors import FeatureFileError
from fashion_cli.model_cards import TagGroup, Vocabulary

FORMAT = "fashion-features"
VERSION = 2  # the newest; a file without a root says 1, which older programs read too
WITHOUT_ROOT = 1
GIVE_ANOTHER = "give a file that `fashion embed -o` or `fashion index` made"
TEXT = "text"  # variable-length UTF-8

TAG_DATASETS = {"tags/names": TEXT, "tags/groups": TEXT, "tags/thresholds": "<f8", "tags/exclusive": "|u1"}
ADDED_DATASETS = {  # one value per further model; only where there is one
    "tags/added/models": TEXT,
    "tags/added/weights_sha256": TEXT,
    "tags/added/locations": TEXT,
    "tags/added/prefixes": TEXT,
    "tags/added/groups": "<i8",  # how many of the last groups are its own
}
LOCATIONS = ("model_location", "tagger_location", "root")
WAY = "root_from_here"


def read_header(path: Path, file: h5py.File) -> FeatureHeader:
    """What all rows have in common.

    Raises:
        FeatureFileError: If the file is of another format, of a newer version, or damaged.
    """
    with naming_damage(path):
        attributes = dict(file.attrs)
    texts = {name: _text(attributes.get(name)) for name in ("format", "model", "weights_sha256", "created_by")}
    if texts["format"] != FORMAT:
        raise FeatureFileError(
            f"{path}: HDF5, but not a feature file (its attribute `format` is not {FORMAT!r})",
            hint=GIVE_ANOTHER,
        )
    version = attributes.get("version")
    if not isinstance(version, np.integer) or version < 1:
        raise damage(path, f"{version!r} is no version of the format")
    if version > VERSION:
        raise FeatureFileError(
            f"{path}: version {version} of the format, which is newer than this program's {VERSION}",
            hint="pip install --upgrade fashion-cli",
        )
    if absent := [name for name, text in texts.items() if text is None]:
        raise damage(path, f"its attribute {absent[0]!r} is missing or not text")
    vocabulary = _read_vocabulary(path, file)
    return FeatureHeader(
        model=texts["model"] or "",
        weights_sha256=texts["weights_sha256"] or "",
        vector_width=dataset_of(path, file, "vectors", "<f2", dimensions=2).shape[1],
        vocabulary=vocabulary,
        created_by=texts["created_by"] or "",
        added=_read_added(path, file, vocabulary),
        **{name: _text(attributes.get(name)) or "" for name in LOCATIONS},
    )


def read_way(path: Path, file: h5py.File) -> str:
    """The root as seen from the file's folder; "" where that is not known."""
    with naming_damage(path):
        return _text(file.attrs.get(WAY)) or ""


def write_header(path: Path, file: h5py.File, header: FeatureHeader) -> None:
    """Write what `read_header` and `read_way` read, and that there are no rows."""
    file.attrs.update(
        format=FORMAT,
        version=VERSION if header.root else WITHOUT_ROOT,
        model=header.model,
        weights_sha256=header.weights_sha256,
        created_by=header.created_by,
        rows=0,
    )
    locations = {name: getattr(header, name) for name in LOCATIONS} | {WAY: way_to(header.root, path)}
    for name, location in locations.items():
        if location:
            file.attrs.create(name, encode_text(location), dtype=h5py.string_dtype())
    vocabulary = header.vocabulary
    for name, values in {
        "tags/names": vocabulary.names,
        "tags/groups": vocabulary.group_names,
        "tags/thresholds": vocabulary.thresholds,
        "tags/exclusive": [group.exclusive for group in vocabulary.groups for _ in group.tags],
    }.items():
        kind = TAG_DATASETS[name]
        file.create_dataset(name, data=encode_values(values, kind), dtype=dtype_of(kind))
    _write_added(file, header.added)


def _read_vocabulary(path: Path, file: h5py.File) -> Vocabulary:
    datasets = [dataset_of(path, file, name, kind, dimensions=1) for name, kind in TAG_DATASETS.items()]
    if len({len(dataset) for dataset in datasets}) > 1:
        raise damage(path, "its tags have unequal numbers of names, groups, thresholds and kinds")
    with naming_damage(path):
        names, groups, thresholds, exclusive = (dataset[:].tolist() for dataset in datasets)
        tags = list(zip(groups, names, thresholds, exclusive, strict=True))
        return Vocabulary(tuple(_tag_group(list(members)) for _, members in groupby(tags, itemgetter(0))))


def _read_added(path: Path, file: h5py.File, vocabulary: Vocabulary) -> tuple[AddedTags, ...]:
    """The further models, whose groups are the last ones."""
    with naming_damage(path):
        if "tags/added" not in file:
            return ()
    datasets = [dataset_of(path, file, name, kind, dimensions=1) for name, kind in ADDED_DATASETS.items()]
    with naming_damage(path):
        *texts, counts = (dataset[:].tolist() for dataset in datasets)
        described = [tuple(map(decode_text, each)) for each in zip(*texts, strict=True)]
        start = len(vocabulary.groups) - sum(counts)
        if len(described) != len(counts) or min(counts, default=0) < 0 or start < 0:
            raise damage(path, f"the tag groups of further models are {counts} of {len(vocabulary.groups)}")
        added = []
        for (model, weights, location, prefix), count in zip(described, counts, strict=True):
            groups = Vocabulary(vocabulary.groups[start : start + count])
            added.append(AddedTags(model, weights, location, prefix, groups))
            start += count
        return tuple(added)


def _tag_group(members: list[tuple[bytes, bytes, float, int]]) -> TagGroup:
    groups, names, thresholds, exclusive = zip(*members, strict=True)
    return TagGroup(
        name=decode_text(groups[0]),
        tags=tuple(decode_text(name) for name in names),
        exclusive=bool(exclusive[0]),
        thresholds=thresholds,
    )


def _write_added(file: h5py.File, added: Sequence[AddedTags]) -> None:
    if not added:
        return
    columns: tuple[list[Any], ...] = (
        [each.model for each in added],
        [each.weights_sha256 for each in added],
        [each.location for each in added],
        [each.prefix for each in added],
        [len(each.vocabulary.groups) for each in added],
    )
    for (name, kind), values in zip(ADDED_DATASETS.items(), columns, strict=True):
        file.create_dataset(name, data=encode_values(values, kind), dtype=dtype_of(kind))


def dataset_of(path: Path, file: h5py.File, name: str, kind: str, dimensions: int) -> h5py.Dataset:
    """A dataset of the file.

    Raises:
        FeatureFileError: If it is missing, or of another type or shape.
    """
    with naming_damage(path):
        item = file.get(name)
        fits = item is not None and is_of(item, kind, dimensions)
    if item is None:
        raise damage(path, f"dataset {name!r} is missing")
    if not fits:
        raise damage(path, f"dataset {name!r} is not of the type and shape that the format says")
    return item


def is_of(item: h5py.Dataset | h5py.Group, kind: str, dimensions: int) -> bool:
    """Whether something in the file is a dataset of that type and shape."""
    if not isinstance(item, h5py.Dataset) or item.ndim != dimensions:
        return False
    if kind == TEXT:
        text = h5py.check_string_dtype(item.dtype)
        return text is not None and text.length is None
    return bool(item.dtype == np.dtype(kind))


def _text(attribute: object) -> str | None:
    if isinstance(attribute, bytes):  # some tools write text of fixed length
        return decode_text(attribute)
    return attribute if isinstance(attribute, str) else None


def dtype_of(kind: str) -> np.dtype[Any]:
    """The type of a dataset."""
    return h5py.string_dtype() if kind == TEXT else np.dtype(kind)


def encode_values(values: Iterable[Any], kind: str) -> npt.NDArray[Any]:
    """Values as a dataset of that kind takes them."""
    if kind == TEXT:
        return np.array([encode_text(value) for value in values], dtype=object)
    return np.asarray(values, dtype=kind)
