"""Arguments that are written in the text and that no value can make right: a pattern, a time, a format.

The original refuses an expression with such a one when it is written. What its optimizer cannot work out in advance is
looked for elsewhere (`conversions`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from orchestrator.machinery.cel.checking import Checked, Fault
from orchestrator.machinery.cel.syntax import Call, Constant, ListOf, Node, Parsed, children
from orchestrator.machinery.cel.types import shown
from orchestrator.machinery.formats import is_date_time

_DURATION: Final = re.compile(r"[-+]?(?:0|(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)")
_CLAUSE: Final = re.compile(r"%(?:%|(?:\.(\d+))?(.))", re.DOTALL)
# What a clause of `format` can write, and what its complaint says of it.
_CLAUSES: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "d": (("int", "uint"), "decimal clause can only be used on integers"),
    "f": (("double", "int", "uint"), "fixed-point clause can only be used on doubles"),
    "e": (("double", "int", "uint"), "scientific clause can only be used on doubles"),
    "b": (("int", "uint", "bool"), "binary clause can only be used on integers and bools"),
    "x": (
        ("int", "uint", "string", "bytes"),
        "hex clause can only be used on integers, byte buffers, and strings",
    ),
    "X": (
        ("int", "uint", "string", "bytes"),
        "hex clause can only be used on integers, byte buffers, and strings",
    ),
    "o": (("int", "uint"), "octal clause can only be used on integers"),
}


def faults_of_literals(parsed: Parsed, checked: Checked) -> Iterator[Fault]:
    """What is wrong with them, of an expression whose types are right."""
    for call in _calls(parsed.tree):
        argument = call.arguments[-1] if call.arguments else None
        if isinstance(argument, Constant) and isinstance(argument.value, str):
            if not _fits(call.function, argument.value):
                yield Fault(parsed.offsets.get(argument.id, 0), f"invalid {call.function} argument")
        elif call.function == "format" and isinstance(argument, ListOf):
            yield from _faults_of_format(call, argument, parsed, checked)


def _calls(node: Node) -> Iterator[Call]:
    if isinstance(node, Call):
        yield node
    for child in children(node):
        yield from _calls(child)


def _fits(function: str, text: str) -> bool:
    match function:
        case "matches":
            import re2  # late, as all of the library

            try:
                re2.compile(text, _quiet())
            except re2.error:
                return False
        case "timestamp":
            return is_date_time(text)
        case "duration":
            return _DURATION.fullmatch(text) is not None
    return True


def _quiet() -> Any:
    """What is wrong with a client's pattern is the client's to hear."""
    import re2

    options = re2.Options()
    options.log_errors = False
    return options


def _faults_of_format(
    call: Call, arguments: ListOf, parsed: Parsed, checked: Checked
) -> Iterator[Fault]:
    pattern = call.target
    if not isinstance(pattern, Constant) or not isinstance(pattern.value, str):
        return
    clauses = [found[2] for found in _CLAUSE.finditer(pattern.value) if found[2]]
    for clause, element in zip(clauses, arguments.elements, strict=False):
        given = shown(checked.types[element.id])
        allowed, complaint = _CLAUSES.get(clause, ((given,), ""))
        if given not in (*allowed, "dyn"):
            yield Fault(
                parsed.offsets.get(element.id, 0),
                f"error during formatting: {complaint}, was given {given}",
            )
