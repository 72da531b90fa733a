"""Pages as a shop answers with them."""

from scrapy.http import HtmlResponse

URL = "https://shop.example/goods/7"


def page(body: str, url: str = URL, encoding: str = "utf-8", **headers: str) -> HtmlResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HtmlResponse(url, body=body.encode(encoding), headers=named, request=None)
