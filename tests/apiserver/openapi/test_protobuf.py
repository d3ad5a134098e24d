"""OpenAPI documents in gnostic's protobuf form; tests/letters has whole ones of the original."""

from orchestrator.api.wire import message, number, text
from orchestrator.apiserver.openapi.protobuf import encode


def _named(name: str, value: bytes) -> bytes:
    return text(1, name) + message(2, value)


def test_version_2_has_paths_and_definitions() -> None:
    """Parameters by where they are, answers by their code, references as they stand, extensions as YAML."""
    document = {
        "swagger": "2.0",
        "paths": {
            "/things/": {
                "post": {
                    "operationId": "make",
                    "parameters": [
                        {"name": "body", "in": "body", "required": True, "schema": {"$ref": "#/T"}},
                        {"name": "dryRun", "in": "query", "type": "string", "uniqueItems": False},
                        {"$ref": "#/parameters/p"},
                    ],
                    "responses": {"200": {"description": "OK", "schema": {"$ref": "#/T"}}},
                    "x-kubernetes-action": "post",
                    "x-kubernetes-group-version-kind": {"group": "", "kind": "T"},
                }
            }
        },
        "definitions": {
            "T": {
                "required": ["a", "b"],
                "type": "object",
                "properties": {
                    "a": {"items": {"type": "integer"}, "type": "array", "default": "x: y"},
                    "b": {"additionalProperties": {"$ref": "#/T"}},
                    "c": {"additionalProperties": False, "minimum": 0},
                },
            }
        },
        "securityDefinitions": {"B": {"type": "apiKey", "in": "header"}},
    }
    reference = text(1, "#/T")
    body = text(2, "body") + text(3, "body") + number(4, 1) + message(5, reference)
    query = text(2, "query") + text(4, "dryRun") + text(6, "string")
    response = text(1, "OK") + message(2, message(1, reference))
    operation = (
        text(5, "make")
        + message(8, message(1, message(1, body)))
        + message(8, message(1, message(2, message(3, query))))
        + message(8, message(2, text(1, "#/parameters/p")))
        + message(9, message(1, _named("200", message(1, response))))
        + message(13, _named("x-kubernetes-action", text(2, "post\n")))
        + message(13, _named("x-kubernetes-group-version-kind", text(2, 'group: ""\nkind: T\n')))
    )
    items = message(23, message(1, message(22, text(1, "integer"))))
    a = message(5, text(2, "'x: y'\n")) + message(22, text(1, "array")) + items
    properties = (
        message(1, _named("a", a))
        + message(1, _named("b", message(21, message(1, reference))))
        + message(1, _named("c", message(21, number(2, 0))))
    )
    thing = text(19, "a") + text(19, "b") + message(22, text(1, "object")) + message(25, properties)
    key = text(1, "apiKey") + text(3, "header")
    assert encode(document, "v2") == (
        text(1, "2.0")
        + message(8, message(2, _named("/things/", message(4, operation))))
        + message(9, message(1, _named("T", thing)))
        + message(13, message(1, _named("B", message(2, key))))
    )


def test_version_3_tells_references_from_schemas() -> None:
    """A default is a number, a flag or a text there, and is missing where it is none of them."""
    properties = {
        "a": {"$ref": "#/T"},
        "b": {"default": False, "type": "boolean"},
        "c": {"default": {}, "allOf": [{"$ref": "#/T"}]},
        "d": {"default": "", "additionalProperties": {"type": "string"}},
    }
    document = {"openapi": "3.0.0", "components": {"schemas": {"T": {"properties": properties}}}}
    reference = message(2, text(1, "#/T"))
    expected = (
        message(1, _named("a", reference))
        + message(1, _named("b", message(1, text(25, "boolean") + message(33, number(2, 0)))))
        + message(1, _named("c", message(1, message(26, reference) + message(33, b""))))
        + message(
            1,
            _named(
                "d",
                message(
                    1,
                    message(32, message(1, message(1, text(25, "string"))))
                    + message(33, text(3, "")),
                ),
            ),
        )
    )
    schema = message(1, message(31, expected))
    assert encode(document, "v3") == text(1, "3.0.0") + message(
        5, message(1, message(1, _named("T", schema)))
    )
