"""One spelling for each page, and what makes one site."""

from fashion_cli.crawling.parse.urls import (
    absolute_url,
    canonical_key,
    clean_url,
    is_loop,
    is_other_page_of_list,
    same_domain,
    site_key,
)


def test_one_spelling_for_each_page() -> None:
    assert canonical_key("http://a.example/p?b=2&a=1#x") == canonical_key("http://a.example/p?a=1&b=2&utm_campaign=z")
    assert clean_url("http://a.example/p;jsessionid=AB12?sid=ff00ff&x=1") == "http://a.example/p?x=1"
    assert clean_url("http://a.example/p?sid=7") == "http://a.example/p?sid=7"  # the number of a style, perhaps
    assert absolute_url("http://a.example/x/y", "../../../e t/c") == "http://a.example/e%20t/c"
    assert absolute_url("http://a.example/", "http://a.example:80/%7Eb/./c/../d") == "http://a.example/%7Eb/d"
    assert absolute_url("http://a.example/", "http://[broken") == ""
    assert is_loop("http://a.example/b/c/b/c/b/c")
    assert not is_loop("http://a.example/b/b/c")
    assert is_other_page_of_list("http://a.example/l/page/2", "http://a.example/l/")


def test_what_makes_one_site() -> None:
    assert site_key("https://www.shop.example:443/a") == site_key("http://shop.example/") == "shop.example"
    assert site_key("http://127.0.0.1:8000/") != site_key("http://127.0.0.1:8001/")
    assert same_domain("http://m.shop.co.kr/", "https://www.shop.co.kr/")
    assert not same_domain("http://one.co.kr/", "http://two.co.kr/")
