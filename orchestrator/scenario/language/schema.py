"""The JSON Schema of the scenario language, generated from its types, for editors."""

from inspect import cleandoc
from typing import Any, Final

import msgspec

from orchestrator.scenario.language.scenario import API_VERSION, Scenario

_EXPRESSION: Final = {"type": "string", "pattern": r"^\s*\{\{.*\}\}\s*$"}
_NOT_TEXT: Final = ("integer", "number", "boolean")


def scenario_schema() -> dict[str, Any]:
    """The schema; wherever it wants a number or a truth value, an expression in a text will do."""
    schema = _with_expressions(msgspec.json.schema(Scenario))
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": API_VERSION}
    return {**title, **schema}


def _with_expressions(part: Any) -> Any:
    if isinstance(part, list):
        return [_with_expressions(each) for each in part]
    if not isinstance(part, dict):
        return part
    if part.get("type") in _NOT_TEXT and "enum" not in part:
        default = {"default": part["default"]} if "default" in part else {}
        bare = {key: value for key, value in part.items() if key != "default"}
        return {"anyOf": [bare, _EXPRESSION], **default}
    return {
        # A docstring's indentation is not told by every version of Python and of msgspec.
        key: cleandoc(value)
        if key == "description" and isinstance(value, str)
        else _with_expressions(value)
        for key, value in part.items()
    }
