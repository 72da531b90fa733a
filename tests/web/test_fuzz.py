"""Requests that schemathesis makes up from the OpenAPI document, good and bad ones: none may make the server fail."""

from typing import Any

import pytest

from tests.web.shops import Running, draw, png

EXAMPLES = 25  # of each operation
CHECKED = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
)
PHOTOGRAPH = png(draw(1000))


@pytest.mark.campaign
@pytest.mark.parametrize("kind", ["positive", "negative"])
def test_no_request_makes_the_server_fail(running: Running, drawn_shop: object, kind: str) -> None:
    # Imported where they are needed: they take seconds, and every process of a run collects this module.
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from hypothesis import strategies as some
    from schemathesis import GenerationMode
    from schemathesis.checks import CHECKS
    from schemathesis.core.result import Ok

    del drawn_shop
    mode = GenerationMode(kind)
    schema = schemathesis.openapi.from_url(f"{running.address}/api/v1/openapi.json")
    checks: Any = [CHECKS.get_one(name) for name in CHECKED]
    asked = 0

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        described = operation.definition.raw
        if mode is GenerationMode.NEGATIVE and not (described.get("parameters") or "requestBody" in described):
            continue  # there is nothing to get wrong

        @seed(5)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode), whole=some.booleans())
        def ask(case: Any, whole: bool) -> None:
            nonlocal asked
            if whole and isinstance(case.body, dict) and "image" in case.body:
                case.body["image"] = PHOTOGRAPH  # else nothing gets past the decoder
            case.call_and_validate(checks=checks)
            asked += 1

        ask()
    assert asked >= EXAMPLES
