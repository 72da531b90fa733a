"""The REST API for people: each operation of the OpenAPI document with its fields and a `curl` line made from it."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

FORM = "multipart/form-data"
FILE = "photograph.jpg"
EXAMPLE_FIELDS = ("box", "where", "keyword", "size")  # fields that an example has although they may be left out


@dataclass(frozen=True)
class Field:
    """What may be sent.

    Attributes:
        name: Of the field.
        place: "path", "query" or "form".
        kind: In words.
        required: Whether it has to be sent.
        default: In words; "" for none.
        meaning: One line.
        example: A value, as it is sent; "" for none.
    """

    name: str
    place: str
    kind: str
    required: bool
    default: str
    meaning: str
    example: str


@dataclass(frozen=True)
class Operation:
    """A method of an address.

    Attributes:
        method: "GET" or "POST".
        path: With places in braces.
        name: What generated clients call it.
        summary: One line.
        fields: What may be sent.
        statuses: (number, meaning) of each answer.
        curl: A command that asks for it.
    """

    method: str
    path: str
    name: str
    summary: str
    fields: tuple[Field, ...]
    statuses: tuple[tuple[str, str], ...]
    curl: str


def describe_operations(document: Mapping[str, Any], server: str) -> list[Operation]:
    """Every operation of an OpenAPI document.

    Args:
        document: As FastAPI makes it.
        server: Where it is served, for the examples.
    """
    return [
        _operation(method, path, operation, server)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def _operation(method: str, path: str, operation: Mapping[str, Any], server: str) -> Operation:
    fields = (*_parameters(operation), *_form_fields(operation))
    return Operation(
        method=method.upper(),
        path=path,
        name=operation.get("operationId", ""),
        summary=operation.get("summary", ""),
        fields=fields,
        statuses=tuple((status, answer["description"]) for status, answer in operation["responses"].items()),
        curl=_curl(path, fields, server),
    )


def _parameters(operation: Mapping[str, Any]) -> Iterator[Field]:
    for parameter in operation.get("parameters", ()):
        schema = {**parameter["schema"]}
        schema.setdefault("description", parameter.get("description", ""))
        yield _field(parameter["name"], parameter["in"], schema, required=parameter.get("required", False))


def _form_fields(operation: Mapping[str, Any]) -> Iterator[Field]:
    contents = operation.get("requestBody", {}).get("content", {})
    if FORM not in contents:
        return
    schema = contents[FORM]["schema"]
    for name, each in schema["properties"].items():
        yield _field(name, "form", each, required=name in schema.get("required", ()))


def _field(name: str, place: str, schema: Mapping[str, Any], *, required: bool) -> Field:
    examples = schema.get("examples") or [""]
    example = examples[0][0] if isinstance(examples[0], list) else examples[0]
    default = schema.get("default")
    return Field(
        name=name,
        place=place,
        kind=_kind(schema),
        required=required,
        default="" if default in (None, "", []) else str(default).lower(),
        meaning=schema.get("description", ""),
        example=str(example),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if choices := [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]:
        return " or ".join(dict.fromkeys(_kind(each) for each in choices))
    if schema.get("type") == "array":
        return f"{_kind(schema['items'])}, repeated"
    if schema.get("format") == "binary":
        return "file"
    low, high = schema.get("minimum"), schema.get("maximum")
    bounds = f" from {low} to {high}" if low is not None and high is not None else ""
    return f"{schema.get('type', 'text')}{bounds}".replace("string", "text")


def _curl(path: str, fields: tuple[Field, ...], server: str) -> str:
    places = {field.name: quote(field.example) for field in fields if field.place == "path"}
    sent = [field for field in fields if field.required or field.name in EXAMPLE_FIELDS]
    query = urlencode([(field.name, field.example) for field in sent if field.place == "query"])
    address = f"{server.rstrip('/')}{path.format(**places)}{f'?{query}' if query else ''}"
    words = ["curl", address]
    for field in sent:
        if field.place == "form":
            value = f"@{FILE}" if field.kind == "file" else field.example
            words += ["-F", f"{field.name}={value}"]
    return shlex.join(words)
