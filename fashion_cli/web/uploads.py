"""Photographs that clients send, as multipart/form-data. They stay in memory: nothing is ever written to a disk."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from fashion_cli.web.errors import ApiError, busy_error
from fashion_cli.web.settings import WebSettings
from fashion_cli.web.validation_messages import validation_message

FORM_BYTES = 64 << 10  # of everything beside the photograph: fields, names, boundaries
MOST_FIELDS = 64
DRAINED = 4  # times the limit: so much of a too large body is read and thrown away, so that its sender reads why
AT_ONCE = 64  # photographs of the largest size that all requests may hold in memory together,
TOGETHER = 1 << 30  # but no more bytes than these
IMAGE = "image"

Question = TypeVar("Question", bound=BaseModel)


class _MemoryParser(MultiPartParser):
    """Parts stay in memory whatever their size, which the limit on the body bounds."""

    spool_max_size = 0  # of SpooledTemporaryFile: never roll over to a file


class Uploads:
    """Reads forms. All that are read at once have so much memory together.

    Args:
        settings: The limits.
    """

    def __init__(self, settings: WebSettings) -> None:
        self._settings = settings
        self._held = 0  # bytes

    @asynccontextmanager
    async def read(self, request: Request, kind: type[Question]) -> AsyncIterator[tuple[bytes, Question]]:
        """The photograph of a form, and the question that its other fields ask. Its memory is counted until the end.

        Args:
            request: Whose body was not read yet.
            kind: What the fields are checked by.

        Raises:
            ApiError: 400 for a form that cannot be read, 408 for one that takes too long, 413 for too many bytes, 415
                for what is no form, 422 for fields that are missing, unknown or mean nothing, 503 where no memory is
                left.
        """
        held = _Held()
        try:
            image, fields = await self._read(request, kind, held)
            yield image, _validate(fields, kind)
        finally:
            self._held -= held.bytes

    async def _read(self, request: Request, kind: type[BaseModel], held: "_Held") -> tuple[bytes, dict[str, object]]:
        settings = self._settings
        _require_form(request)
        try:
            async with asyncio.timeout(settings.body_seconds):
                await _refuse_announced(request, settings.max_bytes + FORM_BYTES)
                form = await self._parse(request, held)
        except ClientDisconnect:
            raise ApiError(400, "the client hung up") from None  # which nobody reads but the figures
        except TimeoutError:
            message = f"the request took more than {settings.body_seconds:g} seconds"
            raise ApiError(408, message, "try again", {"Connection": "close"}) from None
        try:
            image, fields = await _parts(form, kind)
        finally:
            await form.close()
        if len(image) > settings.max_bytes:
            raise _too_large(settings.max_bytes)
        return image, fields

    async def _parse(self, request: Request, held: "_Held") -> FormData:
        body = self._limit_body(request, held)
        parser = _MemoryParser(request.headers, body, max_files=1, max_fields=MOST_FIELDS)
        try:
            return await parser.parse()
        except MultiPartException as error:
            raise ApiError(400, f"the form cannot be read: {error.message}", "send multipart/form-data") from None
        finally:
            await body.aclose()

    async def _limit_body(self, request: Request, held: "_Held") -> AsyncGenerator[bytes, None]:
        async for chunk in request.stream():
            held.bytes += len(chunk)
            self._held += len(chunk)
            if held.bytes > self._settings.max_bytes + FORM_BYTES:
                raise _too_large(self._settings.max_bytes)
            if self._held > min(TOGETHER, AT_ONCE * self._settings.max_bytes):
                raise busy_error()
            yield chunk


@dataclass
class _Held:
    """The memory that one request holds."""

    bytes: int = 0


def _require_form(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "multipart/form-data":
        raise ApiError(
            415, f"{kind or 'a body without a type'} is no form", "send multipart/form-data with a field `image`"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ApiError(415, "compressed requests are not read", "send it without Content-Encoding")


async def _refuse_announced(request: Request, most: int) -> None:
    """Refuse a body that says it is too large before it is read."""
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length) <= most:
        return
    if int(length) <= DRAINED * most:
        async for _ in request.stream():
            pass
    raise _too_large(most - FORM_BYTES)


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"more than {most:,} bytes", "send a smaller photograph", {"Connection": "close"})


async def _parts(form: FormData, kind: type[BaseModel]) -> tuple[bytes, dict[str, object]]:
    image: bytes | None = None
    fields: dict[str, object] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name != IMAGE:
                raise ApiError(422, f"{name[:40]!r}: no field for a file", "the photograph's field is `image`")
            image = await value.read()
        elif _is_list(kind, name):
            values = fields.setdefault(name, [])
            assert isinstance(values, list)  # noqa: S101  # nothing else is put there
            values.append(value)
        elif name in fields:
            raise ApiError(422, f"{name[:40]!r} comes twice", "send it once")
        else:
            fields[name] = value
    if not image:
        raise ApiError(422, "no photograph", "send it as a file in the field `image`")
    return image, fields


def _is_list(kind: type[BaseModel], name: str) -> bool:
    field = kind.model_fields.get(name)
    return field is not None and isinstance(field.default, list)


def _validate(fields: dict[str, object], kind: type[Question]) -> Question:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        raise ApiError(
            422, validation_message(error.errors(include_url=False)), "/docs lists what can be sent"
        ) from None
