"""A schema's document, compiled into a tree that the other files of this room walk."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct

from orchestrator.machinery.formats import FORMATS
from orchestrator.machinery.patterns import compiled_pattern

# What stands in the place of a default that a schema does not give, and of a field that is missing.
ABSENT: Final = object()

INTEGER: Final = "integer"
NUMBER: Final = "number"
_PYTHON: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "boolean": (bool,),
    INTEGER: (int,),
    NUMBER: (float, int),
    "object": (dict,),
    "array": (list, tuple),
}
_DECODED: Final = frozenset({"date-time", "date", "byte", "duration"})


class Bounds(Struct, frozen=True):
    """The limits of a number, a string, a list or a map; None where there is none."""

    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    min_properties: int | None = None
    max_properties: int | None = None


NO_BOUNDS: Final = Bounds()


class Schema(Struct, frozen=True):
    """One node of a structural schema.

    `types` are the JSON types that a value may have; empty: any. `additional` is the schema of a
    map's values; `allows_additional` and `forbids_additional` are `additionalProperties: true` and `false`. `document` is the part of the
    definition that this node was compiled from.

    Most of an object's values are leaves of which little is asked, so what spares the walkers a look is
    worked out here, by a value's own type: `accepted` are those that `types` allows, `free` the leaves of
    which nothing but that is asked, `plain` the leaves that rules see as they are.
    """

    document: Mapping[str, Any]
    types: tuple[str, ...] = ()
    nullable: bool = False
    format: str = ""
    pattern: str = ""
    matcher: Any = None
    enum: tuple[Any, ...] = ()
    bounds: Bounds = NO_BOUNDS
    properties: Mapping[str, "Schema"] = {}
    additional: "Schema | None" = None
    allows_additional: bool = False
    forbids_additional: bool = False
    items: "Schema | None" = None
    required: tuple[str, ...] = ()
    all_of: tuple["Schema", ...] = ()
    any_of: tuple["Schema", ...] = ()
    one_of: tuple["Schema", ...] = ()
    not_: "Schema | None" = None
    default: Any = ABSENT
    has_defaults: bool = False  # this node, or one below it
    preserves_unknown: bool = False
    embedded: bool = False
    int_or_string: bool = False
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    keyed_lists: bool = False  # a list of type set or map, here or below
    keyed: tuple[
        tuple[str, "Schema"], ...
    ] = ()  # the properties that have some, in the order of their names
    has_embedded: bool = False  # an embedded resource, here or below
    accepted: frozenset[type] = frozenset()
    free: frozenset[type] = frozenset()
    plain: frozenset[type] = frozenset()
    combined: bool = False  # allOf, anyOf, oneOf or not
    defaulted: tuple[tuple[str, "Schema"], ...] = ()  # the properties with defaults, here or below


def compile_schema(document: Mapping[str, Any], *, of_default: bool = False) -> Schema:
    """The schema of a document that was found valid before; unknown words in it are passed over.

    `of_default`: as Kubernetes judges a default by it. What is marked as integer or string need not be one of them
    then, while formats count that it does not know.
    """

    def compiled(part: Mapping[str, Any]) -> Schema:
        return compile_schema(part, of_default=of_default)

    properties = {name: compiled(part) for name, part in (document.get("properties") or {}).items()}
    additional_document = document.get("additionalProperties")
    additional = compiled(additional_document) if isinstance(additional_document, Mapping) else None
    items_document = document.get("items")
    items = compiled(items_document) if isinstance(items_document, Mapping) else None
    int_or_string = bool(document.get("x-kubernetes-int-or-string"))
    list_type = str(document.get("x-kubernetes-list-type") or "")
    default = document.get("default")
    if default is None:
        default = ABSENT
    below = [*properties.values(), *filter(None, (additional, items))]
    pattern = str(document.get("pattern") or "")
    embedded = bool(document.get("x-kubernetes-embedded-resource"))
    types = _types(document, int_or_string and not of_default)
    negated = document.get("not")
    words = ("allOf", "anyOf", "oneOf")
    combined = negated is not None or any(document.get(word) for word in words)
    return Schema(
        document=document,
        types=types,
        nullable=bool(document.get("nullable")),
        format=_format(document, types, of_default),
        pattern=pattern,
        matcher=compiled_pattern(pattern) if pattern else None,
        enum=tuple(document.get("enum") or ()),
        bounds=_bounds(document),
        properties=properties,
        additional=additional,
        allows_additional=additional_document is True,
        forbids_additional=additional_document is False,
        items=items,
        required=tuple(document.get("required") or ()),
        all_of=tuple(map(compiled, document.get("allOf") or ())),
        any_of=tuple(map(compiled, document.get("anyOf") or ())),
        one_of=tuple(map(compiled, document.get("oneOf") or ())),
        not_=compiled(negated) if negated is not None else None,
        default=default,
        has_defaults=default is not ABSENT or any(each.has_defaults for each in below),
        preserves_unknown=bool(document.get("x-kubernetes-preserve-unknown-fields")),
        embedded=embedded,
        int_or_string=int_or_string,
        list_type=list_type,
        list_map_keys=tuple(document.get("x-kubernetes-list-map-keys") or ()),
        map_type=str(document.get("x-kubernetes-map-type") or ""),
        keyed_lists=list_type in ("set", "map") or any(each.keyed_lists for each in below),
        keyed=tuple(
            (name, properties[name]) for name in sorted(properties) if properties[name].keyed_lists
        ),
        has_embedded=embedded or any(each.has_embedded for each in below),
        accepted=frozenset(kind for each in types for kind in _PYTHON.get(each, ())),
        free=_free(document, types) if not combined else frozenset(),
        plain=_plain(document, types),
        combined=combined,
        defaulted=tuple((name, part) for name, part in properties.items() if part.has_defaults),
    )


def _free(document: Mapping[str, Any], types: Sequence[str]) -> frozenset[type]:
    """Those leaves (integers have a range always) of which nothing is asked but the type."""
    if document.get("enum"):
        return frozenset()
    is_formless = not types and document.get("format") is None
    free: set[type] = {bool} if is_formless or "boolean" in types else set()
    words = ("pattern", "format", "minLength", "maxLength")
    if (not types or "string" in types) and all(document.get(each) is None for each in words):
        free.add(str)
    return frozenset(free)


def _plain(document: Mapping[str, Any], types: Sequence[str]) -> frozenset[type]:
    """Those leaves whose value in a rule is the value: no moments, no bytes, no integers that are numbers."""
    plain: set[type] = {bool, float}
    if document.get("format") not in _DECODED:
        plain.add(str)
    if NUMBER not in types:
        plain.add(int)
    return frozenset(plain)


def _types(document: Mapping[str, Any], int_or_string: bool) -> tuple[str, ...]:
    if int_or_string:
        return (INTEGER, "string")
    named = document.get("type")
    return (str(named),) if named else ()


# The formats that Kubernetes knows, of what is no text.
NUMBER_FORMATS: Final[Mapping[tuple[str, ...], tuple[str, ...]]] = {
    (INTEGER,): ("int32", "int64"),
    (NUMBER,): ("float", "double"),
}
_TEXTS: Final = ((), ("string",), (INTEGER, "string"))


def _format(document: Mapping[str, Any], types: tuple[str, ...], of_default: bool) -> str:
    form = str(document.get("format") or "")
    known = form in FORMATS if types in _TEXTS else form in NUMBER_FORMATS.get(types, ())
    return form if known or of_default else ""


def _bounds(document: Mapping[str, Any]) -> Bounds:
    found = Bounds(
        minimum=document.get("minimum"),
        maximum=document.get("maximum"),
        exclusive_minimum=bool(document.get("exclusiveMinimum")),
        exclusive_maximum=bool(document.get("exclusiveMaximum")),
        multiple_of=document.get("multipleOf"),
        min_length=document.get("minLength"),
        max_length=document.get("maxLength"),
        min_items=document.get("minItems"),
        max_items=document.get("maxItems"),
        unique_items=bool(document.get("uniqueItems")),
        min_properties=document.get("minProperties"),
        max_properties=document.get("maxProperties"),
    )
    return NO_BOUNDS if found == NO_BOUNDS else found
