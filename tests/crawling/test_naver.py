"""Naver's shopping search, against a server that answers in its published format."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from scrapy.http import TextResponse

from fashion_cli.app import main
from fashion_cli.crawling.fetch.naver_credentials import Credentials
from fashion_cli.crawling.parse import naver
from fashion_cli.crawling.parse.items import CrawlRequest
from fashion_cli.crawling.parse.naver import ENDPOINT, NaverError, NaverSearch
from fashion_cli.products.catalogue import Catalogue
from tests.shop.photographs import photograph
from tests.shop.server import Reply, Server, Visit

pytestmark = pytest.mark.usefixtures("quick_crawls")

IDENTITY, SECRET = "an-application", "S3cret-of-the-application"
# The example of the API's documentation, with the fields that its JSON has.
ITEM = {
    "title": "허니트립 <b>보스턴백</b> A&amp;B &quot;M&quot;",
    "link": "https://search.shopping.naver.com/gate.nhn?id=10315467179",
    "image": "https://shopping-phinf.pstatic.net/main_1031546/10315467179.jpg",
    "lprice": "6700",
    "hprice": "9900",
    "mallName": "허니트립",
    "productId": "10315467179",
    "productType": "2",
    "brand": "",
    "maker": "허니트립 제조",
    "category1": "패션잡화",
    "category2": "여행용가방/소품",
    "category3": "보스턴백",
    "category4": "",
}
JSON = "application/json;charset=utf-8"
ERRORS = {
    "010": (429, "{count/quota=25001/25000} : Query limit exceeded. (쿼리 한도를 초과했습니다.)"),
    "012": (429, "Rate limit exceeded. (속도 제한을 초과했습니다.)"),
    "024": (401, "Authentication failed (인증에 실패하였습니다.)"),
    "SE01": (400, "Incorrect query request (잘못된 쿼리요청입니다.)"),
    "SE05": (404, "Invalid search api (존재하지 않는 검색 api 입니다.)"),
    "SE99": (500, "System Error (시스템 에러)"),
}


def error(code: str) -> Reply:
    status, message = ERRORS[code]
    return Reply(
        status, "application/json;charset=utf-8", json.dumps({"errorMessage": message, "errorCode": code}).encode()
    )


def page(start: int, display: int, total: int, item: Callable[[int], dict[str, Any]]) -> dict[str, Any]:
    """A page of results; positions count from 1."""
    items = [item(position) for position in range(start, min(start + display, total + 1))]
    built = "Sun, 22 Nov 2026 10:00:00 +0900"
    return {"lastBuildDate": built, "total": total, "start": start, "display": len(items), "items": items}


def respond(visit: CrawlRequest, answer: Any, status: int = 200) -> TextResponse:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return TextResponse(visit.url, status=status, body=body)


def read_one(**changes: Any) -> Any:
    visit = naver.first_request(NaverSearch("가방"))
    return naver.parse_results(respond(visit, page(1, 100, 1, lambda _: {**ITEM, **changes})), visit)


def test_a_result_becomes_a_product() -> None:
    (found,) = read_one().items
    product = found.product
    assert found.images == (ITEM["image"],)
    assert product.item_id == "naver:10315467179"
    assert product.name == '허니트립 보스턴백 A&B "M"'
    assert (product.shop, product.url, product.keywords) == ("허니트립", ITEM["link"], ("가방",))
    assert (product.brand, product.category) == ("허니트립 제조", "패션잡화 > 여행용가방/소품 > 보스턴백")
    assert product.source == found.source == 'naver:"가방"'
    (offer,) = product.offers
    assert (offer.shop, offer.price, offer.currency, offer.url) == ("허니트립", Decimal(6700), "KRW", ITEM["link"])
    assert offer.availability == "InStock"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"productType": "8"}, ["Discontinued"]),
        ({"productType": 11}, ["PreOrder"]),
        ({"productType": "?"}, [""]),
        ({"lprice": 6700}, ["InStock"]),
        ({"lprice": "0"}, []),  # Naver knows no price
        ({"lprice": ""}, []),
        ({"lprice": "NaN"}, []),
        ({"lprice": "-5"}, []),
        ({"lprice": None}, []),
    ],
)
def test_offers_of_odd_results(changes: dict[str, Any], expected: list[str]) -> None:
    (found,) = read_one(**changes).items
    assert [each.availability for each in found.product.offers] == expected


@pytest.mark.parametrize("changes", [{"productId": ""}, {"title": None}, {"link": []}, {"image": ""}, {"image": "x"}])
def test_what_is_no_result_is_named(changes: dict[str, Any]) -> None:
    findings = read_one(**changes)
    assert findings.items == ()
    (note,) = findings.notes
    assert "naver" in note.lower()


@pytest.mark.parametrize(("total", "limit"), [(0, 1099), (1, 1099), (100, 1099), (101, 1099), (250, 120), (999, 1099)])
@pytest.mark.parametrize("more", [0, 5000])
def test_paging_reaches_every_position_once_and_keeps_to_what_is_allowed(total: int, limit: int, more: int) -> None:
    total += more
    search = NaverSearch("가방", limit=limit)
    positions, visits = [], [naver.first_request(search)]
    for visit in visits:
        asked = parse_qs(visit.url.partition("?")[2])
        start, display = int(asked["start"][0]), int(asked["display"][0])
        assert 1 <= display <= 100
        assert 1 <= start <= 1000
        answer = page(start, display, total, lambda position: {**ITEM, "productId": str(position)})
        findings = naver.parse_results(respond(visit, answer), visit)
        positions += [int(each.product.sku) for each in findings.items if each.product]
        visits += findings.requests
    expected = range(1, min(total, limit, 1099) + 1)
    assert sorted(set(positions)) == list(expected)
    assert len(positions) <= len(expected) + 1  # the last page begins inside the one before it
    assert len(visits) == max(1, -(-len(expected) // 100))


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_says_what_to_do(code: str) -> None:
    visit = naver.first_request(NaverSearch("가방"))
    reply = error(code)
    with pytest.raises(NaverError) as caught:
        naver.parse_results(respond(visit, reply.body, reply.status), visit)
    assert code in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", b"null", b'{"items": []}', b'{"total":1,"start":1,"items":[1]}']
)
def test_another_format_is_told_from_no_results(answer: bytes) -> None:
    visit = naver.first_request(NaverSearch("가방"))
    with pytest.raises(NaverError, match="format"):
        naver.parse_results(respond(visit, answer), visit)


@pytest.mark.parametrize("wrong", [{"query": " "}, {"sort": "best"}, {"limit": 0}, {"limit": 1100}])
def test_impossible_searches(wrong: dict[str, Any]) -> None:
    with pytest.raises(NaverError):
        NaverSearch(**{"query": "가방", **wrong})


def test_the_real_address_and_korean_in_it() -> None:
    url = naver.first_request(NaverSearch("테크웨어")).url
    assert url.startswith("https://openapi.naver.com/v1/search/shop.json?query=%ED%85%8C%ED%81%AC%EC%9B%A8%EC%96%B4&")
    assert url.startswith(ENDPOINT)


def test_credentials_come_from_the_environment_and_are_never_shown() -> None:
    given = {"NAVER_CLIENT_ID": f" {IDENTITY}\n", "NAVER_CLIENT_SECRET": SECRET}
    found = Credentials.from_environment(given)
    assert (found.client_id, found.client_secret) == (IDENTITY, SECRET)
    assert SECRET not in repr(found)
    with pytest.raises(NaverError, match="NAVER_CLIENT_SECRET") as caught:
        Credentials.from_environment({"NAVER_CLIENT_ID": IDENTITY})
    assert "developers.naver.com" in caught.value.hint
    with pytest.raises(NaverError, match="characters") as caught:
        Credentials.from_environment({**given, "NAVER_CLIENT_SECRET": "geheim\r\nX: y"})
    assert "geheim" not in str(caught.value)


class Api:
    """The search API and the host of its photographs."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.trouble: dict[int, list[str]] = {}  # start -> errors, one for each time that it is asked for

    def __call__(self, visit: Visit) -> Reply | None:
        if visit.path.startswith("/photos/"):
            return Reply(kind="image/jpeg", body=photograph(int(visit.path.rpartition("/")[2])))
        if visit.path != "/v1/search/shop.json":
            return None
        given = (visit.headers.get("x-naver-client-id"), visit.headers.get("x-naver-client-secret"))
        if given != (IDENTITY, SECRET):
            return error("024")
        start = int(visit.query["start"][0])
        if self.trouble.get(start):
            return error(self.trouble[start].pop(0))
        answer = page(
            start, int(visit.query["display"][0]), self.total, lambda position: self.item(position, visit.base)
        )
        return Reply(kind="application/json;charset=utf-8", body=json.dumps(answer).encode())

    @staticmethod
    def item(position: int, base: str) -> dict[str, Any]:
        return {
            **ITEM,
            "productId": str(position),
            "image": f"{base}/photos/{position}",
            "lprice": str(1000 + position),
        }


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NAVER_CLIENT_ID", IDENTITY)
    monkeypatch.setenv("NAVER_CLIENT_SECRET", SECRET)
    with Server(Api(total=110)) as server:
        yield server


