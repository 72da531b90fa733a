"""A CSV manifest: a header with a `path` column (relative to the manifest); any other column is a label, `item_id` and
`split` among them.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from fashion_cli.data.annotations.annotation import Annotation
from fashion_cli.errors import AnnotationError


def read_manifest(manifest: Path | str) -> Iterator[Annotation]:
    """The rows of a CSV manifest, one at a time.

    Raises:
        AnnotationError: With file, line and what was expected.
    """
    manifest = Path(manifest)
    try:
        with manifest.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.reader(stream, strict=True)
            # Spreadsheets end a table with rows that hold nothing but commas.
            rows = (cells for cells in reader if any(cell.strip() for cell in cells))
            names = next(rows, [])
            _check_header(manifest, reader.line_num, names)
            for cells in rows:
                yield _annotation(manifest, reader.line_num, names, cells)
    except OSError as error:
        raise AnnotationError(f"{manifest}: cannot be read ({error.strerror})", hint="check the path") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise AnnotationError(f"{manifest}: not a UTF-8 CSV file ({error})", hint="save it as CSV, UTF-8") from error


def _check_header(manifest: Path, line: int, names: Sequence[str]) -> None:
    if "path" not in names:
        separator = next((each for each in (";", "\t") if len(names) == 1 and "path" in names[0].split(each)), "")
        if separator:
            raise AnnotationError(
                f"{manifest}:{line or 1}: its columns are separated by {separator!r}",
                hint="a manifest has commas: save it as CSV with those",
            )
        raise AnnotationError(
            f"{manifest}:{line or 1}: no column 'path' in the header",
            hint="the first line of a manifest names its columns: path,item_id,…,split",
        )
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    if twice:
        raise AnnotationError(
            f"{manifest}:{line}: the column {twice[0]!r} is named twice", hint="rename one of the two, or delete it"
        )


def _annotation(manifest: Path, line: int, names: Sequence[str], cells: Sequence[str]) -> Annotation:
    if len(cells) < len(names) or any(cells[len(names) :]):
        raise AnnotationError(
            f"{manifest}:{line}: not as many values as the header has columns",
            hint="quote values that hold a comma",
        )
    values = dict(zip(names, cells, strict=False))
    if any(cell for name, cell in zip(names, cells, strict=False) if not name):
        raise AnnotationError(f"{manifest}:{line}: a value in a column without a name", hint="name it in the header")
    values.pop("", None)
    path = values.pop("path")
    if not path:
        raise AnnotationError(f"{manifest}:{line}: the path is empty", hint="name a photograph or delete the line")
    return Annotation(manifest.parent / path, values, line=line)
