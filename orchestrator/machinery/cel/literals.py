"""What is written in the text and cannot be right, of an expression whose types are: a pattern, a time, a format, a
list whose items are of several types.

The original refuses an expression with such a one when it is written. What its optimizer cannot work out in advance is
found when an expression is made ready for evaluation (`interpreting`).
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from orchestrator.machinery.cel.checking import Checked, Fault
from orchestrator.machinery.cel.conversions import to_duration, to_timestamp
from orchestrator.machinery.cel.data import Fault as NoValue
from orchestrator.machinery.cel.syntax import Call, Constant, ListOf, Made, Node, Parsed, children
from orchestrator.machinery.cel.texts import clause_fault, clauses
from orchestrator.machinery.cel.types import DYN, Type, is_equivalent, is_optional, shown
from orchestrator.machinery.patterns import pattern_fault

_FORMAT: Final = "format"
_TEXTS: Final = (
    "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and "
    "timestamps"
)
_OF_TEXTS: Final = frozenset(
    {
        *(
            "list",
            "map",
            "int",
            "uint",
            "double",
            "bool",
            "string",
            "timestamp",
            "bytes",
            "duration",
            "type",
        ),
        *("null_type", "dyn"),
    }
)
_NUMBERS: Final = frozenset({"int", "uint", "dyn"})
_DOUBLES: Final = frozenset({"double", "string", "dyn"})
# What a clause of `format` can write, and what its complaint says of it.
_CLAUSES: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    "s": (_OF_TEXTS, _TEXTS),
    "d": (_NUMBERS, "decimal clause can only be used on integers"),
    "f": (_DOUBLES, "fixed-point clause can only be used on doubles"),
    "e": (_DOUBLES, "scientific clause can only be used on doubles"),
    "b": (_NUMBERS | {"bool"}, "only integers and bools can be formatted as binary"),
    **dict.fromkeys(
        ("x", "X"),
        (
            _NUMBERS | {"string", "bytes"},
            "only integers, byte buffers, and strings can be formatted as hex",
        ),
    ),
    "o": (_NUMBERS, "octal clause can only be used on integers"),
}


def faults_of_literals(parsed: Parsed, checked: Checked) -> Sequence[Fault]:
    """What is wrong with them, by where it stands."""
    look = _Look(parsed, checked)
    look.at(parsed.tree, exempt=False)
    return sorted(look.faults)


class _Look:
    """One walk."""

    def __init__(self, parsed: Parsed, checked: Checked) -> None:
        self.faults: list[Fault] = []
        self._offsets = parsed.offsets
        self._checked = checked

    def at(self, node: Node, *, exempt: bool) -> None:
        """A part with all that is inside it; `exempt`: within what is formatted, whose types may differ."""
        match node:
            case Call():
                self._call(node)
                exempt = exempt or node.function == _FORMAT
            case ListOf() if not exempt:
                self._alike(
                    [(each, n in node.optional) for n, each in enumerate(node.elements)], first=True
                )
            case Made(type="") if not exempt:
                keys = [(each.key, False) for each in node.entries if each.key is not None]
                self._alike(keys)
                self._alike([(each.value, each.optional) for each in node.entries])
        for child in children(node):
            self.at(child, exempt=exempt)

    def _report(self, node: Any, message: str) -> None:
        self.faults.append(Fault(self._offsets.get(node.id, 0), message))

    def _alike(self, parts: Sequence[tuple[Node, bool]], *, first: bool = False) -> None:
        """That all are of one type; `first`: only the first that is not is told."""
        wanted: Type | None = None
        for node, optional in parts:
            given = self._checked.types[node.id]
            if optional and is_optional(given):
                given = given.parts[0]
            if wanted is None:
                wanted = given
            elif not is_equivalent(wanted, given):
                self._report(node, f"expected type '{shown(wanted)}' but found '{shown(given)}'")
                if first:
                    return

    def _call(self, call: Call) -> None:
        argument = call.arguments[0] if call.arguments else None
        if isinstance(argument, Constant) and not _fits(call.function, argument.value):
            self._report(argument, f"invalid {call.function} argument")
        elif (
            call.function == _FORMAT
            and isinstance(argument, ListOf)
            and isinstance(call.target, Constant)
        ):
            self._format(call, str(call.target.value), argument.elements)

    def _format(self, call: Call, pattern: str, arguments: Sequence[Node]) -> None:
        number = 0
        for part in clauses(pattern):
            if isinstance(part, str):
                continue
            _, letter, precision = part
            if not letter and number < len(arguments):
                return self._report(call, "unexpected end of string")
            if number >= len(arguments):
                return self._report(call, f"index {number} out of range")
            if fault := clause_fault(letter, precision):
                return self._report(call, fault)
            if (bad := self._unformatted(arguments[number], letter)) is not None:
                given = self._checked.types[bad.id].name
                words = f"{_CLAUSES[letter][1]}, was given {given}"
                return self._report(bad, f"error during formatting: {words}")
            number += 1
        if number < len(arguments):
            found = f"(expected {number}, got {len(arguments)})"
            self._report(call, f"too many arguments supplied to string.format {found}")
        return None

    def _unformatted(self, node: Node, letter: str) -> Node | None:
        """What a clause cannot write: an argument, or a part of it where it is a list or a map."""
        type_ = self._checked.types[node.id]
        if type_ != DYN and type_.name not in _CLAUSES[letter][0]:
            return node
        if letter == "s" and isinstance(node, ListOf | Made):
            for part in children(node):
                if (bad := self._unformatted(part, letter)) is not None:
                    return bad
        return None


def _fits(function: str, value: Any) -> bool:
    match function:
        case "matches":
            return not isinstance(value, str) or not pattern_fault(value)
        case "timestamp":
            return type(to_timestamp(value)) is not NoValue
        case "duration":
            return type(to_duration(value)) is not NoValue
    return True
