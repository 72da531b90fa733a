"""Evaluations of photographs of which some are not there: figures are of the others, and every format says so."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from fashion_cli.app import main

Fashion = Callable[..., int]
Capture = pytest.CaptureFixture[str]
ITEMS, GONE = 6, 5
COLOURS, STYLES = ("red", "green", "blue"), ("dandy", "preppy", "techwear")


@pytest.fixture
def fashion(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Fashion:
    monkeypatch.setenv("FASHION_MODEL", str(tiny_model))
    monkeypatch.setenv("FASHION_ENGINE", "onnx")
    return lambda *argv: main([str(each) for each in argv])


@pytest.fixture
def table(tmp_path: Path, drawn: Callable[..., Path]) -> Path:
    """Twelve photographs of six items; the files of five photographs are missing."""
    rows = []
    for place in range(2 * ITEMS):
        item = place // 2
        if place >= GONE:
            drawn(tmp_path / f"{place}.bmp", item)
        rows.append(f"{place}.bmp,{item},val,{COLOURS[item % 3]},{STYLES[item % 3]}")
    (tmp_path / "t.csv").write_text("\n".join(["path,item_id,split,colour,style", *rows]) + "\n")
    return tmp_path / "t.csv"


@pytest.fixture
def lines(table: Path, style_model: Path) -> dict[str, list[object]]:
    return {
        "retrieval": ["eval", "retrieval", table],
        "rerank": ["eval", "rerank", table, "--alphas", "2", "--betas", "0,2"],
        "tags": ["eval", "tags", table],
        "styles": ["eval", "styles", table, "--split", "val", "--group", "style", "--model", style_model],
    }


EVALUATIONS = ("retrieval", "rerank", "tags", "styles")


@pytest.mark.parametrize("name", EVALUATIONS)
def test_missing_photographs_are_counted_in_every_format(
    lines: dict[str, list[object]], fashion: Fashion, capsys: Capture, name: str
) -> None:
    found = {}
    for format_name in ("table", "json", "jsonl", "csv"):
        assert fashion(*lines[name], "--format", format_name) == 0
        found[format_name], told = capsys.readouterr()
        assert f"skipped {GONE}" in told
        assert all(f"{place}.bmp" in told for place in range(GONE))
    for rows in (
        json.loads(found["json"]),
        [json.loads(line) for line in found["jsonl"].splitlines()],
        list(csv.DictReader(io.StringIO(found["csv"]))),
    ):
        assert rows
        assert {int(row["skipped"]) for row in rows} == {GONE}
    assert fashion(*lines[name], "--strict") == 3


@pytest.mark.parametrize("name", EVALUATIONS)
def test_where_all_are_missing_that_is_what_is_said(
    lines: dict[str, list[object]], table: Path, fashion: Fashion, capsys: Capture, name: str
) -> None:
    for path in table.parent.glob("*.bmp"):
        path.unlink()
    assert fashion(*lines[name], "--format", "json") == 1
    out, told = capsys.readouterr()
    assert out == ""
    assert "none of the 12 photographs can be read" in told
    assert "0.bmp" in told


def test_where_only_partners_are_missing_that_is_said(
    lines: dict[str, list[object]], table: Path, fashion: Fashion, capsys: Capture
) -> None:
    for place in range(GONE, 2 * ITEMS, 2):
        (table.parent / f"{place}.bmp").unlink()
    assert fashion(*lines["retrieval"]) == 1
    told = capsys.readouterr().err
    assert "no query has another photograph of its item in the gallery; 9 of 12 cannot be read" in told
    assert "0.bmp" in told


@pytest.mark.parametrize("variant", ["Val", "VAL", "val ", " val"])
@pytest.mark.parametrize("name", EVALUATIONS)
def test_a_split_that_is_almost_the_one_asked_for_is_named(
    lines: dict[str, list[object]], table: Path, fashion: Fashion, capsys: Capture, name: str, variant: str
) -> None:
    rows = table.read_text().splitlines()
    changed = [row.replace(",val,", f",{variant},") if row.startswith(("10.", "11.")) else row for row in rows]
    table.write_text("\n".join(changed) + "\n")
    assert fashion(*lines[name], "--format", "json") == 0
    told = capsys.readouterr().err
    assert f"2 photographs have split={variant!r}, which is not 'val'" in told
