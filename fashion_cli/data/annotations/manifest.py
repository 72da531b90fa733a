"""A CSV manifest: a header with a `path` column (relative to the manifest); any other column is a label, `item_id` and
`split` among them.
"""

import csv
from collections.abc import Iterator
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
