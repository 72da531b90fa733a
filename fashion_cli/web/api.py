"""The REST API's routes. Answers are made by the service; here they get their addresses and their description."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel

from fashion_cli.data.image_formats import readable_formats
from fashion_cli.data.images import media_type
from fashion_cli.web.access import Access
from fashion_cli.web.clients import client_of
from fashion_cli.web.metrics import CONTENT_TYPE
from fashion_cli.web.parameters import Language, PhotographQuery, SearchFilters, TagsQuery, TextQuery
from fashion_cli.web.pictures import THUMBNAIL_TYPE
from fashion_cli.web.replies import FaultReply, GroupsReply, HealthReply, SearchReply, SeenReply
from fashion_cli.web.service import SearchService
from fashion_cli.web.settings import WebSettings
from fashion_cli.web.uploads import IMAGE, Uploads

PREFIX = "/api/v1"
JSON = "application/json"
FOREVER = "private, max-age=86400"  # the address names the bytes; private: a token may be asked for
SIDES = (32, 1600)

Digest = Annotated[
    str,
    Path(description="sha256 of the photograph's bytes, hexadecimal", pattern=r"^[0-9a-f]{64}$", examples=["9f" * 32]),
]
Side = Annotated[
    int | None,
    Query(ge=SIDES[0], le=SIDES[1], description="Pixels of the longer side of a small JPEG", examples=[320]),
]


def create_api(service: SearchService, settings: WebSettings, access: Access) -> APIRouter:
    """The routes under `/api/v1`."""
    api = APIRouter(prefix=PREFIX)
    uploads = Uploads(settings)

    @api.get(
        "/health",
        response_model=HealthReply,
        operation_id="get_health",
        summary="Is it there, and what does it serve?",
        tags=["server"],
    )
    async def health(request: Request) -> Response:
        reply = (
            service.health() if access.is_authorized(request, client_of(request.scope)) else HealthReply(status="ok")
        )
        return Response(reply.model_dump_json(), media_type=JSON)

    @api.get(
        "/groups",
        response_model=GroupsReply,
        responses=_faults(422),
        operation_id="list_groups",
        summary="All groups of tags",
        tags=["search"],
    )
    async def groups(language: Annotated[Language, Query()] = "") -> Response:
        return Response(await service.groups(language), media_type=JSON)

    @api.post(
        "/tags",
        response_model=SeenReply,
        responses=_faults(400, 408, 413, 415, 422, 429, 503),
        openapi_extra=_form(TagsQuery),
        operation_id="tag_photograph",
        summary="What is on a photograph?",
        tags=["search"],
    )
    async def tags(request: Request) -> Response:
        async with uploads.read(request, TagsQuery) as (image, question):
            return Response(await service.tags(image, question), media_type=JSON)

    @api.post(
        "/search",
        response_model=SearchReply,
        responses=_faults(400, 408, 413, 415, 422, 429, 503),
        openapi_extra=_form(PhotographQuery),
        operation_id="search_by_photograph",
        summary="What looks like a photograph?",
        tags=["search"],
    )
    async def by_photograph(request: Request) -> Response:
        async with uploads.read(request, PhotographQuery) as (image, question):
            return Response(await service.by_photograph(image, question), media_type=JSON)

    @api.get(
        "/search",
        response_model=SearchReply,
        responses=_faults(422, 429, 503),
        operation_id="search_by_words",
        summary="What do words find?",
        tags=["search"],
    )
    async def by_words(question: Annotated[TextQuery, Query()]) -> Response:
        return Response(await service.by_words(question), media_type=JSON)

    @api.get(
        "/photographs/{sha256}/similar",
        response_model=SearchReply,
        responses=_faults(404, 422, 429, 503),
        operation_id="search_similar",
        summary="What looks like a hit?",
        tags=["search"],
    )
    async def similar(sha256: Digest, question: Annotated[SearchFilters, Query()]) -> Response:
        return Response(await service.similar(sha256, question), media_type=JSON)

    @api.get(
        "/photographs/{sha256}",
        response_class=Response,
        responses={
            200: {"content": {"image/*": {"schema": {"type": "string", "format": "binary"}}}},
            304: {"description": "You have it already"},
            **_faults(404, 422, 429),
        },
        operation_id="get_photograph",
        summary="A photograph without its metadata, or a small picture of it",
        tags=["search"],
    )
    async def photograph(request: Request, sha256: Digest, size: Side = None) -> Response:
        tag = f'"{sha256}-{size or ("file" if service.keep_metadata else "picture")}"'
        headers = {"ETag": tag, "Cache-Control": FOREVER}
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        data = await service.photograph(sha256, size)
        kind = THUMBNAIL_TYPE if size else media_type(data)
        headers["Content-Disposition"] = f'inline; filename="{sha256}.{kind.partition("/")[2]}"'
        return Response(data, media_type=kind, headers=headers)

    return api


def create_metrics(service: SearchService) -> APIRouter:
    """What Prometheus reads."""
    router = APIRouter(include_in_schema=False)

    @router.get("/metrics")
    def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE)

    return router


def _faults(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {
        status: {"model": FaultReply, "description": HTTPStatus(status).phrase, **_retry(status)} for status in statuses
    }


def _retry(status: int) -> dict[str, Any]:
    if status not in (429, 503):
        return {}
    schema = {"schema": {"type": "integer"}, "description": "Seconds to wait"}
    return {"headers": {"Retry-After": schema}}


def _form(question: type[BaseModel]) -> dict[str, Any]:
    """How OpenAPI describes a photograph with the fields of a question."""
    schema = question.model_json_schema()
    image = {"type": "string", "format": "binary", "description": readable_formats()}
    schema["properties"] = {IMAGE: image, **schema["properties"]}
    schema["required"] = [IMAGE, *schema.get("required", ())]
    return {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}}
