"""What rules in CEL know of a value by its schema: its type, and how large it can be.

Follows Kubernetes' declarations of schemas. Where a schema gives no bound, what fits into the largest request
does: at worst a list has as many items as their shortest texts do.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct

from orchestrator.machinery.cel.checking import Scope
from orchestrator.machinery.cel.names import escaped
from orchestrator.machinery.cel.types import (
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    INT,
    STRING,
    TIMESTAMP,
    Type,
    list_of,
    map_of,
    optional_of,
    struct_of,
)

Document: TypeAlias = Mapping[str, Any]

MOST_BYTES: Final = 3 * 1024 * 1024
"""The size of the largest request."""

_TEXT: Final[Document] = {"type": "string"}
_METADATA: Final[Document] = {
    "type": "object",
    "properties": {"name": _TEXT, "generateName": _TEXT},
}
_QUOTED: Final = MOST_BYTES - 2
# Of texts with these formats: the type, the longest text, the least bytes.
_FORMATS: Final[Mapping[str, tuple[Type, int, int]]] = {
    "byte": (BYTES, _QUOTED, 2),
    "duration": (DURATION, 32, 3),
    "date": (TIMESTAMP, 12, 12),
    "date-time": (TIMESTAMP, 32, 21),
}


class Declared(Struct, frozen=True):
    """The type of a schema's values, the most that one holds, and the fewest bytes that it takes as JSON."""

    type: Type
    most: int = 0
    least_bytes: int = 0
    fields: Mapping[str, "Declared"] = {}
    element: "Declared | None" = None
    keys: "Declared | None" = None

    def size_at(self, path: tuple[str, ...]) -> int | None:
        """The largest size of what is at a path from a variable; None where nothing is known to be."""
        found: Declared | None = self
        for step in path[1:]:
            assert found is not None
            if step in ("@items", "@values"):
                found = found.element
            else:
                found = found.keys if step == "@keys" else found.fields.get(step)
            if found is None:
                return None
        return found.most if found is not None else None

    @property
    def cardinality(self) -> int:
        """How many such values the largest request can hold."""
        return MOST_BYTES // (self.least_bytes + 1)


_SIMPLE: Final[Mapping[str, Declared]] = {
    "boolean": Declared(BOOL, 0, 4),
    "number": Declared(DOUBLE, 0, 1),
    "integer": Declared(INT, 0, 1),
}
_KEY: Final = Declared(STRING, 0, 2)


_SELF: Final = "selfType"


