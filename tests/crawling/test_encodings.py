"""The encoding that a page is in, whatever it says."""

import pytest

from fashion_cli.crawling.parse.encodings import decode_page

KOREAN, JAPANESE, CHINESE, FRENCH = (
    "따뜻한 양모 외투와 장갑",
    "暖かいウールのコート",
    "温暖的羊毛大衣与手套很好看",
    "Robe d’été brodée à 20 €",
)


@pytest.mark.parametrize(
    ("text", "encoding", "header", "head"),
    [
        (KOREAN, "utf-8", "text/html; charset=utf-8", ""),
        (KOREAN, "utf-8", "text/html; charset=ISO-8859-1", ""),
        (KOREAN, "utf-8", "text/html; charset=EUC-KR", ""),
        (KOREAN, "utf-8-sig", "text/html; charset=EUC-KR", ""),
        (KOREAN, "cp949", "text/html; charset=utf-8", ""),
        (KOREAN, "cp949", "text/html; charset=x-windows-949", ""),
        (KOREAN, "cp949", "", '<meta charset="ks_c_5601-1987">'),
        (KOREAN, "cp949", "text/html; charset=iso-8859-1", '<meta charset="euc-kr">'),
        (KOREAN, "cp949", "text/html", f'<!-- {"x" * 9000} --><meta charset="euc-kr">'),
        (KOREAN, "cp949", "text/html", ""),
        (KOREAN, "utf-16", "text/html", ""),
        (KOREAN, "utf-16-le", "text/html; charset=utf-16", "<i></i>" * 60),
        (JAPANESE, "shift_jis", "text/html; charset=x-sjis", ""),
        (JAPANESE, "euc_jp", "text/html; charset=euc-jp", ""),
        (JAPANESE, "shift_jis", "text/html", ""),
        (CHINESE, "gbk", "text/html; charset=gb2312", ""),
        (CHINESE, "gbk", "text/html", ""),
        (FRENCH, "cp1252", "text/html; charset=iso-8859-1", ""),
        (FRENCH, "cp1252", "text/html", ""),
        (FRENCH, "utf-8", "text/html; charset=windows-1252", ""),
        ("plain", "ascii", "text/html; charset=utf-16", ""),
    ],
)
def test_pages(text: str, encoding: str, header: str, head: str) -> None:
    html = f"<html><head>{head}</head><body>{text}</body></html>"
    found = decode_page(html.encode(encoding), header)
    assert found.text == html
    assert found.broken == 0


def test_a_broken_letter_is_counted_and_costs_nothing_else() -> None:
    body = (KOREAN * 20).encode() + b"\xff" + KOREAN.encode()
    found = decode_page(body, "text/html; charset=utf-8")
    assert (found.encoding, found.broken) == ("utf-8", 1)
    assert found.text.startswith(KOREAN)
