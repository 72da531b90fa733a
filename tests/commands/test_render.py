import csv
import io
import json
import os
import re
import sys
from pathlib import Path

import pytest
import typer
from rich.cells import cell_len

from fashion_cli.app import main
from fashion_cli.commands.output.render import (
    Column,
    as_csv,
    as_json,
    as_table,
    choose_format,
    display_path,
    emit,
)
from fashion_cli.errors import OutputError

ODD = os.fsdecode(b"caf\xe9.jpg")  # not UTF-8


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def test_a_pipe_gets_json_lines_and_a_terminal_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    assert choose_format(None) == "jsonl"
    assert choose_format("csv") == "csv"
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    assert choose_format(None) == "table"


def test_bytes_of_a_path_come_out_as_they_are(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    emit(f"{ODD}\n")
    assert capsysbinary.readouterr().out == b"caf\xe9.jpg\n"


class Failing(io.RawIOBase):
    def __init__(self, error: OSError) -> None:
        self.error = error

    def writable(self) -> bool:
        return True

    def write(self, _data: object) -> int:
        raise self.error


def test_a_reader_that_left_ends_the_command_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Failing(BrokenPipeError())))  # type: ignore[type-var]
    with pytest.raises(typer.Exit) as leaving:
        emit("x")
    assert leaving.value.exit_code == 0


def test_a_full_disk_behind_stdout_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(Failing(full)))  # type: ignore[type-var]
    with pytest.raises(OutputError, match="standard output: No space left"):
        emit("x")


def test_json_shows_characters_and_escapes_only_what_utf8_cannot_hold() -> None:
    assert as_json({"path": "å[1]\n"}) == '{"path": "å[1]\\n"}'
    escaped = as_json({"path": ODD})
    assert escaped.isascii()
    assert os.fsencode(json.loads(escaped)["path"]) == b"caf\xe9.jpg"
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_json(float("nan"))


def test_csv_quotes_what_needs_it() -> None:
    assert as_csv([["a,b", 'c"d', 1], ["e\nf", None, ""]]) == '"a,b","c""d",1\n"e\nf",,\n'


def test_a_table_cuts_and_wraps_no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("NO_COLOR", "1")
    path = "[bold]/" + "x" * 100 + ".jpg"
    text = as_table([Column("path"), Column("tags", wraps=True)], [[path, "red, dress, floral, women, casual"]])
    lines = re.sub(r"\033\[\d*m", "", text).splitlines()
    assert any(path in line for line in lines)
    assert max(map(len, lines)) <= len(path) + 4 + 12


CELLS = [
    ["1", "shop/a b/" + "x" * 20 + ".jpg", "red dress, floral, women, casual, summer", "0.98"],
    ["12", "服装/빨간 셔츠.jpg", "빨간 셔츠, 청바지, 원피스, 스커트, 운동화", "–"],
]
HEADINGS = [Column("rank", numeric=True), Column("path"), Column("tags", wraps=True), Column("cosine", numeric=True)]


@pytest.mark.parametrize("width", [1, 20, 30, 40, 60, 80, 200, 10**12])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_table_is_no_wider_than_columns_says(width: int, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if terminal:
        monkeypatch.setattr(sys, "stdout", Terminal(io.BytesIO()))
    monkeypatch.setenv("COLUMNS", str(width))
    lines = re.sub(r"\033\[\d*m", "", as_table(HEADINGS, CELLS)).splitlines()
    for path in (row[1] for row in CELLS):
        assert sum(path in line for line in lines) == 1  # in one piece
    words = {word for row in CELLS for word in row[2].split()}
    assert words <= {word for line in lines for word in line.split()}
    unbreakable = {
        *(row[place] for row in CELLS for place in (0, 1, 3)),
        *words,
        *(column.title for column in HEADINGS),
    }
    for line in lines:
        assert cell_len(line) <= width or any(line.strip().endswith(each) for each in unbreakable)
    assert ("rank   path" in lines[0]) == (width >= 80)  # beside each other where there is room


@pytest.mark.parametrize("columns", ["", "0", "-5", "wide", "60.5", "٠"])
def test_columns_that_are_no_number_are_passed_over(columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    plain = as_table(HEADINGS, CELLS)
    monkeypatch.setenv("COLUMNS", columns)
    assert as_table(HEADINGS, CELLS) == plain
    assert len(plain.splitlines()) == 4


def test_rows_that_do_not_fit_stand_under_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert as_table(HEADINGS, CELLS[:1], title="a title") == (
        "a title\n"
        "rank    1\n"
        "path\n"
        "  shop/a b/xxxxxxxxxxxxxxxxxxxx.jpg\n"
        "tags    red dress, floral,\n"
        "        women, casual, summer\n"
        "cosine  0.98\n"
    )


def test_a_list_of_models_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    assert main(["weights", "list", "--format", "table"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "fashion-mobilenet"]
    assert all(len(line) <= 60 or line.lstrip().startswith("/") for line in lines if "directory" not in line)


def test_a_table_in_a_pipe_wraps_nothing() -> None:
    words = "many words " * 50
    text = as_table([Column("path"), Column("tags", wraps=True)], [["a", words.strip()]], title="[b]Title")
    assert text.splitlines()[0] == "[b]Title"
    assert words.strip() in text
    assert "\033" not in text


def test_a_table_shows_what_would_move_the_cursor_as_escapes() -> None:
    text = as_table([Column("path")], [["a\nb\033[2J.jpg"], [ODD]])
    assert r"a\nb\x1b[2J.jpg" in text
    assert r"caf\udce9.jpg" in text
    assert len(text.splitlines()) == 4  # headings, a line, two rows


def test_wide_characters_stay_in_line() -> None:
    rows = as_table([Column("a"), Column("b")], [["服装", "x"], ["shop", "x"]]).splitlines()[2:]
    assert [row.index("x") for row in rows] == [7 - 2, 7]  # two characters fill four cells


def test_paths_under_the_working_directory_are_shown_short(tmp_path: Path) -> None:
    assert display_path(str(tmp_path / "a" / "b.jpg")) == "a/b.jpg"
    assert display_path("/elsewhere/b.jpg") == "/elsewhere/b.jpg"


CONTROLS = [chr(number) for number in (*range(32), 127, 0x85, 0x9F, 0x2028, 0x2029)]


@pytest.mark.parametrize("character", CONTROLS, ids=lambda each: f"U+{ord(each):04X}")
def test_a_control_character_is_quoted_whatever_pythons_own_writer_does(character: str) -> None:
    for text in (character, f"a{character}", f"{character}b", f"a{character}b"):
        assert as_csv([["x", text, 3]]) == f'x,"{text}",3\n'
        assert list(csv.reader(io.StringIO(as_csv([["x", text, 3]]), newline=""))) == [["x", text, "3"]]


def test_cells_of_csv() -> None:
    rows: list[list[object]] = [
        ["plain text", 'says "x"', "a,b"],
        [None, "", 0.1],
        [""],
        [None],
        [True, 1e-9, "é한 "],
        ["=1+1", "-a.jpg", "@x"],
    ]
    assert as_csv(rows) == ('plain text,"says ""x""","a,b"\n,,0.1\n""\n""\nTrue,1e-09,"é한 "\n=1+1,-a.jpg,@x\n')
    read = list(csv.reader(io.StringIO(as_csv(rows), newline="")))
    assert read == [["" if cell is None else str(cell) for cell in row] for row in rows]
