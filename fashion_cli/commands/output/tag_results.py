"""What is on photographs, in every format. Text comes out as they do, so a million of them need no memory."""

from collections.abc import Iterable, Iterator
from typing import Any

from fashion_cli.commands.cli.options import RowFormat
from fashion_cli.commands.output.render import (
    Column,
    as_csv,
    as_json,
    as_table,
    display_path,
    tags_by_group,
)
from fashion_cli.data.tags import Tag
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


def tag_lines(
    photographs: Iterable[TaggedPhotograph], format_name: RowFormat, *, with_titles: bool = False
) -> Iterator[str]:
    """Text in a format, piece by piece; a table, whose columns depend on every row, in one piece.

    Args:
        photographs: What is on each.
        format_name: A table shows titles in place of names; the others keep names, which programs go by.
        with_titles: Whether a language was asked for: the others have the titles too.
    """
    match format_name:
        case "table":
            return iter([_table(list(photographs))])
        case "json":
            return _json(photographs, with_titles=with_titles)
        case "jsonl":
            return (f"{as_json(_document(photograph, with_titles=with_titles))}\n" for photograph in photographs)
        case "csv":
            return _csv(photographs, with_titles=with_titles)


def _document(photograph: TaggedPhotograph, *, with_titles: bool) -> dict[str, Any]:
    document: dict[str, Any] = {"path": photograph.path, "tags": tags_by_group(photograph.tags)}
    if with_titles:
        titles: dict[str, dict[str, str]] = {group: {} for group in document["tags"]}
        for tag in photograph.tags:
            titles[tag.group][tag.name] = _title(tag)
        document["titles"] = titles
    return document


def _json(photographs: Iterable[TaggedPhotograph], *, with_titles: bool) -> Iterator[str]:
    before = "["
    for photograph in photographs:
        yield f"{before}\n{as_json(_document(photograph, with_titles=with_titles))}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _csv(photographs: Iterable[TaggedPhotograph], *, with_titles: bool) -> Iterator[str]:
    yield as_csv([["path", "group", "tag", "score", *(["title"] if with_titles else [])]])
    for photograph in photographs:
        yield as_csv(
            (photograph.path, tag.group, tag.name, tag.score, *([_title(tag)] if with_titles else []))
            for tag in photograph.tags
        )


def _table(photographs: list[TaggedPhotograph]) -> str:
    if not photographs:
        return ""
    groups = list(dict.fromkeys(tag.group for photograph in photographs for tag in photograph.tags))
    columns = [Column("path"), *(Column(group, wraps=True) for group in groups)]
    return as_table(columns, [_table_row(photograph, groups) for photograph in photographs])


def _table_row(photograph: TaggedPhotograph, groups: list[str]) -> list[str]:
    cells = (
        ", ".join(f"{_title(tag)} {tag.score:.2f}" for tag in photograph.tags if tag.group == group) for group in groups
    )
    return [display_path(photograph.path), *cells]


def _title(tag: Tag) -> str:
    return tag.title or tag.name
