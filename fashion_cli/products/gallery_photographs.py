"""The photographs that a table of products may speak of: of an index, a feature file or a folder."""

import os
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path

from fashion_cli.data.features import FeatureFile, is_feature_file
from fashion_cli.data.images import find_images, measure_photograph
from fashion_cli.errors import ImageError
from fashion_cli.message_text import printable
from fashion_cli.products.photograph_join import GalleryPhotograph
from fashion_cli.retrieval.gallery import Gallery

# Columns that say which product a photograph shows, without `label/`.
_NUMBER_COLUMNS = frozenset({"item_id", "sku", "product_id", "product_code", "상품코드", "품번"})


@dataclass(frozen=True)
class GalleryPhotographs:
    """What is known of them.

    Attributes:
        name: What was read; "" for nothing.
        root: The folder around them, absolute.
        photographs: In a stable order.
        notes: Files and folders that could not be read.
    """

    name: str = ""
    root: str = os.sep
    photographs: tuple[GalleryPhotograph, ...] = ()
    notes: tuple[str, ...] = ()


def read_gallery(gallery: Path | None, index: Path | None) -> GalleryPhotographs:
    """Read the gallery that was named, else the index; nothing where there is neither.

    Args:
        gallery: A folder or a feature file.
        index: An index directory.

    Raises:
        UsageError: If the gallery does not exist.
        FeatureFileError: If a feature file is damaged.
        IndexDirectoryError: If an index is.
    """
    if gallery is not None and not is_feature_file(gallery):
        return _read_folder(gallery)
    if gallery is not None:
        with FeatureFile.open(gallery) as features:
            return _read_features(features, str(gallery))
    if index is None:
        return GalleryPhotographs()
    with Gallery.open(index) as opened:
        return _read_features(opened.features, str(index))


def _read_features(features: FeatureFile, name: str) -> GalleryPhotographs:
    columns = [
        features.column(each)
        for each in features.column_names
        if each.removeprefix("label/").casefold() in _NUMBER_COLUMNS
    ]
    numbers = zip(*columns, strict=True) if columns else repeat(())
    rows = zip(features.paths(), features.sha256s(), features.dimensions().tolist(), numbers, strict=False)
    photographs = tuple(
        GalleryPhotograph(path, sha256, width, height, tuple(filter(None, said)))
        for path, sha256, (width, height), said in rows
    )
    folders = [os.path.dirname(each.path) for each in photographs]  # there may be millions
    root = features.header.root or (os.path.commonpath(folders) if folders else os.sep)
    return GalleryPhotographs(name, root, photographs)


def _read_folder(folder: Path) -> GalleryPhotographs:
    """Every file is read once, for its sha256."""
    found: list[GalleryPhotograph] = []
    notes: list[str] = []
    for path in find_images([folder], on_skip=lambda place, why: notes.append(f"{printable(place)}: {why}")):
        try:
            measured = measure_photograph(path)
        except ImageError as error:
            notes.append(str(error))
            continue
        found.append(GalleryPhotograph(os.path.abspath(path), measured.sha256, measured.width, measured.height))
    return GalleryPhotographs(str(folder), os.path.abspath(folder), tuple(found), tuple(notes))
