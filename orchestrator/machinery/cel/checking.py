"""The types of an expression: what it gives, and what is wrong with it before anybody evaluates it.

Follows the checker of cel-go, whose reports clients see. The library could check, too, but it has no types of
Kubernetes' (they are maps to it), and words what it finds otherwise.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
from msgspec import Struct

from orchestrator.machinery.cel.declarations import FUNCTIONS, Overload
from orchestrator.machinery.cel.messages import MESSAGE_FIELDS, WELL_KNOWN
from orchestrator.machinery.cel.names import keyword_field
from orchestrator.machinery.cel.syntax import (
    Call,
    Comprehension,
    Constant,
    Ident,
    ListOf,
    Made,
    Node,
    Parsed,
    Select,
    qualified,
)
from orchestrator.machinery.cel.types import (
    BOOL,
    DYN,
    ERROR,
    INT,
    NULL,
    PLAIN,
    UNSPECIFIED,
    Bindings,
    Type,
    is_as_general,
    is_open,
    is_optional,
    list_of,
    map_of,
    optional_of,
    shown,
    struct_of,
)

_LOGICAL: Final = ("_&&_", "_||_")
_CONTAINER: Final = "(in container '')"
_OBJECT: Final = "Object"
_PATCH: Final = "JSONPatch"


# What only those expressions may call that say patches.
_OF_PATCHES: Final = "jsonpatch."


class Fault(Struct, frozen=True, order=True):
    """What is wrong, and with what: a character's number in the text."""

    offset: int
    message: str


class Scope(Struct, frozen=True, eq=False):
    """What an expression may name. `structs`: the fields of messages' types, by the type's name.

    `patches`: whether the types of objects and patches are known, by which policies say changes.
    Scopes are told apart by their identity: who makes one keeps it.
    """

    variables: Mapping[str, Type]
    structs: Mapping[str, Mapping[str, Type]] = msgspec.field(default_factory=dict)
    patches: bool = False

    def field(self, struct: str, name: str) -> Type | None:
        """The type of a message's field; None if it has none of this name."""
        if self.patches and _is_object(struct):
            return DYN
        return self.structs.get(struct, {}).get(name)

    def named_type(self, name: str) -> Type | None:
        """The type of that name."""
        if name in self.structs or (self.patches and _is_object(name)):
            return struct_of(name)
        return _NAMED.get(name)


def _is_object(name: str) -> bool:
    return name == _OBJECT or name.startswith(f"{_OBJECT}.")


_NAMED: Final[Mapping[str, Type]] = {
    **PLAIN,
    "list": list_of(DYN),
    "map": map_of(DYN, DYN),
    "optional_type": optional_of(DYN),
    **WELL_KNOWN,
}
PATCH_STRUCTS: Final[Mapping[str, Mapping[str, Type]]] = {
    _PATCH: {"op": PLAIN["string"], "path": PLAIN["string"], "from": PLAIN["string"], "value": DYN}
}


class Resolved(Struct, frozen=True):
    """The function that a call means: what each of the overloads takes that fit (a target comes first)."""

    function: str
    takes: tuple[tuple[Type, ...], ...]
    member: bool = False


class Checked(Struct, frozen=True):
    """What an expression gives, the types and calls of its parts by their ids, and what is wrong with it."""

    gives: Type
    types: Mapping[int, Type]
    faults: tuple[Fault, ...]
    calls: Mapping[int, Resolved] = msgspec.field(default_factory=dict)


def check(parsed: Parsed, scope: Scope) -> Checked:
    """The types of an expression."""
    checker = _Checker(parsed, scope)
    gives = checker.check(parsed.tree)
    types = {id_: checker.final(each) for id_, each in checker.types.items()}
    return Checked(checker.final(gives), types, tuple(sorted(checker.faults)), checker.calls)


