"""Operations as the two dialects of OpenAPI write them."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.apiserver.openapi.operations import TEXT, Operation, Route
from orchestrator.apiserver.openapi.parameters import Parameter
from orchestrator.apiserver.openapi.schemas import V2, V3

_SAID: Final[Mapping[int, str]] = {200: "OK", 201: "Created", 202: "Accepted"}
_UNAUTHORIZED: Final = {"description": "Unauthorized"}


def version_2(route: Route) -> dict[str, Any]:
    """The path item."""
    shared = _shared(route.operations)
    item: dict[str, Any] = {
        method: _operation_2(each, shared) for method, each in route.operations.items()
    }
    if shared:
        item["parameters"] = [_parameter_2(each) for each in shared]
    return item


def _operation_2(operation: Operation, shared: list[Parameter]) -> Any:
    own = [_parameter_2(each) for each in operation.parameters if each not in shared]
    if operation.body is not None:
        own.append(_body_2(operation))
    schema = _answer(operation, V2)
    return {
        **_head(operation),
        **({"consumes": list(operation.consumes)} if operation.consumes else {}),
        "produces": list(operation.produces),
        "schemes": ["https"],
        **({"parameters": sorted(own, key=lambda each: str(each["name"]))} if own else {}),
        "responses": {
            **{str(c): {"description": _SAID[c], "schema": schema} for c in operation.codes},
            "401": _UNAUTHORIZED,
        },
        **_about(operation),
    }


def version_3(route: Route) -> dict[str, Any]:
    """The path item."""
    shared = _shared(route.operations)
    item: dict[str, Any] = {
        method: _operation_3(each, shared) for method, each in route.operations.items()
    }
    if shared:
        item["parameters"] = [_parameter_3(each) for each in shared]
    return item


def _operation_3(operation: Operation, shared: list[Parameter]) -> Any:
    own = sorted((p for p in operation.parameters if p not in shared), key=lambda p: p.name)
    content = {each: {"schema": _answer(operation, V3)} for each in sorted(operation.produces)}
    written: dict[str, Any] = {
        **_head(operation),
        **({"parameters": [_parameter_3(each) for each in own]} if own else {}),
    }
    if operation.body is not None:
        schema = {"$ref": V3 + operation.body}
        body: dict[str, Any] = {
            "content": {each: {"schema": schema} for each in sorted(operation.consumes)}
        }
        if operation.body_required:
            body["required"] = True
        written["requestBody"] = body
    written["responses"] = {
        **{str(code): {"description": _SAID[code], "content": content} for code in operation.codes},
        "401": _UNAUTHORIZED,
    }
    return {**written, **_about(operation)}


def _shared(operations: Mapping[str, Operation]) -> list[Parameter]:
    """The parameters that all methods of a path have stand at the path."""
    first, *others = operations.values()
    common = [p for p in first.parameters if all(p in each.parameters for each in others)]
    return sorted(common, key=lambda each: each.name)


def _head(operation: Operation) -> dict[str, Any]:
    return {
        "tags": [operation.tag],
        "description": operation.description,
        "operationId": operation.id,
    }


def _about(operation: Operation) -> dict[str, Any]:
    if operation.kind is None:
        return {}
    group, version, kind = operation.kind
    return {
        "x-kubernetes-action": operation.action,
        "x-kubernetes-group-version-kind": {"group": group, "version": version, "kind": kind},
    }


def _answer(operation: Operation, prefix: str) -> dict[str, Any]:
    return {"type": "string"} if operation.answer == TEXT else {"$ref": prefix + operation.answer}


def _body_2(operation: Operation) -> dict[str, Any]:
    required = {"required": True} if operation.body_required else {}
    return {"name": "body", "in": "body", **required, "schema": {"$ref": f"{V2}{operation.body}"}}


def _parameter_2(parameter: Parameter) -> dict[str, Any]:
    return {**_described(parameter), "type": parameter.type, "uniqueItems": True}


def _parameter_3(parameter: Parameter) -> dict[str, Any]:
    return {**_described(parameter), "schema": {"type": parameter.type, "uniqueItems": True}}


def _described(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        **({"required": True} if parameter.place == "path" else {}),
    }
