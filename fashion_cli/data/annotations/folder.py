"""A folder per class, DIR/CLASS/…/PHOTOGRAPH, or per split and class, DIR/train/CLASS/… beside DIR/val and DIR/test."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from fashion_cli.data.annotations.annotation import Annotation
from fashion_cli.data.image_files import find_images
from fashion_cli.data.image_formats import IMAGE_SUFFIXES
from fashion_cli.errors import AnnotationError, ImageError
from fashion_cli.message_text import one_line

SPLITS = ("train", "val", "test")
TRAIN_SHARE = 0.8  # where the folders do not say: the rest is `val`


def read_folder(root: Path) -> Iterator[Annotation]:
    """The photographs below each class's folder, in byte order of their names.

    Without folders train, val and test, the hash of a photograph's path below the folder decides: it stays in its split
    whatever is added.

    Raises:
        AnnotationError: If there is no class, or a folder cannot be read.
    """
    tops = _folders(root)
    by_split = [top for top in tops if top.name in SPLITS]
    if by_split and len(by_split) < len(tops):
        other = next(top for top in tops if top.name not in SPLITS)
        raise AnnotationError(
            f"{other}: beside {', '.join(top.name for top in by_split)}: expected either splits or classes",
            hint="put every class into train, val or test, or none",
        )
    for top in tops:
        for folder in _folders(top) if by_split else [top]:
            for image in _images(folder):
                yield Annotation(image, {"class": folder.name, "split": top.name if by_split else _split(root, image)})


def _folders(parent: Path) -> list[Path]:
    """The visible folders in a folder; there must be some, and no photograph beside them."""
    try:
        entries = sorted(parent.iterdir(), key=os.fsencode)
    except OSError as error:
        raise AnnotationError(f"{parent}: cannot be read ({one_line(error)})", hint="check the path") from error
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    folders = [entry for entry in visible if entry.is_dir()]
    stray = next((entry for entry in visible if entry.suffix.lower() in IMAGE_SUFFIXES and entry.is_file()), None)
    if stray is not None or not folders:
        raise AnnotationError(
            f"{stray}: a photograph without a class" if stray else f"{parent}: no folder of a class",
            hint="expected DIR/CLASS/PHOTOGRAPH or DIR/train/CLASS/PHOTOGRAPH",
        )
    return folders


def _images(folder: Path) -> Iterator[Path]:
    try:
        yield from find_images([folder])
    except ImageError as error:
        raise AnnotationError(str(error), hint="check the folder's permissions") from error


def _split(root: Path, image: Path) -> str:
    digest = hashlib.sha256(os.fsencode(image.relative_to(root).as_posix())).digest()
    return "train" if int.from_bytes(digest[:8], "big") < TRAIN_SHARE * 2**64 else "val"
