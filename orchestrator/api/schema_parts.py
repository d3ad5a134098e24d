"""Readers of what is a schema or something else in its place: such types of Go's read themselves.

Here they are free JSON, so the order in which Go would write them is made when they are read.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.api.errors import DecodeError, OwnDecodeError
from orchestrator.api.misfits import Place, Reader, place_of, unfit

_NO_SCHEMA: Final = "boolean or JSON schema expected"


def schema_parts(
    read_schema: Reader, fields: Sequence[str], readers: Mapping[str, Reader]
) -> Mapping[str, Reader]:
    """Readers of the parts of a schema that are one, or a list, a bool or names in its place; and of plain values.

    What such a part does not know it drops, and does not tell. `fields` are a schema's, in their order, and `readers`
    those that know nothing of schemas.
    """

    def schema(data: Any, place: Place | None) -> Any:
        try:
            made = read_schema(data, place, [])
            return {field: made[field] for field in fields if field in made}
        except DecodeError as error:
            raise OwnDecodeError(
                error.path, error.message, words=error.words, patch_words=error.patch_words
            ) from None

    def or_list(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if isinstance(data, Mapping):
            return schema(data, place)
        if isinstance(data, list | tuple):
            return [schema({} if each is None else each, place) for each in data]
        return data

    def or_bool(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if isinstance(data, Mapping):
            return schema(data, place)
        if not isinstance(data, bool):
            raise OwnDecodeError(place_of(place).path, _NO_SCHEMA, words=_NO_SCHEMA)
        return data

    def dependencies(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if not isinstance(data, Mapping):
            raise unfit(data, place, "v1.JSONSchemaDependencies")
        return {name: dependency(data[name], place) for name in sorted(data)}

    def dependency(data: Any, place: Place | None) -> Any:
        if isinstance(data, Mapping):
            return schema(data, place)
        if isinstance(data, list | tuple):
            for name in data:
                if not isinstance(name, str):
                    raise unfit(name, place, "string")
        return data

    def value(name: str) -> Reader:
        inner = readers[name]
        return lambda data, place, unknown: _sorted_by_key(inner(data, place, unknown))

    return {
        **{name: value(name) for name in ("default", "enum", "example")},
        "items": or_list,
        "additionalItems": or_bool,
        "additionalProperties": or_bool,
        "dependencies": dependencies,
    }


def _sorted_by_key(value: Any) -> Any:
    """A JSON value whose objects have their keys in order, as Go writes what it holds as maps."""
    if isinstance(value, Mapping):
        return {key: _sorted_by_key(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted_by_key(each) for each in value]
    return value
