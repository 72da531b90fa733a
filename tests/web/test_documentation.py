"""docs/serving.md and /docs: every `curl` line is sent, and asks for nothing that OpenAPI does not describe."""

import html
import re
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from fashion_cli.app import app
from tests.web.shops import Running, Shop, draw, png

DOCS = Path(__file__).parents[2] / "docs" / "serving.md"
TEXT = DOCS.read_text(encoding="utf-8")
PHOTOGRAPH = png(draw(1000))
Form = list[tuple[str, str]]


def lines_of(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("curl ")]


def read(line: str, sha256: str) -> tuple[str, Form]:
    """The address without its host, and the form, of a `curl` command."""
    words = shlex.split(line.replace("SHA256", sha256).replace("9f" * 32, sha256))
    address, form = "", []
    rest = iter(words[1:])
    for word in rest:
        if word == "-I":  # HEAD: what GET answers, without the body
            continue
        if word == "-F":
            name, _, value = next(rest).partition("=")
            form.append((name, value))
        elif word == "-o":
            next(rest)
        else:
            address = word
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}" if parts.query else parts.path, form


def send(running: Running, address: str, form: Form) -> httpx.Response:
    if not form:
        return running.client.get(address)
    fields: dict[str, list[str]] = {}
    for name, value in form:
        if not value.startswith("@"):
            fields.setdefault(name, []).append(value)
    return running.client.post(address, files={"image": PHOTOGRAPH}, data=fields)


def require_described(document: dict[str, Any], address: str, form: Form) -> None:
    """Every path and field is in the OpenAPI document."""
    path, _, query = address.partition("?")
    operations = next(
        operations
        for template, operations in document["paths"].items()
        if re.fullmatch(re.sub(r"\{\w+\}", "[0-9a-f]+", template), path)
    )
    operation = operations["post" if form else "get"]
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    if form:
        schema = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
        known |= set(schema["properties"])
    assert {name for name, _ in form} | {name for name, _ in parse_qsl(query)} <= known


@pytest.mark.parametrize("line", lines_of(TEXT))
def test_every_line_of_the_documentation_is_answered(running: Running, drawn_shop: Shop, line: str) -> None:
    address, form = read(line, drawn_shop.sha256(0))
    require_described(running.client.get("/api/v1/openapi.json").json(), address, form)
    answer = send(running, address, form)
    assert answer.status_code == 200, answer.text
    if "search" in address or "similar" in address:
        assert answer.json()["hits"]


def test_every_line_of_the_page_about_the_api_is_answered(running: Running, drawn_shop: Shop) -> None:
    page = running.client.get("/docs").text
    lines = [html.unescape(line) for line in re.findall(r"curl [^<]+", page)]
    document = running.client.get("/api/v1/openapi.json").json()
    assert len(lines) == sum(len(operations) for operations in document["paths"].values())
    for line in lines:
        assert running.address in line
        address, form = read(line, drawn_shop.sha256(0))
        require_described(document, address, form)
        answer = send(running, address, [each for each in form if each[0] != "box"])  # larger than our photograph
        assert answer.status_code == 200, f"{line}: {answer.text}"


def test_options_and_figures_that_are_named_exist(running: Running) -> None:
    import typer

    command = typer.main.get_command(app).commands["serve"]  # type: ignore[attr-defined]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", TEXT)) - {"--photographs", "--minutes"}  # of the benchmark
    assert named <= options
    assert options - named <= {
        "--help",
        "-h",
        "-v",
        "--model",
        "--tagger",
        "--device",
        "--engine",
        "--batch-size",
        "--workers",
    }
    figures = running.client.get("/metrics").text
    for name in re.findall(r"`(fashion_[a-z_]+)`", TEXT):
        assert f"# HELP {name} " in figures


def test_every_field_is_explained(running: Running) -> None:
    document = running.client.get("/api/v1/openapi.json").json()
    schema = document["paths"]["/api/v1/search"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    for name in schema["properties"]:
        assert f"`{name}`" in TEXT
