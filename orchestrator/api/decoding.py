"""Reads documents into types as Go's decoder reads them into structs.

A pass over (document, type) does what msgspec, whose types are exact, does not: a `null` is the empty
value of whatever it stands for; integers are bounded by the width that the schema gives them; quantities and
times are looked at; fields that the type does not have are collected; and what does not fit is refused in
Go's words, which clients and people know. The pass follows readers that are made of the annotations once a
type, and yields a document that msgspec then converts. Nearly always there is nothing to say: so where values
stand is worked out in a second pass, if there is.

Path elements of `unknown` and of errors have indexes (`spec.containers[0].image`); Go's own sentences have
none, and begin at the innermost struct.
"""

import binascii
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from types import NoneType, UnionType
from typing import Any, Final, TypeAlias, Union, get_args, get_origin, get_type_hints

from msgspec import Struct, structs

from orchestrator.api import document
from orchestrator.api.errors import DecodeError, OwnDecodeError
from orchestrator.api.facts import LEFT_OUT
from orchestrator.api.generate.names import TypeName, type_name
from orchestrator.api.misfits import INT_BOUNDS, Doubtful, Place, Reader, go_names, place_of, unfit
from orchestrator.api.scalars import EMPTY, MicroTime, Time, required_tuple
from orchestrator.api.schema_parts import schema_parts
from orchestrator.api.times import read_time

Schema: TypeAlias = Mapping[str, Any]
_SCHEMA: Final = "JSONSchemaProps"

_BYTES: Final = 256
_QUANTITY: Final = frozenset((str, int, float))
_INT_OR_STRING: Final = frozenset((int, str))
_TEXTS: Final = frozenset((str,))
_QUANTITY_FORM: Final = re.compile(
    r"[+-]?[0-9]*(?:\.[0-9]*)?(?:[numkMGTPE]?|[KMGTPE]i|[eE][+-]?[0-9]+)", re.ASCII
)
_NEARLY_A_QUANTITY: Final = re.compile(
    r"[+-]?[0-9]*(?:\.[0-9]*)?[eEinumkKMGTP]*[-+]?[0-9]*", re.ASCII
)
_WRONG_SUFFIX: Final = "unable to parse quantity's suffix"
_NOT_A_QUANTITY: Final = (
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
)


# Lists that are not written when they are empty, but are judged if somebody says that they are.
_TOLD_WHEN_EMPTY: Final = {
    "autoscaling.v2.HPAScalingRules": ("policies",),
    "resource.v1.ResourceSliceSpec": ("sharedCounters", "devices"),
}


class Notes(list[str]):
    """The paths of unknown fields; `empties`: those of lists that are always written and were said to be empty.

    `wraps`: a number that is too large for its field is cut as Go's conversion of a tree into structs cuts it.
    """

    empties: Sequence[str] = ()
    wraps = False


def read(data: Any, type_: type[Any], unknown: list[str], at: str = "") -> Any:
    """The document without nulls and unknown fields; `unknown` gets the paths of the latter.

    `at` is the path of a document inside another. Raises DecodeError, whose `words` are Go's.
    """
    reader = _struct_reader(type_)  # type: ignore[arg-type]
    try:
        return reader(data, None, unknown)
    except Doubtful:
        place = Place(at, "", "")
    try:
        return reader(data, place, unknown)
    except OwnDecodeError:
        raise
    except DecodeError:
        if not (type(unknown) is Notes and unknown.wraps):
            reader(data, place, _Search())
        raise


class _Search(list[str]):
    """In place of unknown fields: what does not fit is passed over in search of what ends Go's reading at once.

    Go notes the first value that does not fit and reads on; a type that reads itself ends it.
    """


def _passed(error: DecodeError, unknown: list[str]) -> None:
    """Raises the error, unless it is passed over."""
    if type(unknown) is not _Search or isinstance(error, OwnDecodeError):
        raise error


# --- readers of structs ---------------------------------------------------------------------


