"""The prices of CEL's functions, and of those that Kubernetes adds, by the sizes of what they are called with.

The numbers are part of Kubernetes' API: they decide which rules may be written.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from orchestrator.machinery.cel.types import BYTES, STRING, Type

MOST: Final = 2**64 - 1
"""Where the original stops counting: no limit is known."""

TRAVERSAL: Final = 0.1
"""What going through a text costs, a character."""
_REGEX: Final = 0.25
NEW_LIST, NEW_MAP, NEW_MESSAGE = 10, 30, 40
_FORMAT_REGEX, _FORMAT_NAME = 128, 64
_ADDRESS_BYTES: Final = (4, 16)


class Range(NamedTuple):
    """The least and the most of a size or a cost."""

    least: int
    most: int

    def plus(self, other: "Range") -> "Range":
        """The sum, at most `MOST`."""
        return Range(min(self.least + other.least, MOST), min(self.most + other.most, MOST))

    def by(self, other: "Range") -> "Range":
        """The product, at most `MOST`."""
        return Range(min(self.least * other.least, MOST), min(self.most * other.most, MOST))

    def scaled(self, factor: float) -> "Range":
        """The product, rounded up as floats are."""
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: "Range") -> "Range":
        """The range of both."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def _scaled(size: int, factor: float) -> int:
    found = math.ceil(float(size) * factor)
    return MOST if found >= MOST else found


NOTHING: Final = Range(0, 0)
ONE: Final = Range(1, 1)
UNKNOWN: Final = Range(0, MOST)
NONE_YET: Final = Range(MOST, 0)


class Priced(NamedTuple):
    """What a call costs without its arguments, and how large what it gives is (None: not known)."""

    cost: Range
    size: Range | None = None


class Operand(NamedTuple):
    """A part of a call: its type, its size if one is known, that of its elements, and the whole number that it is."""

    type: Type
    size: Range | None
    element: Range | None = None
    literal: int | None = None


def price(
    function: str, takes: Sequence[Type], target: Operand | None, arguments: Sequence[Operand]
) -> Priced:
    """What a call of one overload costs, which takes these types (a target comes first)."""
    found = _known(function, takes, target, arguments)
    return _builtin(function, takes, target, arguments) if found is None else found