class _Renamed(Mapping[str, Mapping[str, Type]]):
    """The fields of types, where what begins with the name of a node begins with `selfType`."""

    def __init__(self, structs: Mapping[str, Mapping[str, Type]], node: str) -> None:
        self._structs = structs
        self._node = node
        self._found: dict[str, Mapping[str, Type]] = {}

    def type(self, type_: Type) -> Type:
        """A type of the node, by its new name."""
        if type_.kind == "struct":
            return struct_of(_SELF + type_.name.removeprefix(self._node))
        if not type_.parts:
            return type_
        return Type(type_.name, type_.kind, tuple(map(self.type, type_.parts)))

    def __getitem__(self, name: str) -> Mapping[str, Type]:
        found = self._found.get(name)
        if found is None:
            if not name.startswith(_SELF):
                raise KeyError(name)
            fields = self._structs[self._node + name.removeprefix(_SELF)]
            found = {field: self.type(type_) for field, type_ in fields.items()}
            self._found[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        for name in self._structs:
            if name.startswith(self._node):
                yield _SELF + name.removeprefix(self._node)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class RuleTypes:
    """The declarations of all nodes of one definition's schema, made when the first rule asks."""

    def __init__(self, document: Document, *, root: bool = True) -> None:
        """`root`: whether it is the schema of whole objects, with kind and metadata."""
        self._document = document
        self._root = root
        self._structs: dict[str, Mapping[str, Type]] = {}
        self._found: dict[int, Declared | None] = {}
        self._names: dict[int, str] = {}
        self._scopes: dict[tuple[int, bool], Scope] = {}

    def of(self, node: Document) -> Declared | None:
        """What is known of a node of the schema; None where a rule sees no value."""
        if not self._found:
            self._declare(self._document, _SELF, root=self._root)
        return self._found.get(id(node))

    def scope(self, declared: Declared, *, optional_old: bool) -> Scope:
        """What a rule may name that stands at a node."""
        key = id(declared), optional_old
        if key not in self._scopes:
            # The types of a node are named as if it stood alone.
            named = _Renamed(self._structs, self._names[id(declared)])
            type_ = named.type(declared.type)
            old = optional_of(type_) if optional_old else type_
            self._scopes[key] = Scope({"self": type_, "oldSelf": old}, named)
        return self._scopes[key]

    def _declare(self, node: Document, name: str, *, root: bool = False) -> Declared | None:
        embedded = bool(node.get("x-kubernetes-embedded-resource"))
        found = self._declared(node, name, root=root or embedded)
        self._found[id(node)] = found
        # Those of scalars are shared, and have no names.
        self._names[id(found)] = name
        return found

    def _declared(self, node: Document, name: str, *, root: bool) -> Declared | None:
        if node.get("x-kubernetes-int-or-string"):
            return Declared(DYN, _longest(node), 1)
        match node.get("type"):
            case "array":
                return self._list(node, name)
            case "object":
                if isinstance(node.get("additionalProperties"), Mapping) and not root:
                    return self._map(node, name)
                return self._object(node, name, root=root)
            case "string":
                return _text(node)
        return _SIMPLE.get(str(node.get("type")))

    def _list(self, node: Document, name: str) -> Declared | None:
        items = node.get("items")
        element = self._declare(items, f"{name}.@idx") if isinstance(items, Mapping) else None
        if element is None:
            return None
        most = _bound(node, "maxItems", (MOST_BYTES - 2) // (element.least_bytes + 1))
        return Declared(list_of(element.type), most, 2, element=element)

    def _map(self, node: Document, name: str) -> Declared | None:
        element = self._declare(node["additionalProperties"], f"{name}.@elem")
        if element is None:
            return None
        most = _bound(node, "maxProperties", (MOST_BYTES - 2) // (element.least_bytes + 6))
        return Declared(map_of(STRING, element.type), most, 2, element=element, keys=_KEY)

    def _object(self, node: Document, name: str, *, root: bool) -> Declared:
        properties = node.get("properties") or {}
        required = node.get("required") or ()
        fields: dict[str, Declared] = {}
        least = 2
        for wire, part in (_of_every_object(properties) if root else properties).items():
            word = escaped(wire)
            declared = self._declare(part, f"{name}.{word or wire}")
            if declared is None:
                continue
            if word is not None:
                fields[word] = declared
            if wire in required and part.get("default") is None:
                least += len(wire.encode()) + declared.least_bytes + 4
        self._structs[name] = {word: each.type for word, each in fields.items()}
        return Declared(struct_of(name), 0, least, fields)


def _of_every_object(properties: Mapping[str, Document]) -> Mapping[str, Document]:
    """With what rules see of every object, even if its schema does not say so."""
    metadata = properties.get("metadata") or {}
    named = metadata.get("properties") or {}
    whole = (
        all((properties.get(name) or {}).get("type") == "string" for name in ("kind", "apiVersion"))
        and metadata.get("type") == "object"
        and all((named.get(name) or {}).get("type") == "string" for name in _METADATA["properties"])
    )
    if whole:
        return properties
    return {**properties, "kind": _TEXT, "apiVersion": _TEXT, "metadata": _METADATA}


def _text(node: Document) -> Declared:
    found = _FORMATS.get(str(node.get("format") or ""))
    if found is None:
        return Declared(STRING, _longest(node), 2)
    type_, most, least = found
    return Declared(type_, _bound(node, "maxLength", most) if type_ == BYTES else most, least)


def _longest(node: Document) -> int:
    """The longest text in bytes, of which a character may take four."""
    if node.get("maxLength") is not None:
        return _bound(node, "maxLength", 0) * 4
    texts = node.get("enum") or ()
    if texts and not node.get("x-kubernetes-int-or-string"):
        return max((len(each.encode()) for each in texts if isinstance(each, str)), default=0)
    return _QUOTED


def _bound(node: Document, word: str, otherwise: int) -> int:
    bound = node.get(word)
    return otherwise if bound is None else max(int(bound), 0)
