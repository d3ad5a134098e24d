"""The scale of custom resources, which stands where their definition says."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from msgspec.structs import replace

from orchestrator.api.apiextensions.v1 import CustomResourceSubresourceScale
from orchestrator.api.autoscaling.v1 import Scale
from orchestrator.api.unstructured import Unstructured
from orchestrator.apiserver.kinds.scaling import Scaling, scale
from orchestrator.apiserver.validation.field import MAX_INT32, Errors, invalid
from orchestrator.machinery.documents import go_plain
from orchestrator.machinery.field_errors import quote
from orchestrator.protocol import Unclassified

_GO_TYPES: Final[Mapping[type[Any], str]] = {
    bool: "bool",
    dict: "map[string]interface {}",
    float: "float64",
    int: "int64",
    list: "[]interface {}",
    str: "string",
    type(None): "<nil>",
}
_MAP: Final = "map[string]interface{}"


class _Misfit(Exception):
    """What stands at a path is of another type; the message is Kubernetes'."""


def scaling_of(paths: CustomResourceSubresourceScale) -> Scaling:
    """How many replicas objects have, by the paths of their definition."""
    path = _names(paths.spec_replicas_path)
    return Scaling(
        scale_of=partial(_scale_of, paths),
        with_replicas=partial(_with_replicas, path),
        path=path,
        missing=partial(_missing, paths),
    )


def scale_faults(content: Mapping[str, Any], paths: CustomResourceSubresourceScale) -> Errors:
    """What is wrong with the numbers and the selector that stand at the paths."""
    yield from _number_faults(content, paths.spec_replicas_path)
    yield from status_scale_faults(content, paths)


def status_scale_faults(
    content: Mapping[str, Any], paths: CustomResourceSubresourceScale
) -> Errors:
    """The same of what a status says."""
    yield from _number_faults(content, paths.status_replicas_path)
    selector = paths.label_selector_path
    if selector:
        try:
            _found(content, selector, str)
        except _Misfit as error:
            yield invalid(selector, "", str(error))


def _number_faults(content: Mapping[str, Any], path: str) -> Errors:
    try:
        number = _found(content, path, int) or 0
    except _Misfit as error:
        yield invalid(path, 0, str(error))
        return
    if number < 0:
        yield invalid(path, number, "should be a non-negative integer")
    elif number > MAX_INT32:
        yield invalid(path, number, f"should be less than or equal to {MAX_INT32}")


def _scale_of(paths: CustomResourceSubresourceScale, custom: Unstructured) -> Scale:
    content = custom.content
    try:
        wanted = _found(content, paths.spec_replicas_path, int)
        found = _found(content, paths.status_replicas_path, int)
        selector = paths.label_selector_path
        selected = _found(content, selector, str) if selector else ""
    except _Misfit as error:
        raise Unclassified(str(error)) from error
    return scale(custom.metadata, wanted, found or 0, selected or "")


def _missing(paths: CustomResourceSubresourceScale, custom: Unstructured) -> str | None:
    path = paths.spec_replicas_path
    try:
        found = _found(custom.content, path, int)
    except _Misfit as error:
        raise Unclassified(str(error)) from error
    return f"the spec replicas field {quote(path)}" if found is None else None


def _with_replicas(path: tuple[str, ...], custom: Unstructured, replicas: int) -> Unstructured:
    return replace(custom, content=_set(custom.content, path, replicas))


def _set(content: Mapping[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    name, *rest = path
    if rest:
        below = content.get(name)
        if below is not None and not isinstance(below, Mapping):
            raise Unclassified(
                f"value cannot be set because .{name} is not a map[string]interface{{}}"
            )
        value = _set(below or {}, tuple(rest), value)
    return {**content, name: value}


def _names(path: str) -> tuple[str, ...]:
    return tuple(path.removeprefix(".").split("."))


def _found(content: Mapping[str, Any], path: str, type_: type[Any]) -> Any:
    """The value at a path; None for none. Raises _Misfit for one of another type."""
    value: Any = content
    for walked, name in _walk(path):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise _misfit(walked, value, _MAP)
        if name not in value:
            return None
        value = value[name]
    if type(value) is not type_:
        raise _misfit(".".join(("", *_names(path))), value, _GO_TYPES[type_])
    return value


def _walk(path: str) -> Iterator[tuple[str, str]]:
    """Each name of a path, behind the path so far."""
    walked = ""
    for name in _names(path):
        walked = f"{walked}.{name}"
        yield walked, name


def _misfit(path: str, value: Any, wanted: str) -> _Misfit:
    found = _GO_TYPES.get(type(value), "interface {}")
    return _Misfit(
        f"{path} accessor error: {go_plain(value)} is of the type {found}, expected {wanted}"
    )
