import base64
import io
import os
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from fashion_cli.commands.output.contact_sheet import SIDE, write_contact_sheet
from fashion_cli.data.images import Box
from fashion_cli.errors import OutputError
from fashion_cli.steps.search import SearchReport

VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Every tag with its attributes, and the text; fails where tags do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def pictures(self) -> list[Image.Image]:
        sources = [attributes["src"] or "" for tag, attributes in self.tags if tag == "img"]
        assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
        return [Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) for source in sources]


@pytest.fixture
def page(report: SearchReport, tmp_path: Path) -> Page:
    write_contact_sheet(report, tmp_path / "sheet.html")
    return Page((tmp_path / "sheet.html").read_text("utf-8"))


def test_everything_is_inside(page: Page) -> None:
    assert len(page.pictures()) == 5  # query, hit; query, its other part, hit; one hit is gone
    loading = {"src", "href", "srcset", "data", "poster", "action"}
    for _, attributes in page.tags:
        for name in loading & attributes.keys():
            assert (attributes[name] or "").startswith("data:")
    policy = [each["content"] for tag, each in page.tags if tag == "meta" and "http-equiv" in each]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    assert not any(tag in ("script", "link", "iframe", "object") for tag, _ in page.tags)


def test_the_query_comes_first_and_hits_in_order(report: SearchReport, page: Page) -> None:
    described = [each.get("alt") or each.get("aria-label") for _, each in page.tags]
    described = [text for text in described if text]
    assert described[:3] == ["Query query [1].png", "Hit 1: dress, red", "Hit 2: floral"]
    assert "0.988" not in page.words  # a cosine says little to people: where a hit stands and what it shares says more
    assert "(was 3)" in page.words


def test_shared_tags_differ_by_more_than_colour(page: Page) -> None:
    shared = [each for tag, each in page.tags if tag == "li" and each.get("class") == "shared"]
    assert len(shared) == 2
    assert page.words.count("shared: ") == 2
    assert "shared: dress" in page.words
    assert "shared: floral" not in page.words


def test_a_photograph_that_is_gone_is_shown_as_such(page: Page) -> None:
    assert page.words.count("The photograph is not there any more.") == 1


def test_names_are_text_not_html(report: SearchReport, page: Page) -> None:
    assert not any(tag == "b" for tag, _ in page.tags)
    assert "shop/[red] <b>å.png" in page.words
    assert r"/gone/a\nb.jpg" in page.words


def test_thumbnails_are_small_and_the_box_is_cut_out(report: SearchReport, tmp_path: Path) -> None:
    path = report.results[0].query[0].path
    Image.new("RGB", (2000, 1000), "white").save(path)
    only = replace(report, results=report.results[:1])
    write_contact_sheet(only, tmp_path / "a.html", box=Box(0, 0, 100, 400))
    query, hit = Page((tmp_path / "a.html").read_text("utf-8")).pictures()
    assert query.size == (SIDE // 4, SIDE)
    assert hit.size == (60, 80)


def test_a_name_that_is_not_utf8(report: SearchReport, tmp_path: Path) -> None:
    (result, *_) = report.results
    hit = replace(result.hits[1], path=os.fsdecode(b"/gone/caf\xe9.jpg"))
    write_contact_sheet(replace(report, results=(replace(result, hits=(hit,)),)), tmp_path / "a.html")
    assert r"caf\udce9.jpg" in Page((tmp_path / "a.html").read_text("utf-8")).words


def test_a_sheet_that_cannot_be_written_leaves_the_old_one(report: SearchReport, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="nowhere"):
        write_contact_sheet(report, tmp_path / "nowhere" / "sheet.html")
    sheet = tmp_path / "sheet.html"
    sheet.write_text("old")
    broken = replace(report, results=(replace(report.results[0], hits=(None,)),))  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        write_contact_sheet(broken, sheet)
    assert sheet.read_text() == "old"


def test_a_search_without_hits(report: SearchReport, tmp_path: Path) -> None:
    write_contact_sheet(replace(report, results=(replace(report.results[0], hits=()),)), tmp_path / "sheet.html")
    assert "Nothing found." in Page((tmp_path / "sheet.html").read_text("utf-8")).words
