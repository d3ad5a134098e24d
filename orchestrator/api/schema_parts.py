"""Readers of what is a schema or something else in its place: such types of Go's read themselves."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.errors import DecodeError, OwnDecodeError
from orchestrator.api.misfits import Place, Reader, place_of, unfit

_NO_SCHEMA: Final = "boolean or JSON schema expected"


def schema_parts(read_schema: Reader) -> Mapping[str, Reader]:
    """Readers of the parts of a schema that are one, or a list, a bool or names in its place.

    What such a part does not know it drops, and does not tell.
    """

    def schema(data: Any, place: Place | None) -> Any:
        try:
            return read_schema(data, place, [])
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
        return {name: dependency(each, place) for name, each in data.items()}

    def dependency(data: Any, place: Place | None) -> Any:
        if isinstance(data, Mapping):
            return schema(data, place)
        if isinstance(data, list | tuple):
            for name in data:
                if not isinstance(name, str):
                    raise unfit(name, place, "string")
        return data

    return {
        "items": or_list,
        "additionalItems": or_bool,
        "additionalProperties": or_bool,
        "dependencies": dependencies,
    }
