"""The parameters of a scenario: their values, and the document with its expressions filled in."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.scenario.loading.source import Source
from orchestrator.scenario.templates import NAMES, ExpressionError, fill, is_template

# What is filled in for each object, when its number and its values are known.
_OF_EACH_OBJECT: Final = ("objects", "namespace", "values")


def settle(
    source: Source, document: dict[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The document without expressions, and its parameters with the values `given` in place.

    A text that is given becomes what the parameter's own value is: a number stays a number. The
    value of a parameter may be an expression of those before it. Raises ScenarioError.
    """
    spec = document.get("spec")
    declared = spec.get("parameters", {}) if isinstance(spec, dict) else {}
    if not isinstance(declared, dict):
        raise source.error("spec.parameters", "expected names with values")
    parameters = _values(source, declared, given)
    filler = _Filler(source, parameters)
    settled = {
        key: filler.value(value, key, False) if key != "spec" else value
        for key, value in document.items()
    }
    if isinstance(spec, dict):
        settled["spec"] = {
            key: parameters if key == "parameters" else filler.value(value, f"spec.{key}", False)
            for key, value in spec.items()
        }
    return settled, parameters


def _values(
    source: Source, declared: Mapping[Any, Any], given: Mapping[str, Any]
) -> dict[str, Any]:
    for name in given:
        if name not in declared:
            known = ", ".join(map(str, declared)) or "none"
            raise source.error(
                "spec.parameters", f"there is no parameter {name}; known are {known}"
            )
    parameters: dict[str, Any] = {}
    for name, default in declared.items():
        where = f"spec.parameters.{name}"
        if not isinstance(name, str) or not name.isidentifier() or name in NAMES:
            raise source.error(where, "expected a name of letters, digits and underscores")
        if is_template(default):
            default = _filled(source, default, parameters, where)
        if not isinstance(default, str | int | float | None):
            raise source.error(where, "expected a number, a text, true, false or null")
        parameters[name] = _typed(source, given[name], default, where) if name in given else default
    return parameters


def _typed(source: Source, value: Any, default: Any, where: str) -> Any:
    """What was given, as the type of the default."""
    if not isinstance(value, str):
        return value
    if isinstance(default, bool):
        if value.lower() not in ("true", "false"):
            raise source.error(where, f'expected true or false, got "{value}"')
        return value.lower() == "true"
    if isinstance(default, int | float):
        for convert in (int, float):
            try:
                return convert(value)
            except ValueError:
                continue
        raise source.error(where, f'expected a number such as {default}, got "{value}"')
    return value


def _filled(source: Source, text: str, names: Mapping[str, Any], where: str) -> Any:
    try:
        return fill(text, names)
    except ExpressionError as error:
        raise source.error(where, str(error)) from None


class _Filler:
    def __init__(self, source: Source, parameters: Mapping[str, Any]) -> None:
        self._source = source
        self._parameters = parameters

    def value(self, value: Any, where: str, in_workload: bool) -> Any:
        if isinstance(value, dict):
            return {
                key: each
                if in_workload and key in _OF_EACH_OBJECT
                else self.value(each, f"{where}.{key}", key == "apply")
                for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            workloads = where.endswith(".workloads")
            return [
                self.value(each, f"{where}[{number}]", workloads)
                for number, each in enumerate(value)
            ]
        if is_template(value):
            return _filled(self._source, value, self._parameters, where)
        return value
