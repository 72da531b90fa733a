"""Find the photographs that a command is about, with the columns that a manifest gives them."""

from dataclasses import dataclass
from pathlib import Path

from fashion_cli.data.annotations import manifest_columns, read_manifest
from fashion_cli.data.images import find_images
from fashion_cli.embedding.manifest_matching import ManifestMatch, match_manifest, require_agreement
from fashion_cli.embedding.no_photographs import no_photographs
from fashion_cli.embedding.update import Columns
from fashion_cli.inference.pipeline import Skipped


@dataclass(frozen=True)
class Photographs:
    """Photographs that were found, with their columns.

    Attributes:
        images: In a stable order.
        columns: What a manifest says of them; None without one.
        unreadable: Folders that could not be looked into.
        manifest: How much of the manifest is about them; None without one, or where it names them itself.
    """

    images: tuple[Path, ...]
    columns: Columns | None
    unreadable: tuple[Skipped, ...]
    manifest: ManifestMatch | None = None


def find_photographs(sources: tuple[Path, ...], manifest: Path | None, *, listed: bool) -> Photographs:
    """Find photographs in folders, files and a manifest.

    Args:
        sources: Folders and files; empty where the manifest names the photographs.
        manifest: A CSV manifest, or None.
        listed: The sources are a list that a program wrote: missing ones are not an error yet.

    Raises:
        UsageError: If a source does not exist, or there is no photograph.
        AnnotationError: If the manifest cannot be read, or names none of the photographs.
    """
    annotations = list(read_manifest(manifest)) if manifest else None
    unreadable: list[Skipped] = []
    images = tuple(
        find_images(
            sources or tuple(annotation.path for annotation in annotations or ()),
            on_skip=lambda path, why: unreadable.append(Skipped(str(path), why)),
            missing_ok=listed or not sources,
        )
    )
    if not images:
        raise no_photographs(sources, manifest, listed=listed, unreadable=unreadable)
    if manifest is None or annotations is None:
        return Photographs(images, None, tuple(unreadable))
    match = None
    if sources:
        annotations, match = match_manifest(manifest, annotations, images, sources)
    require_agreement(manifest, annotations)
    return Photographs(images, manifest_columns(annotations), tuple(unreadable), match)
