"""One spelling for each page, and what makes one site."""

from fashion_cli.crawling.parse.urls import address, is_loop, page_key, page_url, same_owner, site_key, turns_pages


def test_one_spelling_for_each_page() -> None:
    assert page_key("http://a.example/p?b=2&a=1#x") == page_key("http://a.example/p?a=1&b=2&utm_campaign=z")
    assert page_url("http://a.example/p;jsessionid=AB12?sid=ff00ff&x=1") == "http://a.example/p?x=1"
    assert page_url("http://a.example/p?sid=7") == "http://a.example/p?sid=7"  # the number of a style, perhaps
    assert address("http://a.example/x/y", "../../../e t/c") == "http://a.example/e%20t/c"
    assert address("http://a.example/", "http://a.example:80/%7Eb/./c/../d") == "http://a.example/%7Eb/d"
    assert address("http://a.example/", "http://[broken") == ""
    assert is_loop("http://a.example/b/c/b/c/b/c")
    assert not is_loop("http://a.example/b/b/c")
    assert turns_pages("http://a.example/l/page/2", "http://a.example/l/")


def test_what_makes_one_site() -> None:
    assert site_key("https://www.shop.example:443/a") == site_key("http://shop.example/") == "shop.example"
    assert site_key("http://127.0.0.1:8000/") != site_key("http://127.0.0.1:8001/")
    assert same_owner("http://m.shop.co.kr/", "https://www.shop.co.kr/")
    assert not same_owner("http://one.co.kr/", "http://two.co.kr/")