class _Checker:
    def __init__(self, parsed: Parsed, scope: Scope) -> None:
        self.faults: list[Fault] = []
        self.types: dict[int, Type] = {}
        self.calls: dict[int, Resolved] = {}
        self._offsets = parsed.offsets
        self._scope = scope
        self._bindings = Bindings()
        self._locals: list[dict[str, Type]] = []

    def final(self, type_: Type) -> Type:
        """The type when nothing more will be known."""
        return self._bindings.resolved(type_, to_dyn=True)

    def check(self, node: Node) -> Type:
        """The type of a part, which is noted."""
        found = self._type(node)
        self.types[node.id] = found
        return found

    def _type(self, node: Node) -> Type:
        match node:
            case Constant():
                return PLAIN[node.type]
            case Ident():
                return self._ident(node)
            case Select():
                return self._select(node)
            case Call():
                return self._call(node)
            case ListOf():
                return self._list(node)
            case Made():
                return self._message(node) if node.type else self._map(node)
            case Comprehension():
                return self._comprehension(node)

    def _report(self, node: Any, message: str) -> Type:
        self.faults.append(Fault(self._offsets.get(node.id, 0), message))
        return ERROR

    def _undeclared(self, node: Node, name: str) -> Type:
        return self._report(node, f"undeclared reference to '{name}' {_CONTAINER}")

    # --- names -----------------------------------------------------------------------------

    def _lookup(self, name: str) -> Type | None:
        for names in reversed(self._locals):
            if name in names:
                return names[name]
        found = self._scope.variables.get(name)
        if found is not None:
            return found
        named = self._scope.named_type(name)
        return None if named is None else Type("type", "type", (named,))

    def _ident(self, node: Ident) -> Type:
        found = self._lookup(node.name)
        return self._undeclared(node, node.name) if found is None else found

    def _select(self, node: Select) -> Type:
        name = qualified(node)
        found = self._lookup(name) if name else None
        if found is not None:
            return found
        gives = self._field(node, node.operand, node.field, optional=False)
        return BOOL if node.tests else self._bindings.resolved(gives)

    def _field(self, node: Node, operand: Node, field: str, *, optional: bool) -> Type:
        given = self._bindings.resolved(self.check(operand))
        inside = given.parts[0] if is_optional(given) else given
        gives = ERROR
        if inside.kind == "map":
            gives = inside.parts[1]
        elif inside.kind == "struct":
            gives = self._struct_field(node, inside.name, field)
        elif inside.kind == "parameter":
            self._bindings.fit((DYN,), (inside,))
            gives = DYN
        else:
            if not is_open(inside):
                self._report(node, f"type '{shown(inside)}' does not support field selection")
            gives = DYN
        return optional_of(gives) if optional or is_optional(given) else gives

    def _struct_field(self, node: Any, struct: str, field: str) -> Type:
        found = self._declared(struct, field)
        if found is not None:
            return found
        if self._scope.named_type(struct) is None:
            return self._report(node, f"unexpected failed resolution of '{struct}'")
        return self._report(node, f"undefined field '{field}'")

    def _declared(self, struct: str, field: str) -> Type | None:
        found = self._scope.field(struct, field)
        keyword = keyword_field(field) if found is None else None
        return found if keyword is None else self._scope.field(struct, keyword)

    # --- calls -----------------------------------------------------------------------------

    def _call(self, node: Call) -> Type:
        name, target = node.function, node.target
        if name == "_?._":
            return self._optional_field(node)
        given = [self.check(each) for each in node.arguments]
        if target is None:
            overloads = FUNCTIONS.get(name)
            if overloads is None:
                return self._undeclared(node, name)
            return self._resolved(node, name, overloads, given, member=False)
        prefix = qualified(target)
        whole = f"{prefix}.{name}" if prefix else ""
        if whole in FUNCTIONS and (self._scope.patches or not whole.startswith(_OF_PATCHES)):
            return self._resolved(node, whole, FUNCTIONS[whole], given, member=False)
        on = self.check(target)
        overloads = FUNCTIONS.get(name)
        if overloads is None:
            return self._undeclared(node, name)
        return self._resolved(node, name, overloads, [on, *given], member=True)

    def _optional_field(self, node: Call) -> Type:
        operand, field = node.arguments
        if not isinstance(field, Constant) or not isinstance(field.value, str):
            return self._report(field, "unsupported optional field selection")
        self.types[field.id] = PLAIN["string"]
        self.calls[node.id] = Resolved(node.function, ((DYN, PLAIN["string"]),))
        return self._bindings.resolved(self._field(node, operand, field.value, optional=True))

    def _resolved(
        self,
        node: Call,
        name: str,
        overloads: Sequence[Overload],
        given: list[Type],
        *,
        member: bool,
    ) -> Type:
        if name in _LOGICAL:
            self.calls[node.id] = Resolved(name, ((BOOL, BOOL),))
            fits = [self._is_bool(*each) for each in zip(node.arguments, given, strict=True)]
            return BOOL if all(fits) else ERROR
        gives: Type | None = None
        fitting: list[tuple[Type, ...]] = []
        for overload in overloads:
            if overload.member != member:
                continue
            takes, result = self._instance(overload)
            if not self._bindings.fit(given, takes):
                continue
            fitting.append(overload.takes)
            found = self._bindings.resolved(result)
            if gives is None:
                gives = found
            elif gives != found:
                gives = DYN
        if gives is not None:
            self.calls[node.id] = Resolved(name, tuple(fitting), member)
            return gives
        types = [self._bindings.resolved(each, to_dyn=True) for each in given]
        listed = ", ".join(map(shown, types[member:]))
        before = f"{shown(types[0])}." if member else ""
        return self._report(
            node, f"found no matching overload for '{name}' applied to '{before}({listed})'"
        )

    def _is_bool(self, argument: Node, given: Type) -> bool:
        if self._bindings.fit((given,), (BOOL,)):
            return True
        self._mismatch(argument, BOOL, given)
        return False

    def _instance(self, overload: Overload) -> tuple[tuple[Type, ...], Type]:
        """The overload with parameters of its own."""
        fresh: dict[Type, Type] = {}

        def made(type_: Type) -> Type:
            if type_.kind == "parameter":
                if type_ not in fresh:
                    fresh[type_] = self._bindings.fresh()
                return fresh[type_]
            if not type_.parts:
                return type_
            return Type(type_.name, type_.kind, tuple(map(made, type_.parts)))

        return tuple(map(made, overload.takes)), made(overload.gives)

    # --- literals --------------------------------------------------------------------------

    def _list(self, node: ListOf) -> Type:
        together: Type | None = None
        for number, element in enumerate(node.elements):
            given = self.check(element)
            if number in node.optional:
                given = self._unwrapped(element, given)
            together = self._joined(together, given)
        return list_of(self._bindings.fresh() if together is None else together)

    def _map(self, node: Made) -> Type:
        keys: Type | None = None
        values: Type | None = None
        for entry in node.entries:
            assert entry.key is not None
            keys = self._joined(keys, self.check(entry.key))
            given = self.check(entry.value)
            if entry.optional:
                given = self._unwrapped(entry.value, given)
            values = self._joined(values, given)
        if keys is None or values is None:
            return map_of(self._bindings.fresh(), self._bindings.fresh())
        return map_of(keys, values)

    def _message(self, node: Made) -> Type:
        struct = self._scope.named_type(node.type)
        if struct is None:
            where = self._offsets.get(node.id, 0) + len(node.type)  # its brace
            self.faults.append(Fault(where, f"undeclared reference to '{node.type}' {_CONTAINER}"))
            return ERROR
        for entry in node.entries:
            given = self.check(entry.value)
            wanted = self._field_of_message(node.type, struct, entry.field)
            if entry.optional:
                given = self._unwrapped(entry.value, given)
            if wanted is None and struct.name == _PATCH:
                wanted = UNSPECIFIED
            if wanted is None:
                self._report(entry, f"undefined field '{entry.field}'")
            elif not self._bindings.fit((wanted,), (given,)):
                self._report(
                    entry,
                    f"expected type of field '{entry.field}' is '{shown(wanted)}' but provided type "
                    f"is '{shown(self.final(given))}'",
                )
        return struct

    def _field_of_message(self, name: str, struct: Type, field: str) -> Type | None:
        known = MESSAGE_FIELDS.get(name)
        return self._declared(struct.name, field) if known is None else known.get(field)

    def _unwrapped(self, node: Node, given: Type) -> Type:
        if is_optional(given):
            return given.parts[0]
        if given != DYN:
            self._mismatch(node, optional_of(given), given)
        return given

    def _joined(self, before: Type | None, given: Type) -> Type:
        if before is None:
            return given
        if self._bindings.fit((before,), (given,)):
            return before if is_as_general(before, given) else given
        return DYN  # that they differ is found later (`literals`)

    def _mismatch(self, node: Node, wanted: Type, given: Type) -> Type:
        return self._report(node, f"expected type '{shown(wanted)}' but found '{shown(given)}'")

    # --- macros ----------------------------------------------------------------------------

    def _comprehension(self, node: Comprehension) -> Type:
        self.check(node.range)
        start = self.check(node.start)
        over = self._bindings.resolved(self.types[node.range.id])
        one, two = self._variables(node, over)
        with self._names({node.result_variable: start}):
            names = {node.variable: one, **({node.second: two} if node.second else {})}
            with self._names(names):
                self._assert(node.condition, BOOL)
                self._assert(node.step, start)
            gives = self.check(node.result)
        return self._bindings.resolved(gives)

    def _variables(self, node: Comprehension, over: Type) -> tuple[Type, Type]:
        """The types of what goes through the range: elements, or keys and values."""
        if over.kind == "list":
            return (INT, over.parts[0]) if node.second else (over.parts[0], DYN)
        if over.kind == "map":
            return over.parts[0], over.parts[1]
        if over in (DYN, ERROR) or over.kind == "parameter":
            self._bindings.fit((DYN,), (over,))
            return DYN, DYN
        self._report(
            node.range,
            f"expression of type '{shown(over)}' cannot be range of a comprehension (must be list, "
            "map, or dynamic)",
        )
        return ERROR, ERROR

    def _assert(self, node: Node, wanted: Type) -> None:
        given = self.check(node)
        if not self._bindings.fit((wanted,), (given,)):
            self._mismatch(node, wanted, given)

    @contextmanager
    def _names(self, names: dict[str, Type]) -> Iterator[None]:
        self._locals.append(names)
        try:
            yield
        finally:
            self._locals.pop()


def report(text: str, faults: Iterable[Fault]) -> str:
    """The faults as the original's compiler prints them, each with its line and a mark below it."""
    return "\n".join(_located(text, fault) for fault in faults)


def _located(text: str, fault: Fault) -> str:
    before = text[: fault.offset]
    number, column = before.count("\n") + 1, fault.offset - (before.rfind("\n") + 1)
    lines = text.split("\n")
    line = lines[number - 1] if number <= len(lines) else ""
    dots = "".join("." if char.isascii() else "．" for char in line[:column])
    mark = "^" if line[column : column + 1].isascii() else "＾"
    shown_line = line.replace("\t", " ")
    return (
        f"ERROR: <input>:{number}:{column + 1}: {fault.message}\n | {shown_line}\n | {dots}{mark}"
    )


__all__ = ["NULL", "PATCH_STRUCTS", "Checked", "Fault", "Scope", "check", "report"]
