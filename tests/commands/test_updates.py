from pathlib import Path

import pytest

from fashion_cli.commands.output.updates import show_indexed
from fashion_cli.steps.index import IndexReport


def report(**changes: object) -> IndexReport:
    fields = {
        "directory": Path(".fashion"),
        "rows": 100_000,
        "embedded": 90_000,
        "kept": 10_000,
        "moved": 3,
        "dropped": 0,
        "skipped": (),
        "kind": "annoy",
        "reason": "",
        "trees": 40,
        "search_k": 9000,
        "recall_target": 0.99,
        "recall_reached": 0.9914,
        "embed_seconds": 300.0,
        "seconds": 330.0,
        "model": "tiny",
        "engine": "onnx",
    }
    return IndexReport(**{**fields, **changes})  # type: ignore[arg-type]


def test_an_annoy_index_says_how_well_it_finds(capsys: pytest.CaptureFixture[str]) -> None:
    show_indexed(report(), strict=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        ".fashion: 100,000 photographs by tiny, Annoy with 40 trees, recall@50 0.991 of 0.99 wanted",
        "embedded 90,000 in 5 min 00 s, 300/s, 10,000 kept, 3 moved; 5 min 30 s in all",
    ]


def test_an_index_that_was_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    show_indexed(report(embedded=0, kind="exact", reason="few photographs", seconds=0.5), strict=True)
    err = capsys.readouterr().err
    assert "every search compares all (few photographs)" in err
    assert "nothing new to embed, 10,000 kept, 3 moved; 0.50 s in all" in err
