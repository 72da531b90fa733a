import io
import os
from pathlib import Path

import pytest

from fashion_cli.commands.cli.inputs import parse_weighted, read_sources
from fashion_cli.errors import UsageError


def type_in(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_arguments_are_paths() -> None:
    sources = read_sources(["b", "a/[red].jpg"], null=False)
    assert sources.paths == (Path("b"), Path("a/[red].jpg"))
    assert not sources.listed


@pytest.mark.parametrize(
    ("data", "null", "names"),
    [
        (b"a b.jpg\n\nc.jpg", False, [b"a b.jpg", b"c.jpg"]),
        (b"a\nb.jpg\0c.jpg\0", True, [b"a\nb.jpg", b"c.jpg"]),
        (b"\xff.jpg\n\xc3\xa5.jpg\n", False, [b"\xff.jpg", b"\xc3\xa5.jpg"]),
        (b"", False, []),
    ],
)
def test_paths_on_stdin(data: bytes, null: bool, names: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(data, monkeypatch)
    sources = read_sources(["first", "-", "last"], null=null)
    assert [os.fsencode(path) for path in sources.paths] == [b"first", *names, b"last"]
    assert sources.listed


def test_a_file_named_dash_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    type_in(b"never read", monkeypatch)
    assert read_sources(["./-"], null=False).paths == (Path("-"),)


@pytest.mark.parametrize(("arguments", "null"), [([], False), (None, False), (["-", "-"], False), (["a"], True)])
def test_what_cannot_be_meant_is_refused(arguments: list[str] | None, null: bool) -> None:
    with pytest.raises(UsageError):
        read_sources(arguments, null=null)


def test_arguments_may_be_optional() -> None:
    assert read_sources(None, null=False, optional=True).paths == ()


@pytest.mark.parametrize(
    ("text", "path", "weight"),
    [
        ("a.jpg", "a.jpg", 1.0),
        ("a.jpg:2", "a.jpg", 2.0),
        ("a.jpg:-0.5", "a.jpg", -0.5),
        ("a.jpg:+.5e1", "a.jpg", 5.0),
        ("12:30", "12", 30.0),
        ("12:30:1", "12:30", 1.0),
        ("a:b.jpg", "a:b.jpg", 1.0),
        ("a.jpg:nan", "a.jpg:nan", 1.0),
        ("a\nb.jpg:3", "a\nb.jpg", 3.0),
        (":3", ":3", 1.0),
    ],
)
def test_weights_stand_behind_the_last_colon(text: str, path: str, weight: float) -> None:
    assert parse_weighted(text) == (Path(path), weight)


@pytest.mark.parametrize("text", ["a.jpg:0", "a.jpg:-0.0", "a.jpg:1e999"])
def test_weights_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="weight"):
        parse_weighted(text)
