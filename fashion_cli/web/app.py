"""The ASGI application: routes, security middleware, OpenAPI description."""

from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from fashion_cli import __version__
from fashion_cli.web.access import Access
from fashion_cli.web.api import PREFIX, create_api, create_metrics
from fashion_cli.web.errors import register_error_handlers
from fashion_cli.web.head import HeadAsGet
from fashion_cli.web.page import FOLDER, create_page
from fashion_cli.web.security import SecurityMiddleware
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings

ABOUT = (
    "Finds clothing by photograph, by words and by what is on it. Photographs go by the sha256 of their bytes; prices"
    ' are decimal numbers in a text. Every error is `{"error": {"message", "hint"}}`.'
)
EXPOSED = ["Retry-After", "ETag"]


class _Static(StaticFiles):
    """Static files, revalidated by browsers each time: scripts of two versions would not fit together."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        return response


def create_app(service: SearchService, settings: WebSettings) -> FastAPI:
    """The page at `/`, the REST API under `/api/v1`, its description at `/docs`, figures at `/metrics`.

    Args:
        service: Answers questions; stays the caller's to close.
        settings: Who may ask, and how much.
    """
    app = FastAPI(
        title="fashion serve",
        version=__version__,
        description=ABOUT,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # FastAPI's own pages load scripts from another host
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    access = Access(settings)
    register_error_handlers(app)
    app.include_router(create_api(service, settings, access))
    app.include_router(create_metrics(service))
    app.include_router(create_page(app, service, settings, access))
    app.mount("/static", _Static(directory=FOLDER / "static"), name="static")
    app.add_middleware(HeadAsGet)
    app.add_middleware(SecurityMiddleware, settings=settings, access=access, metrics=service.metrics)
    if settings.origins:  # outside the guard: what browsers ask beforehand has no token
        _allow(app, settings.origins)
    if access.is_enabled:
        _describe_token(app)
    return app


def _allow(app: FastAPI, origins: tuple[str, ...]) -> None:
    """Let pages of other hosts ask. Without cookies: they have to show the token."""
    app.add_middleware(
        CORSMiddleware,
        allow_origins=list(origins),
        allow_methods=["GET", "HEAD", "POST"],
        allow_headers=["Authorization"],
        expose_headers=EXPOSED,
        max_age=600,
    )


def _describe_token(app: FastAPI) -> None:
    """Say in the OpenAPI document that a token is wanted."""
    described = app.openapi

    def with_token() -> dict[str, Any]:
        document = described()
        document.setdefault("components", {})["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        return document

    app.openapi = with_token  # type: ignore[method-assign]  # FastAPI's documented way to extend it
