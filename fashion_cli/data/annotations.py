"""Annotation files: which photographs there are and what is known of each.

A CSV manifest has a header with a `path` column (relative to the manifest); any other column is a label, `item_id` and
`split` among them.
"""

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fashion_cli.errors import AnnotationError


@dataclass(frozen=True)
class Annotation:
    """One photograph of a manifest.

    Attributes:
        path: Where the photograph lies.
        values: Column name -> text as it stands in the manifest; "" where nothing is known.
    """

    path: Path
    values: Mapping[str, str]

    @property
    def split(self) -> str:
        return self.values.get("split", "")


def read_manifest(manifest: Path) -> Iterator[Annotation]:
    """The rows of a CSV manifest, one at a time.

    Raises:
        AnnotationError: With file, line and what was expected.
    """
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, strict=True)
            if "path" not in (reader.fieldnames or ()):
                raise AnnotationError(
                    f"{manifest}:1: no column 'path' in the header",
                    hint="the first line of a manifest names its columns: path,item_id,…,split",
                )
            for row in reader:
                yield _annotation(manifest, reader.line_num, row)
    except OSError as error:
        raise AnnotationError(f"{manifest}: cannot be read ({error.strerror})", hint="check the path") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise AnnotationError(f"{manifest}: not a UTF-8 CSV file ({error})", hint="save it as CSV, UTF-8") from error


def _annotation(manifest: Path, line: int, row: dict[str | None, str | None]) -> Annotation:
    values = {name: value for name, value in row.items() if name is not None and value is not None}
    if len(values) != len(row):
        raise AnnotationError(
            f"{manifest}:{line}: not as many values as the header has columns",
            hint="quote values that hold a comma",
        )
    path = values.pop("path")
    if not path:
        raise AnnotationError(f"{manifest}:{line}: the path is empty", hint="name a photograph or delete the line")
    return Annotation(manifest.parent / path, values)


def require_column(manifest: Path, annotations: list[Annotation], column: str) -> None:
    """Check that a manifest has a column.

    Raises:
        AnnotationError: Naming the columns that there are.
    """
    if annotations and column not in annotations[0].values:
        raise AnnotationError(
            f"{manifest}: no column {column!r}",
            hint=f"its columns are path, {', '.join(annotations[0].values)}",
        )


def manifest_columns(annotations: Iterable[Annotation]) -> dict[str, dict[str, str]]:
    """What a feature file stores of a manifest: `item_id`, and the other columns as `label/NAME`.

    Returns:
        Column name -> absolute path -> text.
    """
    columns: dict[str, dict[str, str]] = {}
    for annotation in annotations:
        path = os.path.abspath(annotation.path)
        for name, value in annotation.values.items():
            columns.setdefault(name if name == "item_id" else f"label/{name}", {})[path] = value
    return columns


def of_split(manifest: Path, annotations: Sequence[Annotation], split: str) -> list[Annotation]:
    """The photographs of a split; all of them where it is "".

    Raises:
        AnnotationError: If there are none, naming the splits that there are.
    """
    chosen = [annotation for annotation in annotations if split in ("", annotation.split)]
    if not chosen:
        splits = sorted({annotation.split for annotation in annotations} - {""})
        raise AnnotationError(
            f"{manifest}: no photograph with split={split}" if split else f"{manifest}: no photograph",
            hint=f"its splits: {', '.join(splits)}" if splits else "the column `split` says train or val",
        )
    return chosen
