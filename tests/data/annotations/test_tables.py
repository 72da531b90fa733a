"""Tables on disk: line ends, encodings, files that cannot be opened, rows by name."""

from pathlib import Path

import pytest

from fashion_cli.data.annotations.published_rows import RowsByName, read_rows
from fashion_cli.errors import AnnotationError
from tests.data.annotations.trees import write_table


def test_line_ends_byte_order_marks_and_empty_lines(tmp_path: Path) -> None:
    file = tmp_path / "t.txt"
    file.write_bytes("\ufeff2\r\nname  value\r\nä   1\r\n\r\nb 2\n\n  \n".encode())
    assert [(row.line, row.text, row.name) for row in read_rows(file, "name")] == [(3, "ä   1", "ä"), (5, "b 2", "b")]


def test_rows_by_name_in_any_order(tmp_path: Path) -> None:
    names = [f"ärmel_{n}" for n in range(50)]
    file = write_table(tmp_path / "t.txt", "name value", [f"{name}  {n}" for n, name in enumerate(names)])
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes())
    asking = next(read_rows(file))
    with RowsByName(file, "name") as rows:
        for n in (49, 0, 25, 25):
            found = rows.row(names[n], asking)
            assert (found.text, found.line) == (f"ärmel_{n}  {n}", n + 3)
        with pytest.raises(AnnotationError, match=r"t\.txt:3: 'hem' has no row in"):
            rows.row("hem", asking)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ":1: '': expected the number of rows"),
        (b"-1\nname\n", ":1: '-1': expected the number of rows"),
        ("²\nname\n".encode(), ":1: '²': expected the number of rows"),
        (b"1\n", ":2: expected the names of the columns"),
        (b"1\nvalue name\na 1\n", ":2: expected the names of the columns, the first 'name'"),
        (b"1\nname value\n\xff 1\n", ":3: not UTF-8"),
        (b"1\nname value\n", ":1: the first line promises 1 rows, but 0 follow"),
    ],
)
def test_wrong_tables(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "t.txt"
    file.write_bytes(content)
    with pytest.raises(AnnotationError) as error:
        list(read_rows(file, "name"))
    assert f"{file}{message}" in str(error.value)
    assert error.value.hint


def test_an_empty_table_is_one(tmp_path: Path) -> None:
    assert list(read_rows(write_table(tmp_path / "t.txt", "name", []), "name")) == []


def test_a_table_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(AnnotationError, match=r"t\.txt: cannot be read \(No such file or directory\)"):
        list(read_rows(tmp_path / "t.txt"))
    (tmp_path / "t.txt").mkdir()
    with pytest.raises(AnnotationError, match="cannot be read"):
        RowsByName(tmp_path / "t.txt")
