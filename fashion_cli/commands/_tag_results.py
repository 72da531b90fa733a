"""What is on photographs, in every format. Text comes out as they do, so a million of them need no memory."""

from collections.abc import Iterable, Iterator
from typing import Any

from fashion_cli.commands._options import RowFormat
from fashion_cli.commands._render import (
    Column,
    as_csv,
    as_json,
    as_table,
    shown_path,
    tags_by_group,
)
from fashion_cli.steps.tag import TaggedPhotograph


class Counted:
    """Photographs that pass by, and how many they were.

    Attributes:
        count: So far.
    """

    def __init__(self, photographs: Iterable[TaggedPhotograph]) -> None:
        self._photographs = photographs
        self.count = 0

    def __iter__(self) -> Iterator[TaggedPhotograph]:
        for photograph in self._photographs:
            self.count += 1
            yield photograph


def tag_lines(photographs: Iterable[TaggedPhotograph], format_name: RowFormat) -> Iterator[str]:
    """Text in a format, piece by piece; a table, whose columns depend on every row, in one piece."""
    match format_name:
        case "table":
            return iter([_table(list(photographs))])
        case "json":
            return _json(photographs)
        case "jsonl":
            return (f"{as_json(_document(photograph))}\n" for photograph in photographs)
        case "csv":
            return _csv(photographs)


def _document(photograph: TaggedPhotograph) -> dict[str, Any]:
    return {"path": photograph.path, "tags": tags_by_group(photograph.tags)}


def _json(photographs: Iterable[TaggedPhotograph]) -> Iterator[str]:
    before = "["
    for photograph in photographs:
        yield f"{before}\n{as_json(_document(photograph))}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _csv(photographs: Iterable[TaggedPhotograph]) -> Iterator[str]:
    yield as_csv([["path", "group", "tag", "score"]])
    for photograph in photographs:
        yield as_csv((photograph.path, tag.group, tag.name, tag.score) for tag in photograph.tags)


def _table(photographs: list[TaggedPhotograph]) -> str:
    if not photographs:
        return ""
    groups = list(dict.fromkeys(tag.group for photograph in photographs for tag in photograph.tags))
    columns = [Column("path"), *(Column(group, wraps=True) for group in groups)]
    return as_table(columns, [_table_row(photograph, groups) for photograph in photographs])


def _table_row(photograph: TaggedPhotograph, groups: list[str]) -> list[str]:
    by_group = tags_by_group(photograph.tags)
    cells = (", ".join(f"{name} {score:.2f}" for name, score in by_group.get(group, {}).items()) for group in groups)
    return [shown_path(photograph.path), *cells]