def crawl(api: Server, folder: Path, *options: str) -> int:
    where = ["--endpoint", f"{api.url}/v1/search/shop.json", "--allow-private", "--delay", "0"]
    return main(["crawl", 'naver:"가방"', "-o", str(folder), *where, *options])


def test_a_search_becomes_photographs_and_products(
    api: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert crawl(api, tmp_path / "shop", "--limit", "103", "--format", "json") == 0
    out, err = capfd.readouterr()
    asked = api.asked("/v1/")
    assert [each.path.partition("&")[2] for each in asked] == [
        "display=100&start=1&sort=sim",
        "display=3&start=101&sort=sim",
    ]
    assert all(each.headers["x-naver-client-id"] == IDENTITY for each in asked)
    assert "robots.txt" in " ".join(each.path for each in api.asked())  # for the photographs
    photographs = [each for each in (tmp_path / "shop" / "photographs").rglob("*") if each.is_file()]
    assert sorted(each.read_bytes() for each in photographs) == sorted(photograph(each) for each in range(1, 104))
    with Catalogue.open(tmp_path / "shop" / "catalogue.sqlite") as catalogue:
        shown = {each.item_id: each for each in catalogue.products()}
    assert set(shown) == {f"naver:{position}" for position in range(1, 104)}
    assert (shown["naver:7"].price, shown["naver:7"].currency) == (Decimal(1007), "KRW")
    assert shown["naver:7"].keywords == ("가방",)
    for each in (tmp_path / "shop").rglob("*"):
        assert not each.is_file() or SECRET.encode() not in each.read_bytes()
    assert SECRET not in out + err
    assert IDENTITY not in out + err


def test_too_fast_is_waited_for_and_the_quota_ends_the_search_which_goes_on_another_day(
    api: Server, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api.site.trouble = {1: ["012"], 101: ["010"]}  # type: ignore[attr-defined]
    assert crawl(api, tmp_path / "shop") == 1  # what was found is kept, and it is not all
    err = capfd.readouterr().err
    assert "as often as it allows today" in err
    assert "ended early" in err
    assert "1 could not be fetched" in err
    first, second, third = api.asked("/v1/")
    assert [each.status for each in (first, second, third)] == [429, 200, 429]
    assert second.at - first.at > 0.9
    assert len(list((tmp_path / "shop" / "photographs").rglob("*.jpg"))) == 100
    api.forget()
    api.site.trouble = {101: ["010"]}  # type: ignore[attr-defined]
    assert crawl(api, tmp_path / "shop") == 1  # still the same day
    api.forget()
    assert crawl(api, tmp_path / "shop") == 0
    assert ["start=101" in each.path for each in api.asked("/v1/")] == [True]
    assert len(api.asked("/photos/")) == 10
    assert len(list((tmp_path / "shop" / "photographs").rglob("*.jpg"))) == 110


def test_missing_credentials_are_said_before_anything_is_asked(
    api: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("NAVER_CLIENT_SECRET")
    assert crawl(api, tmp_path / "shop") == 1
    assert "NAVER_CLIENT_SECRET" in capfd.readouterr().err
    assert api.log == []


def test_wrong_credentials(
    api: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NAVER_CLIENT_SECRET", "another")
    assert crawl(api, tmp_path / "shop") == 1
    assert "refuses the credentials" in capfd.readouterr().err
    assert len(api.asked("/v1/")) == 1
