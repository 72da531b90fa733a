"""Errors as HTTP responses: every error of every route is `{"error": {"message", "hint"}}`."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from fashion_cli.data.image_formats import readable_formats
from fashion_cli.errors import CatalogueError, FashionError, ImageError, UnknownWordsError, UsageError
from fashion_cli.web.validation_messages import validation_message

log = logging.getLogger(__name__)

METHODS = ("GET", "POST")  # that routes here are made for


class ApiError(Exception):  # an answer rather than an error of the program
    """A request that is refused.

    Args:
        status: Of HTTP.
        message: What is wrong.
        hint: What to do; may be empty.
        headers: That the answer has.
    """

    def __init__(self, status: int, message: str, hint: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.hint, self.headers = status, message, hint, dict(headers or {})

    def response(self) -> Response:
        return error_response(self.status, self.message, self.hint, self.headers)


def busy_error() -> ApiError:
    """Too many searches are under way."""
    return ApiError(503, "too many searches at once", "try again in a second", {"Retry-After": "1"})


def error_response(
    status: int,
    message: str,
    hint: str = "",
    headers: Mapping[str, str] | None = None,
    *,
    suggestions: Sequence[str] | None = None,
) -> Response:
    body: dict[str, dict[str, object]] = {"error": {"message": message, "hint": hint}}
    if suggestions is not None:
        body["error"]["suggestions"] = list(suggestions)
    return JSONResponse(body, status, headers={**(headers or {}), "Cache-Control": "no-store"})


def register_error_handlers(app: FastAPI) -> None:
    """Register handlers, so that no error gets out in another form."""
    app.add_exception_handler(ApiError, _fault)
    app.add_exception_handler(FashionError, _fashion_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)


def _fault(_: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)  # noqa: S101  # what it is registered for
    return error.response()


def _fashion_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, FashionError)  # noqa: S101
    match error:
        case UnknownWordsError():
            return error_response(422, str(error), error.hint, suggestions=error.suggestions)
        case UsageError():
            return error_response(422, str(error), _hint_for_programs(error.hint))
        case ImageError():
            return error_response(415, str(error), error.hint or f"send a photograph: {readable_formats()}")
        case CatalogueError():
            log.error("%s (%s)", error, error.hint)
            return error_response(
                503, "the product catalogue cannot be read", "try again in a while", {"Retry-After": "10"}
            )
    log.error("%s (%s)", error, error.hint)
    return error_response(500, "the index cannot be read", "the server's log says why")


def _hint_for_programs(hint: str) -> str:
    """A hint whose options of the shell are fields of a request; a command line stays as it is typed."""
    if "fashion " in hint:
        return hint
    return re.sub(r"--([a-z][a-z-]*)", lambda option: option[1].replace("-", "_"), hint)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return error_response(422, validation_message(error.errors()), "/docs lists what can be sent")


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        methods = ", ".join(_allowed_methods(request))
        message = f"{request.url.path} takes {methods}"
        return error_response(405, message, "/docs lists what there is", {"Allow": methods})
    message = str(error.detail) or HTTPStatus(error.status_code).phrase
    if error.status_code == HTTPStatus.NOT_FOUND:
        message = f"nothing at {request.url.path}"
    return error_response(error.status_code, message, "/docs lists what there is", error.headers)


def _allowed_methods(request: Request) -> list[str]:
    """The methods of an address, of all its routes, not of the first alone. Where GET is, HEAD is."""
    methods = {
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.routes)
    }
    methods = methods or {"GET"}  # static files, whose address has another form by then
    return sorted(methods | ({"HEAD"} if "GET" in methods else set()))


def _bug(_: Request, error: Exception) -> Response:
    del error  # starlette raises it again for the log
    return internal_error()


def internal_error() -> Response:
    """The response to an unexpected error."""
    return error_response(500, "an error in the server", "the server's log says more")
