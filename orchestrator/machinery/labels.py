"""Label selectors: `app=web,tier in (front,back),!canary`, as text and as a LabelSelector.

Both forms compile to a `Selector`, whose `matches` is a closure made for its requirements: most
selectors are one or two equalities, and a watch asks them for every event. Selectors are
immutable, compare by their text, and are cached by it (`parse`) or by the identity of the struct
they came from (`of_struct`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from orchestrator.machinery import field_errors
from orchestrator.machinery.errors import SelectorError
from orchestrator.machinery.memo import IdentityMemo, remembered
from orchestrator.machinery.requirements import Operator, Requirement, checked_requirement, integer
from orchestrator.machinery.selector_parser import parse_requirements

Labels: TypeAlias = Mapping[str, str]
Matcher: TypeAlias = Callable[[Labels], bool]


class Selector:
    """A conjunction of requirements, sorted by key. Make one with this module's functions.

    `matches(labels) -> bool` is an attribute: the closure made for these requirements.
    """

    __slots__ = ("_text", "empty", "matches", "requirements")

    def __init__(self, requirements: Iterable[Requirement], *, nothing: bool = False) -> None:
        self.requirements: tuple[Requirement, ...] = tuple(
            sorted(requirements, key=lambda requirement: requirement.key)
        )
        # Matches everything, since nothing is required.
        self.empty: bool = not self.requirements and not nothing
        self.matches: Matcher = _nothing if nothing else _compiled(self.requirements)
        self._text: str = ",".join(map(str, self.requirements))

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return f"Selector({self._text!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Selector):
            return NotImplemented
        return self._text == other._text and self.empty == other.empty

    def __hash__(self) -> int:
        return hash((self._text, self.empty))

    def exact(self, key: str) -> str | None:
        """The one value that the label must have, if the selector fixes it; for an index."""
        for requirement in self.requirements:
            if (
                requirement.key == key
                and requirement.operator in ("=", "==", "in")
                and len(requirement.values) == 1
            ):
                return requirement.values[0]
        return None


# --- matching ------------------------------------------------------------------------------


def _everything(_labels: Labels) -> bool:
    return True


def _nothing(_labels: Labels) -> bool:
    return False


def _compiled(requirements: Sequence[Requirement]) -> Matcher:
    matchers = tuple(map(_matcher, requirements))
    if not matchers:
        return _everything
    if len(matchers) == 1:
        return matchers[0]
    if all(requirement.operator in ("=", "==") for requirement in requirements):
        pairs = tuple((requirement.key, requirement.values[0]) for requirement in requirements)
        return lambda labels: all_equal(labels, pairs)

    def matches(labels: Labels) -> bool:
        for matcher in matchers:  # noqa: SIM110  # a generator would cost twice the loop
            if not matcher(labels):
                return False
        return True

    return matches


def all_equal(labels: Labels, pairs: tuple[tuple[str, str], ...]) -> bool:
    """Whether the labels have every one of these pairs."""
    for key, value in pairs:  # noqa: SIM110  # a generator would cost twice the loop
        if labels.get(key) != value:
            return False
    return True


def _matcher(requirement: Requirement) -> Matcher:
    key, values = requirement.key, frozenset(requirement.values)
    match requirement.operator:
        case "=" | "==" | "in" if len(values) == 1:
            (value,) = values
            return lambda labels: labels.get(key) == value
        case "=" | "==" | "in":
            return lambda labels: labels.get(key) in values
        case "!=" | "notin":
            return lambda labels: labels.get(key) not in values
        case "exists":
            return lambda labels: key in labels
        case "!":
            return lambda labels: key not in labels
    bound = integer(requirement.values[0])
    if bound is None:
        return _nothing
    return _above(key, bound) if requirement.operator == "gt" else _below(key, bound)


def _above(key: str, bound: int) -> Matcher:
    def matches(labels: Labels) -> bool:
        found = integer(labels.get(key, ""))
        return found is not None and found > bound

    return matches


def _below(key: str, bound: int) -> Matcher:
    def matches(labels: Labels) -> bool:
        found = integer(labels.get(key, ""))
        return found is not None and found < bound

    return matches


# --- making --------------------------------------------------------------------------------


EVERYTHING: Final = Selector(())
NOTHING: Final = Selector((), nothing=True)


@remembered(1 << 12, longest=4096)
def parse(text: str) -> Selector:
    """Compile the text form; "" selects everything. Raises SelectorError."""
    if not text:
        return EVERYTHING
    return Selector(parse_requirements(text))


def of_pairs(labels: Labels) -> Selector:
    """Every pair must be there (a Service's or ReplicationController's selector). Unchecked."""
    return _of_pairs(tuple(sorted(labels.items())))


@lru_cache(maxsize=1 << 13)
def _of_pairs(pairs: tuple[tuple[str, str], ...]) -> Selector:
    return Selector(Requirement(key, "=", (value,)) for key, value in pairs)


class _Expression(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def operator(self) -> str: ...
    @property
    def values(self) -> tuple[str, ...]: ...


class StructForm(Protocol):
    """What is read of a `LabelSelector`."""

    @property
    def match_labels(self) -> Labels: ...
    @property
    def match_expressions(self) -> Sequence[_Expression]: ...


_STRUCT_OPERATORS: Final[dict[str, Operator]] = {
    "In": "in",
    "NotIn": "notin",
    "Exists": "exists",
    "DoesNotExist": "!",
}


def of_struct(selector: StructForm | None) -> Selector:
    """Compile a LabelSelector: None selects nothing, an empty one everything.

    Raises SelectorError for an unknown operator or a requirement that cannot be.
    """
    return NOTHING if selector is None else _of_struct(selector)


def compile_selector(selector: StructForm | str | None) -> Selector:
    """Compile either form. Raises SelectorError."""
    return parse(selector) if isinstance(selector, str) else of_struct(selector)


def _of_struct_uncached(selector: StructForm) -> Selector:
    found = [
        checked_requirement(key, "=", (value,)) for key, value in selector.match_labels.items()
    ]
    for expression in selector.match_expressions:
        operator = _STRUCT_OPERATORS.get(expression.operator)
        if operator is None:
            quoted = field_errors.quote(expression.operator)
            raise SelectorError(f"{quoted} is not a valid label selector operator", expression.key)
        found.append(checked_requirement(expression.key, operator, expression.values))
    return Selector(found) if found else EVERYTHING


_of_struct: Final = IdentityMemo(_of_struct_uncached)

# --- writing -------------------------------------------------------------------------------


def format_labels(labels: Labels) -> str:
    """`a=b,c=d`, sorted, as kubectl prints a label map; `<none>` for an empty one."""
    return ",".join(sorted(f"{key}={value}" for key, value in labels.items())) or "<none>"


def format_go(selector: StructForm) -> str:
    """A LabelSelector as Go prints the pointer to it, in messages and tables."""
    labels = "".join(f"{key}: {value}," for key, value in sorted(selector.match_labels.items()))
    expressions = "".join(
        f"LabelSelectorRequirement{{Key:{each.key},Operator:{each.operator},"
        f"Values:[{' '.join(each.values)}],}},"
        for each in selector.match_expressions
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}"
    )


def format_struct(selector: StructForm | None) -> str:
    """A LabelSelector as kubectl prints it: `<none>` when empty, `<error>` when wrong."""
    try:
        return str(of_struct(selector)) or "<none>"
    except SelectorError:
        return "<error>"
