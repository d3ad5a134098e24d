"""Readers of what is a schema or something else in its place: such types of Go's read themselves."""

from collections.abc import Mapping
from typing import Any, Final

from orchestrator.api.errors import DecodeError, OwnDecodeError
from orchestrator.api.misfits import Place, Reader, unfit

_NO_SCHEMA: Final = "boolean or JSON schema expected"


def schema_parts(read_schema: Reader) -> Mapping[str, Reader]:
    """Readers of the parts of a schema that are one, or a list, a bool or names in its place.

    They stay as they are: what such a part does not know it does not tell.
    """

    def look(data: Any, place: Place) -> None:
        try:
            read_schema(data, place, [])
        except DecodeError as error:
            raise OwnDecodeError(
                error.path, error.message, words=error.words, patch_words=error.patch_words
            ) from None

    def or_list(data: Any, place: Place, unknown: list[str]) -> Any:
        if isinstance(data, Mapping):
            look(data, place)
        elif isinstance(data, list | tuple):
            for each in data:
                look({} if each is None else each, place)
        return data

    def or_bool(data: Any, place: Place, unknown: list[str]) -> Any:
        if isinstance(data, Mapping):
            look(data, place)
        elif not isinstance(data, bool):
            raise OwnDecodeError(place.path, _NO_SCHEMA, words=_NO_SCHEMA)
        return data

    def dependencies(data: Any, place: Place, unknown: list[str]) -> Any:
        if not isinstance(data, Mapping):
            raise unfit(data, place, "v1.JSONSchemaDependencies")
        for each in data.values():
            if isinstance(each, Mapping):
                look(each, place)
            elif isinstance(each, list | tuple):
                for name in each:
                    if not isinstance(name, str):
                        raise unfit(name, place, "string")
        return data

    return {
        "items": or_list,
        "additionalItems": or_bool,
        "additionalProperties": or_bool,
        "dependencies": dependencies,
    }