def _builtin(
    function: str,
    takes: Sequence[Type],
    target: Operand | None,
    arguments: Sequence[Operand],
) -> Priced:
    """CEL's own functions: most cost 1."""
    first = arguments[0].size or UNKNOWN if arguments else UNKNOWN
    on = UNKNOWN if target is None else target.size or UNKNOWN
    match function:
        case "format":
            return Priced(on.scaled(TRAVERSAL))
        case "bytes" if takes == (STRING,):
            return Priced(first.scaled(TRAVERSAL), Range(first.least, min(first.most * 4, MOST)))
        case "string" if takes == (BYTES,):
            return Priced(first.scaled(TRAVERSAL), Range(first.least // 4, first.most))
        case "strings.quote":
            size = Range(first.least + 2, min(first.most * 2 + 2, MOST))
            return Priced(first.scaled(TRAVERSAL), size)
        case "startsWith" | "endsWith":
            return Priced(first.scaled(TRAVERSAL))
        case "@in" if takes[1].kind == "list":
            return Priced((arguments[1].size or UNKNOWN).scaled(1))
        case "matches" if target is not None:
            return Priced(on.plus(ONE).scaled(TRAVERSAL).by(first.scaled(_REGEX)))
        case "contains":
            return Priced(on.scaled(TRAVERSAL).by(first.scaled(TRAVERSAL)))
        case "_<_" | "_<=_" | "_>_" | "_>=_" if takes[0] in (STRING, BYTES):
            return _compared(arguments)
        case "_==_" | "_!=_":
            return _compared(arguments)
    return Priced(ONE)


def _known(
    function: str,
    takes: Sequence[Type],
    target: Operand | None,
    arguments: Sequence[Operand],
) -> Priced | None:
    """The price of a function that Kubernetes adds; None for one of CEL's own."""
    price = _PRICES.get(function)
    if price is not None:
        return price
    operand = target or (arguments[0] if arguments else None)
    size = UNKNOWN if operand is None else operand.size or UNKNOWN
    if function in _TRAVERSING:
        factor, gives_as_much = _TRAVERSING[function]
        if function == "ip" and target is not None:  # of a network
            return Priced(ONE)
        return Priced(size.scaled(factor * TRAVERSAL), size if gives_as_much else None)
    sizes = [each.size or UNKNOWN for each in arguments]
    match function:
        case "isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" if target is not None:
            return Priced(_of_elements(target, size))
        case "fieldSelector" | "labelSelector":
            requirements = sizes[0].scaled(0.5).scaled(NEW_LIST + NEW_MESSAGE)
            parsed = sizes[0].scaled(TRAVERSAL)
            return Priced(Range(NEW_LIST, NEW_LIST).plus(parsed).plus(requirements))
        case "replace":
            return Priced(size.scaled(2 * TRAVERSAL), _replaced(size, *sizes[:2]))
        case "split":
            parts = arguments[1].literal if len(arguments) > 1 else None
            most = size.most if parts is None else parts & MOST  # counted without a sign, too
            return Priced(size.scaled(2 * TRAVERSAL), Range(0, most))
        case "join" if target is not None:
            joined = _joined(target, size, sizes)
            return Priced(joined.scaled(TRAVERSAL), joined)
        case "find" | "findAll":
            text = size.plus(ONE).scaled(TRAVERSAL)
            return Priced(text.by(sizes[0].scaled(_REGEX)), Range(0, size.most))
        case "containsIP" | "containsCIDR":
            return Priced(_contained(function, takes, sizes[0]))
        case "validate":
            return Priced(sizes[0].scaled(TRAVERSAL).scaled(_FORMAT_REGEX * _REGEX))
        case "sets.contains" | "sets.intersects" | "sets.equivalent":
            factor = 2 if function == "sets.equivalent" else 1
            return Priced(sizes[0].by(sizes[1]).scaled(factor).plus(ONE))
        case "_==_":
            return _same(arguments)
    return _listed(function, takes, size, arguments)


def _of_elements(of: Operand, size: Range) -> Range:
    if not of.type.parts:
        return size.scaled(TRAVERSAL)  # of a text
    each = ONE
    if of.type.parts[0] in (STRING, BYTES):
        each = each.plus((of.element or UNKNOWN).scaled(TRAVERSAL))
    return size.by(each)


def _joined(of: Operand, size: Range, sizes: Sequence[Range]) -> Range:
    found = size.by(of.element or UNKNOWN) if of.type.parts else NOTHING
    if sizes:
        between = Range(max(size.least - 1, 0), max(size.most - 1, 0))
        found = found.plus(sizes[0].by(between))
    return found


def _compared(arguments: Sequence[Operand]) -> Priced:
    most = min((each.size or UNKNOWN).most for each in arguments)
    return Priced(Range(1 if most > 0 else 0, most).scaled(TRAVERSAL))


def _same(arguments: Sequence[Operand]) -> Priced | None:
    """Of values of Kubernetes' types, which are small."""
    one, other = (each.type for each in arguments)
    if one != other or not one.name.startswith(("kubernetes.", "net.")):
        return None
    if one.name == "kubernetes.NamedFormat":
        return Priced(Range(1, _FORMAT_NAME).scaled(TRAVERSAL))
    if one.name == "kubernetes.URL":
        size = arguments[1].size
        return Priced(Range(1, 1 if size is None else size.most).scaled(TRAVERSAL))
    return Priced(ONE)


def _replaced(size: Range, old: Range, new: Range) -> Range:
    """How large a text is after replacements: from the fewest of the longest to the most of the shortest."""
    if old.least == 0:
        most = min((min(size.most + 1, MOST)) * new.most, MOST) + size.most
    elif new.most <= old.least:
        most = size.most
    else:
        most = math.ceil(size.most / old.least) * new.most
    if old.most == 0:
        least = (size.least + 1) * new.least + size.least
    elif old.most <= new.least:
        least = size.least
    else:
        least = math.ceil(size.least / old.most) * new.least
    return Range(min(least, MOST), min(most, MOST))


def _contained(function: str, takes: Sequence[Type], other: Range) -> Range:
    size = Range(*_ADDRESS_BYTES)
    found = size.plus(size).scaled(TRAVERSAL)
    if function == "containsCIDR":
        found = found.plus(size.scaled(TRAVERSAL)).plus(ONE)
    return found.plus(other.scaled(TRAVERSAL)) if takes[1] == STRING else found


def _listed(
    function: str, takes: Sequence[Type], size: Range, arguments: Sequence[Operand]
) -> Priced | None:
    """The functions of lists that make lists."""
    match function:
        case "slice":
            # It is counted in numbers without a sign, where less than nothing is very much.
            length = (_literal(arguments, 1, size.most) - _literal(arguments, 0, 0)) & MOST
            return _made_list(1, Range(length, length))
        case "lists.range":
            length = _literal(arguments, 0, MOST)
            return _made_list(1, Range(length, length))
        case "reverse":
            return _made_list(1, size)
        case "flatten":
            return _made_list(_literal(arguments, 0, MOST) if arguments else 1, size)
        case "distinct":
            return _made_list(2, size.by(size))
        case "sort":
            texts = takes[0].parts[0] in (STRING, BYTES)
            return _made_list(2 + TRAVERSAL if texts else 2, size.by(size))
    return None


def _made_list(factor: float, size: Range) -> Priced:
    return Priced(size.scaled(factor).plus(Range(NEW_LIST + 1, NEW_LIST + 1)), size)


def _literal(arguments: Sequence[Operand], number: int, otherwise: int) -> int:
    """The whole number that stands in the text as an argument."""
    found = arguments[number].literal if number < len(arguments) else None
    return otherwise if found is None else max(found, 0)


_CHECK: Final = Priced(Range(350_000, 350_000))
# What costs the same whatever it is asked of.
_PRICES: Final[Mapping[str, Priced]] = {
    "check": _CHECK,
    **dict.fromkeys(
        (
            *("serviceAccount", "path", "group", "resource", "subresource", "namespace", "name"),
            *("allowed", "reason", "error", "errored", "masked", "prefixLength", "family"),
            *("isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast"),
            *("isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger"),
            *("asApproximateFloat", "isGreaterThan", "isLessThan", "compareTo", "add", "sub"),
            *("major", "minor", "patch", "getScheme", "getHostname", "getHost", "getPort"),
            *("getEscapedPath", "getQuery"),
        ),
        Priced(ONE),
    ),
}
# How often a function goes through its text, and whether what it gives is as large.
_TRAVERSING: Final[Mapping[str, tuple[int, bool]]] = {
    **dict.fromkeys(("url", "jsonpatch.escapeKey", "lowerAscii", "upperAscii"), (1, True)),
    **dict.fromkeys(("substring", "trim"), (1, True)),
    **dict.fromkeys(("cidr", "isIP", "isCIDR", "ip", "quantity", "isQuantity"), (1, False)),
    **dict.fromkeys(("semver", "isSemver"), (1, False)),
    "ip.isCanonical": (2, False),
}
