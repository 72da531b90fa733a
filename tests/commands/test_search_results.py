import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from fashion_cli.commands.output.search_results import show_hits
from fashion_cli.steps.search import SearchReport


def test_json_lines_explain_each_hit(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_hits(report, "jsonl")
    out, err = capsys.readouterr()
    first, second, third = map(json.loads, out.splitlines())
    query, combined = (result.label for result in report.results)
    assert first == {
        "query": query,
        "rank": 1,
        "path": report.results[0].hits[0].path,
        "cosine": 0.98765,
        "agreement": None,
        "retrieval_rank": 1,
        "rerank_score": 2.0,
        "shared_tags": ["colour:red", "category:dress"],
        "tags": {"category": {"dress": 0.8}, "colour": {"red": 0.91}},
        "columns": {"item_id": "17", "note": "a,b"},
        "copies": 0,
        "copy_paths": [],
        "product": None,
    }
    assert second["path"] == "/gone/a\nb.jpg"
    assert (third["query"], third["rerank_score"]) == (combined, None)
    assert err == ""


def test_json_is_a_list_of_queries(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_hits(report, "json")
    alone, combined = json.loads(capsys.readouterr().out)
    assert [hit["rank"] for hit in alone["hits"]] == [1, 2]
    assert alone["tags"] == {"category": {"dress": 0.8}, "colour": {"red": 0.91}}
    assert [part["weight"] for part in combined["parts"]] == [1.0, -0.5]


def test_csv_has_the_columns_of_every_hit(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_hits(report, "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["item_id"] for row in rows] == ["17", "18", ""]
    assert [row["note"] for row in rows] == ["a,b", "", ""]
    assert [row["rerank_score"] for row in rows] == ["2.0", "-4.0", ""]
    assert rows[0]["shared_tags"] == "colour:red;category:dress"
    assert rows[1]["path"] == "/gone/a\nb.jpg"


@pytest.mark.parametrize(("null", "end"), [(True, "\0"), (False, "\n")])
def test_paths_and_nothing_else(null: bool, end: str, report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_hits(report, "paths", null=null)
    out, err = capsys.readouterr()
    assert out == "".join(f"{hit.path}{end}" for result in report.results for hit in result.hits)
    assert err == ""


def test_a_table_for_each_query_with_its_name(
    report: SearchReport, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    show_hits(report, "table")
    out, err = capsys.readouterr()
    first, second = out.split("\n\n")
    assert first.splitlines()[0] == f"{tmp_path}/query [1].png"
    assert first.splitlines()[1].split() == ["rank", "path", "cosine", "before", "shared", "tags"]
    assert first.splitlines()[3].split() == ["1", "shop/[red]", "<b>å.png", "0.988", "1", "red,", "dress"]
    assert first.splitlines()[4].split() == ["2", r"'/gone/a\nb.jpg'", "0.500", "3"]
    assert "before" not in second  # it was not re-ranked
    assert err.splitlines()[0] == f"{tmp_path}/query [1].png: dress, red"
    assert err.splitlines()[-1] == "3 of 1,234 photographs, through Annoy, 0.40 s"


def test_one_query_needs_no_name_above_its_table(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    show_hits(replace(report, results=report.results[:1], note="exact, since annoy is missing"), "table")
    out, err = capsys.readouterr()
    assert out.split()[0] == "rank"
    assert "exact, since annoy is missing" in err


def test_a_search_without_hits_says_so(report: SearchReport, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = replace(report.results[0], hits=())
    show_hits(replace(report, results=(nothing,)), "table")
    out, err = capsys.readouterr()
    assert out == ""
    assert "nothing found" in err
