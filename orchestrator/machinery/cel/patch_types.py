"""The types that policies have which change objects: `Object{...}`, `Object.spec{...}`, `JSONPatch{...}`.

Their values are maps to whoever applies them. That a literal stands where its type says is looked at here, since the
maps do not tell any more.
"""

from collections.abc import Iterator
from typing import Final

from orchestrator.machinery.cel.syntax import ListOf, Made, Node, children

_PATCH: Final = "JSONPatch"


def mismatches(node: Node, wanted: str = "") -> Iterator[str]:
    """What is wrong with literals that stand in the field of another, in lists or in maps in it.

    `wanted` is the type that the field's path names; "" where nothing is known.
    """
    match node:
        case Made(type=type_) if type_:
            if wanted and type_ != wanted:
                yield (
                    f'unexpected type name "{type_}", expected "{wanted}", '
                    "which matches field name path from root Object type"
                )
            for entry in node.entries:
                inside = "" if type_ == _PATCH else f"{type_}.{entry.field}"
                yield from mismatches(entry.value, inside)
        case Made() | ListOf():
            for part in children(node):
                yield from mismatches(part, wanted)
        case _:
            for part in children(node):
                yield from mismatches(part)
