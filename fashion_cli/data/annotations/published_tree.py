"""Where the files of a published benchmark lie: Anno/ or a variant of it, Eval/, Img/."""

from collections.abc import Sequence
from pathlib import Path

from fashion_cli.errors import AnnotationError

PARTITION = "list_eval_partition.txt"


def partition_file(root: Path) -> Path:
    """The file that every benchmark has.

    Raises:
        AnnotationError: If it is not there, saying what the folder should look like.
    """
    file = root / "Eval" / PARTITION
    if not file.is_file():
        raise AnnotationError(
            f"{file}: no such file",
            hint="give the folder of the benchmark, with Anno, Eval and Img in it; docs/annotations.md shows it",
        )
    return file


def annotation_file(root: Path, name: str, folders: Sequence[str]) -> Path | None:
    """A file of annotations, in the first of several folders that has it."""
    candidates = (root / folder / name for folder in folders)
    return next((file for file in candidates if file.is_file()), None)


def required_file(root: Path, name: str, folders: Sequence[str]) -> Path:
    """A file of annotations that must be there.

    Raises:
        AnnotationError: If it is not.
    """
    file = annotation_file(root, name, folders)
    if file is None:
        places = " or ".join(f"{folder}/" for folder in folders)
        raise AnnotationError(f"{root}: no {name} in {places}", hint="docs/annotations.md lists the files")
    return file


def image_folder(root: Path) -> Path:
    """What image names are relative to: `Img`, or the benchmark's own folder where `img` was unpacked there."""
    if not (root / "Img" / "img").is_dir() and (root / "img").is_dir():
        return root
    return root / "Img"