@cache
def _struct_reader(type_: type[Struct]) -> Reader:
    name, go_type = _fact_name(type_) or type_.__name__, _go_name(type_)
    told = _TOLD_WHEN_EMPTY.get(name, ())
    is_kind = isinstance(getattr(type_, "kind", None), str)
    fields: dict[str, Reader] | None = None
    # Maps that are not written when they are empty, so that an empty one is none.
    optional_maps: set[str] = set()
    zeros: frozenset[str] = frozenset()
    written: set[str] = set()
    paths: Mapping[str, str] | None = None

    def read_struct(data: Any, place: Place | None, unknown: list[str]) -> Any:
        nonlocal fields, zeros, paths
        if fields is None:  # late: types name each other in circles
            for each in structs.fields(type_):
                if each.default is EMPTY:
                    optional_maps.add(each.encode_name)
                if each.default_factory is required_tuple or each.encode_name in told:
                    written.add(each.encode_name)
            zeros, paths, fields = _left_out(type_), _go_paths(type_), _fields(type_)
            if is_kind:
                fields |= dict.fromkeys(("kind", "apiVersion"), _passed_over)
        if type(data) is not dict and not isinstance(data, Mapping):
            raise unfit(data, place, go_type)
        made = {}
        for key, value in data.items():
            reader = fields.get(key)
            if reader is _string and type(value) is str:
                if value or key not in zeros:
                    made[key] = value  # most fields
            elif reader is None:
                unknown.append(inside(place, key).path)
            elif reader is _passed_over:
                continue
            elif value or (value is not None and (value != {} or key not in optional_maps)):
                try:
                    found = reader(value, place and inside(place, key), unknown)
                except DecodeError as error:
                    _passed(error, unknown)
                    continue
                if found:
                    made[key] = found
                    continue
                if key not in zeros:
                    made[key] = found
                if key in written and type(unknown) is Notes:
                    unknown.empties = (*unknown.empties, inside(place, key).path)
        return made

    def inside(place: Place | None, key: str) -> Place:
        path, _, said = place_of(place)
        go_path = key if paths is None else paths.get(key, key)
        return Place(
            f"{path}.{key}" if path else str(key), name, f"{said}.{go_path}" if said else go_path
        )

    return read_struct


def _fields(type_: type[Struct]) -> dict[str, Reader]:
    hints = get_type_hints(type_)
    home = type_.__module__.split(".")
    properties: Schema = {}
    if len(home) > 3:
        definition = _definitions().get(TypeName(home[2], home[3], type_.__name__), {})
        properties = definition.get("properties", {})
    readers = {
        wire: _reader(hints[python], properties.get(wire, {}))
        for python, wire in zip(
            type_.__struct_fields__, type_.__struct_encode_fields__, strict=True
        )
    }
    if type_.__name__ == _SCHEMA:
        fields = type_.__struct_encode_fields__
        readers |= schema_parts(_struct_reader(type_), fields, readers)
    return readers


def _left_out(type_: type[Struct]) -> frozenset[str]:
    """The fields whose zero Go cannot tell from absent, as they are no pointers."""
    return frozenset(_zeros().get(_fact_name(type_), ()))


def _go_paths(type_: type[Struct]) -> Mapping[str, str] | None:
    """Go's paths to the fields that the type has from structs written into it; None if there are none."""
    return go_names()["paths"].get(_fact_name(type_))


def _fact_name(type_: type[Struct]) -> str:
    home = type_.__module__.split(".")
    return f"{home[2]}.{home[3]}.{type_.__name__}" if len(home) > 3 else ""


@lru_cache(maxsize=1)
def _zeros() -> dict[str, list[str]]:
    facts: dict[str, list[str]] = json.loads(LEFT_OUT.read_text())
    return facts


@lru_cache(maxsize=1)
def _definitions() -> dict[TypeName, Schema]:
    return {type_name(name): schema for name, schema in document.load()["definitions"].items()}


# --- readers of fields ----------------------------------------------------------------------


def _reader(hint: Any, schema: Schema) -> Reader:
    origin = get_origin(hint)
    arguments = [a for a in get_args(hint) if a not in (NoneType, Ellipsis)]
    if origin in (tuple, list):
        inner = arguments[0]
        return _list_reader(inner, _reader(inner, schema.get("items", {})), schema)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        inner = arguments[1]
        values = schema.get("additionalProperties", {})
        return _map_reader(inner, _reader(inner, values), values)
    if origin in (Union, UnionType):
        if len(arguments) == 1:
            return _reader(arguments[0], schema)
        return _UNIONS.get(frozenset(arguments), _anything)
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _struct_reader(hint)
    return _scalar_reader(hint, schema)


