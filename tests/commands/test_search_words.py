"""`fashion search` by words, folders, `--but` and numbers, through `main`, against plain loops over the gallery."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fashion_cli.app import main
from fashion_cli.commands.cli.queries import is_path
from fashion_cli.retrieval.manipulation import CANDIDATES
from tests.described_gallery import CATEGORIES, COLOURS, COUNT, VOCABULARY, DescribedGallery, make_gallery

Search = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> DescribedGallery:
    return make_gallery(tmp_path_factory.mktemp("words"))


@pytest.fixture
def search(made: DescribedGallery, capsys: pytest.CaptureFixture[str]) -> Search:
    """The JSON documents of a search that works."""

    def run(*arguments: str) -> list[dict[str, Any]]:
        assert main(["search", "--index", str(made.index), "--format", "json", *arguments]) == 0
        found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
        return found

    return run


@pytest.fixture
def refused(made: DescribedGallery, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """What a wrong usage says."""

    def run(*arguments: str) -> str:
        assert main(["search", "--index", str(made.index), *arguments]) == 2
        out, err = capsys.readouterr()
        assert out == ""
        return err

    return run


def paths(document: dict[str, Any]) -> list[str]:
    return [hit["path"] for hit in document["hits"]]


def shown(made: DescribedGallery, *tags: str) -> list[str]:
    """Photographs with all tags, the surest first."""
    columns = [VOCABULARY.names.index(tag) for tag in tags]
    rows = [row for row in range(COUNT) if made.tags[row] >= set(tags)]
    return [made.paths[row] for row in sorted(rows, key=lambda row: -made.scores[row, columns].sum())]


@pytest.mark.parametrize(
    ("words", "tags"),
    [
        ("grey pants", ("grey", "pants")),
        ("Gray TROUSERS", ("grey", "pants")),
        ("flip-flops", ("flip flops",)),
        ("회색 바지", ("grey", "pants")),
        ("빨간바지", ("red", "pants")),
    ],
)
def test_words_find_what_shows_their_tags(
    made: DescribedGallery, search: Search, words: str, tags: tuple[str, ...]
) -> None:
    (document,) = search(words, "--topk", "100")
    assert paths(document) == shown(made, *tags)
    assert document["query"] == words
    assert document["parts"] == []
    assert {hit["cosine"] for hit in document["hits"]} == {None}
    assert [hit["rank"] for hit in document["hits"]] == list(range(1, len(document["hits"]) + 1))


def test_tags_of_one_group_are_alternatives(made: DescribedGallery, search: Search) -> None:
    (document,) = search("red blue pants", "--topk", "100")
    expected = [
        made.paths[row] for row in range(COUNT) if "pants" in made.tags[row] and made.tags[row] & {"red", "blue"}
    ]
    assert sorted(paths(document)) == sorted(expected)
    assert document["total"] == len(expected)


def test_words_of_the_table_count_like_tags_that_are_sure(made: DescribedGallery, search: Search) -> None:
    (document,) = search("linen", "--topk", "100")  # no tag: a word of titles; in Korean it is another word
    assert paths(document) == [made.paths[row] for row in range(COUNT) if "Linen" in made.titles[row]]
    assert {hit["columns"]["title"] for hit in document["hits"]} == {"Linen summer frock"}
    (both,) = search("linen dress", "--topk", "100")  # frock is another word for it, so the title says both
    assert sorted(paths(both)) == sorted(paths(document))
    (shirt,) = search("aria", "acme")[:1]
    assert all("Aria" in hit["columns"]["title"] for hit in shirt["hits"])


def test_colours_are_whole_words_in_titles(made: DescribedGallery, search: Search) -> None:
    (document,) = search("red", "--topk", "100")
    assert sorted(paths(document)) == sorted(shown(made, "red"))  # "Reduced" and "Embroidered" are none


def test_totals_and_counts_are_those_of_the_result(made: DescribedGallery, search: Search) -> None:
    rows = [row for row in range(COUNT) if "pants" in made.tags[row]]
    (document,) = search("pants", "--topk", "3")
    counts = {tag: sum(tag in made.tags[row] for row in rows) for tag in (*COLOURS, *CATEGORIES)}
    assert (len(document["hits"]), document["total"]) == (3, len(rows))
    told = {tag: count for group in document["counts"].values() for tag, count in group.items()}
    assert told == {tag: count for tag, count in counts.items() if count}
    assert list(document["counts"]["colour"].values()) == sorted(document["counts"]["colour"].values(), reverse=True)
    (like,) = search(made.paths[0], "--topk", "2", "--where", "category=pants")
    assert (like["total"], like["counts"]) == (document["total"], document["counts"])
    (everything,) = search(made.paths[0], "--topk", "2")
    assert everything["total"] == COUNT


def test_words_are_narrowed_down(made: DescribedGallery, search: Search) -> None:
    (document,) = search("pants", "--where", "price<=30", "--topk", "100")
    cheap = ("9.99", "30", "30.0", "-3", " 12 ")
    expected = [made.paths[row] for row in range(COUNT) if "pants" in made.tags[row] and made.prices[row] in cheap]
    assert sorted(paths(document)) == sorted(expected)


def test_what_is_no_number_is_said(made: DescribedGallery, capsys: pytest.CaptureFixture[str]) -> None:
    argv = ["search", "--index", str(made.index), "pants", "--where", "Price<30", "--format", "table"]
    assert main(argv) == 0
    out, err = capsys.readouterr()
    odd = sum(cell in ("n/a", "1,299") for cell in made.prices)
    assert f"Price<30: of {COUNT} values {odd} are no numbers, as 'n/a'" in err
    assert "in all; category: pants" in err
    assert "cosine" not in out.splitlines()[0]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("nowhere.jpg", True),
        ("nowhere.HEIC", True),
        ("no/where", True),
        ("red/blue", True),
        ("-", True),
        ("red dress", False),
        ("drss", False),
        ("size 42.5", False),
        ("notes.txt", False),
    ],
)
def test_what_is_a_path_is_told_by_its_look(argument: str, expected: bool) -> None:
    assert is_path(argument) == expected


def test_what_is_there_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_path("red dress")
    (tmp_path / "red dress").mkdir()
    (tmp_path / "gone").symlink_to("nowhere")
    assert is_path("red dress")
    assert is_path("gone")


def test_text_is_words_whatever_is_there(
    made: DescribedGallery, search: Search, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pants").mkdir()
    (document,) = search("--text", "pants", "--topk", "100")
    assert paths(document) == shown(made, "pants")
    assert main(["search", "--index", str(made.index), "pants"]) == 2  # a folder without photographs


def test_a_missing_file_is_no_word(made: DescribedGallery, capsys: pytest.CaptureFixture[str]) -> None:
    for missing in ("pants.jpg", "grey/pants"):
        assert main(["search", "--index", str(made.index), missing]) == 1
        out, err = capsys.readouterr()
        assert out == ""
        assert missing in err
        assert "No such file" in err


def test_batches_may_be_mixed(
    made: DescribedGallery, search: Search, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = io.TextIOWrapper(io.BytesIO(f"{made.paths[1]}\n{made.paths[2]}\n".encode()))
    monkeypatch.setattr("sys.stdin", listed)
    found = search("grey pants", made.paths[0], "-", "dress", "--text", "scarf")
    assert [each["query"] for each in found] == ["grey pants", *made.paths[:3], "dress", "scarf"]
    assert paths(found[1])[0] == made.paths[0]


def test_lines_of_standard_input_are_paths(
    made: DescribedGallery, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"red pants\n")))
    assert main(["search", "--index", str(made.index), "-"]) == 1
    assert "red pants: cannot be read" in capsys.readouterr().err


def test_a_folder_is_a_search_by_each_of_its_photographs(made: DescribedGallery, search: Search) -> None:
    found = search(str(made.folder), "--topk", "1")
    assert sorted(each["query"] for each in found) == sorted(made.paths)  # deeper ones too
    assert all(paths(each) == [each["query"]] for each in found)


def test_words_without_quotes_are_said_to_be_searches_of_their_own(
    made: DescribedGallery, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["search", "--index", str(made.index), "grey", "pants", "--format", "paths"]) == 0
    assert "quote what belongs together: 'grey pants'" in capsys.readouterr().err


@pytest.mark.parametrize("format_name", ["jsonl", "json", "csv", "paths", "table"])
def test_nothing_found_is_said(made: DescribedGallery, capsys: pytest.CaptureFixture[str], format_name: str) -> None:
    narrow = ["--where", "Price>1000000", "--format", format_name]
    assert main(["search", "pants", "--index", str(made.index), *narrow]) == 0
    assert "nothing found" in capsys.readouterr().err


def test_rows_of_programs_stay_as_they_were(made: DescribedGallery, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "--index", str(made.index), "pants", "--topk", "1", "--format", "jsonl"]) == 0
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    names = [
        "query",
        "rank",
        "path",
        "cosine",
        "retrieval_rank",
        "rerank_score",
        "shared_tags",
        "tags",
        "columns",
        "product",
    ]
    assert [name for name in names if name in line] == names
    assert (line["cosine"], line["rerank_score"]) == (None, None)
    assert main(["search", "--index", str(made.index), "pants", "--topk", "1", "--format", "csv"]) == 0
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["query"], row["cosine"], row["path"]) == ("pants", "", shown(made, "pants")[0])


def test_but_moves_the_query_and_keeps_its_other_tags(made: DescribedGallery, search: Search) -> None:
    row = next(row for row in range(COUNT) if "red" in made.tags[row])
    others = [set(tags) for tags in made.tags]

    def mean(tag: str) -> np.ndarray:
        units = made.vectors / np.linalg.norm(made.vectors, axis=1, keepdims=True)
        found: np.ndarray = units[["blue" in tags if tag == "blue" else tag in tags for tags in made.tags]].mean(axis=0)
        return found

    moved = made.vectors[row] + mean("blue") - mean("red")
    cosines = made.vectors @ (moved / np.linalg.norm(moved))
    wanted = (others[row] - {"red"}) | {"blue"}
    blue = sorted((each for each in range(COUNT) if "blue" in made.tags[each]), key=lambda each: -cosines[each])
    assert len(blue) < CANDIDATES
    expected = sorted(blue, key=lambda each: -len(others[each] & wanted))
    (document,) = search(made.paths[row], "--but", "colour=blue", "--topk", "100")
    assert paths(document) == [made.paths[each] for each in expected]
    assert all("colour:blue" in hit["shared_tags"] for hit in document["hits"])
    (same,) = search(made.paths[row], "--but", "Colour=파란색", "--topk", "100")
    assert paths(same) == paths(document)
    (both,) = search(made.paths[row], "--but", "colour=blue", "--but", "category=scarf", "--topk", "100")
    assert set(paths(both)) == {
        path for path, tags in zip(made.paths, made.tags, strict=True) if tags >= {"blue", "scarf"}
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["drss"], "nothing here goes by 'drss' — did you mean 'dress'?"),
        (["rad pants"], "did you mean 'red pants'"),
        (["linnen"], "did you mean 'linen'?"),  # a word of a title
        (["qqqqqq"], "nothing here goes by 'qqqqqq' — words of tags and titles are known: dress"),
        (["and the"], "no words to search for"),
        *((["--text", text], "no words to search for") for text in ("-", "--", "_", "- _ -")),
        ([""], "an argument is empty"),
        (["--text", " "], "an argument is empty"),
        ([], "nothing to search for"),
        (["pants", "--but", "colour=red"], "--but needs a photograph"),
        (["pants", "--box", "0,0,1,1"], "--box needs a photograph"),
        (["pants", "--largest-gap"], "--largest-gap needs a photograph"),
        (["pants", "--where", "prise<3"], "did you mean 'Price'?"),
        (["pants", "--where", "title<3"], "'title' holds text"),
        (["pants", "--where", "colour<3"], "a group of tags"),
    ],
)
def test_what_cannot_be_meant_is_refused(refused: Callable[..., str], arguments: list[str], said: str) -> None:
    assert said in refused(*arguments)


def test_but_is_refused_where_it_means_nothing(made: DescribedGallery, refused: Callable[..., str]) -> None:
    assert "not words" in refused(made.paths[0], "pants", "--but", "colour=red")
    assert "one tag for each group" in refused(made.paths[0], "--but", "colour=red,blue")
    assert "one tag for each group" in refused(made.paths[0], "--but", "colour!=red")
    assert "did you mean 'red'?" in refused(made.paths[0], "--but", "colour=rad")


def test_the_contact_sheet_has_the_table_s_columns(
    made: DescribedGallery, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.html"
    argv = ["search", "--index", str(made.index), "aria", "--topk", "2", "--html", str(sheet), "--format", "paths"]
    assert main(argv) == 0
    page = sheet.read_text(encoding="utf-8")
    assert "<dt>title</dt><dd>Silk shirt &#x27;Aria&#x27;</dd>" in page
    assert "<title>Photographs of aria</title>" in page
    assert "cosine </span>" not in page
    assert f"{sum('Aria' in title for title in made.titles)} in all" in page


@pytest.mark.parametrize("text", ["shirt -red", "shirt !red", "-빨강 셔츠"])
def test_words_that_exclude_are_refused_and_not_turned_round(text: str, refused: Callable[..., str]) -> None:
    said = refused("--text", text)
    assert "what is not" in said
    assert "--where colour!=red" in said
