"""What `kubectl wait --for=...` accepts, as predicates on objects."""

import re
from collections.abc import Callable
from typing import Any, Final

from orchestrator.api import codec
from orchestrator.api.scheme import Resource
from orchestrator.machinery.json_paths import PathError, compiled

Predicate = Callable[[Any], bool]

_JSONPATH: Final = re.compile(r"jsonpath=\{(?P<path>\.[^{}]+)\}(?:=(?P<value>.*))?")


class WaitTimeout(TimeoutError):
    """The condition did not come true in time. `last` is the object as it was seen last."""

    def __init__(
        self, resource: Resource, name: str, condition: str, seconds: float, last: Any
    ) -> None:
        seen = "it does not exist" if last is None else f"last seen: {_summary(last)}"
        super().__init__(
            f"{resource.kind} {name!r} did not reach {condition!r} within {seconds:g} s; {seen}"
        )
        self.resource = resource
        self.name = name
        self.condition = condition
        self.last = last


def condition_of(text: str) -> Predicate:
    """The predicate of `condition=NAME[=STATUS]`, `jsonpath={.PATH}[=VALUE]`, `create`, `delete`.

    Raises ValueError naming what is accepted. Conditions of an older generation do not count.
    """
    if text in ("create", "delete"):
        return lambda obj: True
    if text.startswith("condition="):
        name, _, status = text.removeprefix("condition=").partition("=")
        return lambda obj: _has_condition(obj, name, status or "True")
    match = _JSONPATH.fullmatch(text)
    if match is None:
        raise ValueError(
            f'cannot wait for "{text}": expected "condition=NAME[=STATUS]", "create", "delete" or '
            '"jsonpath={.path}[=value]"'
        )
    value = match["value"]
    try:
        find = compiled(match["path"])
    except PathError as error:
        raise ValueError(f'cannot wait for "{text}": {error}') from None

    def reached(obj: Any) -> bool:
        try:
            found = find(codec.to_dict(obj))
        except PathError:  # a list has no such place yet
            return False
        return any(each is not None and value in (None, _text(each)) for each in found)

    return reached


def _has_condition(obj: Any, name: str, status: str) -> bool:
    document = codec.to_dict(obj)
    generation = document.get("metadata", {}).get("generation") or 0
    current = document.get("status") or {}
    if (current.get("observedGeneration") or generation) < generation:
        return False
    for condition in current.get("conditions") or ():
        if str(condition.get("type")).lower() == name.lower():
            if (condition.get("observedGeneration") or generation) < generation:
                return False
            return str(condition.get("status")).lower() == status.lower()
    return False


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _of_condition(condition: Any) -> str:
    """A condition, with the reason that its author gives for one that does not hold."""
    told = f"{condition.get('type')}={condition.get('status')}"
    why = condition.get("message") if condition.get("status") != "True" else ""
    return f"{told} ({why})" if why else told


def _summary(obj: Any) -> str:
    status = codec.to_dict(obj).get("status") or {}
    parts = [_of_condition(each) for each in status.get("conditions") or ()]
    if status.get("phase"):
        parts.insert(0, f"phase {status['phase']}")
    return ", ".join(parts) or "no status"