def _scalar_reader(hint: Any, schema: Schema) -> Reader:
    if hint is int:
        return _int_reader(schema.get("format", "int64"))
    if hint is bytes or (hint is str and schema.get("format") == "byte"):
        return _bytes
    if hint in (Time, MicroTime):
        return _time_reader(micro=hint is MicroTime)
    return {str: _string, bool: _bool, float: _float}.get(hint, _anything)


def _go_type(hint: Any, schema: Schema) -> str:
    """Go's name of a type, as far as the document tells it."""
    origin = get_origin(hint)
    arguments = [a for a in get_args(hint) if a not in (NoneType, Ellipsis)]
    if origin in (tuple, list):
        return f"[]{_go_type(arguments[0], schema.get('items', {}))}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"map[string]{_go_type(arguments[1], schema.get('additionalProperties', {}))}"
    if origin in (Union, UnionType):
        if len(arguments) == 1:
            return _go_type(arguments[0], schema)
        return "resource.Quantity" if _is_quantity(hint) else "intstr.IntOrString"
    if isinstance(hint, type) and issubclass(hint, Struct):
        return _go_name(hint)
    if hint is int:
        return str(schema.get("format", "int64"))
    if hint is str and schema.get("format") == "byte":
        return "[]uint8"
    names = {str: "string", bool: "bool", float: "float64", Time: "v1.Time"}
    return names.get(hint, "interface {}")


def _go_name(type_: type[Struct]) -> str:
    """`v1.PodSpec`: the last part of Go's package is the version."""
    home = type_.__module__.split(".")
    return f"{home[3]}.{type_.__name__}" if len(home) > 3 else type_.__name__


def _empty(hint: Any) -> Any:
    """What null is in a list or a map, whose items are not left out."""
    if isinstance(hint, type) and issubclass(hint, Struct):
        return {}
    return {int: 0, bool: False, float: 0.0, Any: None}.get(hint, [] if get_origin(hint) else "")


