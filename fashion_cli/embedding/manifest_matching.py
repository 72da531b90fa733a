"""Which rows of a manifest are about which photographs."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fashion_cli.data.annotations import Annotation
from fashion_cli.errors import AnnotationError
from fashion_cli.plurals import counted


@dataclass(frozen=True)
class ManifestMatch:
    """How much of a manifest is about the photographs that were found.

    Attributes:
        manifest: The file.
        rows: How many it has.
        not_found: The paths of those rows that name none of the photographs, as they are written.
    """

    manifest: Path
    rows: int
    not_found: tuple[str, ...]


def match_manifest(
    manifest: Path, annotations: Sequence[Annotation], images: Iterable[Path], sources: Sequence[Path]
) -> tuple[list[Annotation], ManifestMatch]:
    """Find the photograph of each row: below the manifest's folder, else below the gallery.

    Args:
        manifest: The file.
        annotations: Its rows.
        images: The photographs.
        sources: The folders and files that they were found in.

    Returns:
        The rows that name a photograph, under the path where it lies.

    Raises:
        AnnotationError: If no row does.
    """
    image_paths = {os.path.abspath(image) for image in images}
    folders = dict.fromkeys(source if source.is_dir() else source.parent for source in sources)
    matched, not_found = [], []
    for annotation in annotations:
        written = _as_written(annotation.path, manifest)
        places = (os.path.abspath(folder / written) for folder in (manifest.parent, *folders))
        place = next((place for place in places if place in image_paths), None)
        if place is None:
            not_found.append(str(written))
        else:
            matched.append(replace(annotation, path=Path(place)))
    if not matched:
        first = f", the first of which is {not_found[0]}" if not_found else ""
        raise AnnotationError(
            f"{manifest}: 0 of {counted(len(annotations), 'row')} matched: no photograph there has the path of a row"
            f"{first}",
            hint="write paths relative to the manifest's folder or to the gallery",
        )
    return matched, ManifestMatch(manifest, len(annotations), tuple(not_found))


def require_agreement(manifest: Path, annotations: Iterable[Annotation]) -> None:
    """Make sure that a photograph with several rows has the same values in all of them.

    Raises:
        AnnotationError: Naming the first that has not.
    """
    seen: dict[str, Annotation] = {}
    for annotation in annotations:
        first = seen.setdefault(os.path.abspath(annotation.path), annotation)
        for name, value in annotation.values.items():
            if first.values[name] != value:
                raise AnnotationError(
                    f"{manifest}:{annotation.line}: {_as_written(annotation.path, manifest)} has {value!r} in the"
                    f" column {name!r}, and {first.values[name]!r} in line {first.line}",
                    hint="keep one of them",
                )


def _as_written(path: Path, manifest: Path) -> Path:
    return path.relative_to(manifest.parent) if path.is_relative_to(manifest.parent) else path
