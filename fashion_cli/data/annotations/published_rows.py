"""The text tables that DeepFashion is published in: a line with the count, a header, one row per line.

Values stand with blanks between them. Rows are read one at a time; a table whose rows come in another order than those
of the file that is walked through is read by the offsets of its lines.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Self

from fashion_cli.errors import AnnotationError
from fashion_cli.message_text import one_line

HINT = "docs/annotations.md shows the layout"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table.

    Attributes:
        file: The table.
        line: Counted from 1.
        text: Without blanks at either end.
        offset: Where the line begins in the file, bytes.
    """

    file: Path
    line: int
    text: str
    offset: int = 0

    @property
    def name(self) -> str:
        """The first value: what the row is about."""
        return self.text.split(maxsplit=1)[0]

    def fields(self, *expected: str) -> list[str]:
        """The values, as many as are expected.

        Raises:
            AnnotationError: Naming the expected ones.
        """
        fields = self.text.split()
        if len(fields) != len(expected):
            raise self.error(f"expected {len(expected)} values ({' '.join(expected)}), found {len(fields)}")
        return fields

    def error(self, message: str, hint: str = HINT) -> AnnotationError:
        return AnnotationError(f"{self.file}:{self.line}: {message}", hint=hint)

    def choice(self, value: str, what: str, choices: Sequence[str]) -> str:
        """A value that must be one of several.

        Raises:
            AnnotationError: Naming them.
        """
        if value not in choices:
            raise self.error(f"{what} {value!r}: expected {', '.join(choices)}")
        return value

    def decode_code(self, code: str, what: str, names: Sequence[str]) -> str:
        """What a number from 1 on stands for.

        Raises:
            AnnotationError: If it stands for nothing.
        """
        number = int(code) if code.isascii() and code.isdigit() else 0
        if not 1 <= number <= len(names):
            raise self.error(f"{what} {code!r}: expected a number from 1 to {len(names)}")
        return names[number - 1]

    def whole_numbers(self, values: Sequence[str]) -> list[int]:
        """Values as numbers.

        Raises:
            AnnotationError: Naming the first that is none.
        """
        numbers = []
        for value in values:
            try:
                numbers.append(int(value))
            except ValueError:
                raise self.error(f"{value!r}: expected a whole number") from None
        return numbers

    def image(self, name: str) -> PurePosixPath:
        """The name of a photograph, which must lie below the folder of photographs.

        Raises:
            AnnotationError: If it points elsewhere.
        """
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name:
            raise self.error(f"image name {name!r}: expected a path below the folder Img, without '..'")
        return path


def read_rows(file: Path, header: str = "") -> Iterator[Row]:
    """The rows of a table, one at a time.

    Args:
        file: Its first line says how many rows there are, its second names the columns.
        header: The name that the second line begins with; "" where that is not known.

    Raises:
        AnnotationError: With file, line and what was expected; if there are more or fewer rows than the count.
    """
    try:
        with file.open("rb") as stream:
            yield from _rows(file, stream, header)
    except OSError as error:
        raise _unreadable(file, error) from error


def _rows(file: Path, stream: BinaryIO, header: str) -> Iterator[Row]:
    lines = _lines(file, stream)
    count = _count(file, next(lines, None))
    _check_header(file, next(lines, None), header)
    rows_read = 0
    for row in lines:
        if not row.text:
            continue
        rows_read += 1
        if rows_read > count:
            raise row.error(f"one row more than the {count:,} that line 1 promises")
        yield row
    if rows_read < count:
        raise AnnotationError(
            f"{file}:1: the first line promises {count:,} rows, but {rows_read:,} follow",
            hint="the file was cut off or edited: unpack it again",
        )


def _lines(file: Path, stream: BinaryIO) -> Iterator[Row]:
    offset = 0
    for number, raw in enumerate(stream, start=1):
        content = raw.removeprefix(_BYTE_ORDER_MARK) if number == 1 else raw
        yield Row(file, number, _text(file, number, content), offset)
        offset += len(raw)


def _text(file: Path, line: int, content: bytes) -> str:
    try:
        return content.decode().strip()
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{file}:{line}: not UTF-8 ({error.reason})", hint="unpack it again") from error


def _count(file: Path, first: Row | None) -> int:
    text = first.text if first else ""
    if not (text.isascii() and text.isdigit()):
        raise AnnotationError(f"{file}:1: {text[:40]!r}: expected the number of rows", hint=HINT)
    return int(text)


def _check_header(file: Path, second: Row | None, header: str) -> None:
    fields = second.text.split() if second else []
    fits = fields[:1] == [header] if header else bool(fields) and not any(map(_is_number, fields))
    if not fits:
        expectation = f", the first {header!r}" if header else ""
        raise AnnotationError(f"{file}:2: expected the names of the columns{expectation}", hint=HINT)


def _is_number(value: str) -> bool:
    return value.removeprefix("-").isdigit()


def _unreadable(file: Path, error: OSError) -> AnnotationError:
    return AnnotationError(f"{file}: cannot be read ({one_line(error)})", hint=HINT)


def in_step(tables: Sequence[Iterator[Row]]) -> Iterator[tuple[Row, ...]]:
    """Rows of several tables about the same photographs in the same order, side by side.

    Raises:
        AnnotationError: With both files and lines, if two rows name different photographs or a table ends early.
    """
    last: tuple[Row, ...] = ()
    for rows in zip_longest(*tables):
        together = tuple(row for row in rows if row is not None)
        if len(together) < len(rows):
            shorter = [row.file for row, now in zip(last, rows, strict=False) if now is None]
            where = f"{shorter[0]} ends" if shorter else "another table has no row"
            raise together[0].error(f"a row more than in another table: {where} before it")
        first, *others = together
        name = first.name
        for other in others:
            if other.name != name:
                raise other.error(f"image {other.name!r}, but {first.file}:{first.line} has {name!r}")
        yield together
        last = together


class RowsByName:
    """The rows of a table in any order, found by the name that they begin with. Holds names and offsets, no rows.

    Use it as a context manager: it keeps the file open.

    Args:
        file: The table.
        header: As `read_rows` takes it.

    Raises:
        AnnotationError: As `read_rows` does, and if two rows have the same name.
    """

    def __init__(self, file: Path, header: str = "") -> None:
        self.file = file
        self._places: dict[str, tuple[int, int]] = {}  # name -> line, offset
        for row in read_rows(file, header):
            if row.name in self._places:
                raise row.error(f"{row.name!r} a second time, after line {self._places[row.name][0]}")
            self._places[row.name] = row.line, row.offset
        try:
            self._stream = file.open("rb")
        except OSError as error:
            raise _unreadable(file, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.close()

    def row(self, name: str, asking: Row) -> Row:
        """The row of a name.

        Args:
            name: What it begins with.
            asking: The row of another table that names it.

        Raises:
            AnnotationError: If there is none.
        """
        if name not in self._places:
            raise asking.error(f"{name!r} has no row in {self.file}")
        line, offset = self._places[name]
        self._stream.seek(offset)
        return Row(self.file, line, _text(self.file, line, self._stream.readline()), offset)