def _list_reader(inner: Any, reader: Reader, schema: Schema) -> Reader:
    go_type = f"[]{_go_type(inner, schema.get('items', {}))}"
    empty = 0 if _is_quantity(inner) else _empty(inner)

    def read_list(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if not isinstance(data, list | tuple):
            raise unfit(data, place, go_type)
        if reader is _string and _TEXTS.issuperset(map(type, data)):
            return data
        if place is None:
            return [empty if item is None else reader(item, None, unknown) for item in data]
        if type(unknown) is _Search:
            _search(reader, {f"[{index}]": item for index, item in enumerate(data)}, place, unknown)
            return data
        return [
            empty if item is None else reader(item, place.item(f"[{index}]"), unknown)
            for index, item in enumerate(data)
        ]

    return read_list


def _search(reader: Reader, items: Mapping[str, Any], place: Place, unknown: list[str]) -> None:
    """Read each of the items, whatever does not fit."""
    for key, item in items.items():
        if item is not None:
            try:
                reader(item, place.item(key), unknown)
            except DecodeError as error:
                _passed(error, unknown)


def _map_reader(inner: Any, reader: Reader, values: Schema) -> Reader:
    go_type = f"map[string]{_go_type(inner, values)}"
    empty = "0" if _is_quantity(inner) else _empty(inner)
    # Keys in order, as Go writes them: those of a schema stand beside free JSON, where nobody sorts them later.
    of_structs = isinstance(inner, type) and issubclass(inner, Struct)

    def read_map(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if type(data) is not dict and not isinstance(data, Mapping):
            raise unfit(data, place, go_type)
        if reader is _string and _TEXTS.issuperset(map(type, data.values())):
            return data
        if place is None:
            made = {
                key: empty if item is None else reader(item, None, unknown)
                for key, item in data.items()
            }
            return dict(sorted(made.items())) if of_structs else made
        if type(unknown) is _Search:
            _search(reader, {f".{key}": item for key, item in data.items()}, place, unknown)
            return data
        made = {
            key: empty if item is None else reader(item, place.item(f".{key}"), unknown)
            for key, item in data.items()
        }
        return dict(sorted(made.items())) if of_structs else made

    return read_map


def _is_quantity(hint: Any) -> bool:
    return get_origin(hint) is not None and frozenset(get_args(hint)) == _QUANTITY


def _int_reader(width: str) -> Reader:
    bound = INT_BOUNDS[width]

    def read_int(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if type(data) is not int or not -bound <= data < bound:
            if not (type(unknown) is Notes and unknown.wraps and _is_whole(data)):
                raise unfit(data, place, width)
            return (_in_int64(data) + bound) % (2 * bound) - bound
        return data

    return read_int


def _is_whole(data: Any) -> bool:
    return type(data) is int or (type(data) is float and data.is_integer())


def _in_int64(data: int | float) -> int:
    """The number in 64 bits; what is too large for them is a float to Go, of which a processor makes the least."""
    bound = INT_BOUNDS["int64"]
    return int(data) if -bound <= data < bound else -bound


def _passed_over(_data: Any, _place: Place | None, _unknown: list[str]) -> None:
    """What a document says of its kind is no field of it."""


def _string(data: Any, place: Place | None, unknown: list[str]) -> Any:
    if not isinstance(data, str):
        raise unfit(data, place, "string")
    return data


def _bool(data: Any, place: Place | None, unknown: list[str]) -> Any:
    if not isinstance(data, bool):
        raise unfit(data, place, "bool")
    return data


def _float(data: Any, place: Place | None, unknown: list[str]) -> Any:
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise unfit(data, place, "float64")
    return data


def _anything(data: Any, place: Place | None, unknown: list[str]) -> Any:
    return data


def _bytes(data: Any, place: Place | None, unknown: list[str]) -> Any:
    """Base64 in JSON, or a list of numbers; Go passes over line breaks."""
    if isinstance(data, list):
        return _bytes_of_list(data, place, unknown)
    if not isinstance(data, str):
        raise unfit(data, place, "[]uint8")
    try:
        text = data.replace("\n", "").replace("\r", "") if "\n" in data or "\r" in data else data
        binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError:
        words = f"illegal base64 data at input byte {_illegal_byte(data)}"
        patch_words = f"error decoding from json: {words}"
        raise DecodeError(
            place_of(place).path, words, words=words, patch_words=patch_words
        ) from None
    return text


def _bytes_of_list(data: list[Any], place: Place | None, unknown: list[str]) -> str:
    numbers = [0 if each is None else each for each in data]
    for each in numbers:
        if isinstance(each, bool) or not isinstance(each, int) or not 0 <= each < _BYTES:
            raise unfit(each, place, "uint8")
    return binascii.b2a_base64(bytes(numbers), newline=False).decode()


def _illegal_byte(text: str) -> int:
    legal = re.match(r"[A-Za-z0-9+/]*", text)
    end = legal.end() if legal else 0
    return end if end < len(text) and text[end] != "=" else min(end - end % 4, len(text))


def _int_or_string(data: Any, place: Place | None, unknown: list[str]) -> Any:
    if isinstance(data, str):
        return data
    bound = INT_BOUNDS["int32"]
    if type(data) is not int or not -bound <= data < bound:
        raise unfit(data, place, "int32", by_itself=True)
    return data


def _quantity(data: Any, place: Place | None, unknown: list[str]) -> Any:
    if isinstance(data, str):
        if data and _QUANTITY_FORM.fullmatch(data):
            return data
        bare = data.strip(" ")  # as Go does, which reads no other text so
        if bare and _QUANTITY_FORM.fullmatch(bare):
            return bare
        is_near = bare and _NEARLY_A_QUANTITY.fullmatch(bare)
        words = _WRONG_SUFFIX if is_near else _NOT_A_QUANTITY
        raise OwnDecodeError(place_of(place).path, words, words=words)
    if isinstance(data, int | float) and not isinstance(data, bool):
        return data
    raise OwnDecodeError(place_of(place).path, _NOT_A_QUANTITY, words=_NOT_A_QUANTITY)


_UNIONS: Final = {_QUANTITY: _quantity, _INT_OR_STRING: _int_or_string}


def _time_reader(*, micro: bool) -> Reader:
    def read(data: Any, place: Place | None, unknown: list[str]) -> Any:
        if not isinstance(data, str):
            raise unfit(data, place, "string", by_itself=True)
        try:
            return read_time(data, micro=micro)
        except ValueError as error:
            raise OwnDecodeError(place_of(place).path, str(error), words=str(error)) from None

    return read
