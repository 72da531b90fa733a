"""The pages: search, sign-in, the REST API's description. Nothing is from another host."""

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from fashion_cli.data.image_formats import WEB_FORMATS
from fashion_cli.web.access import Access
from fashion_cli.web.clients import client_of
from fashion_cli.web.errors import ApiError
from fashion_cli.web.languages import NAMES, TEXTS, language_of
from fashion_cli.web.openapi_page import describe_operations
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings

FOLDER = Path(__file__).parent  # of `static/` and `templates/`
SIGN_IN = "login"
SIDE = (
    2048  # pixels: an eighth of it still fills the shipped model's input, so a box around something small loses nothing
)
LARGE_FILE = 4 << 20  # bytes: a photograph of that size and fewer pixels hardly gains by being encoded anew

# What both browsers and the reader of images know. Not HEIC, which few browsers draw: telephones make JPEG of it for
# pages that do not ask for it.
UPLOADED_TYPES = tuple(each.media_type for each in WEB_FORMATS)

LanguageQuery = Annotated[str, Query(max_length=35)]


@dataclass(frozen=True)
class UploadLimits:
    """What the page keeps to before it sends a photograph.

    Attributes:
        bytes: Of a file that is sent as it is; a larger one is encoded anew.
        side: Pixels of the longer side; a larger photograph is scaled down to it.
        types: Media types that are sent as they are; others that the browser can read become JPEG.
    """

    bytes: int
    side: int
    types: tuple[str, ...] = UPLOADED_TYPES

    @classmethod
    def within(cls, settings: WebSettings) -> "UploadLimits":
        """The page's limits, which are never more than the server takes."""
        return cls(min(LARGE_FILE, settings.max_bytes), min(SIDE, math.isqrt(settings.max_pixels)))


def create_page(app: FastAPI, service: SearchService, settings: WebSettings, access: Access) -> APIRouter:
    """`/`, `/docs`, and `/login` where a token is wanted.

    Args:
        app: What `/docs` describes.
        service: Says whether there are prices.
        settings: What the page keeps to.
        access: Who may see it.
    """
    router = APIRouter(include_in_schema=False)
    router.include_router(_search_page(service, settings, access))
    router.include_router(_description(app))
    if access.is_enabled:
        router.include_router(_sign_in_page(access))
    return router


def _search_page(service: SearchService, settings: WebSettings, access: Access) -> APIRouter:
    router = APIRouter()
    page_settings = {
        "limits": asdict(UploadLimits.within(settings)),
        "priced": service.catalogue is not None,
        "sign_in": SIGN_IN if access.is_enabled else "",
    }

    @cache
    def page(language: str) -> str:
        # Every language is in it, so that a change of the language keeps the photograph.
        return _render("page.html", language, settings={**page_settings, "language": language, "texts": TEXTS})

    @router.get("/")
    def _page(request: Request, language: LanguageQuery = "") -> HTMLResponse:
        return _respond(request, language, page)

    return router


def _description(app: FastAPI) -> APIRouter:
    router = APIRouter()

    @router.get("/docs")
    def _docs(request: Request, language: LanguageQuery = "") -> HTMLResponse:
        operations = describe_operations(app.openapi(), str(request.base_url).rstrip("/"))
        return _respond(
            request,
            language,
            lambda resolved_language: _render("docs.html", resolved_language, operations=operations),
        )

    return router


def _sign_in_page(access: Access) -> APIRouter:
    router = APIRouter()

    def form(request: Request, language: str, trouble: str = "", status: int = 200) -> HTMLResponse:
        parameters = _other_parameters(request)
        return _respond(
            request,
            language,
            lambda resolved_language: _render("login.html", resolved_language, parameters=parameters, trouble=trouble),
            status=status,
        )

    @router.get(f"/{SIGN_IN}")
    def _form(request: Request, language: LanguageQuery = "") -> HTMLResponse:
        return form(request, language)

    @router.post(f"/{SIGN_IN}")
    def _sign_in(
        request: Request, token: Annotated[str, Form(max_length=1000)], language: LanguageQuery = ""
    ) -> Response:
        try:
            right = access.is_valid_token(token.strip(), client_of(request.scope))
        except ApiError as fault:  # too many guesses
            return form(request, language, "guesses", fault.status)
        if not right:
            return form(request, language, "token_wrong", 401)
        answer = _back_to_search(language, _other_parameters(request))
        access.sign_in(answer, secure=request.url.scheme == "https")
        return answer

    @router.post("/logout")
    def _sign_out(language: LanguageQuery = "") -> Response:
        answer = _back_to_search(language)
        access.sign_out(answer)
        return answer

    return router


def _back_to_search(language: str, parameters: str = "") -> Response:
    """Redirect to the search page, by GET. Without a cookie it leads on to the sign-in page.

    Args:
        language: Of the page.
        parameters: What it was asked for, as a query. Nothing else of an address is ever taken over from a request.
    """
    query = f"language={language}&{parameters}" if language in TEXTS else parameters
    return RedirectResponse(f"./?{query}".rstrip("?&"), 303)


def _other_parameters(request: Request) -> str:
    """The query parameters besides the language, which the search page gets after signing in."""
    return urlencode([(name, value) for name, value in request.query_params.multi_items() if name != "language"])


def _respond(request: Request, language: str, page: Callable[[str], str], *, status: int = 200) -> HTMLResponse:
    """Respond with a page in the language that the address or the browser asks for."""
    resolved_language = language_of(language, request.headers.get("Accept-Language", ""))
    headers = {"Content-Language": resolved_language, "Vary": "Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(page(resolved_language), status, headers=headers)


def _render(template: str, language: str, **values: Any) -> str:
    """Render a template with the texts of a language; places in it are relative, so a site may hold it in a folder."""
    common: Mapping[str, Any] = {"language": language, "names": NAMES, "texts": TEXTS[language], "static": "static/"}
    return _templates().get_template(template).render(**{"parameters": "", **common, **values})


@cache
def _templates() -> Environment:
    loader = PackageLoader("fashion_cli.web")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.policies["json.dumps_kwargs"] = {"ensure_ascii": False}  # a page half as long; tojson escapes markup itself
    return made
